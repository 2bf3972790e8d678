"""The inspection for people: whether the MD can tell, then what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from raremd.analysis.assessment import Assessment
from raremd.analysis.inspection import CellInspection, RunningTime, SystemInspection
from raremd.analysis.kept_laws import KeptLaws
from raremd.analysis.words import bounds, count, given, listed, number, quantity, units
from raremd.report.pages.expected import expected_section
from raremd.report.pages.markdown import as_table, before_details
from raremd.report.pages.recommendation import events, remedies

MANY_DIMENSIONS = 20
"""Of a coordinate; with so many k-means mostly sees noise."""
LISTED = 20
"""Trajectories that are listed one by one; of more only the extremes are told."""
ENOUGH = 100
"""Times the slowest timescale that a replicate should generate."""


def answer(found: Assessment) -> str:
    """Whether this MD can decide anything, in one sentence without its full stop."""
    if found.doubts:
        return f"Not yet: {found.doubts[0].text}"
    times = listed([quantity(p.value, found.unit) for p in found.slow])
    processes = count(len(found.slow), "slow process", "slow processes")
    return f"Yes, this MD can tell: {events(found)}, {processes} ({times}), converged with lag"


def headline(found: SystemInspection) -> str:
    """The same, and how many of the planned cells can give a verdict."""
    if found.doubts:
        return f"{answer(found.assessment)}."
    able = [cell for cell in found.cells if not cell.reasons]
    if not able:
        return f"Not yet: no planned cell can give a verdict ({found.cells[0].reasons[0]})."
    cells = f"{len(able)} of {len(found.cells)} planned cells"
    if len(able) == len(found.cells):
        cells = "every planned cell"
    return f"{answer(found.assessment)}; {cells} can give a verdict."


def _minutes(minutes: float) -> str:
    if minutes >= 120:
        return f"{minutes / 60:.1f} hours"
    return f"{minutes:.0f} min" if minutes >= 10 else f"{minutes:.1f} min"


def running_time_section(time: RunningTime, cores: int) -> list[str]:
    """How long the whole study takes."""
    total = (time.learning + time.starting) / cores
    return [
        "## Running time",
        "",
        f"About **{_minutes(total)} on {count(cores, 'core')}**: training and generation "
        f"{_minutes(time.learning)} of one core, starting {time.jobs} jobs and drawing "
        f"{_minutes(time.starting)}. It is less where training stops early, and more where a model "
        "crosses less often than the MD and goes on until it has crossed enough. This is estimated "
        "from short timings on this machine and holds if nothing else runs on it.",
        "",
    ]


def _advice(found: SystemInspection) -> Iterator[str]:
    """What to change in the configuration, beyond what the doubts ask for."""
    plan, table = found.plan, found.table
    frame, unit = plan.frame_interval, plan.unit
    dimensions = table[table["quantity"] == "dimensions"].drop_duplicates("coordinate")
    for row in dimensions[dimensions["value"] > MANY_DIMENSIONS].itertuples():
        yield (
            f"`coordinates`: `{row.coordinate}` has {row.value:.0f} dimensions, in which k-means "
            "mostly sees noise; add a coordinate of a few TICA components (`tica_dimension`, "
            "`tica_lag`)"
        )
    window = max(model.budget.window for cell in plan.cells for model in cell.models)
    if found.shortest_limit <= window:
        yield (
            f"`training.window` ({window} frames): the study stops at the cells that have no "
            f"trajectory of that length; {max(2, found.shortest_limit // 2)} frames suit every "
            "interval, or leave the longest out of `sweeps`"
        )
    if found.training_blocks < 2:
        yield (
            f"`block` ({given(plan.block * frame, unit)}): the study stops, because the training "
            "data are one trajectory that does not hold two of them; shorten it"
        )
    if not found.assessment.slow:
        return
    slowest = found.assessment.slow[0].value
    if plan.block * frame < slowest:
        yield (
            f"`block` ({given(plan.block * frame, unit)}) is shorter than t1: error bars will be "
            "too small; lengthen it if the trajectories allow"
        )
    generated = plan.walkers * plan.generation_limit * frame
    if generated < ENOUGH * slowest:
        yield (
            f"`generation` makes at most {given(generated, unit)} per replicate, less than "
            f"{ENOUGH} times t1: raise its `time` or `walkers`"
        )


def changes_section(found: SystemInspection) -> list[str]:
    """What to change for one system; nothing where nothing is to be changed."""
    changes = remedies(found.doubts) + [f"- {advice}." for advice in _advice(found)]
    return [f"## What to change for `{found.plan.system}`", "", *changes, ""] if changes else []


def _states(found: SystemInspection) -> list[str]:
    table, rows = found.table, []
    for pair in found.plan.states:
        own = table[(table["coordinate"] == pair.coordinate)]
        own = own[(own["partition"] == pair.partition) & own["interval"].isna()]
        v = own.drop_duplicates("quantity").set_index("quantity")["value"]
        numbers = ("dimensions", "states", "visited_states", "active_states", "jumps")
        shown = {name: f"{v[name]:,.0f}" for name in numbers}
        rows.append(
            [
                *(pair.coordinate, shown["dimensions"], pair.partition, shown["states"]),
                *(shown["visited_states"], shown["active_states"]),
                *(f"{100 * v['active_frames']:.2f} %", shown["jumps"]),
            ]
        )
    heading = [
        "coordinate", "dimensions", "partition", "states", "visited", "connected",
        "frames connected", "jumps",
    ]  # fmt: skip
    return as_table(heading, rows)


def system_section(found: SystemInspection) -> list[str]:
    """The tables of one system."""
    plan = found.plan
    frame, unit = plan.frame_interval, plan.unit
    its = found.table[found.table["quantity"] == "timescale"]
    lines = [
        f"### `{plan.system}`",
        "",
        *overview(found.assessment, found.lengths, frame),
        "States, as the training data show them:",
        "",
        *_states(found),
        "",
        f"Implied timescales of the training data against lag ({units(unit)}):",
        "",
        *its_table(plan.timescales, its, ("coordinate", "partition")),
        "",
        "Planned cells:",
        "",
    ]
    rows = [
        [
            *(c.cell.coordinate, c.cell.partition, given(c.cell.interval, unit)),
            f"{c.training_frames:,}",
            _can_tell(found, c),
            f"{c.core_seconds / 60:.1f}",
        ]
        for c in sorted(found.cells, key=lambda c: c.cell.interval)
    ]
    heading = ["coordinate", "partition", "interval", "training frames", "can tell", "core-minutes"]
    return [*lines, *as_table(heading, rows), ""]


def overview(found: Assessment, lengths: Sequence[int], frame: float) -> list[str]:
    """Frames, events and convergence with lag, of trajectories whose frames are `frame` apart."""
    total, unit = sum(lengths), found.unit
    time = f" of {given(frame, unit)}: {given(total * frame, unit)} in all"
    if unit == "frames":
        time = ""
    return [
        f"{count(len(lengths), 'trajectory', 'trajectories')}, "
        f"{total:,} frames{time}{_range(lengths)}",
        "",
        f"{count(sum(found.by_set), 'slow transition')} in the training data. "
        f"{_of_sets(found.by_set)}{_spread(found.by_trajectory)}",
        "",
        f"t1 at {found.judged_at} of {given(found.lag, unit)}: {found.drift.outcome}.",
        "",
    ]


def _can_tell(found: SystemInspection, cell: CellInspection) -> str:
    own = [text for text in cell.reasons if text not in {doubt.text for doubt in found.doubts}]
    if own:
        return f"no: {'; '.join(own)}"
    return "no: see above" if cell.reasons else "yes"


def as_markdown(
    inspections: Sequence[SystemInspection], time: RunningTime, cores: int, kept: KeptLaws
) -> str:
    """The page: each system's answer, the time, what to change, and then the details."""
    answers = [[f"`{found.plan.system}`", headline(found)] for found in inspections]
    lines = ["# Can your data tell?", "", *as_table(["system", "answer"], answers), ""]
    lines += running_time_section(time, cores)
    sections = [*map(changes_section, inspections), expected_section(inspections, kept)]
    shown, left = before_details(lines, sections)
    lines += [*shown, "## Details", "", *left]
    for found in inspections:
        lines += system_section(found)
    return "\n".join(lines)


def its_table(n: int, table: pd.DataFrame, by: Sequence[str] = ()) -> list[str]:
    """Lines of a table of `n` timescales with their intervals, one row per lag and other key.

    Parameters
    ----------
    n : int
    table : pandas.DataFrame
        Columns lag, i, value, low, high, and those in `by`.
    by : sequence of str
        Columns that are told apart.
    """
    heading = [*by, "lag", *(f"t{i + 1} [95 %]" for i in range(n))]
    rows = [
        [*map(str, key[:-1]), given(key[-1]), *map(_time, rows.itertuples())]
        for key, rows in table.groupby([*by, "lag"], sort=False)
    ]
    note = "In parentheses: shorter than the lag, too fast to be seen there."
    return [*as_table(heading, rows), "", note]


def _time(row: Any) -> str:
    """A timescale with its interval, where it is one."""
    if not np.isfinite(row.value):
        return "none"
    if row.value < row.lag:
        return f"({number(row.value, 2)})"
    return f"{number(row.value)} {bounds(row.low, row.high)}"


def _range(lengths: Sequence[int]) -> str:
    low, high = min(lengths), max(lengths)
    if len(lengths) == 1:
        return "."
    return f", {low:,} frames each." if low == high else f", from {low:,} to {high:,} frames."


def _of_sets(counts: Sequence[int]) -> str:
    return f"By set: {', '.join(map(str, counts))}. " if len(counts) > 1 else ""


def _spread(counts: Sequence[int]) -> str:
    if len(counts) <= LISTED:
        return f"By trajectory: {', '.join(map(str, counts))}."
    none = sum(n == 0 for n in counts)
    return f"By trajectory: {min(counts)} to {max(counts)}; none in {none} of {len(counts)}."

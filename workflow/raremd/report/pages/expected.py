"""The part of the inspection that tells what networks will get wrong, by the laws."""

from __future__ import annotations

import math
from collections.abc import Sequence

from raremd.analysis.expected import Planned, remedy
from raremd.analysis.inspection import SystemInspection
from raremd.analysis.kept_laws import KeptLaws
from raremd.analysis.power_law import Interval
from raremd.analysis.words import given, number
from raremd.report.pages.markdown import as_table


def expected_section(inspections: Sequence[SystemInspection], kept: KeptLaws) -> list[str]:
    """What the laws expect of each network, and what brings it within its budget."""
    rows = []
    for found in inspections:
        unit = found.plan.unit
        planned = found.planned
        for p in sorted(planned, key=_place):
            md, e, interval = p.t1 * p.cell.interval, p.expected, p.cell.interval
            t1 = Interval(*(md * bound for bound in (e.ratio.value, e.ratio.low, e.ratio.high)))
            time = "–" if not e.frames else given(float(f"{e.frames * interval:.2g}"), unit)
            rows.append(
                [
                    f"`{found.plan.system}`, {p.cell.coordinate}, {p.cell.partition}",
                    given(interval, unit),
                    p.model,
                    _spread(e.leak),
                    f"{_spread(t1, 2)} ({number(md, 2)})",
                    _spread(e.tokens),
                    f"{p.budget:,}",
                    time,
                    _remedy(p, planned, found.plan.frame_interval),
                ]
            )
    if not rows:
        return []
    heading = [
        "cell", "interval", "network", "leak", "t1 at one step (of the MD)", "tokens for 10 %",
        "budget", "MD for 10 %", "remedy",
    ]  # fmt: skip
    return [
        "## What networks will get wrong",
        "",
        f"Expected before any training, from laws in `resources/laws.json` ({kept.origin}). "
        "A network gives some probability to jumps that never happen, which makes the slow process "
        "too fast at one step; at the yardstick's lag it can still be right. Brackets hold the "
        "range in which 95 % of other systems would lie. Read the numbers as orders of magnitude.",
        "",
        *as_table(heading, rows),
        "",
    ]


def _place(of: Planned) -> tuple[str, str, str, float]:
    """Networks of a partition one by one, from the shortest interval to the longest."""
    return of.cell.coordinate, of.cell.partition, of.model, of.cell.interval


def _spread(of: Interval, digits: int = 1) -> str:
    """A value and its bounds, which have so many digits."""
    if not of.high:
        return "0"
    low, high = (number(bound, digits) for bound in (of.low, of.high))
    return f"{number(of.value, 2)} [{low}, {high}]"


def _remedy(of: Planned, planned: Sequence[Planned], frame: float) -> str:
    """In words, for one network in one cell."""
    if of.enough:
        return "nothing is needed"
    found = remedy(of, planned, frame)
    ways = []
    if found.intervals:
        ways.append(f"interval {given(found.intervals[0])} (planned)")
    elif math.isfinite(found.interval):
        ways.append(f"an interval of {given(found.interval)} or more")
    ways += [f"partition {name} (planned)" for name in found.partitions]
    ways.append("`match_seen_jumps: true`")
    return " or ".join(ways)

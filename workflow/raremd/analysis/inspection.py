"""What the data can tell, before anything is trained.

Frames, states, implied timescales against lag with error bars, rare events, for every planned cell
whether it can give a verdict, and about how long the study takes on this machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from raremd.analysis.assess import timescales_against_lag
from raremd.analysis.assessment import Assessment, Doubt
from raremd.analysis.expected import Planned, expected_of, law_rows, one_step
from raremd.analysis.kept_laws import Expectation, KeptLaws
from raremd.analysis.rows import Row, as_table
from raremd.analysis.speed import Rates, probe
from raremd.kinetics.bootstrap import interval, trajectory_blocks
from raremd.kinetics.many_states import MANY, connected, sparse_counts
from raremd.states.discrete_trajectories import DiscreteSystem, read_states
from raremd.states.split import at_interval, check_lengths, take
from raremd.study.plans import InspectedCell, InspectionPlan, MDPlan

COLUMNS = [
    "system", "coordinate", "partition", "interval", "model",
    "quantity", "i", "lag", "value", "low", "high", "unit",
]  # fmt: skip
DRAWING = 2.0
"""Core seconds that a figure takes beside the start of its job."""


@dataclass(frozen=True)
class CellInspection:
    """One planned cell.

    Attributes
    ----------
    cell : InspectedCell
    training_frames : int
    core_seconds : float
        Of all its models, to the end of their budgets.
    reasons : tuple of str
        Why it cannot give a verdict; empty where it can.
    t1 : float
        Slowest timescale of the training data at one step, in saved frames; NaN without any.
    expected : mapping
        Network that a law is known of -> what it is expected to do at one step.
    """

    cell: InspectedCell
    training_frames: int
    core_seconds: float
    reasons: tuple[str, ...]
    t1: float
    expected: Mapping[str, Expectation]


@dataclass(frozen=True)
class SystemInspection:
    """Everything about one system.

    Attributes
    ----------
    plan : InspectionPlan
    assessment : Assessment
    lengths : tuple of int
        Frames of each trajectory.
    training_blocks : int
        Blocks of the bootstrap.
    shortest_limit : int
        The longest window, in saved frames, that every cell has trajectories for.
    table : pandas.DataFrame
        Columns `COLUMNS`; times in the unit of the system.
    cells : tuple of CellInspection
    """

    plan: InspectionPlan
    assessment: Assessment
    lengths: tuple[int, ...]
    training_blocks: int
    shortest_limit: int
    table: pd.DataFrame
    cells: tuple[CellInspection, ...]

    @property
    def planned(self) -> tuple[Planned, ...]:
        """Networks of all cells that a law is known of."""
        return tuple(
            Planned(c.cell, m.name, m.budget.tokens, c.t1, c.expected[m.name])
            for c in self.cells
            for m in c.cell.models
            if m.name in c.expected
        )

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Why nothing can be decided from this MD."""
        return self.assessment.doubts


def its_rows(dtrajs: list[np.ndarray], n_states: int, plan: MDPlan) -> Iterator[Row]:
    """Timescales of the training MD against lag, in frames, with bootstrap bars.

    No bars where there are too many states for them.
    """
    times, samples = timescales_against_lag(
        dtrajs, n_states, plan.lags, plan, bars=n_states <= MANY
    )
    low, high = interval(samples, axis=1)
    for (row, i), value in np.ndenumerate(times):
        bar = float(low[row, i]), float(high[row, i])
        yield Row("", 0, "timescale", i + 1, 0, plan.lags[row], value, *bar)


def state_rows(system: DiscreteSystem, lag: int) -> Iterator[Row]:
    """How much of a partition the training MD visits and connects at one lag."""
    training = take(system.md, system.split.training)
    visits = np.bincount(np.concatenate(training), minlength=system.n_states)
    jumps = sum(int(np.count_nonzero(d[1:] != d[:-1])) for d in training)
    active = connected(sparse_counts(training, system.n_states, lag))
    found = {
        "dimensions": system.dimension,
        "states": system.n_states,
        "visited_states": int((visits > 0).sum()),
        "active_states": len(active),
        "active_frames": visits[active].sum() / visits.sum(),
        "jumps": jumps,
    }
    for quantity, value in found.items():
        yield Row(quantity=quantity, lag=lag, value=value)


def _cannot_remove(system: DiscreteSystem, cell: InspectedCell) -> list[str]:
    """Why recrossings cannot be removed from training or validation: tau_c is too long."""
    how = cell.slicing.stride, cell.slicing.recrossing, cell.slicing.tau
    labels, _ = system.labels(cell.slicing.recrossing)
    try:
        for part in (system.split.training, system.split.validation):
            at_interval(labels, part, *how)
    except ValueError as error:
        return [f"the study stops there, {error}"]
    return []


def _generated(plan: InspectionPlan, training_frames: int, assessment: Assessment) -> int:
    """Frames of the source that a walker is likely to generate, if it crosses as the MD does."""
    once, wanted = plan.generation_frames, plan.crossings
    if not wanted:
        return once
    frames_a_crossing = training_frames / max(assessment.transitions, 1)
    times = math.ceil(wanted * frames_a_crossing / (plan.walkers * once))
    return min(once * max(times, 1), plan.generation_limit)


def _cell(
    cell: InspectedCell,
    states: DiscreteSystem,
    rates: dict[tuple[str, int], Rates],
    assessment: Assessment,
    plan: InspectionPlan,
    kept: KeptLaws,
) -> tuple[CellInspection, int, pd.DataFrame]:
    """A cell, the longest window that fits it, and its rows."""
    stride = cell.slicing.stride
    first = states.sets[0]  # all are equally long
    parts = (take(states.md, p) for p in (first.training, first.validation))
    training, validation = ([-(-len(d) // stride) for d in part] for part in parts)
    # A window must fit into one trajectory at least of both parts.
    longest = min(max(training), max(validation))
    window = max(model.budget.window for model in cell.models)
    reasons = _cannot_remove(states, cell) + [doubt.text for doubt in assessment.doubts]
    if longest <= window:
        reasons.append(
            f"its longest trajectory of training or validation has {longest:.0f} frames, the "
            f"window needs more than {window}"
        )
    rows = [
        Row(quantity="training_frames", value=sum(training)),
        Row(quantity="longest_trajectory", value=longest),
    ]
    seconds = 0.0
    generated = plan.walkers * (_generated(plan, stride * sum(training), assessment) // stride)
    for model, replicates in zip(cell.models, cell.replicates, strict=True):
        rate = rates[model.name, states.n_states]
        trained = 0 if model.corrects else model.budget.tokens
        once = trained / rate.training + generated / rate.generation
        value = once * replicates
        seconds += value
        rows.append(Row(model.name, quantity="core_seconds", value=value))
    rows.append(Row(quantity="can_tell", value=not reasons))
    t1 = one_step(cell, states)
    expected = expected_of(cell, states.n_states, t1, kept)
    rows += law_rows(expected, t1 * cell.interval / plan.frame_interval)
    table = as_table(rows).assign(
        coordinate=cell.coordinate, partition=cell.partition, interval=cell.interval
    )
    found = CellInspection(cell, sum(training), seconds, tuple(reasons), t1, expected)
    return found, longest, table


def inspect_system(
    plan: InspectionPlan, assessment: Assessment, kept: KeptLaws
) -> SystemInspection:
    """Look at everything of one system.

    Parameters
    ----------
    plan : InspectionPlan
    assessment : Assessment
        Of the same system.
    kept : KeptLaws
        By which the outcome of trainings is expected.

    Returns
    -------
    SystemInspection

    Raises
    ------
    ValueError
        If no trajectory is longer than the longest lag.
    """
    loaded = {(s.coordinate, s.partition): read_states(Path(s.path)) for s in plan.states}
    yardstick, lag = loaded[plan.yardstick], plan.yardstick_lag
    lengths = tuple(len(d) for d in yardstick.md)
    check_lengths(lengths, max(plan.lags))
    tables = []
    for (coordinate, partition), system in loaded.items():
        its = its_rows(take(system.md, system.split.training), system.n_states, plan)
        table = as_table([*state_rows(system, lag), *its])
        tables.append(table.assign(coordinate=coordinate, partition=partition))
    rows = [
        Row(quantity="slow_transitions", i=k, lag=lag, value=n)
        for k, n in enumerate(assessment.by_trajectory, start=1)
    ]
    if yardstick.n_sets > 1:
        rows += [
            Row(quantity="slow_transitions_of_set", i=k, lag=lag, value=n)
            for k, n in enumerate(assessment.by_set, start=1)
        ]
    training = [len(d) for d in take(yardstick.md, yardstick.split.training)]
    n_blocks = len(trajectory_blocks(training, plan.block))
    rows.append(Row(quantity="training_blocks", value=n_blocks))
    coordinate, partition = plan.yardstick
    tables.append(as_table(rows).assign(coordinate=coordinate, partition=partition))
    rates: dict[tuple[str, int], Rates] = {}
    for cell in plan.cells:
        n = loaded[cell.coordinate, cell.states].n_states
        for model in cell.models:
            if (model.name, n) not in rates:
                rates[model.name, n] = probe(model, n, plan.walkers)
    found = [
        _cell(cell, loaded[cell.coordinate, cell.states], rates, assessment, plan, kept)
        for cell in plan.cells
    ]
    table = pd.concat([*tables, *(own for _, _, own in found)], ignore_index=True)
    table = table.assign(system=plan.system).reindex(columns=COLUMNS)
    table["i"] = table["i"].where(table["i"] > 0)
    table["lag"] *= plan.frame_interval
    times = table["quantity"].isin(["timescale", "expected_t1"])
    table.loc[times, ["value", "low", "high"]] *= plan.frame_interval
    table["unit"] = np.where(times, plan.unit, "")
    return SystemInspection(
        plan=plan,
        assessment=assessment,
        lengths=lengths,
        training_blocks=n_blocks,
        shortest_limit=min(longest for _, longest, _ in found),
        table=table,
        cells=tuple(cell for cell, _, _ in found),
    )


@dataclass(frozen=True)
class RunningTime:
    """Core minutes that a study takes: to learn, to start its jobs and draw figures."""

    learning: float
    starting: float
    jobs: int


def running_time(inspections: list[SystemInspection], start: float, figures: int) -> RunningTime:
    """Of the whole study.

    Parameters
    ----------
    inspections : list of SystemInspection
    start : float
        Core seconds that a job takes to start.
    figures : int
        That the study draws.
    """
    cells = [cell for found in inspections for cell in found.cells]
    # One job for each model of a cell, one for its kinetics.
    jobs = sum(len(cell.cell.models) + 1 for cell in cells) + figures
    starting = jobs * start + figures * DRAWING
    return RunningTime(sum(c.core_seconds for c in cells) / 60, starting / 60, jobs)

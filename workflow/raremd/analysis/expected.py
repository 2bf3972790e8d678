"""What the laws expect of networks in planned cells, and what brings them within their budget."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from raremd.analysis.kept_laws import WITHIN, Expectation, KeptLaws, expectation
from raremd.analysis.rows import Row
from raremd.kinetics.many_states import implied
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import at_interval
from raremd.study.plans import InspectedCell


def one_step(cell: InspectedCell, states: DiscreteSystem) -> float:
    """Slowest timescale of the training data in saved frames; NaN where there is none."""
    how = cell.slicing.stride, cell.slicing.recrossing, cell.slicing.tau
    labels, _ = states.labels(cell.slicing.recrossing)
    try:
        sliced = at_interval(labels, states.sets[0].training, *how)
        return float(implied(sliced, states.n_states, 1, 1).times[0])
    except ValueError:  # nothing is left of them, which is told elsewhere
        return math.nan


def expected_of(
    cell: InspectedCell, n_states: int, t1: float, kept: KeptLaws
) -> dict[str, Expectation]:
    """What laws expect of the networks of a cell."""
    found = {}
    for model in cell.models:
        law = kept.of(model.kind)
        if law is not None and math.isfinite(t1):
            leaks = model.settings.get("prior", "none") != "seen_jumps"
            found[model.name] = expectation(law, model.budget.tokens, n_states, t1, leaks)
    return found


def law_rows(expected: Mapping[str, Expectation], t1: float) -> Iterator[Row]:
    """Rows of the inspection's table; `t1` of the MD in the unit that it is to have there."""
    for model, found in expected.items():
        for quantity, scale, of in (
            ("expected_leak", 1.0, found.leak),
            ("expected_t1", t1, found.ratio),
            ("tokens_needed", 1.0, found.tokens),
        ):
            value, low, high = (scale * bound for bound in (of.value, of.low, of.high))
            yield Row(model, quantity=quantity, value=value, low=low, high=high)
        yield Row(model, quantity="frames_needed", value=found.frames)


@dataclass(frozen=True)
class Planned:
    """One network in one planned cell.

    Attributes
    ----------
    cell : InspectedCell
    model : str
    budget : int
        Tokens of its training.
    t1 : float
        Of the MD at one step, in saved frames.
    expected : Expectation
    """

    cell: InspectedCell
    model: str
    budget: int
    t1: float
    expected: Expectation

    @property
    def enough(self) -> bool:
        """Whether the budget is as large as the laws expect to be needed."""
        return self.expected.tokens.value <= self.budget


@dataclass(frozen=True)
class Remedy:
    """What brings a network within its budget, by the laws.

    Attributes
    ----------
    intervals : tuple of float
        Planned saving intervals, the rest the same.
    partitions : tuple of str
        Planned partitions, the rest the same.
    interval : float
        Shortest interval that would do, planned or not; inf where t1 would not be longer than it.
    """

    intervals: tuple[float, ...]
    partitions: tuple[str, ...]
    interval: float


def remedy(of: Planned, planned: Sequence[Planned], frame: float) -> Remedy:
    """For a network that the laws expect to need more tokens than it gets.

    Parameters
    ----------
    of : Planned
    planned : sequence of Planned
        All of the same system.
    frame : float
        Interval between frames of the source, of which saving intervals are multiples.
    """
    alike = [
        p
        for p in planned
        if p.enough and p.model == of.model and p.cell.coordinate == of.cell.coordinate
    ]
    intervals = {p.cell.interval for p in alike if p.cell.partition == of.cell.partition}
    partitions = {p.cell.partition for p in alike if p.cell.interval == of.cell.interval}
    ratio, wanted = of.expected.ratio.value, 1.0 / (1.0 - WITHIN) - 1.0
    # At a fixed budget the added rate a frame stays, and t1 in frames falls with the interval.
    longer = (1.0 / ratio - 1.0) / wanted
    interval = frame * math.ceil(longer * of.cell.interval / frame)
    return Remedy(
        tuple(sorted(i for i in intervals if i > of.cell.interval)),
        tuple(sorted(partitions)),
        interval if interval < of.t1 * of.cell.interval else math.inf,
    )

"""What the MD of a system can decide: one assessment that all verdicts and pages rest on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from raremd.analysis.slow_process import SlowProcess
from raremd.analysis.stationarity import SPAN, Drift, Stationarity
from raremd.analysis.words import bounds, count, given, number, quantity
from raremd.io.storage import Number, read_typed
from raremd.kinetics.equilibrium import DetailedBalance
from raremd.study.settings.messages import exact

CONNECTED = 0.95
"""Share of the frames that must be connected."""
SAFE_TRANSITIONS = 200
"""Slow transitions that leave an error of 7 % on a rate: what more MD should aim at."""


class Cause(StrEnum):
    """What keeps a statement from being made."""

    EVENTS = "events"
    LAG = "lag"
    EQUILIBRIUM = "equilibrium"
    REFERENCE = "reference"
    CONNECTION = "connection"
    NO_PROCESS = "no slow process"
    BUDGET = "budget"
    OVERFIT = "overfit"
    FAILED = "failed"


@dataclass(frozen=True)
class Doubt:
    """A reason to say nothing, and what would remove it."""

    cause: Cause
    text: str
    remedy: str

    @property
    def sentences(self) -> str:
        """What is wrong, and what to do."""
        return f"{self.text[0].upper()}{self.text[1:]}. {self.remedy[0].upper()}{self.remedy[1:]}."


@dataclass(frozen=True)
class Assessment:
    """What the training MD of one system shows in the yardstick's metastable states.

    Attributes
    ----------
    system, unit : str
    lag : float
        Of the yardstick; times are in `unit`.
    slow : tuple of SlowProcess
        Implied timescales longer than the lag, slowest first.
    fastest_left_out : float
        The slowest timescale that is not longer than the lag; NaN if there is none.
    transitions : int
        Slow transitions in the training data; of their sets, in the one that has fewest.
    by_set : tuple of int
        The same in each independent set that a replicate of its own is trained on; often one.
    by_trajectory : tuple of int
        The same in each whole trajectory, validation included.
    drift : Drift
        Of the slowest timescale with lag.
    converged_from : float or None
        Shortest lag from which it has converged.
    lags : tuple of float
        At which timescales are looked at, ascending.
    balance : DetailedBalance
        Where it is least kept, corrected for the partitions that were looked at; in other states
        than the yardstick's, these are told by the user's numbers.
    balance_in : str
        That partition; empty for the yardstick's own states.
    state_names : tuple of str
        Of the yardstick's states: as declared, or their numbers.
    connected : float
        Share of the frames in the largest connected set.
    reference : float
        Slowest timescale of the separate reference; NaN where there is none.
    tolerance : float
    minimum_transitions : int
    """

    system: str
    unit: str
    lag: float
    slow: tuple[SlowProcess, ...]
    fastest_left_out: Number
    transitions: int
    by_set: tuple[int, ...]
    by_trajectory: tuple[int, ...]
    drift: Drift
    converged_from: float | None
    lags: tuple[float, ...]
    balance: DetailedBalance
    balance_in: str
    state_names: tuple[str, ...]
    connected: float
    reference: Number
    tolerance: float
    minimum_transitions: int

    # Words of a study; the library has others.
    judged_at: ClassVar[str] = "the yardstick's lag"
    _shorter_blocks: ClassVar[str] = "shorten `block`"

    def _set_lag(self, lag: float) -> str:
        return f"set `yardstick.lag` to {exact(lag)}"

    def _add_lag_from(self, lag: float) -> str:
        return f"add a lag of {exact(lag)} or more to `lags`"

    def _add_lag_up_to(self, lag: float) -> str:
        return f"add lags of {number(lag, 2)} {self.unit} or less, or save frames more often"

    @property
    def longest_lag(self) -> float:
        """Of the lags at which timescales are looked at."""
        return self.lags[-1]

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Why nothing can be decided from this MD; empty where something can."""
        return tuple(self._doubts())

    def _doubts(self) -> Iterator[Doubt]:
        lag, unit, n = given(self.lag, self.unit), self.unit, len(self.by_set)
        if not self.slow:
            shortest = self.fastest_left_out
            text = f"no process of the MD is slower than {self.judged_at} of {lag}"
            if shortest > 0:
                text += f" (the slowest takes {quantity(shortest, unit)})"
            yield Doubt(Cause.NO_PROCESS, text, self._shorter_lag())
        if self.transitions < self.minimum_transitions:
            times = SAFE_TRANSITIONS / max(self.transitions, 1)
            who = f"one of {n} training sets holds" if n > 1 else "the training data hold"
            yield Doubt(
                Cause.EVENTS,
                f"{who} only {count(self.transitions, 'slow transition')}",
                f"record about {max(2, math.ceil(times))} times as much MD: aim at "
                f"{SAFE_TRANSITIONS} transitions",
            )
        if self.slow and self.drift.outcome is not Stationarity.STATIONARY:
            yield self._lag_doubt()
        if self.balance.driven:
            at = self.balance.states
            first, last = (str(s) if self.balance_in else self.state_names[s] for s in at)
            where = f" of {self.balance_in}" if self.balance_in else ""
            yield Doubt(
                Cause.EQUILIBRIUM,
                f"the system is driven (it jumps {self.balance.forward:,.0f} times from state "
                f"{first} to state {last}{where} and {self.balance.backward:,.0f} times back, "
                "which no equilibrium does)",
                "compare populations and passage times instead of implied timescales, which "
                "assume detailed balance",
            )
        if self.connected < CONNECTED:
            yield Doubt(
                Cause.CONNECTION,
                f"{100 * (1 - self.connected):.0f} % of the frames are not connected with the rest "
                f"at a lag of {lag}",
                "record more MD, use fewer states, or leave out the trajectories that stay apart",
            )
        if self.slow and not math.isnan(self.reference) and not self._agrees():
            t1 = self.slow[0]
            yield Doubt(
                Cause.REFERENCE,
                f"the reference has t1 = {quantity(self.reference, unit)}, the training MD "
                f"{quantity(t1.value, unit)} {bounds(t1.low, t1.high)}",
                "train on more or longer MD",
            )

    def _shorter_lag(self) -> str:
        """A lag at which the slowest process can be seen."""
        shortest = self.fastest_left_out
        if not shortest > 0:
            return "record more MD, or choose states between which it moves"
        seen = [lag for lag in self.lags if SPAN * lag <= shortest]
        if seen:
            return self._set_lag(max(seen))
        return self._add_lag_up_to(shortest / SPAN)

    def _agrees(self) -> bool:
        t1 = self.slow[0]
        near = abs(math.log2(t1.value / self.reference)) <= self.tolerance
        return near or t1.low <= self.reference <= t1.high

    def _lag_doubt(self) -> Doubt:
        lag, unit = given(self.lag, self.unit), self.unit
        if self.drift.outcome is Stationarity.DRIFTING:
            change = 100 * (2**self.drift.slope - 1)
            text = f"at {lag} and beyond t1 changes by {change:+.0f} % per doubling of the lag"
            if self.converged_from is not None:
                return Doubt(Cause.LAG, text, self._set_lag(self.converged_from))
            remedy = (
                f"no lag up to {given(self.longest_lag, unit)} is long enough: add longer `lags`, "
                "or choose a coordinate and states that resolve the slow process"
            )
            return Doubt(Cause.LAG, text, remedy)
        if math.isnan(self.drift.slope) and self.longest_lag >= SPAN * self.lag:
            return Doubt(
                Cause.LAG,
                f"the training data are too short for error bars of t1 at lags from {lag} on, so "
                "that convergence with lag cannot be judged",
                f"record more MD, or {self._shorter_blocks}",
            )
        if math.isnan(self.drift.slope):
            return Doubt(
                Cause.LAG,
                f"the lags reach from {lag} only to {given(self.longest_lag, unit)}, so that "
                "convergence with lag cannot be judged",
                self._add_lag_from(SPAN * self.lag),
            )
        return Doubt(
            Cause.LAG,
            f"error bars are too wide to judge whether t1 has converged at {lag} (per doubling of "
            f"the lag: {self.drift.low:+.2f} to {self.drift.high:+.2f} in log2)",
            "record more MD",
        )


def read_assessments(paths: Sequence[str]) -> dict[str, Assessment]:
    """Assessments by system, from files that `storage.write_typed` wrote."""
    found = [read_typed(Assessment, path) for path in paths]
    return {assessment.system: assessment for assessment in found}

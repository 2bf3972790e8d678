"""What the MD of a system can decide: one assessment that all verdicts and pages rest on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from raremd.analysis.stationarity import (
    UNKNOWN,
    Drift,
    Stationarity,
    converged_from,
    drift_with_lag,
)
from raremd.io.storage import Number, read_typed
from raremd.kinetics.bootstrap import (
    bootstrap_timescales,
    bootstrap_weights,
    interval,
    trajectory_blocks,
)
from raremd.kinetics.equilibrium import DetailedBalance, detailed_balance
from raremd.kinetics.timescales import count_transitions, slow_split, timescales
from raremd.kinetics.transition_matrix import block_counts, count_matrix, estimate
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import check_lengths, take
from raremd.study.plans import AssessmentPlan, InspectionPlan

MAX_BLOCKS = 1000
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
    FAILED = "failed"


@dataclass(frozen=True)
class Doubt:
    """A reason to say nothing, and what would remove it."""

    cause: Cause
    text: str
    remedy: str


@dataclass(frozen=True)
class SlowProcess:
    """An implied timescale of the MD at the yardstick's lag with its 95 % interval."""

    i: int
    value: float
    low: Number
    high: Number

    @property
    def own_error(self) -> float:
        """Half the interval, the larger half, in log2; infinite where it has no upper end."""
        if not (self.low > 0 and self.high < math.inf):
            return math.inf
        return max(math.log2(self.high / self.value), math.log2(self.value / self.low))


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
    longest_lag : float
    balance : DetailedBalance
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
    longest_lag: float
    balance: DetailedBalance
    connected: float
    reference: Number
    tolerance: float
    minimum_transitions: int

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Why nothing can be decided from this MD; empty where something can."""
        return tuple(self._doubts())

    def _doubts(self) -> Iterator[Doubt]:
        lag, unit, n = f"{self.lag:g} {self.unit}", self.unit, len(self.by_set)
        if not self.slow:
            shortest = self.fastest_left_out
            seen = f"the slowest takes {shortest:.3g} {unit}" if shortest > 0 else "none is seen"
            yield Doubt(
                Cause.NO_PROCESS,
                f"no process of the MD is slower than the yardstick's lag of {lag}: {seen}",
                f"set `yardstick.lag` to {shortest / 5:.2g} {unit} or less"
                if shortest > 0
                else "record more MD, or choose states between which it moves",
            )
        if self.transitions < self.minimum_transitions:
            times = SAFE_TRANSITIONS / max(self.transitions, 1)
            who = f"one of {n} training sets holds" if n > 1 else "the training data hold"
            yield Doubt(
                Cause.EVENTS,
                f"{who} only {self.transitions} slow transition{'s' * (self.transitions != 1)}",
                f"record about {max(2, math.ceil(times))} times as much MD: aim at "
                f"{SAFE_TRANSITIONS} transitions",
            )
        if self.slow and self.drift.outcome is not Stationarity.STATIONARY:
            yield self._lag_doubt()
        if self.balance.driven:
            yield Doubt(
                Cause.EQUILIBRIUM,
                f"the system is driven: it jumps {self.balance.forward:.0f} times from state "
                f"{self.balance.states[0]} to {self.balance.states[1]} and "
                f"{self.balance.backward:.0f} times back, which no equilibrium does",
                "implied timescales of a reversible model do not describe it; compare "
                "populations and passage times instead",
            )
        if self.connected < CONNECTED:
            yield Doubt(
                Cause.CONNECTION,
                f"{100 * (1 - self.connected):.0f} % of the frames are not connected with the rest "
                f"at a lag of {lag}",
                "record more MD, or use fewer states",
            )
        if self.slow and not math.isnan(self.reference) and not self._agrees():
            t1 = self.slow[0]
            yield Doubt(
                Cause.REFERENCE,
                f"the training MD has t1 = {t1.value:.4g} {unit} [{t1.low:.3g}, {t1.high:.3g}], "
                f"its reference {self.reference:.4g} {unit}",
                "train on more or longer MD",
            )

    def _agrees(self) -> bool:
        t1 = self.slow[0]
        near = abs(math.log2(t1.value / self.reference)) <= self.tolerance
        return near or t1.low <= self.reference <= t1.high

    def _lag_doubt(self) -> Doubt:
        lag, unit = f"{self.lag:g} {self.unit}", self.unit
        if self.drift.outcome is Stationarity.DRIFTING:
            change = 100 * (2**self.drift.slope - 1)
            text = f"t1 changes by {change:+.0f} % per doubling of the lag at {lag} and beyond"
            if self.converged_from is not None:
                return Doubt(Cause.LAG, text, f"set `yardstick.lag` to {self.converged_from:g}")
            remedy = (
                f"no lag up to {self.longest_lag:g} {unit} is long enough: add longer `lags`, or "
                "choose a coordinate and states that resolve the slow process"
            )
            return Doubt(Cause.LAG, text, remedy)
        if math.isnan(self.drift.slope):
            return Doubt(
                Cause.LAG,
                f"the lags reach from {lag} only to {self.longest_lag:g} {unit}, so that "
                "convergence with lag cannot be judged",
                f"add a lag of {3 * self.lag:g} {unit} or more to `lags`",
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


def timescales_against_lag(
    dtrajs: list[np.ndarray],
    n_states: int,
    lags: Sequence[int],
    plan: AssessmentPlan | InspectionPlan,
) -> tuple[np.ndarray, np.ndarray]:
    """Implied timescales with bootstrap samples that are paired between lags.

    Parameters
    ----------
    dtrajs : list of (n_frames,) int arrays
    n_states : int
    lags : sequence of int
        In frames.
    plan : AssessmentPlan or InspectionPlan
        Its block, timescales, samples and seed.

    Returns
    -------
    times : (n_lags, n_timescales) float64
        In frames.
    samples : (n_lags, n_samples, n_timescales) float64
        NaN where no two blocks are longer than the lag.
    """
    lengths = [len(d) for d in dtrajs]
    blocks = trajectory_blocks(lengths, max(plan.block, sum(lengths) // MAX_BLOCKS))
    longest = max(stop - start for _, start, stop in blocks)
    times = np.full((len(lags), plan.timescales), np.nan)
    samples = np.full((len(lags), plan.samples, plan.timescales), np.nan)
    for row, lag in enumerate(lags):
        model = estimate(count_matrix(dtrajs, n_states, lag))
        times[row] = timescales(model.transition_matrix, lag, plan.timescales, model.stationary)
        if len(blocks) > 1 and lag < longest:
            rng = np.random.default_rng(plan.seed)
            weights = bootstrap_weights(len(blocks), plan.samples, rng)
            of_blocks = block_counts(dtrajs, n_states, lag, blocks)
            samples[row] = bootstrap_timescales(of_blocks, weights, lag, plan.timescales)
    return times, samples


def assess(system: DiscreteSystem, plan: AssessmentPlan) -> Assessment:
    """Look at the training MD in the yardstick's states.

    Parameters
    ----------
    system : DiscreteSystem
        In the yardstick's states, at the finest interval.
    plan : AssessmentPlan

    Returns
    -------
    Assessment

    Raises
    ------
    ValueError
        If no trajectory is longer than the yardstick's lag.
    """
    frame, n_states = plan.frame_interval, system.n_states
    training = take(system.md, system.split.training)
    lengths = [len(d) for d in training]
    check_lengths(lengths, plan.yardstick_lag)
    lags = np.array([lag for lag in plan.lags if lag < max(lengths)])
    counts = count_matrix(training, n_states, plan.yardstick_lag)
    model = estimate(counts)
    visits = np.bincount(np.concatenate(training), minlength=n_states)
    times, samples = timescales_against_lag(training, n_states, lags.tolist(), plan)
    at = int(np.flatnonzero(lags == plan.yardstick_lag)[0])
    low, high = interval(samples[at])
    slower = times[at] > plan.yardstick_lag
    slow = tuple(
        SlowProcess(int(i) + 1, *(frame * float(v[i]) for v in (times[at], low, high)))
        for i in np.flatnonzero(slower & np.isfinite(times[at]))
    )
    faster = times[at][~slower & np.isfinite(times[at])]
    sides = slow_split(model)

    def transitions(dtrajs: list[np.ndarray]) -> int:
        """Sliced at the yardstick's lag, so that quick recrossings do not count."""
        return int(count_transitions([d[:: plan.yardstick_lag] for d in dtrajs], sides))

    by_set = tuple(transitions(take(system.md, own.training)) for own in system.sets)
    drift = UNKNOWN
    flat = None
    if slow:
        how = lags.astype(float), times[:, 0], samples[:, :, 0]
        drift = drift_with_lag(*how, plan.yardstick_lag, plan.tolerance)
        flat = converged_from(*how, plan.tolerance)
    return Assessment(
        system=plan.system,
        unit=plan.unit,
        lag=frame * plan.yardstick_lag,
        slow=slow,
        fastest_left_out=frame * float(faster[0]) if len(faster) else np.nan,
        transitions=min(by_set),
        by_set=by_set,
        by_trajectory=tuple(transitions([d]) for d in system.md),
        drift=drift,
        converged_from=None if flat is None else frame * flat,
        longest_lag=frame * float(lags[-1]),
        balance=detailed_balance(counts, plan.yardstick_lag),
        connected=float(visits[model.active].sum() / visits.sum()),
        reference=_reference_t1(system, plan),
        tolerance=plan.tolerance,
        minimum_transitions=plan.minimum_transitions,
    )


def _reference_t1(system: DiscreteSystem, plan: AssessmentPlan) -> float:
    """Slowest timescale of a reference that is not the MD itself."""
    if system.reference is system.md:
        return np.nan
    lag = plan.yardstick_lag
    model = estimate(count_matrix(system.reference, system.n_states, lag))
    found = timescales(model.transition_matrix, lag, 1, model.stationary)
    return plan.frame_interval * float(found[0])

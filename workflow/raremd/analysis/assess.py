"""From the MD in the yardstick's states to what it can decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from raremd.analysis.assessment import Assessment
from raremd.analysis.slow_process import SlowProcess
from raremd.analysis.stationarity import UNKNOWN, converged_from, drift_with_lag
from raremd.kinetics.bootstrap import (
    bootstrap_blocks,
    bootstrap_timescales,
    bootstrap_weights,
    interval,
    sparse_block_counts,
)
from raremd.kinetics.equilibrium import DetailedBalance, detailed_balance
from raremd.kinetics.many_states import implied
from raremd.kinetics.timescales import count_transitions, slow_split, timescales
from raremd.kinetics.transition_matrix import count_matrix, estimate
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import check_lengths, take
from raremd.study.plans import AssessmentPlan, MDPlan


def timescales_against_lag(
    dtrajs: list[np.ndarray],
    n_states: int,
    lags: Sequence[int],
    plan: MDPlan,
    *,
    bars: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Implied timescales with bootstrap samples that are paired between lags.

    Parameters
    ----------
    dtrajs : list of (n_frames,) int arrays
    n_states : int
    lags : sequence of int
        In frames.
    plan : MDPlan
        Its block, timescales, samples and seed.
    bars : bool
        Whether there are bootstrap samples.

    Returns
    -------
    times : (n_lags, n_timescales) float64
        In frames.
    samples : (n_lags, n_samples, n_timescales) float64
        NaN where no two blocks are longer than the lag, and without `bars`.
    """
    lengths = [len(d) for d in dtrajs]
    blocks = bootstrap_blocks(lengths, plan.block)
    longest = max(stop - start for _, start, stop in blocks)
    times = np.full((len(lags), plan.timescales), np.nan)
    samples = np.full((len(lags), plan.samples, plan.timescales), np.nan)
    for row, lag in enumerate(lags):
        times[row] = implied(dtrajs, n_states, lag, plan.timescales).times
        if bars and len(blocks) > 1 and lag < longest:
            rng = np.random.default_rng(plan.seed)
            weights = bootstrap_weights(len(blocks), plan.samples, rng)
            of_blocks = sparse_block_counts(dtrajs, n_states, lag, blocks)
            samples[row] = bootstrap_timescales(of_blocks, weights, lag, plan.timescales)
    return times, samples


def state_names(names: tuple[str, ...], system: DiscreteSystem) -> tuple[str, ...]:
    """Names of the yardstick's states; the user's numbers of them where none are given.

    Raises
    ------
    ValueError
        If there are more or fewer names than states.
    """
    n_states = system.n_states
    if names and len(names) != n_states:
        raise ValueError(f"yardstick.names: {len(names)} names for {n_states} states; name each")
    return names or tuple(map(str, _called(system)))


def _called(system: DiscreteSystem) -> tuple[int, ...]:
    """What the user calls each state."""
    return system.called or tuple(range(system.n_states))


def _least_balanced(
    system: DiscreteSystem, finer: Mapping[str, DiscreteSystem], plan: AssessmentPlan
) -> tuple[str, DetailedBalance]:
    """Partition and outcome of the test that is the least likely in equilibrium.

    Two metastable states have no cycle, and a drive may go round within one of them.
    """
    found, lag, tests = [], plan.yardstick_lag, 1 + len(finer)
    for name, states in {"": system, **finer}.items():
        training = take(states.md, states.split.training)
        rng = np.random.default_rng(plan.seed)
        found.append((name, detailed_balance(training, states.n_states, lag, rng, tests)))
    name, least = min(found, key=lambda each: each[1].p_value)
    if not name:
        return name, least
    called = _called(finer[name])
    first, last = (called[state] for state in least.states)
    return name, replace(least, states=(first, last))


def assess(
    system: DiscreteSystem, finer: Mapping[str, DiscreteSystem], plan: AssessmentPlan
) -> Assessment:
    """Look at the training MD in the yardstick's states.

    Parameters
    ----------
    system : DiscreteSystem
        In the yardstick's states, at the finest interval.
    finer : mapping
        Partition -> the same MD in other states, in which detailed balance is tested too, and in
        the user's numbers of which it is told.
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
    model = estimate(count_matrix(training, n_states, plan.yardstick_lag))
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
    balance_in, balance = _least_balanced(system, finer, plan)
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
        lags=tuple(frame * float(lag) for lag in lags),
        balance=balance,
        balance_in=balance_in,
        state_names=state_names(plan.names, system),
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

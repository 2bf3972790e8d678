"""How long trajectories stay in metastable states, and how often they cross the slow process.

Two views of the slow dynamics that no eigenvalue enters: an implied timescale can be right for the
wrong reason. Times are in frames; states count from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np


@dataclass(frozen=True)
class Visits:
    """Maximal runs of one state whose beginning was seen: a trajectory's first run is not one.

    Attributes
    ----------
    trajectory, start, state, length : (n,) int64 arrays
        `start` is the frame within the trajectory; `length` in frames.
    left : (n,) bool array
        Whether the end was seen; the last run of a trajectory has none.
    """

    trajectory: np.ndarray
    start: np.ndarray
    state: np.ndarray
    length: np.ndarray
    left: np.ndarray


def find_visits(dtrajs: Sequence[np.ndarray]) -> Visits:
    """All visits of a set of discrete trajectories, list of (n_frames,) int arrays."""
    parts = []
    for number, dtraj in enumerate(dtrajs):
        start = np.flatnonzero(dtraj[1:] != dtraj[:-1]) + 1
        end = np.append(start[1:], len(dtraj))[: len(start)]
        parts.append((np.full(len(start), number), start, dtraj[start], end - start, end))
    trajectory, start, state, length, end = (
        np.concatenate([np.asarray(p[k], np.int64) for p in parts]) for k in range(5)
    )
    frames = np.array([len(d) for d in dtrajs])
    return Visits(trajectory, start, state, length, end < frames[trajectory])


def block_of(visits: Visits, blocks: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """The block in which each visit begins, (n,) int64.

    Parameters
    ----------
    visits : Visits
    blocks : sequence of (trajectory, start, stop)
        That cover every trajectory, in order; see
        :func:`raremd.kinetics.bootstrap.trajectory_blocks`.
    """
    first = np.array([(trajectory, start) for trajectory, start, _ in blocks], np.int64)
    span = 1 + max(visits.start.max(initial=0), first[:, 1].max())
    begins = visits.trajectory * span + visits.start
    return np.searchsorted(first[:, 0] * span + first[:, 1], begins, side="right") - 1


def survival(
    visits: Visits,
    n_states: int,
    times: np.ndarray,
    block: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Probability that a visit lasts longer than t, for each state.

    The product-limit estimator of Kaplan and Meier, J. Am. Stat. Assoc. 53, 457 (1958): visits
    that the trajectory's end cuts short count as long as they are seen, so that short and long
    trajectories agree.

    Parameters
    ----------
    visits : Visits
    n_states : int
    times : (n_times,) int array
        Ascending, in frames.
    block : (n_visits,) int array, optional
        From :func:`block_of`, together with
    weights : (n_samples, n_blocks) array, optional
        How often each block is drawn in each bootstrap sample.

    Returns
    -------
    (n_samples, n_states, n_times) float64 array
        One sample without weights. NaN for a state without visits, and beyond the longest visit
        where its end was not seen.
    """
    times = np.asarray(times)
    if block is None or weights is None:
        block, weights = np.zeros(len(visits.state), np.int64), np.ones((1, 1))
    weights = np.asarray(weights, np.float64)
    n_blocks = weights.shape[1]
    found = np.full((len(weights), n_states, len(times)), np.nan)

    def weighted(blocks: np.ndarray, columns: np.ndarray, n: int) -> np.ndarray:
        counts = np.bincount(blocks * n + columns, minlength=n_blocks * n)
        return weights @ counts.reshape(n_blocks, n)

    for state in range(n_states):
        mine = visits.state == state
        if not mine.any():
            continue
        lasting = visits.length[mine] > times[-1]  # how long then does not matter
        length = np.where(lasting, times[-1] + 1, visits.length[mine])
        left, of = visits.left[mine] & ~lasting, block[mine]
        steps = np.unique(length[left])
        # At risk at the first `reach` steps: one that leaves at its own too, a cut one before.
        reach = np.where(
            left, np.searchsorted(steps, length, "right"), np.searchsorted(steps, length, "left")
        )
        at_risk = weighted(of, reach, len(steps) + 1)[:, ::-1].cumsum(axis=1)[:, -2::-1]
        ended = weighted(of[left], reach[left] - 1, len(steps)) if left.any() else at_risk
        hazard = np.divide(ended, at_risk, out=np.zeros_like(ended), where=at_risk > 0)
        curve = np.hstack([np.ones((len(weights), 1)), np.cumprod(1.0 - hazard, axis=1)])
        values = curve[:, np.searchsorted(steps, times, "right")]
        # A visit is still seen at t if it is longer than t.
        beyond = np.searchsorted(times, length, "left")
        seen = weighted(of, beyond, len(times) + 1)[:, ::-1].cumsum(axis=1)[:, -2::-1]
        any_visit = weights @ np.bincount(of, minlength=n_blocks) > 0
        known = (seen > 0) | ((values == 0.0) & any_visit[:, None])
        found[:, state] = np.where(known, values, np.nan)
    return found


def residence_times(counts: np.ndarray) -> np.ndarray:
    """Mean residence time of each state: frames spent there a departure.

    Parameters
    ----------
    counts : (..., n_states, n_states) array
        Transition counts at a lag of one frame.

    Returns
    -------
    (..., n_states) float64 array
        In frames; inf where the state was never left, NaN where it was never visited. Visits cut
        short at either end of a trajectory bias nothing, because both numbers are totals (renewal
        reward theorem).
    """
    stays = np.diagonal(counts, axis1=-2, axis2=-1)
    frames = counts.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return frames / (frames - stays)


@numba.njit(cache=True)
def _crossings(dtraj: np.ndarray, sides: np.ndarray, last: np.ndarray, first: int) -> int:
    """Of all offsets together; `last` (lag,) goes on, `first` is the number of the first frame."""
    lag = len(last)
    found = 0
    for frame in range(len(dtraj)):
        side, offset = sides[dtraj[frame]], (first + frame) % lag
        if side != 0:
            if last[offset] == -side:
                found += 1
            last[offset] = side
    return found


class CrossingCounter:
    """Crossings of trajectories that grow, counted as in :func:`crossings`.

    Parameters
    ----------
    sides : (n_states,) int8 array
        -1, 0 (in between) or 1; see :func:`raremd.kinetics.timescales.slow_split`.
    lag : int
        In frames.
    n_trajectories : int
    """

    def __init__(self, sides: np.ndarray, lag: int, n_trajectories: int) -> None:
        self._sides = np.asarray(sides, np.int8)
        self._last = np.zeros((n_trajectories, lag), np.int8)
        self._frames = self._found = 0

    def add(self, frames: np.ndarray) -> None:
        """Go on by (n_trajectories, n_frames) states."""
        for trajectory, last in zip(frames, self._last, strict=True):
            self._found += _crossings(trajectory, self._sides, last, self._frames)
        self._frames += frames.shape[1]

    @property
    def mean(self) -> float:
        """Crossings of all trajectories together, mean over the offsets."""
        return self._found / self._last.shape[1]


def crossings(dtrajs: Sequence[np.ndarray], sides: np.ndarray, lag: int) -> np.ndarray:
    """Crossings of each trajectory and the time in which they were counted.

    A crossing is a change of the side visited last, on frames `lag` apart: neither an excursion
    into the states in between nor a recrossing that is over within a lag counts. All `lag`
    offsets are counted and averaged.

    Parameters
    ----------
    dtrajs : sequence of (n_frames,) int arrays
    sides : (n_states,) int8 array
        -1, 0 (in between) or 1; see :func:`raremd.kinetics.timescales.slow_split`.
    lag : int
        In frames.

    Returns
    -------
    (2, n_trajectories) float64 array
        Mean number of crossings, and the frames from the first to the last that an offset sees;
        the rate is the quotient of their sums.
    """
    sides = np.asarray(sides, np.int8)
    counts = [
        _crossings(np.ascontiguousarray(d), sides, np.zeros(lag, np.int8), 0) / lag for d in dtrajs
    ]
    return np.array([counts, [max(len(d) - lag, 0) for d in dtrajs]], np.float64)

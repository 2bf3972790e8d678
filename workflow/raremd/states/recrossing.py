"""Removal of recrossings from discrete trajectories.

A recrossing is a brief visit that undoes itself: the trajectory touches a state without settling
there. All functions return a new array of the same length and dtype, and treat the state numbers
as mere names. Times are in frames of the trajectory that is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numba
import numpy as np


def minimum_dwell(dtraj: np.ndarray, tau: int) -> np.ndarray:
    """Give each visit shorter than `tau` frames to its neighbours.

    In the spirit of the filter of Tsai, Kuo and Tiwary, Nat. Commun. 11, 5115 (2020). A visit is
    a maximal run of one state. The shortest visits go first, the earliest of equals before the
    later; lengths are updated after each removal, so a visit that has grown may survive.

    - Between two visits of one state, it joins them to a single visit.
    - Between two states it is split in the middle; the odd frame goes to the earlier state.
    - At either end of the trajectory it joins its only neighbour.
    - A single visit, however short, is left as it is.

    Afterwards no visit is shorter than `tau` (or only one is left), hence a second pass changes
    nothing; `tau` = 1 changes nothing at all.

    Parameters
    ----------
    dtraj : (n,) integer array
        Discrete trajectory, usually int16.
    tau : int
        Shortest visit that is kept, in frames.

    Returns
    -------
    (n,) array of the same dtype

    Raises
    ------
    ValueError
        If `tau` is below 1 or the trajectory is not one-dimensional and integer.
    """
    return _minimum_dwell(_checked(dtraj), _checked_tau(tau))


def dynamical_coring(dtraj: np.ndarray, tau: int) -> np.ndarray:
    """Count a jump only if the new state is then held for `tau` frames.

    Nagel, Weber, Lickert and Stock, J. Chem. Phys. 150, 094111 (2019), the non-iterative form:
    a state is accepted at frame i only if frames i .. i + tau - 1 are all in it, else frame i
    stays in the last accepted state. Leading frames take the first accepted state; a shorter
    visit at the end is overwritten. `tau` = 1 changes nothing.

    Parameters
    ----------
    dtraj : (n,) integer array
        Discrete trajectory, usually int16.
    tau : int
        Time for which a state must be held, in frames.

    Returns
    -------
    (n,) array of the same dtype

    Raises
    ------
    ValueError
        If no state is ever held for `tau` frames (there is then nothing to assign frames to), if
        `tau` is below 1, or if the trajectory is not one-dimensional and integer.
    """
    dtraj, tau = _checked(dtraj), _checked_tau(tau)
    cored, found = _dynamical_coring(dtraj, tau)
    if not found and len(dtraj):
        raise ValueError(f"no state is held for {tau} frames: lower the coring time")
    return cored


def core_sets(labels: np.ndarray) -> np.ndarray:
    """Assign each frame to the core that was visited last (milestoning).

    Buchete and Hummer, J. Phys. Chem. B 112, 6057 (2008); Schuette et al., J. Chem. Phys. 134,
    204105 (2011).

    Parameters
    ----------
    labels : (n,) integer array
        State number inside a core, -1 outside all cores. Leading -1 take the first core.

    Returns
    -------
    (n,) array of the same dtype

    Raises
    ------
    ValueError
        If the trajectory never enters a core, or is not one-dimensional and integer.
    """
    labels = _checked(labels)
    assigned, found = _core_sets(labels)
    if not found and len(labels):
        raise ValueError("no frame lies in a core: widen the cores")
    return assigned


REMOVAL: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "none": lambda dtraj, tau: dtraj,
    "minimum_dwell": minimum_dwell,
    "dynamical_coring": dynamical_coring,
    "core_sets": lambda dtraj, tau: core_sets(dtraj),
}
"""Methods by name. `none` and `core_sets` ignore `tau`; `none` hands back the array itself."""


def remove_recrossings(
    dtrajs: Sequence[np.ndarray],
    method: str,
    tau: int = 1,
    numbers: Sequence[int] | None = None,
) -> list[np.ndarray]:
    """Apply a method of `REMOVAL` to each discrete trajectory by itself.

    Parameters
    ----------
    dtrajs : sequence of (n,) integer arrays
        States from 0; for ``core_sets`` -1 outside the cores.
    method : str
        A key of `REMOVAL`.
    tau : int
        Time of the method in frames; ignored by ``none`` and ``core_sets``.
    numbers : sequence of int, optional
        What errors call the trajectories; from 1 without.

    Returns
    -------
    list of (n,) arrays

    Raises
    ------
    ValueError
        For an unknown method, labels that do not suit the method, or a trajectory that the method
        cannot treat, naming the trajectory.
    """
    if method not in REMOVAL:
        raise ValueError(f"recrossing method '{method}' is none of {', '.join(REMOVAL)}")
    outside = any(len(dtraj) and np.min(dtraj) < 0 for dtraj in dtrajs)
    if method == "core_sets" and not outside:
        raise ValueError("core_sets needs labels of -1 outside the cores, and there are none")
    if method != "core_sets" and outside:
        raise ValueError(f"'{method}' needs each frame in a state: -1 is for core_sets only")
    results = []
    for k, dtraj in zip(numbers or range(1, len(dtrajs) + 1), dtrajs, strict=True):
        try:
            results.append(REMOVAL[method](dtraj, tau))
        except ValueError as error:
            raise ValueError(f"trajectory {k}: {error}") from None
    return results


def _checked(dtraj: np.ndarray) -> np.ndarray:
    dtraj = np.ascontiguousarray(dtraj)
    if dtraj.ndim != 1 or not np.issubdtype(dtraj.dtype, np.integer):
        raise ValueError(
            f"a discrete trajectory is one-dimensional and integer, not {dtraj.ndim}-dimensional "
            f"{dtraj.dtype}"
        )
    return dtraj


def _checked_tau(tau: int) -> int:
    if tau < 1 or tau != int(tau):
        raise ValueError(f"recrossing time is {tau} frames: it must be a whole number from 1 up")
    return int(tau)


@numba.njit(cache=True)
def _visits(dtraj: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """State and length of each maximal run."""
    n_visits = 1 if len(dtraj) else 0
    for i in range(1, len(dtraj)):
        n_visits += dtraj[i] != dtraj[i - 1]
    states = np.empty(n_visits, dtraj.dtype)
    lengths = np.zeros(n_visits, np.int64)
    k = -1
    for i in range(len(dtraj)):
        if i == 0 or dtraj[i] != dtraj[i - 1]:
            k += 1
            states[k] = dtraj[i]
        lengths[k] += 1
    return states, lengths


@numba.njit(cache=True)
def _minimum_dwell(dtraj: np.ndarray, tau: int) -> np.ndarray:
    """One sweep for each length 1, 2, .. tau - 1, from left to right over the list of visits.

    A removal only lengthens the neighbours, so after the sweep for a length all visits are longer:
    the order is that of a priority queue, and n / length visits remain, O(n log tau) in all.
    The list is compacted in place: `kept` visits are written while `r` reads ahead.
    """
    states, lengths = _visits(dtraj)
    n_visits = len(states)
    for short in range(1, tau):
        kept = 0
        r = 0
        while r < n_visits:
            last = r + 1 == n_visits
            if lengths[r] > short or (kept == 0 and last):
                states[kept] = states[r]
                lengths[kept] = lengths[r]
                kept += 1
                r += 1
            elif kept == 0:
                lengths[r + 1] += lengths[r]
                r += 1
            elif last:
                lengths[kept - 1] += lengths[r]
                r += 1
            elif states[kept - 1] == states[r + 1]:
                lengths[kept - 1] += lengths[r] + lengths[r + 1]
                r += 2
            else:
                lengths[kept - 1] += lengths[r] - lengths[r] // 2
                lengths[r + 1] += lengths[r] // 2
                r += 1
        n_visits = kept
        if n_visits <= 1:
            break
    result = np.empty_like(dtraj)
    i = 0
    for k in range(n_visits):
        result[i : i + lengths[k]] = states[k]
        i += lengths[k]
    return result


@numba.njit(cache=True)
def _dynamical_coring(dtraj: np.ndarray, tau: int) -> tuple[np.ndarray, bool]:
    """Overwrite each run shorter than `tau` by the last longer one; also whether there is one."""
    n = len(dtraj)
    result = np.empty_like(dtraj)
    start = 0
    filled = 0
    core = np.int64(-1)
    found = False
    for i in range(1, n + 1):
        if i < n and dtraj[i] == dtraj[start]:
            continue
        if i - start >= tau:
            if found:
                result[filled:start] = core
                filled = start
            core = dtraj[start]
            found = True
        start = i
    result[filled:] = core
    return result, found


@numba.njit(cache=True)
def _core_sets(labels: np.ndarray) -> tuple[np.ndarray, bool]:
    """Last core visited, and whether any core was."""
    result = np.empty_like(labels)
    first = 0
    while first < len(labels) and labels[first] < 0:
        first += 1
    if first == len(labels):
        return result, False
    core = labels[first]
    for i in range(len(labels)):
        if labels[i] >= 0:
            core = labels[i]
        result[i] = core
    return result, True

"""Committors counted along trajectories, without a Markov assumption."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def counted_committor(dtrajs: Iterable[np.ndarray], ends: np.ndarray) -> np.ndarray:
    """For each state the share of its frames after which the target comes before the source.

    Parameters
    ----------
    dtrajs : iterable of (n_frames,) int arrays
        Never joined. Frames after the last visit to either end are left out: what comes next is
        not seen.
    ends : (n_states,) int array
        -1 in the source, 1 in the target, 0 in between.

    Returns
    -------
    (n_states,) float64 array
        0 in the source and 1 in the target; NaN where no frame tells.
    """
    totals, hits = np.zeros(len(ends)), np.zeros(len(ends))
    for dtraj in dtrajs:
        sides = ends[dtraj]
        at_end = np.flatnonzero(sides)
        nearest = np.repeat(sides[at_end] > 0, np.diff(at_end, prepend=-1))
        known = dtraj[: len(nearest)]
        totals += np.bincount(known, minlength=len(ends))
        hits += np.bincount(known[nearest], minlength=len(ends))
    return np.divide(hits, totals, out=np.full(len(ends), np.nan), where=totals > 0)

"""PCCA+: which microstates make up a metastable state."""

from __future__ import annotations

import logging

import numpy as np
from scipy.optimize import fmin

from raremd.kinetics.many_states import MANY, connected, estimate_sparse, slowest, sparse_counts

log = logging.getLogger(__name__)


def lump(
    dtrajs: list[np.ndarray], n_micro: int, n_macro: int, lag: int
) -> tuple[np.ndarray, np.ndarray]:
    """Metastable states of a reversible MSM, numbered by falling stationary population.

    Of at most `MANY` microstates by deeptime, of more by their few slowest eigenvectors.

    Parameters
    ----------
    dtrajs : list of (n_frames,) int arrays
    n_micro, n_macro : int
        Fewer macrostates, with a warning, where some of so many would have no microstate.
    lag : int
        In frames.

    Returns
    -------
    active : (n_micro,) bool
        Connected microstates.
    macrostates : (n_active,) int64
        Of each of them.

    Raises
    ------
    ValueError
        If the lag does not fit the trajectories, or there are too few states.
    """
    if lag < 1 or all(len(dtraj) <= lag for dtraj in dtrajs):
        raise ValueError(f"pcca: lag is {lag} frames: from 1 up, below the longest segment")
    counts = sparse_counts(dtrajs, n_micro, lag)
    kept = connected(counts)
    if n_macro < 2 or len(kept) < 2:
        raise ValueError(
            f"pcca: {n_macro} macrostates of {len(kept)} connected microstates: at least 2 "
            "are needed"
        )
    found = min(n_macro, len(kept))
    if len(kept) <= MANY:
        # deeptime's import costs more than torch's, and few studies need it.
        from deeptime.markov.msm import MaximumLikelihoodMSM

        dense = counts[kept][:, kept].toarray()
        msm = MaximumLikelihoodMSM(reversible=True, maxerr=1e-12).fit_fetch(dense)
        population = msm.stationary_distribution
    else:
        model = estimate_sparse(counts)
        population = model.stationary
        log.info("pcca: %d slowest eigenvectors of %d microstates", found, len(kept))
        vectors = slowest(model, found)[1]
    lumping = np.arange(found)  # where there is nothing to lump
    while found < len(kept):
        if len(kept) <= MANY:
            lumping = msm.pcca(found).assignments
        else:
            lumping = memberships(vectors[:, :found]).argmax(axis=1)
        if len(np.unique(lumping)) == found:
            break
        found -= 1  # two are always populated
    if found < n_macro:
        log.warning(
            f"pcca: {found} macrostates instead of {n_macro}: with a lag of {lag} frames, one of "
            f"{found + 1} would hold no microstate; change the lag or the microstates if more are "
            "wanted"
        )
    rank = np.argsort(np.argsort(-np.bincount(lumping, population), kind="stable"))
    active = np.zeros(n_micro, dtype=bool)
    active[kept] = True
    return active, rank[lumping]


def memberships(vectors: np.ndarray) -> np.ndarray:
    """PCCA+ (Roeblitz and Weber, Adv. Data Anal. Classif. 7, 147, 2013) from eigenvectors.

    deeptime computes all eigenvectors of a dense matrix; a test holds this to its outcome.

    Parameters
    ----------
    vectors : (m, n) float64
        Right eigenvectors, slowest first, of unit norm under the stationary distribution; the
        first is constant.

    Returns
    -------
    (m, n) float64
        Of each microstate in each metastable state; rows sum to one.
    """
    vectors = vectors * np.sign(vectors[0, 0])
    n = vectors.shape[1]
    corners = vectors[_corners(vectors)]
    start = np.linalg.inv(corners)[1:, 1:]

    def rotation(free: np.ndarray) -> np.ndarray:
        """The feasible rotation nearest to free elements: no membership is below zero."""
        block = free.reshape(n - 1, n - 1)
        block = np.column_stack([-block.sum(axis=1), block])
        top = (-vectors[:, 1:] @ block).max(axis=0)
        return np.vstack([top, block]) / top.sum()

    def overlap(free: np.ndarray) -> float:
        rotated = rotation(free)
        return -float((rotated**2 / rotated[0]).sum())

    best = rotation(fmin(overlap, start.ravel(), disp=False))
    found = np.clip(vectors @ best, 0.0, 1.0)
    return found / found.sum(axis=1, keepdims=True)


def _corners(vectors: np.ndarray) -> list[int]:
    """Microstates at the corners of the simplex that the rows of eigenvectors nearly fill."""
    chosen = [int(np.argmax(np.linalg.norm(vectors, axis=1)))]
    left = vectors - vectors[chosen[0]]
    for _ in range(1, vectors.shape[1]):
        along = left[chosen[-1]]
        left = left - np.outer(left @ along, along)
        distance = np.linalg.norm(left, axis=1)
        distance[chosen] = 0.0
        chosen.append(int(np.argmax(distance)))
        left = left / distance[chosen[-1]]
    return chosen

"""Counting, estimation and slow processes of hundreds to thousands of states, by sparse matrices.

Dense matrices of 10,000 states take gigabytes, and their eigenvalues minutes. Trajectories show no
more pairs of states than they have frames, and only the few slowest processes are wanted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import cg, eigsh
from scipy.special import expit

from raremd.kinetics.timescales import eigenvalue_times, timescales
from raremd.kinetics.transition_matrix import (
    CHUNK,
    NEWTON_STEPS,
    NEWTON_TOLERANCE,
    count_matrix,
    estimate,
    total_counts,
)

log = logging.getLogger(__name__)

MANY = 500
"""States above which matrices are sparse; timescales then get no error bars, which take minutes."""
RESIDUAL = 1e-10
"""Of the linear equations of a Newton step, relative to their right-hand side."""
ROUNDING = 1e-14
"""Residual that is no more than rounding, relative to the diagonal of these equations."""
TOLD = 5.0
"""Seconds from which an estimate is told in the log."""


@dataclass(frozen=True)
class SparseModel:
    """A reversible transition matrix on the largest connected set, by its equilibrium flows.

    Attributes
    ----------
    flow : (m, m) float64 sparse array
        Symmetric; divided by its row sums it is the transition matrix.
    stationary : (m,) float64
    active : (m,) int64
        States of the connected set, ascending.
    n_states : int
    fraction_counts_left_out : float
        Share of the counted pairs of frames that do not lie within the active set.
    """

    flow: csr_array
    stationary: np.ndarray
    active: np.ndarray
    n_states: int
    fraction_counts_left_out: float


@dataclass(frozen=True)
class Implied:
    """Implied timescales at one lag, and what had to be left out for them.

    Attributes
    ----------
    times : (n,) float64
        In frames, slowest first.
    fraction_states_left_out, fraction_counts_left_out : float
        As in :class:`raremd.kinetics.transition_matrix.TransitionModel`.
    active : (m,) int64
        The states that are not left out.
    """

    times: np.ndarray
    fraction_states_left_out: float
    fraction_counts_left_out: float
    active: np.ndarray

    def times_with(self, sides: np.ndarray) -> np.ndarray:
        """Times that begin with NaN if no active states lie on one of two sides.

        Then the trajectories never go there and back, and the process between the sides, which is
        the slowest, is not among `times`.

        Parameters
        ----------
        sides : (n_states,) int
            -1 and 1, or 0 in between; as of `timescales.slow_split`.
        """
        missed = set(sides.tolist()) - {0} - set(sides[self.active].tolist())
        return np.append(np.nan, self.times)[:-1] if missed else self.times


def sparse_counts(dtrajs: Iterable[np.ndarray], n_states: int, lag: int) -> csr_array:
    """As :func:`raremd.kinetics.transition_matrix.count_matrix`, of valid states, sparse."""
    counts = csr_array((n_states, n_states))
    for dtraj in dtrajs:
        for start in range(0, len(dtraj) - lag, CHUNK):
            to = dtraj[start + lag : start + lag + CHUNK]
            pairs = dtraj[start : start + len(to)], to
            counts += coo_array((np.ones(len(to)), pairs), counts.shape).tocsr()
    return counts


def connected(counts: csr_array) -> np.ndarray:
    """As :func:`raremd.kinetics.transition_matrix.largest_connected_set`, of sparse counts."""
    n_sets, label = connected_components(counts, directed=True, connection="strong")
    pairs = counts.tocoo()
    within = label[pairs.row] == label[pairs.col]
    held = np.bincount(label[pairs.row[within]], pairs.data[within], n_sets)
    return np.flatnonzero(label == np.lexsort((held, np.bincount(label)))[-1])


def estimate_sparse(counts: csr_array) -> SparseModel:
    """Reversible maximum likelihood on the largest connected set.

    The estimator, its equations and its Newton steps are those of
    :func:`raremd.kinetics.transition_matrix.estimate`; the equations of a step, whose matrix is the
    Laplacian of the graph of the states, are solved by conjugate gradients.

    Parameters
    ----------
    counts : (n_states, n_states) sparse array
        Transition counts, from :func:`sparse_counts`.

    Returns
    -------
    SparseModel

    Raises
    ------
    ValueError
        If nothing was counted, or the estimate did not converge.
    """
    total = total_counts(counts)
    active = connected(counts)
    m = len(active)
    kept = counts[active][:, active].tocoo()
    first, second = kept.coords
    # Each pair of states once, i < j, with its counts both ways.
    pair = np.minimum(first, second).astype(np.int64) * m + np.maximum(first, second)
    links, link = np.unique(pair, return_inverse=True)
    ahead = np.bincount(link, np.where(first < second, kept.data, 0.0))
    back = np.bincount(link, np.where(first > second, kept.data, 0.0))
    i, j = np.divmod(links, m)
    other = i != j
    i, j, ahead, back = i[other], j[other], ahead[other], back[other]
    u = _log_populations(i, j, ahead, back, m)
    weight = np.exp(u - u.max())
    one_way = coo_array(((ahead + back) * weight[i] * expit(u[j] - u[i]), (i, j)), (m, m)).tocsr()
    flow = (one_way + one_way.T + diags_array(kept.diagonal() * weight)).tocsr()
    stationary = flow.sum(axis=1)
    return SparseModel(
        flow=flow,
        stationary=stationary / stationary.sum(),
        active=active,
        n_states=counts.shape[0],
        fraction_counts_left_out=float(max(1.0 - kept.sum() / total, 0.0)),
    )


def _log_populations(
    i: np.ndarray, j: np.ndarray, ahead: np.ndarray, back: np.ndarray, m: int
) -> np.ndarray:
    """The u of `estimate` from the counts along each link and against it, by Newton's method."""
    u = np.zeros(m)
    if m == 1:
        return u
    for _ in range(NEWTON_STEPS):
        forward, backward = expit(u[j] - u[i]), expit(u[i] - u[j])
        excess = back * forward - ahead * backward
        downhill = np.bincount(i, excess, m) - np.bincount(j, excess, m)
        one_way = coo_array(((ahead + back) * forward * backward, (i, j)), (m, m)).tocsr()
        coupled = one_way + one_way.T
        degrees = coupled.sum(axis=1)
        # The null space of a Laplacian, the constant in u, does not bother conjugate gradients if
        # the right-hand side has no part in it, which rounding would leave.
        step, failed = cg(
            (diags_array(degrees) - coupled).tocsr(),
            downhill - downhill.mean(),
            rtol=RESIDUAL,
            atol=ROUNDING * np.linalg.norm(degrees),
            maxiter=m,
            M=diags_array(1 / degrees),
        )
        change = np.abs(step[i] - step[j]).max()
        u += step * (np.log1p(change) / change if change > 0 else 1.0)
        if failed == 0 and change < NEWTON_TOLERANCE:
            return u
    raise ValueError(
        f"counts: the reversible transition matrix of {m} states did not converge in "
        f"{NEWTON_STEPS} Newton steps (last change {change:.1e}); use a coarser partition"
    )


def slowest(model: SparseModel, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The eigenvalues of largest modulus and their right eigenvectors, by Lanczos' method (ARPACK).

    Parameters
    ----------
    model : SparseModel
        Of more than `n` connected states.
    n : int
        How many, the stationary process included.

    Returns
    -------
    values : (n,) float64
        Descending modulus.
    vectors : (m, n) float64
        On the connected set, of unit norm under the stationary distribution.
    """
    root = np.sqrt(model.flow.sum(axis=1))
    scale = diags_array(1 / root)
    symmetric = (scale @ model.flow @ scale).tocsr()
    # A fixed start, so that equal counts give equal numbers; not the stationary vector itself.
    start = np.random.default_rng(0).random(len(root))
    values, vectors = eigsh(symmetric, n, which="LM", v0=start)
    order = np.lexsort((-values, -np.abs(values)))
    return values[order], vectors[:, order] / np.sqrt(model.stationary)[:, None]


def implied(dtrajs: list[np.ndarray], n_states: int, lag: int, n: int) -> Implied:
    """Implied timescales at one lag: of few states by dense matrices, of `MANY` by sparse ones.

    Parameters
    ----------
    dtrajs : list of (n_frames,) int arrays
    n_states : int
    lag : int
        In frames.
    n : int
        How many timescales.

    Returns
    -------
    Implied

    Raises
    ------
    ValueError
        As :func:`raremd.kinetics.transition_matrix.estimate`.
    """
    if n_states <= MANY:
        dense = estimate(count_matrix(dtrajs, n_states, lag))
        return Implied(
            timescales(dense.transition_matrix, lag, n, dense.stationary),
            dense.fraction_states_left_out,
            dense.fraction_counts_left_out,
            dense.active,
        )
    started = time.monotonic()
    model = estimate_sparse(sparse_counts(dtrajs, n_states, lag))
    wanted = min(n + 1, len(model.active) - 1)
    values = slowest(model, wanted)[0] if wanted > 0 else np.ones(1)
    seconds = time.monotonic() - started
    if seconds > TOLD:
        log.info("timescales of %d states at a lag of %d frames: %.0f s", n_states, lag, seconds)
    return Implied(
        eigenvalue_times(values, lag, n),
        1.0 - len(model.active) / n_states,
        model.fraction_counts_left_out,
        model.active,
    )

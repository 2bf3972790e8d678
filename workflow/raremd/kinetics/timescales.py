"""Kinetics of discrete trajectories: implied timescales, MFPT, Chapman-Kolmogorov, crossings.

Every function serves MD and generated trajectories alike, so that both are measured with the same
estimator at the same lags. Lags are whole numbers of frames and times come back in frames; the
caller multiplies by the frame interval. States count from 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from raremd.kinetics.transition_matrix import (
    CHUNK,
    TransitionModel,
    block_counts,
    count_matrix,
    estimate,
)

__all__ = [
    "ChapmanKolmogorov",
    "TransitionModel",
    "block_counts",
    "chapman_kolmogorov",
    "count_matrix",
    "count_transitions",
    "eigenvalue_times",
    "estimate",
    "full_stationary",
    "full_transition_matrix",
    "mfpt_matrix",
    "right_eigenvectors",
    "slow_split",
    "timescales",
]

EIGENVALUE_ERROR = 1e-12  # closer than this to 0 or 1 is 0 or 1
REAL_EIGENVALUE = 1e-10  # imaginary parts below this are rounding


@dataclass(frozen=True)
class ChapmanKolmogorov:
    """Probability to be found in the same state again, predicted and estimated.

    Attributes
    ----------
    lags : (n_multiples,) int64 array
        k tau, in frames.
    predicted : (n_multiples, n_states) float64 array
        Diagonal of T(tau)^k; NaN for states that are not active at tau.
    estimated : (n_multiples, n_states) float64 array
        Diagonal of T(k tau); NaN for states that are not active at k tau, and for all states
        where no trajectory is longer than k tau.
    """

    lags: np.ndarray
    predicted: np.ndarray
    estimated: np.ndarray


def _symmetric(transition_matrix: np.ndarray, stationary: np.ndarray) -> np.ndarray:
    """D^(1/2) T D^(-1/2), symmetric for a T in detailed balance with D = diag(pi)."""
    root = np.sqrt(stationary)
    return transition_matrix * root[:, None] / root[None, :]


def _slowest_first(eigenvalues: np.ndarray) -> np.ndarray:
    """Order of eigenvalues: the one nearest to 1 first, the others by descending modulus."""
    order = np.lexsort((-eigenvalues.real, -np.abs(eigenvalues)))
    # -1 may come out larger than 1 by rounding; it must not be taken for the stationary process.
    stationary = np.argmin(np.abs(eigenvalues - 1.0))
    return np.concatenate([[stationary], order[order != stationary]])


def timescales(
    transition_matrix: np.ndarray, lag: float, n: int, stationary: np.ndarray | None = None
) -> np.ndarray:
    """Implied timescales, slowest first: the one convention of this project.

    t_i = -lag / ln lambda_i for the eigenvalues after the first, in the order of descending
    modulus (Swope, Pitera & Suits, J. Phys. Chem. B 108, 6571, 2004). An eigenvalue that is not
    positive (above 1e-12, that is) or is complex has no timescale: NaN. A further eigenvalue equal
    to 1 within 1e-12 means disconnected states: inf. Fewer than `n` processes: padded with NaN.

    Parameters
    ----------
    transition_matrix : (m, m) array
        Rows sum to one.
    lag : float
        Its lag time; the result has the same unit.
    n : int
        How many timescales.
    stationary : (m,) array, optional
        Stationary distribution of a matrix in detailed balance: the eigenvalues are then those
        of a symmetric matrix, strictly real and several times faster. Without it, imaginary
        parts up to 1e-10 are taken for rounding.

    Returns
    -------
    (n,) float64 array

    Raises
    ------
    ValueError
        If rows do not sum to one, or `stationary` is given without detailed balance.
    """
    if not np.allclose(transition_matrix.sum(axis=1), 1.0, rtol=0.0, atol=1e-8):
        raise ValueError("transition_matrix: its rows do not sum to 1; pass the active set only")
    if stationary is None:
        eigenvalues = np.linalg.eigvals(transition_matrix)
    else:
        symmetric = _symmetric(transition_matrix, stationary)
        if not np.allclose(symmetric, symmetric.T, rtol=0.0, atol=1e-8):
            raise ValueError(
                "stationary: the transition matrix is not in detailed balance with it; "
                "leave it out for a non-reversible estimate"
            )
        eigenvalues = np.linalg.eigvalsh(symmetric)
    return eigenvalue_times(eigenvalues, lag, n)


def eigenvalue_times(eigenvalues: np.ndarray, lag: float, n: int) -> np.ndarray:
    """The same from all eigenvalues of a transition matrix, in any order.

    Parameters
    ----------
    eigenvalues : (m,) real or complex array
        One of them is 1.
    lag, n
        As in :func:`timescales`.

    Returns
    -------
    (n,) float64 array
    """
    eigenvalues = eigenvalues[_slowest_first(eigenvalues)][1 : n + 1]
    real = np.abs(eigenvalues.imag) <= REAL_EIGENVALUE
    value = eigenvalues.real
    disconnected = real & (value >= 1.0 - EIGENVALUE_ERROR)
    finite = real & (value > EIGENVALUE_ERROR) & ~disconnected
    times = np.full(n, np.nan)
    found = times[: len(value)]
    found[disconnected] = np.inf
    found[finite] = -lag / np.log(value[finite])
    return times


def right_eigenvectors(model: TransitionModel, n: int) -> np.ndarray:
    """The right eigenvectors of the `n` slowest processes, in the order of :func:`timescales`.

    Parameters
    ----------
    model : TransitionModel
        For a non-reversible estimate these are the eigenvectors of its additive reversibilisation
        (T + T*)/2, T* the time-reversed chain.
    n : int
        How many.

    Returns
    -------
    (n, n_states) float64 array
        Unit norm under the stationary distribution, arbitrary sign; NaN for states left out and
        for processes that do not exist.
    """
    symmetric = _symmetric(model.transition_matrix, model.stationary)
    values, vectors = eigh((symmetric + symmetric.T) / 2.0)
    chosen = _slowest_first(values)[1 : n + 1]
    full = np.full((n, model.n_states), np.nan)
    full[: len(chosen), model.active] = vectors[:, chosen].T / np.sqrt(model.stationary)
    return full


def full_transition_matrix(model: TransitionModel) -> np.ndarray:
    """The transition matrix over all states, (n_states, n_states).

    Rows of states left out are NaN; their columns are 0 in the rows of active states.
    """
    full = np.full((model.n_states, model.n_states), np.nan)
    full[model.active] = 0.0
    full[np.ix_(model.active, model.active)] = model.transition_matrix
    return full


def full_stationary(model: TransitionModel) -> np.ndarray:
    """The stationary distribution over all states, (n_states,), 0 for states left out."""
    full = np.zeros(model.n_states)
    full[model.active] = model.stationary
    return full


def mfpt_matrix(model: TransitionModel, lag: int) -> np.ndarray:
    """Mean first-passage times between single states, in frames.

    From the fundamental matrix Z = (I - T + 1 pi^T)^-1: m_ij = lag (z_jj - z_ij) / pi_j
    (Kemeny & Snell, Finite Markov Chains, 1960, theorem 4.4.7).

    Parameters
    ----------
    model : TransitionModel
        From :func:`estimate`.
    lag : int
        Lag of the model in frames.

    Returns
    -------
    (n_states, n_states) float64 array
        From row to column; 0 on the diagonal, NaN where either state is not active.
    """
    matrix, stationary = model.transition_matrix, model.stationary
    fundamental = np.linalg.inv(np.eye(len(matrix)) - matrix + stationary[None, :])
    full = np.full((model.n_states, model.n_states), np.nan)
    full[np.ix_(model.active, model.active)] = (
        lag * (np.diag(fundamental)[None, :] - fundamental) / stationary[None, :]
    )
    return full


def chapman_kolmogorov(
    dtrajs: Sequence[np.ndarray],
    n_states: int,
    lag: int,
    multiples: Sequence[int],
    reversible: bool = True,
) -> ChapmanKolmogorov:
    """Chapman-Kolmogorov test: T(tau)^k against T(k tau), probability to stay.

    Parameters
    ----------
    dtrajs, n_states, lag
        As in :func:`count_matrix`; `lag` is tau.
    multiples : sequence of int
        The k, at least 1.
    reversible : bool
        As in :func:`estimate`.

    Returns
    -------
    ChapmanKolmogorov
    """
    model = estimate(count_matrix(dtrajs, n_states, lag), reversible)
    predicted = np.full((len(multiples), n_states), np.nan)
    estimated = predicted.copy()
    for row, k in enumerate(multiples):
        power = np.linalg.matrix_power(model.transition_matrix, k)
        predicted[row, model.active] = np.diag(power)
        counts = count_matrix(dtrajs, n_states, k * lag)
        if counts.any():
            estimated[row] = np.diag(full_transition_matrix(estimate(counts, reversible)))
    return ChapmanKolmogorov(lag * np.asarray(multiples, np.int64), predicted, estimated)


def slow_split(model: TransitionModel) -> np.ndarray:
    """The two sides of the slowest process, (n_states,) int8 in {-1, 0, 1}.

    The second right eigenvector, mapped linearly onto [-1, 1], is close to the committor between
    its two extremes: states below -0.5 are one side, above 0.5 the other (+1, the less populated
    of the two). 0: in between, or left out of the model.
    """
    labels = np.zeros(model.n_states, np.int8)
    vector = right_eigenvectors(model, 1)[0]
    if np.isnan(vector).all():
        return labels
    low, high = np.nanmin(vector), np.nanmax(vector)
    position = 2.0 * (vector - low) / (high - low) - 1.0
    labels[position > 0.5] = 1
    labels[position < -0.5] = -1
    population = full_stationary(model)
    if population[labels == 1].sum() > population[labels == -1].sum():
        labels = -labels
    return labels


def count_transitions(dtrajs: Iterable[np.ndarray], labels: np.ndarray) -> int:
    """How often the trajectories cross from one side of a process to the other, both ways.

    A crossing is a change of the last non-zero label, so that neither excursions into the states
    in between nor recrossings of a dividing line within them are counted.

    Parameters
    ----------
    dtrajs : iterable of (n_frames,) int arrays
        Discrete trajectories, never joined.
    labels : (n_states,) int array
        -1, 0 or 1 for each state, from :func:`slow_split`.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If there are other labels.
    """
    labels = np.asarray(labels)
    if labels.dtype == bool or not np.isin(labels, (-1, 0, 1)).all():
        raise ValueError("labels: each state needs -1, 0 (in between) or 1")
    crossings = 0
    for dtraj in dtrajs:
        last = 0
        for start in range(0, len(dtraj), CHUNK):
            sides = labels[dtraj[start : start + CHUNK]]
            sides = sides[sides != 0]
            if sides.size:
                crossings += int(np.count_nonzero(sides[1:] != sides[:-1]))
                crossings += int(last != 0 and last != sides[0])
                last = sides[-1]
    return crossings

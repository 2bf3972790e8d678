"""How far one model of a stationary process is from another, in a single number each."""

from __future__ import annotations

import numpy as np


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """Jensen-Shannon divergence of two distributions (Lin, IEEE Trans. Inf. Theory 37, 145, 1991).

    Parameters
    ----------
    p, q : (n,) float arrays
        Not negative; normalised here.

    Returns
    -------
    float
        In bits: 0 for equal distributions, 1 for those that have nothing in common.

    Examples
    --------
    >>> jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    p, q = p / p.sum(), q / q.sum()
    middle = 0.5 * (p + q)
    terms = [one[one > 0] * np.log2(one[one > 0] / middle[one > 0]) for one in (p, q)]
    return float(0.5 * sum(term.sum() for term in terms))


def vamp_e(transition_matrix: np.ndarray, stationary: np.ndarray, counts: np.ndarray) -> float:
    """VAMP-E score of a Markov model on data that it does not know (Wu & Noe 2020).

    Wu & Noe, J. Nonlinear Sci. 30, 23: on the model's own data this is its VAMP-2 score, and no
    model of the same states and lag scores higher on average.

    Parameters
    ----------
    transition_matrix : (n, n) float array
        Of the model; rows of NaN for states that it does not know, which predict nothing.
    stationary : (n,) float array
        Of the model.
    counts : (n, n) array
        Pairs of states one lag apart in the data.

    Returns
    -------
    float
        The constant process included: 1 for a model that knows the populations alone, and at most
        the number of states.
    """
    joint = counts / counts.sum()
    known = stationary > 0
    kernel = np.zeros_like(joint)
    kernel[:, known] = np.nan_to_num(transition_matrix)[:, known] / stationary[known]
    norm = joint.sum(axis=1) @ kernel**2 @ joint.sum(axis=0)
    return float(2 * (kernel * joint).sum() - norm)


def slow_observable(transition_matrix: np.ndarray, stationary: np.ndarray) -> np.ndarray:
    """The slowest process of a reversible Markov model, by its right eigenvector.

    Parameters
    ----------
    transition_matrix : (n, n) float array
    stationary : (n,) float array
        0 for states that are left out.

    Returns
    -------
    (n,) float array
        Of mean 0 and variance 1, up to its sign; 0 for states left out, and everywhere where
        there is no process.
    """
    values, known = np.zeros(len(stationary)), stationary > 0
    if known.sum() < 2:
        return values
    root = np.sqrt(stationary[known])
    symmetric = root[:, None] * transition_matrix[np.ix_(known, known)] / root
    _, vectors = np.linalg.eigh(0.5 * (symmetric + symmetric.T))
    values[known] = vectors[:, -2] / root
    return values


def autocorrelation(
    transition_matrix: np.ndarray, stationary: np.ndarray, values: np.ndarray
) -> float:
    """Normalised autocorrelation of an observable of the states after one lag.

    Parameters
    ----------
    transition_matrix : (n, n) float array
    stationary : (n,) float array
        0 for states that are left out.
    values : (n,) float array
        Of the observable in each state.

    Returns
    -------
    float
        NaN where the observable does not vary.
    """
    known = stationary > 0
    weight, seen = stationary[known], values[known]
    after = transition_matrix[np.ix_(known, known)] @ seen
    mean, variance = weight @ seen, weight @ seen**2 - (weight @ seen) ** 2
    return float((weight @ (seen * after) - mean**2) / variance) if variance > 0 else np.nan

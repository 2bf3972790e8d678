"""What a model's one-step probabilities say of its timescales before anything is generated.

A network gives a little probability to jumps that never happen: it leaks. Averaged by state over
held-out contexts, its probabilities are expected counts (:func:`expected_counts`), which compare
with counts of the data: they sum to one for each context, add up over batches, and any estimator
of kinetics takes them. Times and lags are in frames, rates per frame.

The theory is derived in docs/theory.md: a model that remembers where it was before a leak often
returns there, so that at one step such a leak counts twice, at long lags hardly at all; and a wrong
rate of crossing costs a loss that is too small to be seen where crossings are rare.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import csr_array


def expected_counts(states: np.ndarray, probability: np.ndarray, n_states: int) -> np.ndarray:
    """Sum of predicted probabilities by the state that they are predicted from.

    Parameters
    ----------
    states : (n,) int array
        The state in which each prediction is made.
    probability : (n, n_states) array
        Of the next state; rows sum to one.
    n_states : int

    Returns
    -------
    (n_states, n_states) float64
        Divided by its row sums, the visits, it is the expected one-step matrix.
    """
    n = len(states)
    belongs = csr_array((np.ones(n), (states, np.arange(n))), shape=(n_states, n))
    return belongs @ probability


def leaked(
    expected: np.ndarray, counts: np.ndarray, groups: np.ndarray | None = None
) -> np.ndarray:
    """The part of expected counts on jumps that were never counted.

    Parameters
    ----------
    expected, counts : (n_states, n_states) arrays
        Expected counts of a model, and counts of its training data at the same lag.
    groups : (n_states,) int array, optional
        Leaks within a group, a metastable state for instance, are harmless to the exchange
        between groups; with groups they are left out.

    Returns
    -------
    (n_states, n_states) float64
    """
    unseen = counts == 0
    if groups is not None:
        unseen &= groups[:, None] != groups[None, :]
    return np.where(unseen, expected, 0.0)


def leak(expected: np.ndarray, counts: np.ndarray, groups: np.ndarray | None = None) -> float:
    """Mean probability on jumps that were never counted; parameters as in :func:`leaked`."""
    return float(leaked(expected, counts, groups).sum() / expected.sum())


def predicted_timescale(timescale: float, expected: float) -> float:
    """One-step timescale of what a model will generate, before it generates anything.

    The excess of the expected matrix's rate over the data's, twice: the sum rule of docs/theory.md
    where every leak returns. Where a model crosses too rarely the excess is negative and may leave
    no rate at all.

    Parameters
    ----------
    timescale : float
        Of the data at one step.
    expected : float
        Of the model's expected one-step matrix.

    Returns
    -------
    float
        inf where no rate is left.
    """
    rate = 2.0 / expected - 1.0 / timescale
    return 1.0 / rate if rate > 0 else math.inf


def possible_ratios(rate: float, excess_loss: float) -> tuple[float, float]:
    """Between which factors a model's rate of crossing may be wrong at an excess loss.

    With k the true and r k the model's mean probability of a crossing, the divergence of whether
    one happens is at least k (r - 1 - ln r), since (1 - k) ln[(1 - k) / (1 - r k)] >= r k - k;
    and by the convexity of the divergence that of all jumps in all contexts is no smaller.

    Parameters
    ----------
    rate : float
        k > 0, crossings per frame.
    excess_loss : float
        At least 0, in nats a frame.

    Returns
    -------
    low, high : float
        low <= 1 <= high: both solutions r of k (r - 1 - ln r) = excess_loss.
    """
    loss = excess_loss / rate
    if loss <= 0.0:
        return 1.0, 1.0

    def surplus(log_ratio: float) -> float:
        return math.expm1(log_ratio) - log_ratio - loss

    # At ln r = -1 - loss the surplus is r > 0; at r = 2 (loss + 2) it is loss + 3 - ln r > 0.
    low = brentq(surplus, -1.0 - loss, 0.0)
    high = brentq(surplus, 0.0, math.log(2.0 * (loss + 2.0)))
    return math.exp(low), math.exp(high)

"""What a model's one-step probabilities say of its timescales before anything is generated.

A network gives a little probability to jumps that never happen: it leaks. Averaged by state over
held-out contexts, its probabilities are expected counts (:func:`expected_counts`), which compare
with counts of the data: they sum to one for each context, add up over batches, and any estimator
of kinetics takes them. Times and lags are in frames, rates per frame.

Theory, for a chain whose slowest process has the timescale t = -1 / ln lambda:

- A leak eps after which the state is redrawn from the stationary law multiplies each eigenvalue
  beyond the first by 1 - eps (:func:`redrawn_timescale`).
- Any other change of the transition matrix moves eigenvalues by perturbation theory
  (:func:`perturbed_timescales`).
- A model that remembers where it was before a leak often returns there: at one step such a leak
  counts twice, at long lags hardly at all (:class:`ReturningLeak`).
- A model whose rate of crossing is wrong by a factor has an excess loss of at least
  :func:`least_excess_loss`, which is too small for a total loss to show where crossings are rare.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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


def redrawn_timescale(timescale: float, leak: float) -> float:
    """Timescale with a leak after which the state is drawn from the stationary law.

    T' = (1 - eps) T + eps 1 pi^T has the eigenvalues (1 - eps) lambda beyond the first:
    1/t' = 1/t - ln(1 - eps), exactly, for every process.
    """
    return 1.0 / (1.0 / timescale - math.log1p(-leak))


def perturbed_timescales(
    transition_matrix: np.ndarray, stationary: np.ndarray, change: np.ndarray, n: int
) -> np.ndarray:
    """First-order timescales of a reversible one-step matrix that a leak changes.

    lambda_k' = lambda_k + sum_ij pi_i r_ki E_ij r_kj for a change E whose rows sum to zero, r_k
    the right eigenvector of unit norm under pi (Kato, Perturbation Theory for Linear Operators,
    1966, section II.2.2; the left eigenvector of a reversible matrix is pi r_k).

    Parameters
    ----------
    transition_matrix : (m, m) array
        In detailed balance with `stationary`.
    stationary : (m,) array
    change : (m, m) array
        E: the matrix with the leak minus the one without.
    n : int
        How many, at most m - 1.

    Returns
    -------
    (n,) float64
        In the order of the unperturbed processes, slowest first; NaN where an eigenvalue does
        not lie between 0 and 1.
    """
    root = np.sqrt(stationary)
    symmetric = transition_matrix * root[:, None] / root[None, :]
    values, vectors = np.linalg.eigh(0.5 * (symmetric + symmetric.T))
    values, right = values[-2 : -2 - n : -1], vectors[:, -2 : -2 - n : -1] / root[:, None]
    moved = values + np.einsum("i,ik,ij,jk->k", stationary, right, change, right)
    times = np.full(n, np.nan)
    inside = (moved > 0) & (moved < 1)
    times[inside] = -1.0 / np.log(moved[inside])
    return times


@dataclass(frozen=True)
class ReturningLeak:
    """Leaks between two equally populated basins by a model that remembers where it was.

    After a leak, each frame, the walker is taken back with probability `back`, or the model
    accepts the new basin with probability `accepted`; a share R = back / (back + accepted) of
    the leaks returns. A leak that stays decorrelates as a redraw that always changes the basin:
    it adds 2 crossing to the rate. One that returns is seen as two crossings at one step, and
    not at all at long lags. In between, the displaced walkers decay as s^tau,
    s = 1 - back - accepted. All rates are to first order in `crossing`.

    Attributes
    ----------
    rate : float
        1/t without leaks.
    crossing : float
        Probability of a leak into the other basin in one frame.
    back, accepted : float
        Per frame; their sum is above 0 and at most 1.

    Raises
    ------
    ValueError
        If the probabilities are out of their range.
    """

    rate: float
    crossing: float
    back: float
    accepted: float

    def __post_init__(self) -> None:
        if min(self.back, self.accepted) < 0 or not 0 < self.back + self.accepted <= 1:
            raise ValueError(
                f"back, accepted: {self.back:g} and {self.accepted:g} are no probabilities of two "
                "outcomes of which one must be possible"
            )

    @property
    def returns(self) -> float:
        """R, the share of leaks that return."""
        return self.back / (self.back + self.accepted)

    def expected_rate(self) -> float:
        """1/t of the expected one-step matrix over true contexts: each leak counts once."""
        return self.rate + 2.0 * self.crossing

    def long_rate(self) -> float:
        """1/t of what is generated, at long lags."""
        return self.rate + 2.0 * self.crossing * (1.0 - self.returns)

    def generated_rate(self, lag: float) -> float:
        """1/t of what is generated, at a lag of at least 1 frame.

        long + (4 crossing R / lag) (1 - s^lag) / (1 - s). At one frame the excess is
        2 crossing (1 + R): with that at long lags it adds up to twice that of the expected
        matrix (the sum rule).
        """
        leaving = self.back + self.accepted
        displaced = (1.0 - (1.0 - leaving) ** lag) / leaving
        return self.long_rate() + 4.0 * self.crossing * self.returns * displaced / lag


def predicted_timescale(timescale: float, expected: float) -> float:
    """One-step timescale of what a model will generate, before it generates anything.

    The excess of the expected matrix's rate over the data's, twice: the sum rule of
    :class:`ReturningLeak` where every leak returns. Where a model crosses too rarely the excess
    is negative and may leave no rate at all.

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


def least_excess_loss(rate: float, ratio: float) -> float:
    """Lower bound of the excess loss of a model that crosses too often or too rarely, in nats.

    With k the true and r k the model's mean probability of a crossing, the divergence of whether
    one happens is at least k (r - 1 - ln r), since (1 - k) ln[(1 - k) / (1 - r k)] >= r k - k;
    and by the convexity of the divergence that of all jumps in all contexts is no smaller.

    Parameters
    ----------
    rate : float
        k, crossings per frame.
    ratio : float
        r > 0.
    """
    return rate * (ratio - 1.0 - math.log(ratio))


def possible_ratios(rate: float, excess_loss: float) -> tuple[float, float]:
    """The inverse: between which factors a model's rate may be wrong at an excess loss.

    Parameters
    ----------
    rate : float
        k > 0, crossings per frame.
    excess_loss : float
        At least 0, in nats a frame.

    Returns
    -------
    low, high : float
        low <= 1 <= high, both with ``least_excess_loss(rate, ratio) == excess_loss``.
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

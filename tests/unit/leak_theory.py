"""Theory of leaks (docs/theory.md) as formulas, for a chain with t = -1 / ln lambda.

Times and lags are in frames, rates per frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


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
    """

    rate: float
    crossing: float
    back: float
    accepted: float

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

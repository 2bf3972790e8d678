"""Exact answers of a hidden chain, by linear algebra: nothing is sampled.

See `raremd.data.simulated.hidden_chain` for the dynamics.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.polynomial import chebyshev
from scipy.optimize import brentq

from raremd.data.simulated.hidden_chain import HOP, HiddenChain
from raremd.kinetics.timescales import eigenvalue_times

UNSEEN = 1e-12
"""Weight in the observed states below which a process of the hidden chain is not observed."""
BELIEF_NODES = 48
"""Of the interpolation in the belief; medium and hard members agree with 96 to 1e-9 nats."""


@dataclass(frozen=True)
class Entropies:
    """Cross-entropy of the best predictors of the next observed state, in nats a frame.

    Attributes
    ----------
    first, second : float
        From one, and from two states before (the best Markov chains).
    rate : float
        From the whole past: no model has a lower loss on average.
    """

    first: float
    second: float
    rate: float


@dataclass(frozen=True)
class Answers:
    """What is known exactly of one system, in its time unit.

    Attributes
    ----------
    timescales : tuple of float
        Of the observed processes, slowest first; those that there are.
    unit : str
    lags : tuple of float
    implied_timescales : tuple of tuple of float
        Of the observed states: for each lag, slowest first.
    passage_times : tuple of tuple of float
        From each basin to each.
    committor : tuple of float
        Of each observed state, see `SolvedChain.committor`.
    entropies : Entropies
    """

    timescales: tuple[float, ...]
    unit: str
    lags: tuple[float, ...]
    implied_timescales: tuple[tuple[float, ...], ...]
    passage_times: tuple[tuple[float, ...], ...]
    committor: tuple[float, ...]
    entropies: Entropies


@dataclass(frozen=True)
class SolvedChain:
    """A hidden chain and its exact answers, in frames, each computed when it is asked for."""

    chain: HiddenChain

    @property
    def n_positions(self) -> int:
        """N = K n, positions on the whole line."""
        return self.chain.basins * self.chain.positions

    @cached_property
    def _hops(self) -> np.ndarray:
        """A_0 and A_1: one frame of the position without and with activation, (2, N, N)."""
        n = self.n_positions
        hops = np.zeros((2, n, n))
        for low, high in pairwise(range(n)):
            for e in (0, 1):
                if e or high % self.chain.positions:
                    hops[e, low, high] = hops[e, high, low] = HOP
        for matrix in hops:
            np.fill_diagonal(matrix, 1.0 - matrix.sum(axis=1))
        return hops

    def _symmetric(self, p: float) -> tuple[np.ndarray, np.ndarray]:
        """One frame of (e, x), symmetric (2 N, 2 N), and v = sqrt(1 - p, p).

        F = D^-1/2 S^2 D^1/2 with S = sqrt(rho) I + (1 - sqrt(rho)) v v^T and D = diag(1 - p, p)
        moves e, then diag(A_0, A_1) moves x; their product has the spectrum of S diag(A) S.
        """
        v = np.sqrt([1.0 - p, p])
        root = math.sqrt(self.chain.rho)
        half = root * np.eye(2) + (1.0 - root) * np.outer(v, v)
        size = 2 * self.n_positions
        matrix = np.einsum("eg,gxy,gf->exfy", half, self._hops, half).reshape(size, size)
        return matrix, v

    @cached_property
    def p(self) -> float:
        """Share of frames with activation, solved for so that the slowest timescale is t1."""

        def excess(log_p: float) -> float:
            matrix, _ = self._symmetric(math.exp(log_p))
            return math.log(-self.chain.t1 * math.log(np.linalg.eigvalsh(matrix)[-2]))

        # A rate is below the share of time in which it is possible: t1 > 1 / p.
        return math.exp(brentq(excess, math.log(0.5 / self.chain.t1), 0.0, xtol=1e-13))

    @cached_property
    def flips(self) -> np.ndarray:
        """F, one frame of the activation, (2, 2)."""
        return self.chain.rho * np.eye(2) + (1.0 - self.chain.rho) * np.array(
            [1.0 - self.p, self.p]
        )

    @cached_property
    def _modes(self) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues of (e, x), (2 N,), and their vectors in the position W, (N, 2 N)."""
        matrix, v = self._symmetric(self.p)
        values, vectors = np.linalg.eigh(matrix)
        return values, np.einsum("e,exk->xk", v, vectors.reshape(2, -1, len(values)))

    @cached_property
    def _ring_row(self) -> np.ndarray:
        """Law of the phase one frame after 0, (mu,)."""
        moves = np.arange(-self.chain.half_width, self.chain.half_width + 1)
        return np.bincount(moves % self.chain.ring, minlength=self.chain.ring) / len(moves)

    @cached_property
    def _ring_eigenvalues(self) -> np.ndarray:
        return np.fft.fft(self._ring_row).real

    def timescales(self, n: int) -> np.ndarray:
        """Timescales of the `n` slowest processes that the observed states show, in frames.

        The limit of :meth:`implied_timescales` at long lags. The activation by itself (`memory`)
        leaves the observed states as they are and is not among them.

        Returns
        -------
        (n,) float64
            Slowest first; see `raremd.kinetics.timescales.timescales`.
        """
        values, w = self._modes
        seen = values[(w**2).sum(axis=0) > UNSEEN]
        return eigenvalue_times(np.outer(seen, self._ring_eigenvalues).ravel(), 1, n)

    def position_matrix(self, lag: int) -> np.ndarray:
        """Observed transition matrix of the positions, W Lambda^lag W^T, (N, N)."""
        values, w = self._modes
        return (w * values**lag) @ w.T

    def transition_matrix(self, lag: int) -> np.ndarray:
        """Transition matrix of the observed states at a lag in frames, (V, V), rows sum to 1."""
        shift = np.subtract.outer(np.arange(self.chain.ring), np.arange(self.chain.ring))
        ring = np.linalg.matrix_power(self._ring_row[shift], lag)
        return np.kron(self.position_matrix(lag), ring)

    def implied_timescales(self, lag: int, n: int) -> np.ndarray:
        """What infinitely many observed frames would give at a lag in frames, (n,) float64."""
        positions = np.linalg.eigvalsh(self.position_matrix(lag))
        return eigenvalue_times(np.outer(positions, self._ring_eigenvalues**lag).ravel(), lag, n)

    @cached_property
    def _frame(self) -> np.ndarray:
        """One frame of (e, x), (2 N, 2 N)."""
        size = 2 * self.n_positions
        return np.einsum("ef,fxy->exfy", self.flips, self._hops).reshape(size, size)

    def committor(self) -> np.ndarray:
        """Chance to be at the last position of the line before the first one, (V,).

        Of a walker that shows a state, with the activation in its stationary law: a linear system
        over the activation and the positions in between. Exactly 0 and 1 at the two ends.
        """
        n = self.n_positions
        position = np.tile(np.arange(n), 2)
        chance = (position == n - 1).astype(np.float64)
        between = np.flatnonzero((position > 0) & (position < n - 1))
        chance[between] = np.linalg.solve(
            np.eye(len(between)) - self._frame[np.ix_(between, between)],
            self._frame[between] @ chance,
        )
        idle, active = chance.reshape(2, n)
        return np.repeat(idle + self.p * (active - idle), self.chain.ring)

    def passage_times(self) -> np.ndarray:
        """Mean first-passage times between basins in frames, (K, K), 0 on the diagonal.

        From the stationary law within the first basin to the first frame in the second: a linear
        system over the activation and the positions outside the target.
        """
        n = self.n_positions
        basin = np.arange(n) // self.chain.positions
        times = np.zeros((self.chain.basins, self.chain.basins))
        for target in range(self.chain.basins):
            out = np.flatnonzero(np.tile(basin != target, 2))
            left = np.zeros(2 * n)
            left[out] = np.linalg.solve(
                np.eye(len(out)) - self._frame[np.ix_(out, out)], np.ones(len(out))
            )
            mean = np.array([1.0 - self.p, self.p]) @ left.reshape(2, n)
            times[:, target] = mean.reshape(self.chain.basins, -1).mean(axis=1)
        return times

    def entropies(self) -> Entropies:
        """Loss of the best predictors; the phase adds exactly ln(2 h + 1) to each.

        The best prediction from the whole past follows from the belief u that the next frame is
        activated (forward algorithm): a move i -> j has the probability
        P_j = u A_1[i, j] + (1 - u) A_0[i, j], and then u' = (1 - rho) p + rho u A_1[i, j] / P_j.
        The mean loss h of this filter solves h + g(i, u) = sum_j P_j (-ln P_j + g(j, u')). Here g
        is interpolated in ln u by Chebyshev polynomials, so nothing is sampled.
        """
        law = np.array([1.0 - self.p, self.p])
        n = self.n_positions
        blocks = [np.log(n)]
        joint = np.outer(law, np.full(n, 1.0 / n))  # of e and the positions so far
        for _ in range(2):
            moved = np.tensordot(self.flips.T, joint, 1)
            hops = self._hops.reshape(2, *(1,) * (joint.ndim - 2), n, n)
            joint = moved[..., None] * hops
            seen = joint.sum(axis=0)
            blocks.append(-np.sum(seen * np.log(seen, out=np.zeros_like(seen), where=seen > 0)))
        first, second = np.diff(blocks) + math.log(2 * self.chain.half_width + 1)
        rate = first - self._memory_gain(first)
        return Entropies(float(first), float(second), float(rate))

    def _memory_gain(self, first: float) -> float:
        """How far the loss of the filter lies below that of the best Markov chain, in nats."""
        if not self.chain.rho:
            return 0.0
        n, m = self.n_positions, BELIEF_NODES
        low = math.log((1.0 - self.chain.rho) * self.p)
        high = math.log((1.0 - self.chain.rho) * self.p + self.chain.rho)
        nodes = chebyshev.chebpts1(m)
        u = np.exp(low + 0.5 * (high - low) * (nodes + 1.0))
        to_coefficients = np.linalg.inv(chebyshev.chebvander(nodes, m - 1))
        matrix, loss = np.zeros((n, m, n, m)), np.zeros((n, m))
        cold, hot = self._hops
        for i, j in zip(*np.nonzero(hot), strict=True):
            chance = u * hot[i, j] + (1.0 - u) * cold[i, j]
            belief = (1.0 - self.chain.rho) * self.p + self.chain.rho * u * hot[i, j] / chance
            place = 2.0 * (np.log(belief) - low) / (high - low) - 1.0
            matrix[i, :, j] += chance[:, None] * (
                chebyshev.chebvander(place, m - 1) @ to_coefficients
            )
            loss[i] -= chance * np.log(chance)
        # Unknowns: g at the nodes, with g = 0 at the first, whose column holds h instead.
        system = np.eye(n * m) - matrix.reshape(n * m, n * m)
        system[:, 0] = 1.0
        rate = np.linalg.solve(system, loss.ravel())[0]
        return first - math.log(2 * self.chain.half_width + 1) - rate

    def answers(self, lags: Sequence[int], n: int, frame_interval: float, unit: str) -> Answers:
        """All of them in the unit of the frame interval, with `n` timescales; lags in frames."""
        times = frame_interval * self.timescales(n)
        implied = [frame_interval * self.implied_timescales(lag, n) for lag in lags]
        return Answers(
            timescales=tuple(times[np.isfinite(times)].tolist()),
            unit=unit,
            lags=tuple(frame_interval * lag for lag in lags),
            implied_timescales=tuple(tuple(row.tolist()) for row in implied),
            passage_times=tuple(map(tuple, (frame_interval * self.passage_times()).tolist())),
            committor=tuple(self.committor().tolist()),
            entropies=self.entropies(),
        )

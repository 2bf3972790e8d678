"""Hidden chains: exactly solvable test systems with slow, non-Markovian observed dynamics.

A walker has a position x on a line of K basins of n positions each, an activation e that is never
observed, and a fast phase y on a ring of mu points. In one frame, in this order:

- e in {0, 1} is redrawn from its stationary law (1 - p, p) with probability 1 - rho,
  rho = exp(-1 / memory), and else stays;
- x moves up or down with probability `HOP` each; the links between basins are open only if e = 1;
- y moves by a uniform integer from -h to h, h = mu // 3, around the ring.

The observed state is s = x mu + y. A walker that has just crossed between basins is likely still
activated and crosses back: recrossings with a memory that no observed state shows. The dynamics
is reversible, its stationary law is that of e times the uniform law of s, and p alone sets the
slowest timescale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numba
import numpy as np
from numpy.polynomial import chebyshev
from scipy.optimize import brentq

from raremd.kinetics.timescales import eigenvalue_times

HOP = 0.4
MOST_STATES = 32767
"""States are int16."""
UNSEEN = 1e-12
"""Weight in the observed states below which a process of the hidden chain is not observed."""
BELIEF_NODES = 48
"""Of the interpolation in the belief; medium and hard members agree with 96 to 1e-9 nats."""


class Entropies(NamedTuple):
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
class HiddenChain:
    """One member of the family. Times are in frames.

    Attributes
    ----------
    t1 : float
        Slowest timescale.
    memory : float
        Correlation time of the activation; 0 makes the observed states a Markov chain.
    basins, positions, ring : int
        K, positions n in each basin, and points mu of the ring; K n mu observed states.

    Raises
    ------
    ValueError
        If a number is out of its range, naming it.
    """

    t1: float
    memory: float
    basins: int = 2
    positions: int = 4
    ring: int = 1

    def __post_init__(self) -> None:
        for name, least in (("basins", 2), ("positions", 1), ("ring", 1), ("memory", 0)):
            value = getattr(self, name)
            if not least <= value < math.inf:
                raise ValueError(f"{name}: {value:g} is out of range, give at least {least}")
        if self.ring == 2:
            raise ValueError("ring: 2 points never exchange, give 1 or at least 3")
        if self.n_states > MOST_STATES:
            raise ValueError(
                f"ring: {self.n_states} states (basins x positions x ring) are too many, at most "
                f"{MOST_STATES} are possible"
            )
        if not self.memory < self.t1 < math.inf:
            raise ValueError(f"t1: {self.t1:g} is not longer than memory, {self.memory:g} frames")
        free = self._free_timescale()
        if self.t1 <= free:
            raise ValueError(
                f"t1: {self.t1:g} is not longer than {free:.4g} frames, that of free diffusion "
                f"over {self.basins} basins of {self.positions} positions"
            )

    @property
    def n_states(self) -> int:
        """Observed states, K n mu."""
        return self.basins * self.states_per_basin

    @property
    def states_per_basin(self) -> int:
        """States of one basin, n mu: the basin of a state is ``state // states_per_basin``."""
        return self.positions * self.ring

    @property
    def half_width(self) -> int:
        """h: how far the phase moves at most in one frame."""
        return self.ring // 3

    @property
    def rho(self) -> float:
        """Correlation of the activation from one frame to the next."""
        return math.exp(-1.0 / self.memory) if self.memory > 0 else 0.0

    def _free_timescale(self) -> float:
        """Slowest timescale with all links open: 1 - 2 HOP (1 - cos(pi / N)), N positions."""
        angle = math.pi / (self.basins * self.positions)
        return -1.0 / math.log(1.0 - 2.0 * HOP * (1.0 - math.cos(angle)))

    @cached_property
    def _hops(self) -> np.ndarray:
        """A_0 and A_1: one frame of the position without and with activation, (2, N, N)."""
        n = self.basins * self.positions
        hops = np.zeros((2, n, n))
        for low, high in pairwise(range(n)):
            for e in (0, 1):
                if e or high % self.positions:
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
        root = math.sqrt(self.rho)
        half = root * np.eye(2) + (1.0 - root) * np.outer(v, v)
        size = 2 * self.basins * self.positions
        matrix = np.einsum("eg,gxy,gf->exfy", half, self._hops, half).reshape(size, size)
        return matrix, v

    @cached_property
    def p(self) -> float:
        """Share of frames with activation, solved for so that the slowest timescale is t1."""

        def excess(log_p: float) -> float:
            matrix, _ = self._symmetric(math.exp(log_p))
            return math.log(-self.t1 * math.log(np.linalg.eigvalsh(matrix)[-2]))

        # A rate is below the share of time in which it is possible: t1 > 1 / p.
        return math.exp(brentq(excess, math.log(0.5 / self.t1), 0.0, xtol=1e-13))

    @cached_property
    def _flips(self) -> np.ndarray:
        """F, one frame of the activation, (2, 2)."""
        return self.rho * np.eye(2) + (1.0 - self.rho) * np.array([1.0 - self.p, self.p])

    @cached_property
    def _modes(self) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues of (e, x), (2 N,), and their vectors in the position W, (N, 2 N)."""
        matrix, v = self._symmetric(self.p)
        values, vectors = np.linalg.eigh(matrix)
        return values, np.einsum("e,exk->xk", v, vectors.reshape(2, -1, len(values)))

    @cached_property
    def _ring_row(self) -> np.ndarray:
        """Law of the phase one frame after 0, (mu,)."""
        moves = np.arange(-self.half_width, self.half_width + 1)
        return np.bincount(moves % self.ring, minlength=self.ring) / len(moves)

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
        shift = np.subtract.outer(np.arange(self.ring), np.arange(self.ring))
        ring = np.linalg.matrix_power(self._ring_row[shift], lag)
        return np.kron(self.position_matrix(lag), ring)

    def implied_timescales(self, lag: int, n: int) -> np.ndarray:
        """What infinitely many observed frames would give at a lag in frames, (n,) float64."""
        positions = np.linalg.eigvalsh(self.position_matrix(lag))
        return eigenvalue_times(np.outer(positions, self._ring_eigenvalues**lag).ravel(), lag, n)

    def passage_times(self) -> np.ndarray:
        """Mean first-passage times between basins in frames, (K, K), 0 on the diagonal.

        From the stationary law within the first basin to the first frame in the second: a linear
        system over the activation and the positions outside the target.
        """
        n = self.basins * self.positions
        frame = np.einsum("ef,fxy->exfy", self._flips, self._hops).reshape(2 * n, 2 * n)
        basin = np.arange(n) // self.positions
        times = np.zeros((self.basins, self.basins))
        for target in range(self.basins):
            out = np.flatnonzero(np.tile(basin != target, 2))
            left = np.zeros(2 * n)
            left[out] = np.linalg.solve(
                np.eye(len(out)) - frame[np.ix_(out, out)], np.ones(len(out))
            )
            mean = np.array([1.0 - self.p, self.p]) @ left.reshape(2, n)
            times[:, target] = mean.reshape(self.basins, -1).mean(axis=1)
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
        n = self.basins * self.positions
        blocks = [np.log(n)]
        joint = np.outer(law, np.full(n, 1.0 / n))  # of e and the positions so far
        for _ in range(2):
            moved = np.tensordot(self._flips.T, joint, 1)
            hops = self._hops.reshape(2, *(1,) * (joint.ndim - 2), n, n)
            joint = moved[..., None] * hops
            seen = joint.sum(axis=0)
            blocks.append(-np.sum(seen * np.log(seen, out=np.zeros_like(seen), where=seen > 0)))
        first, second = np.diff(blocks) + math.log(2 * self.half_width + 1)
        rate = first - self._memory_gain(first)
        return Entropies(float(first), float(second), float(rate))

    def _memory_gain(self, first: float) -> float:
        """How far the loss of the filter lies below that of the best Markov chain, in nats."""
        if not self.rho:
            return 0.0
        n, m = self.basins * self.positions, BELIEF_NODES
        low = math.log((1.0 - self.rho) * self.p)
        high = math.log((1.0 - self.rho) * self.p + self.rho)
        nodes = chebyshev.chebpts1(m)
        u = np.exp(low + 0.5 * (high - low) * (nodes + 1.0))
        to_coefficients = np.linalg.inv(chebyshev.chebvander(nodes, m - 1))
        matrix, loss = np.zeros((n, m, n, m)), np.zeros((n, m))
        cold, hot = self._hops
        for i, j in zip(*np.nonzero(hot), strict=True):
            chance = u * hot[i, j] + (1.0 - u) * cold[i, j]
            belief = (1.0 - self.rho) * self.p + self.rho * u * hot[i, j] / chance
            place = 2.0 * (np.log(belief) - low) / (high - low) - 1.0
            matrix[i, :, j] += chance[:, None] * (
                chebyshev.chebvander(place, m - 1) @ to_coefficients
            )
            loss[i] -= chance * np.log(chance)
        # Unknowns: g at the nodes, with g = 0 at the first, whose column holds h instead.
        system = np.eye(n * m) - matrix.reshape(n * m, n * m)
        system[:, 0] = 1.0
        rate = np.linalg.solve(system, loss.ravel())[0]
        return first - math.log(2 * self.half_width + 1) - rate

    def simulate(self, n_walkers: int, n_frames: int, seed: int) -> np.ndarray:
        """Observed trajectories, each from the stationary law.

        Each walker has a random stream of its own, so that the first of more walkers, and the
        beginning of longer trajectories, are the same.

        Parameters
        ----------
        n_walkers, n_frames : int
            At least 1.
        seed : int
            Not negative.

        Returns
        -------
        (n_walkers, n_frames) int16

        Raises
        ------
        ValueError
            If a number is out of its range.
        """
        for name, value, least in (
            ("n_walkers", n_walkers, 1),
            ("n_frames", n_frames, 1),
            ("seed", seed, 0),
        ):
            if value < least:
                raise ValueError(f"{name}: {value} is too small, give at least {least}")
        states = np.empty((n_walkers, n_frames), np.int16)
        starts = np.random.SeedSequence(seed).generate_state(n_walkers, np.uint64)
        chances = np.array([*self._flips[:, 1], self.p])
        activation = np.round(chances * 2.0**53).astype(np.int64)
        for walker, start in enumerate(starts):
            _walk(start, states[walker], self.basins, self.positions, self.ring, activation)
        return states


@numba.njit(cache=True)
def _mixed(bits: np.uint64) -> np.uint64:
    """The output function of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014), uint64."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@numba.njit(cache=True)
def _walk(
    start: np.uint64,
    states: np.ndarray,
    basins: int,
    positions: int,
    ring: int,
    activation: np.ndarray,
) -> None:
    """Fill the trajectory of one walker from a SplitMix64 stream, two words a frame.

    Parameters
    ----------
    start : uint64
        Where the walker's random stream begins.
    states : (n_frames,) int16
    basins, positions, ring : int
    activation : (3,) int64
        Chance of e = 1 after e = 0, after e = 1, and in the first frame, in units of 2^-53.
    """
    step = np.uint64(0x9E3779B97F4A7C15)
    up, down = np.int64(HOP * 2.0**32), np.int64(2.0 * HOP * 2.0**32)
    line, half = basins * positions, ring // 3
    start += step
    e = 1 if np.int64(_mixed(start) >> np.uint64(11)) < activation[2] else 0
    start += step
    word = _mixed(start)
    x = np.int64(word >> np.uint64(32)) * line >> 32
    y = np.int64(word & np.uint64(0xFFFFFFFF)) * ring >> 32
    states[0] = x * ring + y
    for frame in range(1, states.size):
        start += step
        e = 1 if np.int64(_mixed(start) >> np.uint64(11)) < activation[e] else 0
        start += step
        word = _mixed(start)
        move = np.int64(word >> np.uint64(32))
        if move < up:
            if (x + 1) % positions or (e and x + 1 < line):
                x += 1
        elif move < down and (x % positions or (e and x)):
            x -= 1
        y += (np.int64(word & np.uint64(0xFFFFFFFF)) * (2 * half + 1) >> 32) - half
        y += ring if y < 0 else -ring if y >= ring else 0
        states[frame] = x * ring + y


MEMBERS = {
    "easy": HiddenChain(t1=100.0, memory=1.0),
    "medium": HiddenChain(t1=1000.0, memory=10.0, basins=3, ring=5),
    "hard": HiddenChain(t1=20_000.0, memory=30.0, basins=4, ring=25),
}

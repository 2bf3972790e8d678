"""Discrete trajectories of systems whose truth is known."""

from __future__ import annotations

import numpy as np

TRAJECTORIES = 4


def two_states(t, n_frames, rng):
    """A symmetric two-state chain with the implied timescale t, in frames."""
    flips = rng.random(n_frames) < (1 - np.exp(-1 / t)) / 2
    return (np.cumsum(flips) % 2).astype(np.int16)


def flipped(t, share, n_frames, rng):
    """The same, with a share of the frames read wrongly."""
    return two_states(t, n_frames, rng) ^ (rng.random(n_frames) < share)


def ring(forward, backward, n_frames, rng):
    """A three-state ring with the given probabilities of a jump a frame."""
    u = rng.random(n_frames)
    steps = np.where(u < forward, 1, np.where(u < forward + backward, -1, 0))
    return (np.cumsum(steps) % 3).astype(np.int16)


def equal_states(n_states, stay, n_frames, rng):
    """States that are left for any other with equal probability."""
    jumps = np.where(rng.random(n_frames) < stay, 0, rng.integers(1, n_states, n_frames))
    return (np.cumsum(jumps) % n_states).astype(np.int16)


def chain(matrix, n_frames, rng):
    """A Markov chain with this transition matrix, from a state of its own choice."""
    ends, state = np.cumsum(matrix, axis=1), int(rng.integers(len(matrix)))
    found = np.empty(n_frames, np.int16)
    for frame, u in enumerate(rng.random(n_frames)):
        state = int(np.searchsorted(ends[state], u * ends[state, -1]))
        found[frame] = state
    return found


def recrossing(leave, n_frames, rng):
    """Four states in a row: two basins with a border state each, from which half return at once.

    Seen as two basins the chain has memory: it jumps three times as often as it changes sides.
    """
    out = 1 - leave
    border = [[out, leave, 0, 0], [0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5], [0, 0, leave, out]]
    return chain(border, n_frames, rng)


def made(of, *arguments, n_frames=40_000, seed=0):
    """Independent trajectories of one system, of a length each or all of one length."""
    lengths = n_frames if isinstance(n_frames, tuple) else (n_frames,) * TRAJECTORIES
    return [of(*arguments, n, np.random.default_rng([seed, k])) for k, n in enumerate(lengths)]

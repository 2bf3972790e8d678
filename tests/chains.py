"""Markov chains with known answers, shared by the tests (`from chains import ...`)."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True)
def _walk(cumulative, n_frames, start, seed):
    np.random.seed(seed)  # noqa: NPY002 - numba's own generator
    dtraj = np.empty(n_frames, np.int16)
    state = start
    for frame in range(n_frames):
        dtraj[frame] = state
        number = np.random.random()  # noqa: NPY002
        state = 0
        while state < len(cumulative) - 1 and number >= cumulative[dtraj[frame], state]:
            state += 1
    return dtraj


def sample_chain(transition_matrix, n_frames, seed, start=0):
    """A discrete trajectory of a Markov chain, (n_frames,) int16."""
    cumulative = np.cumsum(np.asarray(transition_matrix, float), axis=1)
    # One type of each argument, so that it is compiled once.
    return _walk(np.ascontiguousarray(cumulative), int(n_frames), int(start), int(seed))


def two_state(p, q):
    """Leaves state 0 with probability p, state 1 with q: lambda = 1 - p - q."""
    return np.array([[1.0 - p, p], [q, 1.0 - q]])


def double_well(n_states, barrier):
    """Metropolis walk between near cells in a quartic double well of given barrier (kT)."""
    x = np.linspace(-1.5, 1.5, n_states)
    energy = barrier * (x**2 - 1.0) ** 2
    width = max(0.1, x[1] - x[0])
    near = np.exp(-((x[:, None] - x[None, :]) ** 2) / (2 * width**2))
    matrix = near * np.minimum(1.0, np.exp(energy[:, None] - energy[None, :]))
    matrix /= 1.02 * matrix.sum(axis=1).max()
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, 1.0 - matrix.sum(axis=1))
    return matrix


def ring(forward: float, backward: float) -> np.ndarray:
    """Three states in a ring, (3, 3): driven unless the two rates are equal."""
    matrix = np.zeros((3, 3))
    for state in range(3):
        matrix[state, (state + 1) % 3] = forward
        matrix[state, (state - 1) % 3] = backward
        matrix[state, state] = 1 - forward - backward
    return matrix

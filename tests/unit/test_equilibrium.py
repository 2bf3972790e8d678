"""Detailed balance: driven chains are named, equilibrium is not, whatever it starts from."""

from __future__ import annotations

import numpy as np
import pytest

from raremd.kinetics.equilibrium import detailed_balance
from raremd.kinetics.transition_matrix import count_matrix


def sample(matrix, n_frames, rng, start=0):
    cumulative = np.cumsum(matrix, axis=1)
    states = np.empty(n_frames, int)
    states[0] = start
    uniform = rng.random(n_frames)
    for frame in range(1, n_frames):
        states[frame] = min(np.searchsorted(cumulative[states[frame - 1]], uniform[frame]), 2)
    return states


def ring(forward, backward):
    matrix = np.zeros((3, 3))
    for state in range(3):
        matrix[state, (state + 1) % 3] = forward
        matrix[state, (state - 1) % 3] = backward
        matrix[state, state] = 1 - forward - backward
    return matrix


@pytest.mark.parametrize(("forward", "backward"), [(0.02, 0.002), (0.02, 0.012), (0.004, 0.02)])
@pytest.mark.parametrize("lag", [1, 5])
def test_a_driven_ring_is_named(forward, backward, lag):
    states = sample(ring(forward, backward), 100_000, np.random.default_rng(1))
    found = detailed_balance(count_matrix([states], 3, lag), lag)
    assert found.driven
    step = 1 if forward > backward else -1
    assert (found.states[1] - found.states[0]) % 3 == step % 3
    assert found.forward > found.backward


def test_false_alarms_are_as_rare_as_they_should_be():
    rng = np.random.default_rng(2)
    p_values = [
        detailed_balance(count_matrix([sample(ring(0.02, 0.02), 5_000, rng)], 3, 1), 1).p_value
        for _ in range(300)
    ]
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.09
    assert not np.any(np.array(p_values) < 1e-4)


def test_short_trajectories_from_one_state_are_not_driven():
    rng = np.random.default_rng(3)
    many = [sample(ring(0.02, 0.02), 100, rng) for _ in range(500)]
    counts = count_matrix(many, 3, 1)
    assert counts[0, 1] > 1.2 * counts[1, 0]  # the flow out of the common start is there
    assert not detailed_balance(counts, 1).driven


def test_windows_that_overlap_do_not_count_twice():
    rng = np.random.default_rng(4)
    slow = np.repeat(sample(ring(0.2, 0.2), 3_000, rng), 10)
    counts = count_matrix([slow], 3, 10)
    assert not detailed_balance(counts, 10).driven


def test_without_cycles_there_is_nothing_to_test():
    line = np.array([[90, 10, 0], [10, 80, 10], [0, 9, 91]])
    assert detailed_balance(line, 1).p_value == 1.0

"""Detailed balance: driven chains are named, equilibrium is not, whatever it starts from."""

from __future__ import annotations

import numpy as np
import pytest
from chains import ring, sample_chain

from raremd.kinetics import equilibrium
from raremd.kinetics.equilibrium import detailed_balance
from raremd.kinetics.transition_matrix import count_matrix

FLIPS = equilibrium.FLIPS


@pytest.fixture(autouse=True)
def fewer_flips(monkeypatch):
    """As many as p values of a thousandth need."""
    monkeypatch.setattr(equilibrium, "FLIPS", 2000)


def balance(dtrajs, n_states, lag, seed=0, tests=1):
    return detailed_balance(dtrajs, n_states, lag, np.random.default_rng(seed), tests)


@pytest.mark.parametrize(("forward", "backward"), [(0.02, 0.002), (0.02, 0.012), (0.004, 0.02)])
@pytest.mark.parametrize("lag", [1, 5])
def test_a_driven_ring_is_named(forward, backward, lag):
    found = balance([sample_chain(ring(forward, backward), 100_000, 1)], 3, lag)
    assert found.driven
    step = 1 if forward > backward else -1
    assert (found.states[1] - found.states[0]) % 3 == step % 3
    assert found.forward > found.backward


@pytest.mark.parametrize("tests", [11, 50])
def test_a_drive_is_seen_however_many_tests_there_are(monkeypatch, tests):
    monkeypatch.setattr(equilibrium, "FLIPS", FLIPS)
    driven, resting = ([sample_chain(ring(0.02, b), 50_000, 1)] for b in (0.002, 0.02))
    assert balance(driven, 3, 1, tests=tests).driven
    assert not balance(resting, 3, 1, tests=tests).driven


def test_memory_in_fine_states_is_no_drive():
    """A diffusion on a torus seen at too short a lag, in a hundred cells: far from Markovian."""
    rng, p_values = np.random.default_rng(3), []
    for seed in range(20):
        place = np.cumsum(rng.normal(0, 0.3, (20_000, 2)), axis=0) % 10
        cell = (10 * np.floor(place[:, 0]) + np.floor(place[:, 1])).astype(np.int16)
        p_values.append(balance([np.minimum(cell, 99)], 100, 10, seed).p_value)
    assert min(p_values) > 1e-3
    assert np.mean(np.array(p_values) < 0.2) < 0.5


def test_a_drive_within_one_metastable_state_is_seen_in_finer_ones():
    fast, slow = (
        sample_chain(ring(0.05, 0.02), 50_000, 1),
        sample_chain(ring(0.001, 0.001), 50_000, 2),
    )
    fine = (3 * (slow > 0) + fast).astype(np.int16)
    assert balance([fine], 6, 5).driven
    assert balance([(slow > 0).astype(np.int16)], 2, 5).p_value == 1.0


def test_short_trajectories_from_one_state_are_not_driven():
    many = [sample_chain(ring(0.02, 0.02), 100, seed) for seed in range(500)]
    counts = count_matrix(many, 3, 1)
    assert counts[0, 1] > 1.2 * counts[1, 0]  # the flow out of the common start is there
    assert not balance(many, 3, 1).driven


def test_windows_that_overlap_do_not_count_twice():
    slow = np.repeat(sample_chain(ring(0.2, 0.2), 3_000, 4), 10)
    assert not balance([slow], 3, 10).driven


def test_without_cycles_there_is_nothing_to_test():
    line = sample_chain([[0.9, 0.1, 0], [0.1, 0.8, 0.1], [0, 0.1, 0.9]], 2000, 5)
    assert balance([line], 3, 1).p_value == 1.0


def test_thousands_of_states_cost_little():
    """A ring that goes round one way; dense counts of each part would be gigabytes."""
    steps = np.random.default_rng(1).integers(0, 9, 100_000)
    assert balance([(np.cumsum(steps) % 3000).astype(np.int16)], 3000, 1).driven


def test_jumps_are_those_of_the_chain_whatever_the_lag():
    chain = sample_chain(ring(0.2, 0.02), 5_000, 1)
    found = balance([np.repeat(chain, 10)], 3, 10)
    i, j = found.states
    counts = count_matrix([chain], 3, 1)
    assert (found.forward, found.backward) == pytest.approx((counts[i, j], counts[j, i]), rel=0.05)

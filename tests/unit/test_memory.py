"""Quasi-Markov state models of chains whose memory is known."""

import numpy as np
import pytest
from chains import double_well, sample_chain

from raremd.kinetics.memory import propagate, quasi_markov, transfer_tensors
from raremd.kinetics.timescales import count_matrix, estimate, timescales

CHAIN = double_well(6, 3.0)


def powers(matrix, n):
    return np.array([np.linalg.matrix_power(matrix, k) for k in range(1, n + 1)])


def test_a_markov_chain_has_no_memory():
    tensors = transfer_tensors(powers(CHAIN, 5))
    np.testing.assert_allclose(tensors[0], CHAIN)
    np.testing.assert_allclose(tensors[1:], 0, atol=1e-12)
    np.testing.assert_allclose(propagate(tensors, 30), powers(CHAIN, 30), atol=1e-12)


def test_a_lumped_chain_is_exact_once_its_memory_is_over():
    values, vectors = np.linalg.eig(CHAIN.T)
    weight = np.abs(np.real(vectors[:, np.argmax(np.real(values))]))
    lump = np.repeat(np.eye(2), 3, axis=0)
    joint = np.array(
        [lump.T @ ((weight / weight.sum())[:, None] * p) @ lump for p in powers(CHAIN, 200)]
    )
    exact = joint / joint.sum(axis=2, keepdims=True)
    errors = [
        np.abs(propagate(transfer_tensors(exact[:m]), 200) - exact).max() for m in (1, 10, 40)
    ]
    assert errors[0] > 0.05 > 1e-3 > errors[1] > errors[2]


def test_timescales_are_those_of_the_data_up_to_the_memory_and_right_beyond():
    whole = sample_chain(CHAIN, 200_000, seed=3)
    lumped = [(whole >= 3).astype(np.int64)]
    lags = 1, 10, 60
    models = quasi_markov(lumped, 2, 10, lags)
    found = [
        timescales(model.transition_matrix, lag, 1)[0]
        for model, lag in zip(models, lags, strict=True)
    ]
    wanted = []
    for lag in lags:
        model = estimate(count_matrix(lumped, 2, lag))
        wanted.append(timescales(model.transition_matrix, lag, 1, model.stationary)[0])
    assert found[:2] == pytest.approx(wanted[:2], rel=1e-3)
    assert found[2] == pytest.approx(wanted[2], rel=0.15)
    assert wanted[0] < 0.8 * wanted[2]


def test_a_state_of_a_trajectory_that_is_shorter_than_the_memory_is_left_out():
    whole = sample_chain(double_well(2, 1.0), 1000, seed=1).astype(np.int64)
    (one,) = quasi_markov([whole], 2, 3, (5,))
    (found,) = quasi_markov([whole, np.array([2, 0])], 3, 3, (5,))
    assert found.active.tolist() == [0, 1] and found.fraction_states_left_out == 1 - 2 / 3
    assert found.fraction_counts_left_out == pytest.approx(1 / 1000)  # of 999 pairs and one
    np.testing.assert_allclose(found.transition_matrix, one.transition_matrix)

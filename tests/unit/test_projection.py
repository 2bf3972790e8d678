"""Macrostates projected from chains that can be lumped exactly, and from one that cannot."""

import numpy as np
import pytest
from chains import double_well

from raremd.kinetics.projection import hummer_szabo, micro_to_macro
from raremd.kinetics.timescales import timescales
from raremd.kinetics.transition_matrix import TransitionModel


def chain(matrix, active=None):
    """A known chain as if it had been estimated, the states left out being never active."""
    values, vectors = np.linalg.eig(matrix.T)
    weight = np.abs(np.real(vectors[:, np.argmax(np.real(values))]))
    active = np.arange(len(matrix)) if active is None else np.array(active)
    return TransitionModel(matrix, weight / weight.sum(), active, active.max() + 1, 0.0, 0.0)


LUMPABLE = chain(
    np.array([[0.6, 0.3, 0.06, 0.04], [0.5, 0.4, 0.02, 0.08], [0.03, 0.02, 0.2, 0.75],
              [0.01, 0.04, 0.65, 0.3]])
)  # fmt: skip
"""Each state of a pair leaves it with one probability: 0.1 of the first pair, 0.05 of the other."""
PAIRS = np.array([0, 0, 1, 1])
MACRO = np.array([[0.9, 0.1], [0.05, 0.95]])
WELL = chain(double_well(9, 3.0))
UNEVEN = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])


def correlations(matrix, weight, observed, n_lags):
    """C_IJ(k) = P(in I now, in J after k steps) - pi_I pi_J at k = 0, 1, ...

    `observed` (n_states, n) says which macrostate is seen in each state.
    """
    moved, found = observed.copy(), []
    mean = weight @ observed
    for _ in range(n_lags):
        found.append(observed.T @ (weight[:, None] * moved) - np.outer(mean, mean))
        moved = matrix @ moved
    return np.array(found)


def test_an_exactly_lumpable_chain_keeps_its_macrostates():
    found = hummer_szabo(LUMPABLE, PAIRS)
    np.testing.assert_allclose(found.transition_matrix, MACRO, atol=1e-12)
    np.testing.assert_allclose(found.stationary, [1 / 3, 2 / 3], atol=1e-12)
    after = micro_to_macro(LUMPABLE, PAIRS, 7).transition_matrix
    np.testing.assert_allclose(after, np.linalg.matrix_power(MACRO, 7), atol=1e-12)


def test_hummer_szabo_keeps_the_integral_of_every_correlation():
    macro = hummer_szabo(WELL, UNEVEN)
    long = 4000
    of_micro = correlations(WELL.transition_matrix, WELL.stationary, np.eye(3)[UNEVEN], long)
    of_macro = correlations(macro.transition_matrix, macro.stationary, np.eye(3), long)
    assert np.abs(of_micro[-1]).max() < 1e-12
    np.testing.assert_allclose(of_macro.sum(axis=0), of_micro.sum(axis=0), atol=1e-7)
    assert np.abs(of_macro[1] - of_micro[1]).max() > 0.005  # at one step it must differ
    assert np.abs(macro.stationary @ macro.transition_matrix - macro.stationary).max() < 1e-12


def test_direct_projection_is_exact_at_every_lag_and_hummer_szabo_near_it():
    slow = timescales(WELL.transition_matrix, 1, 1, WELL.stationary)[0]
    of_micro = correlations(WELL.transition_matrix, WELL.stationary, np.eye(3)[UNEVEN], 41)
    direct = micro_to_macro(WELL, UNEVEN, 40)
    joint = direct.stationary[:, None] * (direct.transition_matrix - direct.stationary)
    np.testing.assert_allclose(joint, of_micro[40], atol=1e-12)
    times = [
        timescales(model.transition_matrix, lag, 1, model.stationary)[0]
        for model, lag in (
            (micro_to_macro(WELL, UNEVEN, 1), 1), (hummer_szabo(WELL, UNEVEN), 1), (direct, 40)
        )
    ]  # fmt: skip
    assert times[0] < 0.3 * slow
    assert times[1:] == pytest.approx([slow, slow], rel=0.16)


def test_macrostates_without_an_active_state_are_left_out():
    micro = chain(LUMPABLE.transition_matrix, active=[0, 1, 3, 4])
    of_state = np.array([0, 0, 1, 2, 2])
    for found in (hummer_szabo(micro, of_state), micro_to_macro(micro, of_state, 1)):
        assert found.active.tolist() == [0, 2] and found.n_states == 3
        np.testing.assert_allclose(found.transition_matrix, MACRO, atol=1e-12)
        assert found.fraction_states_left_out == pytest.approx(1 / 3)

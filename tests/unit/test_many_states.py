"""Hundreds to thousands of states: the same numbers as dense matrices, without their memory."""

import logging
import tracemalloc

import numpy as np
import pytest
from deeptime.markov import pcca as dense_pcca

from raremd.kinetics import many_states
from raremd.kinetics.many_states import connected, estimate_sparse, implied, slowest, sparse_counts
from raremd.kinetics.timescales import timescales
from raremd.kinetics.transition_matrix import count_matrix, estimate, largest_connected_set
from raremd.states import pcca

BASINS = 4


def walk(n_states, n_frames, seed=0, cross=0.01):
    """Uniform within one of four basins, from which it now and then steps to a neighbour."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([-1, 0, 1], n_frames, p=[cross / 2, 1 - cross, cross / 2])
    basin = np.abs((np.cumsum(steps) + BASINS) % (2 * BASINS) - BASINS + 0.5).astype(int)
    within = rng.integers(n_states // BASINS, size=n_frames)
    return (basin * (n_states // BASINS) + within).astype(np.int16)


@pytest.fixture(scope="module")
def chain():
    """Two trajectories; of the last states one is only left, one only entered, one in neither."""
    long, short = walk(40, 20_000), walk(40, 300, seed=1)
    long[0], short[-1] = 40, 41
    return [long, short]


@pytest.mark.parametrize("lag", [1, 20])
def test_the_estimate_is_that_of_dense_matrices(chain, lag):
    counts = count_matrix(chain, 43, lag)
    sparse = sparse_counts(chain, 43, lag)
    np.testing.assert_array_equal(sparse.toarray(), counts)
    np.testing.assert_array_equal(connected(sparse), largest_connected_set(counts))
    dense, found = estimate(counts), estimate_sparse(sparse)
    np.testing.assert_allclose(found.stationary, dense.stationary, rtol=1e-8)
    matrix = found.flow.toarray() / found.flow.sum(axis=1)[:, None]
    np.testing.assert_allclose(matrix, dense.transition_matrix, rtol=1e-8, atol=1e-12)
    assert found.fraction_counts_left_out == pytest.approx(dense.fraction_counts_left_out)


def test_times_of_what_never_crosses_begin_without_one(chain):
    found = implied(chain, 43, 5, 4)
    sides = np.zeros(43, int)
    assert found.times_with(sides) is found.times, "there is no slow process"
    inside, outside = found.active[:2], np.setdiff1d(np.arange(43), found.active)[0]
    sides[inside] = -1, 1
    assert found.times_with(sides) is found.times
    sides[inside[1]], sides[outside] = 0, 1
    np.testing.assert_array_equal(found.times_with(sides), [np.nan, *found.times[:3]])


def test_slow_processes_are_those_of_dense_matrices(chain, monkeypatch):
    dense = implied(chain, 43, 5, 4)
    monkeypatch.setattr(many_states, "MANY", 10)
    sparse = implied(chain, 43, 5, 4)
    np.testing.assert_allclose(sparse.times, dense.times, rtol=1e-7)
    np.testing.assert_array_equal(sparse.active, dense.active)
    arrays = {"times": 0, "active": 0}
    assert vars(sparse) | arrays == pytest.approx(vars(dense) | arrays)
    model = estimate(count_matrix(chain, 43, 5))
    again = timescales(model.transition_matrix, 5, 4, model.stationary)
    np.testing.assert_array_equal(dense.times, again)


def test_one_connected_state_has_no_process(monkeypatch):
    monkeypatch.setattr(many_states, "MANY", 1)
    found = implied([np.array([0, 0, 0, 1], np.int16)], 3, 1, 2)
    assert np.isnan(found.times).all()
    assert found.fraction_states_left_out == pytest.approx(2 / 3)


@pytest.mark.parametrize("n_macro", [2, 3, 4])
def test_memberships_are_those_of_deeptime(chain, n_macro):
    model = estimate(count_matrix(chain, 43, 5))
    expected = dense_pcca(model.transition_matrix, n_macro, model.stationary).memberships
    found = pcca.memberships(slowest(estimate_sparse(sparse_counts(chain, 43, 5)), n_macro)[1])
    # The metastable states come in another order where eigenvectors have other signs.
    order = np.argsort(-(model.stationary @ expected)), np.argsort(-(model.stationary @ found))
    np.testing.assert_allclose(found[:, order[1]], expected[:, order[0]], atol=2e-3)


def test_lumping_by_slow_eigenvectors_finds_the_basins(chain, monkeypatch, caplog):
    expected = pcca.lump(chain, 43, BASINS, 5)
    monkeypatch.setattr(pcca, "MANY", 10)
    with caplog.at_level(logging.INFO):
        active, macrostates = pcca.lump(chain, 43, BASINS, 5)
    assert "4 slowest eigenvectors of 40 microstates" in caplog.text
    np.testing.assert_array_equal(active, expected[0])
    np.testing.assert_array_equal(macrostates, expected[1])
    groups = macrostates.reshape(BASINS, -1)
    assert (groups == groups[:, :1]).all()
    assert len(set(groups[:, 0])) == BASINS


def test_thousands_of_states_take_megabytes():
    n_states = 2000
    frames = [walk(n_states, 40_000)]
    tracemalloc.start()
    active, macrostates = pcca.lump(frames, n_states, BASINS, 5)
    found = implied(frames, n_states, 1, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n_states**2 * 8 / 2
    assert active.all() and len(np.unique(macrostates)) == BASINS
    groups = macrostates.reshape(BASINS, -1)
    assert (groups == groups[:, :1]).all()
    assert np.isfinite(found.times).all()

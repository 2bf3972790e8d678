"""Arrays that are filled up with what occurs elsewhere, and ends that are long indeed."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from independent import INDEPENDENT, chain
from own_files import imported, walk

from raremd.data.imported.fillers import Ends
from raremd.data.state_numbers import StateNumbers

SEEDS = 10
WORDS = "in a stay far longer than all others"


def said(caplog, trajectories, block=1 << 16):
    """Whether a warning asks after the ends."""
    caplog.clear()
    ends = Ends()
    for states in trajectories:
        for start in range(0, len(states), block):
            ends.add(states[start : start + block], start == 0)
    ends.warn("x")
    return caplog.text


def mixed(matrix, n_frames, rng):
    """A Markov chain."""
    sums, u = np.cumsum(matrix, axis=1), rng.random(n_frames)
    states = np.zeros(n_frames, int)
    for k in range(1, n_frames):
        states[k] = min(np.searchsorted(sums[states[k - 1]], u[k]), len(matrix) - 1)
    return states


def own(rng, timescale=17, n=4):
    return [chain(rng, timescale, 3000 + 200 * k, 3) for k in range(n)]


FILLS = {
    "zeros": lambda d: np.zeros(5000 - len(d), int),
    "last state": lambda d: np.full(5000 - len(d), d[-1]),
    "zeros, 500": lambda d: np.zeros(600, int),
}


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("block", [100, 1 << 16])
def test_ends_that_fill_up_an_array(caplog, fill, block):
    for seed in range(SEEDS):
        given = own(np.random.default_rng(seed))
        assert not said(caplog, given)
        filled = [np.append(d, FILLS[fill](d)) for d in given]
        assert WORDS in said(caplog, filled, block), seed


def test_fast_states_that_are_repeated(caplog):
    given = [np.append(d, np.full(800, d[-1])) for d in own(np.random.default_rng(3), 1)]
    assert "4 trajectories end in a stay far longer" in said(caplog, given)


def test_the_import_and_the_library_ask(folder, caplog):
    given = [np.append(d, FILLS["zeros"](d)) for d in own(np.random.default_rng(0))]
    for number, states in enumerate(given):
        np.save(f"{number}.npy", states)
    imported("*.npy", kind="dtraj")
    assert f"0.npy: 4 trajectories end {WORDS}" in caplog.text
    caplog.clear()
    StateNumbers.of(given, "dtrajs")
    assert f"dtrajs: 4 trajectories end {WORDS}" in caplog.text


RARE = {
    "two slow states": [[0.9995, 0.0005], [0.0005, 0.9995]],
    "one-way": [[0.9995, 0.0005], [0.0, 1.0]],
    "a trap": [[0.9, 0.099, 0.001], [0.1, 0.9, 0.0], [1e-4, 0.0, 1 - 1e-4]],
    "brushes": [[0.99, 0.01, 0.0], [0.69, 0.3, 0.01], [0.0, 0.001, 0.999]],
}


@pytest.mark.parametrize("kind", RARE)
def test_rare_events_at_the_end_are_no_filling(caplog, kind):
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        given = [mixed(RARE[kind], 5000, rng) for _ in range(6)]
        assert WORDS not in said(caplog, given), seed


def test_folding_that_is_brushed_before_it_lasts(caplog):
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        given = []
        for _ in range(6):
            before = mixed(np.array([[0.99, 0.01], [0.6, 0.4]]), 3000, rng)
            given.append(np.append(before, np.ones(2000, int)))
        assert WORDS not in said(caplog, given), seed


@pytest.mark.parametrize("kind", INDEPENDENT)
def test_independent_trajectories_end_as_they_go_on(caplog, kind):
    for seed in range(SEEDS):
        given = INDEPENDENT[kind](np.random.default_rng(seed))
        assert WORDS not in said(caplog, [np.rint(100 * d + 100).astype(int) for d in given]), seed


@pytest.mark.parametrize("n", [50, 300])
def test_features_more_than_half_of_which_fill_up(folder, caplog, n):
    np.save("a.npy", np.vstack([walk(n), np.zeros((400, 2))]))
    np.save("b.npy", walk(500, seed=6))
    imported("*.npy")
    assert f"a.npy: frames {n + 1} to {n + 400} are all the same; cut them off" in caplog.text


def test_features_that_rest_now_and_then(folder, caplog):
    x = walk(1000, 1)
    rest = np.maximum(x - np.quantile(x, 0.7), 0)
    np.save("a.npy", rest)
    caplog.set_level(logging.INFO)
    imported("a.npy")
    assert "all the same" not in caplog.text

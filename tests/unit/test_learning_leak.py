"""Held-out predictions of models whose probabilities are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from chains import sample_chain

from raremd.kinetics.timescales import count_matrix, estimate, slow_split, timescales
from raremd.learning.leak import HeldOutWindows, after_crossing, read_held_out
from raremd.learning.windows import Windows
from raremd.models.base import ModelError, build_model, reads_states
from raremd.study.settings.models import KINDS

CHAIN = np.array(
    [[0.6, 0.39, 0.01, 0.0], [0.39, 0.6, 0.0, 0.01], [0.01, 0.0, 0.6, 0.39], [0.0, 0.01, 0.39, 0.6]]
)
"""Two basins, {0, 1} and {2, 3}; 0 -> 3 and 1 -> 2 never happen."""
LEAK = 0.02


@pytest.fixture(scope="module")
def counts():
    return count_matrix([sample_chain(CHAIN, 50_000, seed=1)], 4, 1)


@pytest.fixture(scope="module")
def windows():
    return Windows.of([sample_chain(CHAIN, 5000, seed=2)], 9).spread(700)


@pytest.fixture
def leaky():
    """A Markov model that redraws the state with probability `LEAK`."""
    model = build_model("markov", 4, {})
    model.log_probability.copy_(torch.from_numpy((1 - LEAK) * CHAIN + LEAK / 4).log())
    return model


def held_out(windows, counts, warm_up=0):
    return HeldOutWindows(windows, counts, slow_split(estimate(counts)), warm_up, recent=2)


def read(model, windows, counts, warm_up=0):
    return read_held_out(model, held_out(windows, counts, warm_up))


def test_leak_and_timescale_of_a_known_model(leaky, windows, counts):
    found = read(leaky, windows, counts)
    visits = np.bincount(windows[:, :-1].ravel(), minlength=4)
    matrix = (1 - LEAK) * CHAIN + LEAK / 4
    assert found.expected == pytest.approx(visits[:, None] * matrix, rel=1e-6)
    assert found.leak == pytest.approx(LEAK / 4, rel=1e-6)
    exact = timescales(matrix, 1, 1, np.full(4, 0.25))
    assert found.timescale == pytest.approx(exact[0], rel=0.02)
    assert found.loss == pytest.approx(
        -np.log(matrix)[windows[:, :-1], windows[:, 1:]].mean(), rel=1e-6
    )


def test_loss_after_a_crossing_is_that_of_these_frames(leaky, counts):
    windows = np.array([[0, 1, 3, 3, 3, 2], [0, 0, 0, 1, 0, 0], [2, 0, 1, 0, 0, 0]])
    found = read(leaky, windows, counts)
    log = -np.log((1 - LEAK) * CHAIN + LEAK / 4)
    assert found.frames_after_crossing == 4
    expected = [log[3, 3], log[3, 3], log[0, 1], log[1, 0]]
    assert found.loss_after_crossing == pytest.approx(np.mean(expected), rel=1e-6)
    late = read(leaky, windows, counts, warm_up=2)
    assert late.frames_after_crossing == 3
    assert late.expected.sum() == pytest.approx(9)
    assert np.isnan(read(leaky, windows[1:2], counts).loss_after_crossing)


def test_frames_in_between_neither_cross_nor_end_a_crossing():
    sides = np.array([-1, 0, 1])
    windows = np.array([[1, 0, 1, 0, 1, 2, 1, 2, 2, 0]])
    assert np.flatnonzero(after_crossing(windows, sides, 1)[0]).tolist() == [5, 9]
    assert np.flatnonzero(after_crossing(windows, sides, 3)[0]).tolist() == [5, 6, 7, 9]


def test_a_network_is_read_step_by_step_as_its_loss_reads_it(windows, counts):
    torch.manual_seed(0)
    model = build_model("lstm", 4, {"hidden": 8})
    found = read(model, windows, counts)
    tokens = torch.from_numpy(windows)
    with torch.no_grad():
        assert found.loss == pytest.approx(model.loss(tokens[:, :-1], tokens[:, 1:]).item(), 1e-4)
    part = read(model, windows[:5], counts, warm_up=4)
    assert part.expected.sum() == pytest.approx(5 * 5)


def test_windows_must_leave_something_to_predict(windows, counts):
    with pytest.raises(ValueError, match=r"^warm_up: 9 frames leave nothing"):
        held_out(windows, counts, warm_up=9)


def test_windows_of_a_training_and_what_it_has_seen():
    training = sample_chain(CHAIN, 3000, seed=1)
    made = HeldOutWindows.of(
        Windows.of([training], 8), Windows.of([sample_chain(CHAIN, 500, seed=2)], 8), 4, 50
    )
    assert made.windows.shape == (50, 9) and made.warm_up == 4
    np.testing.assert_array_equal(made.counts, count_matrix([training], 4, 1))
    assert made.sides[0] == made.sides[1] == -made.sides[2] == -made.sides[3] != 0


def test_a_model_that_cannot_be_estimated_has_no_timescale(leaky, windows, counts):
    leaky.log_probability.copy_(torch.where(torch.eye(4) > 0, 0.0, -torch.inf))  # nothing moves
    assert np.isnan(read(leaky, windows[:9], counts).timescale)


def test_a_model_of_nan_is_refused(leaky, windows, counts):
    leaky.log_probability.fill_(torch.nan)
    with pytest.raises(ModelError, match=r"Markov.step\(\) returned NaN"):
        read(leaky, windows[:9], counts)


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_are_states_but_for_persistence(kind):
    assert reads_states(build_model(kind, 4, {})) == (kind != "persistence")

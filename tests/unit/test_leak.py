"""Leak theory on chains whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from leak_theory import (
    ReturningLeak,
    least_excess_loss,
    perturbed_timescales,
    redrawn_timescale,
)

from raremd.kinetics.leak import (
    expected_counts,
    leak,
    leaked,
    possible_ratios,
    predicted_timescale,
)
from raremd.kinetics.timescales import timescales


def reversible_chain(n, seed):
    """A random matrix in detailed balance, with its stationary law."""
    rng = np.random.default_rng(seed)
    flow = rng.exponential(size=(n, n)) ** 3
    flow = flow + flow.T
    flow += np.diag(flow.sum(axis=1))  # no negative eigenvalues
    return flow / flow.sum(axis=1, keepdims=True), flow.sum(axis=1) / flow.sum()


def two_basins(per_basin, rate):
    """Well-mixed basins that exchange: eigenvalue exp(-rate), all others 0."""
    n = 2 * per_basin
    basin = np.arange(n) // per_basin
    crossing = (1 - math.exp(-rate)) / 2
    same = basin[:, None] == basin[None, :]
    return np.where(same, 1 - crossing, crossing) / per_basin, basin


def test_expected_counts_are_sums_of_probabilities_by_state():
    probability = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.1, 0.2, 0.7]], np.float32)
    found = expected_counts(np.array([2, 0, 2], np.int16), probability, 3)
    assert found == pytest.approx(
        np.array([[0.0, 1.0, 0.0], [0, 0, 0], [0.6, 0.45, 0.95]]), abs=1e-6
    )


def test_leak_is_the_mean_probability_of_jumps_never_counted():
    expected = np.array([[6.0, 1.0, 1.0], [1.0, 8.0, 1.0], [0.0, 0.0, 2.0]])
    counts = np.array([[5, 0, 0], [0, 5, 1], [0, 1, 5]])
    assert leak(expected, counts) == pytest.approx(3 / 20)
    groups = np.array([0, 0, 1])
    assert leak(expected, counts, groups) == pytest.approx(1 / 20)
    assert np.argwhere(leaked(expected, counts, groups)).tolist() == [[0, 2]]
    assert leak(expected, np.ones((3, 3))) == 0.0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("eps", [1e-5, 1e-3, 0.1])
def test_redraw_is_exact_for_every_process_of_any_reversible_chain(seed, eps):
    matrix, stationary = reversible_chain(7, seed)
    changed = (1 - eps) * matrix + eps * stationary
    for old, new in zip(timescales(matrix, 1, 3), timescales(changed, 1, 3), strict=True):
        assert new == pytest.approx(redrawn_timescale(old, eps), rel=1e-10)


@pytest.mark.parametrize("eps", [1e-6, 1e-5, 1e-4])
def test_perturbation_is_right_to_first_order_for_any_leak(eps):
    """What is left is of second order in the leak over the rate that it competes with, 0.01."""
    matrix, _ = two_basins(4, rate=0.01)
    matrix = 0.5 * matrix + 0.5 * np.diag(matrix.sum(axis=1))
    stationary = np.full(8, 1 / 8)
    rng = np.random.default_rng(3)
    for _ in range(10):
        share = eps * rng.exponential(size=(8, 1))
        change = share * (rng.dirichlet(np.full(8, 0.1), 8) - matrix)
        exact = timescales(matrix + change, 1, 1)[0]
        found = perturbed_timescales(matrix, stationary, change, 1)[0]
        assert abs(math.log(found / exact)) < 5 * (change.max() / 0.01) ** 2
        assert abs(math.log(exact / 100)) > 1e3 * abs(math.log(found / exact)) or eps > 1e-6
    unchanged = perturbed_timescales(matrix, stationary, np.zeros((8, 8)), 2)
    assert unchanged == pytest.approx(timescales(matrix, 1, 2, stationary))


def test_a_change_that_leaves_no_positive_eigenvalue_has_no_timescale():
    matrix, _ = two_basins(1, 0.1)
    swap = np.array([[-1.0, 1.0], [1.0, -1.0]])
    assert np.isnan(perturbed_timescales(matrix, np.full(2, 0.5), swap, 1)).all()


def displaced_walkers(matrix, basin, eps, back, accepted):
    """Transition matrix at any lag of a model whose leaked walkers remember where they were.

    States of the model: i as it is, or (true i, shown j) after a leak; both move on by `matrix`.
    """
    n = len(matrix)
    size = n + n * n
    frame = np.zeros((size, size))
    frame[:n, :n] = (1 - eps) * matrix
    for i in range(n):
        other = basin != basin[i]
        frame[i, n + i * n + np.flatnonzero(other)] = eps / other.sum()
        for j in range(n):
            at = n + i * n + j
            frame[at, :n] = back * matrix[i] + accepted * matrix[j]
            frame[at, n:] = (1 - back - accepted) * np.kron(matrix[i], matrix[j])
    values, vectors = np.linalg.eig(frame.T)
    law = vectors[:, np.argmin(np.abs(values - 1))].real
    law /= law.sum()
    shown = np.zeros((size, n))
    shown[np.arange(size), np.concatenate([np.arange(n), np.tile(np.arange(n), n)])] = 1

    def rate(lag):
        pairs = shown.T @ (law[:, None] * np.linalg.matrix_power(frame, lag)) @ shown
        return 1 / timescales(pairs / pairs.sum(axis=1, keepdims=True), lag, 1)[0]

    return rate


@pytest.mark.parametrize(("back", "accepted"), [(0.9, 0.05), (0.5, 0.5), (0.2, 0.02)])
def test_returning_leak_agrees_with_a_chain_that_remembers(back, accepted):
    rate, eps = 1e-3, 1e-5
    matrix, basin = two_basins(2, rate)
    exact = displaced_walkers(matrix, basin, eps, back, accepted)
    theory = ReturningLeak(rate, eps, back, accepted)
    for lag in (1, 2, 5, 20, 100):
        excess = theory.generated_rate(lag) - rate
        assert exact(lag) - rate == pytest.approx(excess, rel=0.02)
    assert theory.generated_rate(1e7) == pytest.approx(theory.long_rate(), rel=1e-4)


@pytest.mark.parametrize(("back", "accepted"), [(0.9, 0.05), (0.5, 0.5), (0.2, 0.0)])
def test_sum_rule(back, accepted):
    theory = ReturningLeak(1e-3, 1e-4, back, accepted)
    short, long = theory.generated_rate(1) - theory.rate, theory.long_rate() - theory.rate
    assert short + long == pytest.approx(2 * (theory.expected_rate() - theory.rate), rel=1e-12)


def test_excess_twice_is_the_sum_rule_with_every_leak_returning():
    theory = ReturningLeak(1e-3, 2e-4, 0.5, 0.0)
    found = predicted_timescale(1 / theory.rate, 1 / theory.expected_rate())
    assert found == pytest.approx(1 / theory.generated_rate(1))
    assert predicted_timescale(100.0, 100.0) == pytest.approx(100.0)
    assert predicted_timescale(100.0, 250.0) == math.inf


@pytest.mark.parametrize("rate", [1e-4, 0.01, 0.2])
@pytest.mark.parametrize("ratio", [0.01, 0.5, 1.0, 1.3, 4.0])
def test_excess_loss_is_no_smaller_than_its_bound(rate, ratio):
    """Contexts that differ in their chance of a crossing; the model is wrong in its own way."""
    rng = np.random.default_rng(0)
    true = np.clip(rate * rng.exponential(size=(50, 200)), 1e-12, 0.9)
    model = np.clip(rate * ratio * rng.exponential(size=true.shape), 1e-12, 0.9)
    loss = true * np.log(true / model) + (1 - true) * np.log((1 - true) / (1 - model))
    bound = least_excess_loss(true.mean(), model.mean() / true.mean())
    assert 0 <= bound <= loss.mean()
    exact = np.log(1 / ratio) * rate + (1 - rate) * np.log((1 - rate) / (1 - rate * ratio))
    assert least_excess_loss(rate, ratio) <= exact + 1e-15
    assert least_excess_loss(rate, ratio) == pytest.approx(exact, rel=3 * rate * max(1, ratio))


@pytest.mark.parametrize("ratio", [1e-9, 0.1, 0.999, 1.001, 7.0, 1e6])
def test_possible_ratios_invert_the_bound(ratio):
    low, high = possible_ratios(0.003, least_excess_loss(0.003, ratio))
    assert (low if ratio < 1 else high) == pytest.approx(ratio, rel=1e-6)
    assert low <= 1 <= high


def test_no_excess_loss_leaves_one_ratio():
    assert possible_ratios(0.01, 0.0) == (1.0, 1.0)
    low, high = possible_ratios(1e-6, 1.0)
    assert low == 0.0 and least_excess_loss(1e-6, high) == pytest.approx(1.0)

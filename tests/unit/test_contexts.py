"""Contexts: cores, counting with back-off, the automaton; and the models that live on them."""

import numpy as np
import pytest
import torch
from chains import double_well, sample_chain

from raremd.kinetics.timescales import count_matrix, estimate, timescales
from raremd.learning.generation import generate
from raremd.models import build_model
from raremd.models.priors.contexts import (
    estimate_contexts,
    last_cores,
    log_probability,
    markov_probability,
    metastable_cores,
)

V = 8


@pytest.fixture(scope="module")
def dtrajs():
    chain = sample_chain(double_well(V, 3.0), 40_000, seed=5).astype(np.int16)
    return [chain[:15_000], chain[15_000:]]


def read(contexts, trajectory):
    row, rows = len(contexts.follow) - 1, []
    for token in trajectory:
        row = contexts.follow[row, token]
        rows.append(row)
    return np.array(rows)


def test_cores_lie_deep_in_the_two_wells(dtrajs):
    core, side = metastable_cores(dtrajs, V, 2)
    population = np.bincount(np.concatenate(dtrajs), minlength=V)
    for label in (0, 1):
        members = np.flatnonzero(core == label)
        assert (side[members] == label).all()
        assert population[side == label].argmax() in np.searchsorted(
            np.flatnonzero(side == label), members
        )
        assert 0.4 < population[members].sum() / population[side == label].sum() < 1
    assert (core[[V // 2 - 1, V // 2]] == -1).any()
    assert side[0] != side[-1]


def test_last_core_is_remembered_across_the_barrier():
    core, side = np.array([0, -1, -1, 1]), np.array([0, 0, 1, 1])
    trajectory = np.array([2, 1, 0, 1, 2, 1, 2, 3, 2, 1])
    assert last_cores(trajectory, core, side).tolist() == [1, 1, 0, 0, 0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_trajectory_shorter_than_a_context_adds_what_it_has(n):
    long = np.arange(300, dtype=np.int16) % 3
    alone, both = (estimate_contexts(dtrajs, 3, 4, 0, 5.0) for dtrajs in ([long], [long, long[:n]]))
    assert both.probability.shape == alone.probability.shape
    assert np.isfinite(both.probability).all()


def test_one_state_without_cores_is_the_markov_model(dtrajs):
    contexts = estimate_contexts(dtrajs, V, order=1, n_cores=0, strength=5.0)
    np.testing.assert_array_equal(contexts.probability, markov_probability(dtrajs, V))
    np.testing.assert_array_equal(read(contexts, dtrajs[0][:50]), dtrajs[0][:50])


def test_a_state_without_return_is_left_to_the_stationary_distribution():
    once = np.array([2, *[0, 0, 1] * 50, 0], np.int16)
    found = markov_probability([once], 3)
    # Of 150 pairs between 0 and 1, 50 are 0 0, 50 are 0 1 and 50 are 1 0.
    np.testing.assert_allclose(found, [[1 / 2, 1 / 2, 0], [1, 0, 0], [2 / 3, 1 / 3, 0]], atol=1e-9)


@pytest.mark.parametrize(("order", "n_cores"), [(1, 2), (2, 0), (2, 2), (3, 2)])
def test_rows_are_what_the_obvious_way_counts(order, n_cores, dtrajs):
    strength = 3.0
    contexts = estimate_contexts(dtrajs, V, order, n_cores, strength)
    np.testing.assert_allclose(contexts.probability.sum(axis=1), 1.0, atol=1e-12)
    core, side = metastable_cores(dtrajs, V, n_cores) if n_cores else (None, None)
    counts = {}
    for t in dtrajs:
        seen = last_cores(t, core, side) if n_cores else np.zeros(len(t), int)
        for k in range(len(t) - 1):
            for n in range(1, order + 1):
                if k >= n - 1:
                    key = (int(seen[k]), *map(int, t[k - n + 1 : k + 1]))
                    counts.setdefault(key, np.zeros(V))[t[k + 1]] += 1
    base = markov_probability(dtrajs, V)

    def wanted(key):
        n = len(key) - 1
        own = counts.get(key, np.zeros(V))
        if n == 1:
            if not n_cores:
                return base[key[1]]
            return (own + strength * base[key[1]]) / (own.sum() + strength)
        shorter = wanted((key[0], *key[2:]))
        if own.sum() < 5:
            return shorter
        return (own + strength * shorter) / (own.sum() + strength)

    t = dtrajs[1][:3000]
    seen = last_cores(t, core, side) if n_cores else np.zeros(len(t), int)
    rows = read(contexts, t)
    for k in range(order, len(t)):
        key = (int(seen[k]), *map(int, t[k - order + 1 : k + 1]))
        # A context that was too rare is left for a shorter one, with the same probabilities.
        np.testing.assert_allclose(contexts.probability[rows[k]], wanted(key), atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_without_back_off_each_flow_is_that_of_the_data(order, dtrajs):
    contexts = estimate_contexts(dtrajs, V, order, 2, strength=0.0)
    counts = np.zeros(contexts.probability.shape)
    for t in dtrajs:
        np.add.at(counts, (read(contexts, t)[order - 1 : -1], t[order:]), 1)
    visited = counts.sum(axis=1) > 0
    shares = counts[visited] / counts[visited].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(contexts.probability[visited], shares, atol=1e-12)


def test_core_contexts_keep_the_flow_between_cores():
    """A walker with inertia recrosses: only the core visited last gives the slow time right."""
    rng, n = np.random.default_rng(3), 400_000
    # Positions 0..7 with a direction that is kept; hidden from the states.
    kick, x, direction = rng.random((n, 2)), 0, 1
    states = np.empty(n, np.int16)
    energy = 3.0 * np.cos(np.linspace(-np.pi, np.pi, V)) + 3.0
    for k in range(n):
        states[k] = x
        if kick[k, 0] < 0.2:
            direction = -direction
        to = x + direction
        if not 0 <= to < V:
            direction = -direction
        elif kick[k, 1] < np.exp(-max(0.0, energy[to] - energy[x])):
            x = to
        else:
            direction = -direction
    lag = 50

    def slow(trajectories):
        msm = estimate(count_matrix(trajectories, V, lag))
        return timescales(msm.transition_matrix, lag, 1, msm.stationary)[0]

    found = {}
    for cores in (0, 2):
        model = build_model("ngram", V, {"order": 1, "cores": cores})
        model.prepare([states])
        prompts = np.stack([states[k : k + 200] for k in range(0, 200_000, 1000)]).astype(np.int64)
        found[cores] = slow(list(generate(model, prompts, 5000, seed=1)))
    md = slow([states])
    assert abs(np.log2(found[2] / md)) < 0.2
    assert abs(np.log2(found[0] / md)) > 2 * abs(np.log2(found[2] / md))


@pytest.mark.parametrize("options", [{"order": 2}, {"order": 2, "cores": 2}])
def test_ngram_loss_and_steps_agree_and_weights_load(options, dtrajs):
    model = build_model("ngram", V, options)
    model.prepare(dtrajs)
    again = build_model("ngram", V, options)
    again.load_state_dict(model.state_dict())
    windows = torch.from_numpy(np.stack([dtrajs[1][k : k + 30] for k in range(40)]).astype(int))
    state, total = again.initial_state(windows[:, :1]), 0.0
    for t in range(29):
        logits, state = again.step(windows[:, t], state)
        total -= logits.log_softmax(1).gather(1, windows[:, t + 1, None]).mean().item()
    assert model.loss(windows[:, :-1], windows[:, 1:]).item() == pytest.approx(total / 29, rel=1e-5)


def test_markov_at_a_lag_gives_powers_at_its_multiples(dtrajs):
    lag = 5
    model = build_model("markov", V, {"lag": lag})
    model.prepare(dtrajs)
    prompts = np.tile(dtrajs[0][:200, None], (1, 2)).astype(np.int64)
    walkers = generate(model, prompts, 4000, seed=2)
    moves = np.flatnonzero((np.diff(walkers, axis=1) != 0).any(axis=0)) + 1
    assert (moves % lag == 0).all()
    wanted = np.linalg.matrix_power(markov_probability(dtrajs, V, lag), 2)
    counts = count_matrix(list(walkers), V, 2 * lag)
    found = counts / counts.sum(axis=1, keepdims=True)
    often = counts.sum(axis=1) > 20_000
    assert often.sum() >= 4
    np.testing.assert_allclose(found[often], wanted[often], atol=0.03)
    windows = torch.from_numpy(np.stack([dtrajs[1][k : k + 30] for k in range(40)]).astype(int))
    one = markov_probability(dtrajs, V, lag) / lag + (1 - 1 / lag) * np.eye(V)
    terms = np.log(one[windows[:, :-1].numpy(), windows[:, 1:].numpy()])
    assert np.isfinite(terms).all()
    found = model.loss(windows[:, :-1], windows[:, 1:]).item()
    assert found == pytest.approx(-terms.mean(), rel=1e-5)


def test_hmm_predicts_by_the_forward_algorithm(dtrajs):
    model = build_model("hmm", V, {"hidden": 3, "frames": 20_000, "iterations": 10})
    model.prepare(dtrajs)
    transition, emission, start = (
        getattr(model, name).double().numpy() for name in ("transition", "emission", "start")
    )
    np.testing.assert_allclose(transition.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(emission.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(start @ transition, start, atol=1e-5)  # before anything is read
    for first in (0, np.flatnonzero(dtrajs[1] == V // 2)[0]):  # in a well, and on the barrier
        window = dtrajs[1][first : first + 12].astype(np.int64)
        joint = []  # P(x_0..x_t) by summation over hidden states
        alpha = start * emission[:, window[0]]
        joint.append(alpha.sum())
        for token in window[1:]:
            alpha = (alpha @ transition) * emission[:, token]
            joint.append(alpha.sum())
        wanted = -np.log(joint[-1] / joint[0]) / 11
        tokens = torch.from_numpy(window[None])
        assert model.loss(tokens[:, :-1], tokens[:, 1:]).item() == pytest.approx(wanted, rel=1e-4)
    with pytest.raises(ValueError, match="hmm: 8 hidden states of 8 connected states"):
        build_model("hmm", V, {"hidden": 8}).prepare(dtrajs)


def test_log_probability_is_bounded():
    assert log_probability(np.array([0.0, 1.0])).tolist() == [-20.0, 0.0]

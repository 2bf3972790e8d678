"""Error bars and tests of significance, over many made-up data sets: right as often as they say."""

import numpy as np
import pytest
from chains import ring, sample_chain, two_state

from raremd.kinetics import equilibrium
from raremd.kinetics.bootstrap import (
    bootstrap_timescales,
    bootstrap_weights,
    half_splits,
    interval,
    sampling_ceiling,
    trajectory_blocks,
)
from raremd.kinetics.timescales import block_counts


def test_intervals_cover_the_truth():
    truth = -1 / np.log(1 - 0.03 - 0.06)  # 10.6 frames; blocks of 250
    blocks = trajectory_blocks([10_000], 250)
    rng = np.random.default_rng(11)
    weights = bootstrap_weights(len(blocks), 60, rng)
    covered = []
    for seed in range(200):
        dtraj = sample_chain(two_state(0.03, 0.06), 10_000, seed)
        counts = block_counts([dtraj], 2, 2, blocks)
        low, high = interval(bootstrap_timescales(counts, weights, 2, 1)[:, 0])
        covered.append(low <= truth <= high)
    assert 0.88 <= np.mean(covered) <= 0.99


def test_is_how_far_apart_independent_data_are():
    blocks = trajectory_blocks([20_000], 500)
    splits = half_splits(len(blocks), 20, np.random.default_rng(3))
    ceilings, times = [], []
    for seed in range(100):
        counts = block_counts([sample_chain(two_state(0.01, 0.02), 20_000, seed)], 2, 2, blocks)
        halves = bootstrap_timescales(counts, splits.reshape(40, -1), 2, 1)
        ceilings.append(sampling_ceiling(halves.reshape(20, 2, 1))[0])
        times.append(bootstrap_timescales(counts, np.ones((1, len(blocks)), int), 2, 1)[0, 0])
    apart = np.abs(np.diff(np.log2(times).reshape(50, 2), axis=1)).mean()
    assert np.mean(ceilings) == pytest.approx(apart, rel=0.25)


def test_false_alarms_are_as_rare_as_they_should_be(monkeypatch):
    monkeypatch.setattr(equilibrium, "FLIPS", 2000)
    chains = ([sample_chain(ring(0.02, 0.02), 5_000, seed)] for seed in range(300))
    found = [
        equilibrium.detailed_balance(dtrajs, 3, 1, np.random.default_rng(0)) for dtrajs in chains
    ]
    p_values = np.array([each.p_value for each in found])
    assert 0.01 < np.mean(p_values < 0.05) < 0.09
    assert np.mean(p_values < 0.5) == pytest.approx(0.5, abs=0.1)

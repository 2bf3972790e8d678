"""Cores in coordinate space, and what a removal by cores takes from a file of states."""

import numpy as np
import pytest

from raremd.data.features import write_features
from raremd.states.coordinates import CoordinateSettings
from raremd.states.cores import fit_cores
from raremd.states.discrete_trajectories import read_states
from raremd.states.fit import StatesDefinition, fit_states
from raremd.states.partition_methods import BoxesSettings, NearestCenterSettings
from raremd.states.split import at_interval

LINE = np.concatenate([np.linspace(-3, -1, 101), np.linspace(1, 5, 401)])[:, None]


def two_states(periods=(0.0,)):
    settings = NearestCenterSettings(((-2.0,), (2.0,)))
    return settings.fit([LINE], np.array(periods), 0)


def test_core_is_the_ball_that_holds_the_share():
    cores = fit_cores(two_states(), [LINE], 0.5)
    np.testing.assert_allclose(cores.means[:, 0], [-2.0, 3.0])
    np.testing.assert_allclose(cores.radii, [0.5, 1.0], atol=0.011)
    labels = cores.label(np.array([[-3.0], [-2.4], [-1.4], [0.5], [2.5], [3.9], [4.2]]))
    assert labels.tolist() == [-1, 0, -1, -1, 1, 1, -1]
    assert labels.dtype == np.int16


@pytest.mark.parametrize("fraction", [0.2, 0.7, 0.95])
def test_share_of_frames_in_each_core(fraction):
    rng = np.random.default_rng(3)
    frames = np.concatenate([rng.normal(-2, 0.3, 4000), rng.normal(2, 0.6, 4000)])[:, None]
    states = two_states()
    labels = fit_cores(states, [frames], fraction).label(frames)
    for state in (0, 1):
        own = labels[states.assign(frames) == state]
        assert set(own) == {-1, state}
        assert np.mean(own == state) == pytest.approx(fraction, abs=0.002)


def test_core_across_the_border_of_a_period():
    settings = BoxesSettings((((90.0, -90.0),), ((-90.0, 90.0),)))
    frames = np.concatenate([np.linspace(160, 200, 41), np.linspace(-20, 20, 41)])[:, None]
    states = settings.fit([frames], np.array([360.0]), 0)
    cores = fit_cores(states, [frames], 0.5)
    assert cores.label(np.array([[175.0], [-175.0], [195.0], [0.0]])).tolist() == [0, 0, -1, 1]


def test_empty_state_is_named():
    with pytest.raises(ValueError, match="core_sets: no training frame is in state 1"):
        fit_cores(two_states(), [LINE[:50]], 0.5)


def test_states_file_carries_cores_of_md(tmp_path):
    rng = np.random.default_rng(1)
    walk = [np.sign(np.sin(np.arange(400) / 30 + k))[:, None] * 2 for k in range(5)]
    walk = [w + rng.normal(0, 0.4, w.shape) for w in walk]
    options = {"frame_interval": 1.0, "time_unit": "ps", "feature_names": ["x"]}
    options |= {"periods": [0.0], "checksum": ""}
    write_features(tmp_path / "f.h5", walk, **options)
    settings = CoordinateSettings(None, None, None), NearestCenterSettings(((-2.0,), (2.0,)))
    definition = StatesDefinition(*settings, 0.2, 1, 0, core_fraction=0.6)
    fit_states(tmp_path / "f.h5", None, definition, tmp_path / "s.h5")
    system = read_states(tmp_path / "s.h5")
    labels, reference = system.labels("core_sets")
    assert [list(r) for r in reference] == [list(x) for x in labels]
    for states, own in zip(system.md, labels, strict=True):
        inside = own >= 0
        assert 0.3 < inside.mean() < 0.8
        np.testing.assert_array_equal(own[inside], states[inside])
    removed = at_interval(labels, system.split.training, 2, "core_sets", 1)
    assert all((r >= 0).all() for r in removed)
    assert system.labels("none")[0] is system.md
    other = [w[:150] for w in walk[:2]]  # a reference has cores of its own
    write_features(tmp_path / "r.h5", other, **options)
    fit_states(tmp_path / "f.h5", tmp_path / "r.h5", definition, tmp_path / "s.h5")
    _, reference = read_states(tmp_path / "s.h5").labels("core_sets")
    for cut, whole in zip(reference, labels[:2], strict=True):
        np.testing.assert_array_equal(cut, whole[:150])

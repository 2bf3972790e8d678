"""Features on disk: read in parts, with the same result and in the right order."""

from __future__ import annotations

import numpy as np
import pytest

from raremd.data.features import open_features, write_features
from raremd.io.storage import write_arrays
from raremd.states import geometry
from raremd.states.coordinates import CoordinateSettings
from raremd.states.discrete_trajectories import read_states
from raremd.states.fit import StatesDefinition, fit_states
from raremd.states.frames import Frames
from raremd.states.geometry import chunk_rows, gather
from raremd.states.partition_methods import GridSettings, KMeansSettings, PCCASettings


def walks(n=5, frames=3000, columns=3, seed=1):
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(n, frames, columns)).astype(np.float32)
    return list(np.cumsum(steps, axis=1) / 20)


def written(path, trajectories):
    names = [f"x{k}" for k in range(trajectories[0].shape[1])]
    write_features(
        path, trajectories, frame_interval=1.0, time_unit="ps", feature_names=names,
        periods=[0.0] * len(names), checksum="x",
    )  # fmt: skip
    return path


@pytest.mark.parametrize(
    "partition", [KMeansSettings(7), GridSettings(4), PCCASettings(KMeansSettings(20), 3, 10)]
)
@pytest.mark.parametrize("tica", [{}, {"tica_dimension": 2, "tica_lag": 5}])
def test_small_parts_give_the_same_states(tmp_path, monkeypatch, partition, tica):
    features = written(tmp_path / "f.h5", walks())
    found = []
    for number, rows in enumerate((10**6, 137)):
        monkeypatch.setattr(geometry, "CHUNK", rows)
        output = tmp_path / f"{number}.h5"
        coordinate = CoordinateSettings(**tica)
        fit_states(features, features, StatesDefinition(coordinate, partition, 0.2, 10, 3), output)
        found.append(read_states(output))
    for a, b in zip(*(s.md + s.reference for s in found), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len({int(s) for d in found[0].md for s in np.unique(d)}) > 2


def test_frames_are_slices_of_the_trajectory(tmp_path):
    made = walks(n=2)
    with open_features(written(tmp_path / "f.h5", made)) as features:
        frames = Frames(features.trajectories[1], 100, 900)
        assert frames.shape == (800, 3) and len(frames) == 800
        np.testing.assert_array_equal(frames[790:1000], made[1][890:900])
        rows = np.array([0, 1, 799, 800, 1599])
        np.testing.assert_array_equal(
            gather([frames, frames], rows), made[1][np.array([100, 101, 899, 100, 899])]
        )


def test_wide_frames_come_in_small_chunks():
    assert chunk_rows(1) == chunk_rows(64) == geometry.CHUNK
    assert chunk_rows(20_000) * 20_000 <= geometry.CHUNK_NUMBERS
    assert chunk_rows(10**9) == 1


def test_more_than_ten_thousand_trajectories_keep_their_order(tmp_path):
    numbers = [0, 999, 1000, 1001, 9999, 10_000, 10_001]
    arrays = {f"md/{n:04d}": np.full(2, k, np.int16) for k, n in enumerate(numbers)}
    split = {"training": [[0, 0, 1]], "validation": [[0, 1, 2]]}
    write_arrays(tmp_path / "s.h5", arrays, split | {"n_states": 7, "dimension": 1})
    assert [int(d[0]) for d in read_states(tmp_path / "s.h5").md] == list(range(7))

"""Flawed data and files: one line that says what and where, and nothing is written."""

from __future__ import annotations

import json
import zlib

import h5py
import numpy as np
import pytest
from whole_features import read_features

from raremd.data.embedded import read_compact
from raremd.data.features import write_features
from raremd.io.storage import read_arrays, read_attributes, read_json, read_parquet, write_arrays
from raremd.kinetics.transition_matrix import count_matrix
from raremd.learning.windows import Windows
from raremd.states.coordinates import CoordinateSettings
from raremd.states.fit import StatesDefinition, fit_states
from raremd.states.partition_methods import (
    BoxesSettings,
    GridSettings,
    KMeansSettings,
    NearestCenterSettings,
    PCCASettings,
)
from raremd.states.recrossing import remove_recrossings
from raremd.states.split import split_frames

RNG = np.random.default_rng(5)
GOOD = [RNG.normal(size=(200, 2)).astype(np.float32) for _ in range(5)]
PLAIN = {"coordinate": CoordinateSettings(), "partition": KMeansSettings(5), "gap": 10}


def changed(trajectory, frame, value):
    out = [t.copy() for t in GOOD]
    out[trajectory][frame, 1] = value
    return out


def constant(column):
    out = [t.copy() for t in GOOD]
    for t in out:
        t[:, column] = 1.0
    return out


def fit(folder, trajectories=GOOD, reference=None, **settings):
    """As the rule does: features file, then states."""
    settings = PLAIN | settings
    names = ["phi", "psi"]
    unit = {"frame_interval": 1.0, "time_unit": "ps", "periods": [0.0, 0.0], "checksum": ""}
    features, other = folder / "features.h5", None
    write_features(features, trajectories, feature_names=names, **unit)
    if reference:
        other = folder / "reference.h5"
        write_features(other, GOOD, feature_names=reference, **unit)
    definition = StatesDefinition(
        settings["coordinate"], settings["partition"], 0.2, settings["gap"], seed=1
    )
    fit_states(features, other, definition, folder / "states.h5")


def broken(folder, reader, content):
    path = folder / "broken.h5"
    path.write_bytes(content)
    reader(path)


def stale(folder, change):
    """A file of ours in which something was changed afterwards."""
    path = folder / "broken.h5"
    write_arrays(path, {"md/0000": np.arange(50)}, {"n_states": 3})
    with h5py.File(path, "a") as h5:
        change(h5)
    read_attributes(path)
    read_arrays(path)


def foreign(folder, **attributes):
    path = folder / "broken.h5"
    with h5py.File(path, "w") as h5:
        h5["dihedrals"] = np.zeros((5, 2))
        h5.attrs.update(attributes)
    read_compact(path)


def set_value(h5):
    h5["md/0000"][3] = 77


def count(dtraj, n_states=3, lag=1):
    count_matrix([np.asarray(dtraj)], n_states, lag)


CASES = {
    # trajectories
    "NaN": (lambda d: fit(d, changed(1, 3, np.nan)), ["trajectory 2", "frame 4"]),
    "infinite": (lambda d: fit(d, changed(0, 9, np.inf)), ["trajectory 1", "frame 10"]),
    "duplicated": (
        lambda d: fit(d, [*GOOD[:4], GOOD[2]]),
        ["trajectory 5 and trajectory 3", "same frames", "validation"],
    ),
    "too short to split": (
        lambda d: fit(d, [GOOD[0][:10]]),
        ["trajectory 1", "10 frames", "too short"],
    ),
    "no time left behind the gap": (lambda d: fit(d, GOOD[:1], gap=300), ["gap of 300"]),
    "other features in the reference": (
        lambda d: fit(d, reference=["phi", "omega"]),
        ["reference.h5", "differ"],
    ),
    # coordinates
    "feature that is not there": (
        lambda d: fit(d, coordinate=CoordinateSettings(features=("phy",))),
        ["'phy'", "did you mean 'phi'"],
    ),
    "TICA of a constant": (
        lambda d: fit(d, constant(1), coordinate=CoordinateSettings(tica_dimension=1, tica_lag=2)),
        ["'psi'", "constant", "leave it out"],
    ),
    "TICA lag": (
        lambda d: fit(d, coordinate=CoordinateSettings(tica_dimension=1, tica_lag=500)),
        ["tica_lag is 500 frames"],
    ),
    "TICA dimension": (
        lambda d: fit(d, coordinate=CoordinateSettings(tica_dimension=5, tica_lag=2)),
        ["tica_dimension is 5"],
    ),
    # partitions
    "one state": (
        lambda d: fit(d, partition=NearestCenterSettings([[0, 0], [90, 90]])),
        ["state 0", "every training frame"],
    ),
    "a state never visited": (
        lambda d: fit(d, partition=NearestCenterSettings([[-1, 0], [1, 0], [90, 90]])),
        ["no frame is in state 2", "units"],
    ),
    "states without transitions between them": (
        lambda d: fit(
            d,
            [t + (20 if n % 2 else 0) for n, t in enumerate(GOOD)],
            partition=NearestCenterSettings([[-1, 0], [1, 0], [20, 19], [20, 21]]),
        ),
        ["2 of 4 states", "50% of the frames", "add trajectories"],
    ),
    "more states than frames": (
        lambda d: fit(d, partition=KMeansSettings(3000)),
        ["kmeans", "3000", "ask for fewer"],
    ),
    "grid on a constant": (
        lambda d: fit(d, constant(0), partition=GridSettings(4)),
        ["dimension 1 is constant"],
    ),
    "too many grid cells": (
        lambda d: fit(d, partition=GridSettings(100_000)),
        ["grid", "lower bins"],
    ),
    "centres of another dimension": (
        lambda d: fit(d, partition=NearestCenterSettings([[0], [1]])),
        ["centers", "finite numbers"],
    ),
    "boxes that overlap": (
        lambda d: fit(d, partition=BoxesSettings([[[0, 2], [0, 2]], [[1, 3], [1, 3]]])),
        ["boxes", "overlap"],
    ),
    "box upside down": (
        lambda d: fit(d, partition=BoxesSettings([[[2, 0], [0, 2]], [[3, 4], [1, 3]]])),
        ["box 1", "low must be below high"],
    ),
    "lag of the lumping": (
        lambda d: fit(d, partition=PCCASettings(KMeansSettings(4), 2, 900)),
        ["pcca", "lag is 900"],
    ),
    # discrete trajectories
    "window longer than all": (
        lambda d: Windows.of([np.zeros(30, np.int16)], 40),
        ["window", "longest has 30", "shorter window"],
    ),
    "no time to split": (lambda d: split_frames([5], 0.2, 10), ["trajectory 1", "gap of 10"]),
    "no state held long enough": (
        lambda d: remove_recrossings([np.arange(20) % 2], "dynamical_coring", 5),
        ["held for 5 frames", "lower"],
    ),
    "states that are no whole numbers": (
        lambda d: remove_recrossings([np.linspace(0, 1, 9)], "minimum_dwell", 2),
        ["integer", "float64"],
    ),
    "negative states": (lambda d: count([0, 1, -1, 0]), ["-1"]),
    "states beyond the last": (lambda d: count([0, 1, 7, 0]), ["7"]),
    "cores without transition region": (
        lambda d: remove_recrossings([np.array([0, 1, 0])], "core_sets"),
        ["core_sets", "-1"],
    ),
    "unknown removal": (
        lambda d: remove_recrossings([np.array([0, 1, 0])], "median", 2),
        ["'median'", "minimum_dwell"],
    ),
    # files
    "empty file": (lambda d: broken(d, read_arrays, b""), ["broken.h5", "delete it"]),
    "text for HDF5": (lambda d: broken(d, read_arrays, b"1 2 3\n"), ["broken.h5", "delete it"]),
    "text for features": (lambda d: broken(d, read_features, b"1 2"), ["broken.h5", "delete it"]),
    "half a JSON": (lambda d: broken(d, read_json, b'{"a": '), ["broken.h5", "delete it"]),
    "binary for JSON": (
        lambda d: broken(d, read_json, b"\xff\xfe\x00"),
        ["broken.h5", "delete it"],
    ),
    "text for Parquet": (lambda d: broken(d, read_parquet, b"a,b\n"), ["broken.h5", "delete it"]),
    "pickle for an embedded trajectory": (
        lambda d: broken(d, read_compact, b"\x80\x04\x95\x00\x00\x00"),
        ["broken.h5", "not a trajectory of this project"],
    ),
    "embedded without provenance": (
        lambda d: foreign(d),
        ["broken.h5", "not a trajectory of this project"],
    ),
    "embedded without a unit": (
        lambda d: foreign(d, provenance=json.dumps({"saving_interval_ps": 1})),
        ["broken.h5", "dihedral_unit_degree"],
    ),
    "changed value": (lambda d: stale(d, set_value), ["checksum of 'md/0000'"]),
    "changed attribute": (
        lambda d: stale(d, lambda h5: h5.attrs.modify("attributes", '{"n_states": 4}')),
        ["checksum of its attributes"],
    ),
    "missing attribute": (
        lambda d: stale(d, lambda h5: h5.attrs.__delitem__("attributes")),
        ["broken.h5", "delete it"],
    ),
    "array of ours without digest": (
        lambda d: stale(d, lambda h5: h5.create_dataset("extra", data=[1])),
        ["checksum of 'extra'"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name, tmp_path):
    attempt, words = CASES[name]
    results = tmp_path / "states.h5"
    results.write_bytes(b"what an earlier run made")
    with pytest.raises(ValueError) as error:
        attempt(tmp_path)
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message
    assert results.read_bytes() == b"what an earlier run made"
    assert not list(tmp_path.glob(".*"))


def test_at_least_forty():
    assert len(CASES) >= 40


def test_digest_is_that_of_the_content(tmp_path):
    path = tmp_path / "arrays.h5"
    values = np.arange(6, dtype=np.int16).reshape(2, 3)
    write_arrays(path, {"a": values})
    with h5py.File(path) as h5:
        assert h5["a"].attrs["crc32"] == zlib.crc32(values.tobytes(), zlib.crc32(b"a <i2 (2, 3)"))

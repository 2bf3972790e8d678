import json
import os

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.torch import save_file
from whole_features import read_features

from raremd.data.features import write_features
from raremd.io.provenance import PACKAGES, peak_memory_gib, provenance, sha256
from raremd.io.storage import (
    atomic_path,
    by_number,
    read_arrays,
    read_attributes,
    read_json,
    read_table,
    write_arrays,
    write_json,
    write_parquet,
    write_table,
)

FEATURES = {
    "frame_interval": 0.2,
    "time_unit": "ps",
    "feature_names": ["phi", "distance ALA1:N-NME2:C"],
    "periods": [360.0, 0.0],
    "checksum": "abc",
}


def trajectories(n=3):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(5 + k, 2)).astype(np.float32) for k in range(n)]


class TestAtomicPath:
    def test_appears_only_when_all_went_well(self, tmp_path):
        path = tmp_path / "new" / "file.h5"
        with atomic_path(path) as temporary:
            assert temporary.suffix == ".h5" and temporary.parent == path.parent
            temporary.write_text("content")
            assert not path.exists()
        assert path.read_text() == "content"
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize("written", [True, False])
    def test_failure_leaves_nothing(self, tmp_path, written):
        with pytest.raises(ZeroDivisionError), atomic_path(tmp_path / "file") as temporary:
            if written:
                temporary.write_text("half")
            raise ZeroDivisionError
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
    def test_every_kind_of_file_keeps_to_the_umask(self, tmp_path, mask):
        before = os.umask(mask)
        try:
            with atomic_path(tmp_path / "w.safetensors") as temporary:
                save_file({"a": torch.zeros(3)}, temporary)
            write_json(tmp_path / "a.json", {})
            write_arrays(tmp_path / "a.h5", {"a": np.arange(3)})
            write_parquet(tmp_path / "a.parquet", pd.DataFrame({"a": [1]}))
            write_features(tmp_path / "f.h5", trajectories(), **FEATURES)
        finally:
            os.umask(before)
        assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o666 & ~mask}

    def test_nothing_written_is_an_error(self, tmp_path):
        with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "file"):
            pass
        assert list(tmp_path.iterdir()) == []

    def test_failure_keeps_the_former_file(self, tmp_path):
        path = tmp_path / "file.json"
        path.write_text("old")
        with pytest.raises(KeyboardInterrupt), atomic_path(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_failed_write_of_arrays_leaves_nothing(self, tmp_path):
        with pytest.raises(TypeError):
            write_arrays(tmp_path / "a.h5", {"good": np.ones(3), "bad": np.array([object()])})
        with pytest.raises(TypeError):
            write_json(tmp_path / "a.json", {"bad": object()})
        assert list(tmp_path.iterdir()) == []


class TestFeatures:
    def test_round_trip(self, tmp_path):
        write_features(tmp_path / "f.h5", trajectories(12), **FEATURES)
        found = read_features(tmp_path / "f.h5")
        assert len(found.trajectories) == 12
        for a, b in zip(found.trajectories, trajectories(12), strict=True):
            assert a.dtype == np.float32
            np.testing.assert_array_equal(a, b)
        assert found.frame_interval == 0.2
        assert found.time_unit == "ps"
        assert found.feature_names == FEATURES["feature_names"]
        assert found.periods.dtype == np.float64 and found.periods.tolist() == [360.0, 0.0]

    def test_layout(self, tmp_path):
        write_features(tmp_path / "f.h5", trajectories(), **FEATURES)
        with h5py.File(tmp_path / "f.h5") as h5:
            assert list(h5) == ["trajectory_0000", "trajectory_0001", "trajectory_0002"]
            assert h5["trajectory_0001/features"].shape == (6, 2)
            assert h5.attrs["checksum"] == "abc"

    def test_takes_a_generator_and_rounds_to_single_precision(self, tmp_path):
        values = np.array([[np.pi, 1.0]])
        write_features(tmp_path / "f.h5", (v for v in [values]), **FEATURES)
        (found,) = read_features(tmp_path / "f.h5").trajectories
        assert found.tolist() == values.astype(np.float32).tolist()

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_not_finite_names_trajectory_and_frame(self, tmp_path, value):
        bad = trajectories()
        bad[1][4, 1] = bad[1][5, 0] = value
        with pytest.raises(ValueError, match=r"^trajectory 2: frame 5 holds a value") as error:
            write_features(tmp_path / "f.h5", bad, **FEATURES)
        assert "\n" not in str(error.value)
        assert list(tmp_path.iterdir()) == []


NAMES = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=8),
    min_size=1,
    max_size=4,
    unique=True,
)
ARRAYS = hnp.arrays(
    st.sampled_from(["<f4", "<f8", "<i2", "<i8", "u1", "?"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


class TestArrays:
    @settings(
        deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(names=NAMES, data=st.data())
    def test_round_trip(self, tmp_path, names, data):
        arrays = {f"group/{name}": data.draw(ARRAYS) for name in names}
        write_arrays(tmp_path / "a.h5", arrays)
        found = read_arrays(tmp_path / "a.h5")
        assert list(found) == sorted(arrays)
        for name, values in arrays.items():
            assert found[name].dtype == values.dtype and found[name].shape == values.shape
            np.testing.assert_array_equal(found[name], values)
        assert list(read_arrays(tmp_path / "a.h5", "group")) == sorted(names)

    @pytest.mark.parametrize(
        "text", [["md", "lstm_twice"], [["a", ""], ["bcd", "e f"]], [], ["x" * 300]]
    )
    def test_text_round_trip(self, tmp_path, text):
        write_arrays(tmp_path / "a.h5", {"names": np.array(text, dtype=str)})
        found = read_arrays(tmp_path / "a.h5")["names"]
        assert found.dtype.kind == "U"
        assert found.tolist() == text

    def test_attributes(self, tmp_path):
        attributes = {"n": 3, "names": ["a", "b"], "nested": {"x": [1.5, None]}}
        write_arrays(tmp_path / "a.h5", {}, attributes)
        assert read_attributes(tmp_path / "a.h5") == attributes
        assert read_arrays(tmp_path / "a.h5") == {}

    def test_missing_group_is_empty(self, tmp_path):
        write_arrays(tmp_path / "a.h5", {"md/0000": np.arange(3)})
        assert read_arrays(tmp_path / "a.h5", "reference") == {}
        assert list(read_arrays(tmp_path / "a.h5", "md")) == ["0000"]


class TestTable:
    def test_round_trip(self, tmp_path):
        table = pd.DataFrame(
            {
                "model": ["md", "lstm", "reference"],
                "replicate": [0, 1, 2],
                "value": [1.5, np.nan, np.inf],
                "kept": [True, False, True],
            }
        )
        write_table(tmp_path / "t.h5", table, {"bootstrap/own": np.ones((2, 3))}, {"n": 4})
        found = read_table(tmp_path / "t.h5")
        pd.testing.assert_frame_equal(
            found.astype({"model": object}), table.astype({"model": object})
        )
        assert read_arrays(tmp_path / "t.h5", "bootstrap")["own"].shape == (2, 3)
        assert read_attributes(tmp_path / "t.h5")["n"] == 4

    def test_order_of_columns_and_empty_table(self, tmp_path):
        table = pd.DataFrame({"z": [1.0], "a": ["text"]})
        write_table(tmp_path / "t.h5", table, {})
        assert list(read_table(tmp_path / "t.h5")) == ["z", "a"]
        write_table(tmp_path / "t.h5", table.iloc[:0], {})
        assert len(read_table(tmp_path / "t.h5")) == 0


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class TestJson:
    @settings(
        deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(content=JSON)
    def test_round_trip(self, tmp_path, content):
        write_json(tmp_path / "a.json", content)
        assert read_json(tmp_path / "a.json") == content

    def test_is_for_people_and_for_diffs(self, tmp_path):
        write_json(tmp_path / "a.json", {"b": 1, "a": [2]})
        write_json(tmp_path / "b.json", {"a": [2], "b": 1})
        text = (tmp_path / "a.json").read_text()
        assert text == (tmp_path / "b.json").read_text()
        assert text.startswith('{\n  "a"') and text.endswith("}\n")


def test_sha256_of_a_known_text(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == wanted


def test_provenance_is_json_and_complete():
    found = json.loads(json.dumps(vars(provenance())))
    assert set(found) == {"versions", "python", "commit", "lock_sha256", "machine"}
    assert set(found["versions"]) == set(PACKAGES)
    assert found["versions"]["numpy"] == np.__version__
    assert 0.01 < peak_memory_gib() < 1000


def test_many_trajectories_keep_the_order_of_their_numbers(tmp_path):
    numbers = [0, 1, 999, 1000, 1001, 9999, 10_000, 10_001, 20_000]
    arrays = {f"md/{n:04d}": np.array([n]) for n in numbers}
    write_arrays(tmp_path / "a.h5", dict(reversed(arrays.items())))
    found = by_number(read_arrays(tmp_path / "a.h5", "md"))
    assert np.concatenate(found).tolist() == numbers

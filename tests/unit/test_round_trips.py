"""What is written comes back the same, whatever it is: hypothesis looks for what does not."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from whole_features import read_features

from raremd.data.features import read_lengths, write_features
from raremd.data.imported.feature_files import check_header, read_file
from raremd.io.storage import (
    DamagedFileError,
    Number,
    read_parquet,
    read_record,
    read_table,
    write_parquet,
    write_record,
    write_table,
)

BOUNDED = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WIDTH = st.integers(1, 4)
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


def frames(width, dtype=np.float32):
    shape = st.tuples(st.integers(1, 30), st.just(width))
    return hnp.arrays(dtype, shape, elements=FINITE)


@st.composite
def systems(draw):
    """Trajectories with the same features, no two of them equal: those would be refused."""
    several = st.lists(
        frames(draw(WIDTH)), min_size=1, max_size=5, unique_by=lambda t: str(t.tolist())
    )
    return draw(several)


@BOUNDED
@given(
    trajectories=systems(),
    interval=st.floats(1e-6, 1e6),
    names=st.lists(st.text("aé:_- 1", min_size=1), min_size=4, max_size=4),
)
def test_features(tmp_path, trajectories, interval, names):
    names = names[: trajectories[0].shape[1]]
    write_features(
        tmp_path / "f.h5",
        trajectories,
        frame_interval=interval,
        time_unit="ps",
        feature_names=names,
        periods=[0.0] * len(names),
        checksum="",
    )
    found = read_features(tmp_path / "f.h5")
    assert (found.frame_interval, found.feature_names) == (interval, names)
    assert read_lengths(tmp_path / "f.h5") == [len(t) for t in trajectories]
    for mine, theirs in zip(found.trajectories, trajectories, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def write_npy(path, values):
    np.save(path, values)


def write_fortran(path, values):
    np.save(path, np.asfortranarray(values))


def write_npz(path, values):
    np.savez_compressed(path, values)


def write_hdf5(path, values):
    with h5py.File(path, "w") as h5:
        h5["group/values"] = values


def write_csv(path, values):
    pd.DataFrame(values, columns=[f"c{k}" for k in range(values.shape[1])]).to_csv(
        path, index=False
    )


def write_words(path, values):
    np.savetxt(path, values, fmt="%.17g", header="of nothing")


def write_zipped(path, values):
    with gzip.open(path, "wt") as file:
        np.savetxt(file, values, fmt="%.17g")


WRITERS = {
    "a.npy": write_npy,
    "fortran.npy": write_fortran,
    "a.npz": write_npz,
    "a.h5": write_hdf5,
    "a.csv": write_csv,
    "a.txt": write_words,
    "a.dat.gz": write_zipped,
}


@pytest.mark.parametrize("name", WRITERS)
@BOUNDED
@given(data=st.data())
def test_every_kind_of_file_gives_back_its_numbers(tmp_path, name, data):
    values = data.draw(frames(data.draw(WIDTH), np.float64))
    # Different whole numbers in the first line may be names, which is asked after.
    assume(len(set(values[0])) < values.shape[1] or (values[0] % 1 > 0).any())
    path = tmp_path / name
    WRITERS[name](path, values)
    check_header(path)
    (table,) = read_file(path)
    found = np.concatenate([np.array(block) for block in table.read(range(table.n_columns))])
    np.testing.assert_array_equal(found, values)


COLUMNS = {
    "text": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
    "whole": st.integers(-(2**62), 2**62),
    "real": st.floats(allow_nan=True),
}


@BOUNDED
@given(rows=st.lists(st.tuples(*COLUMNS.values()), min_size=1, max_size=8))
def test_tables(tmp_path, rows):
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    write_parquet(tmp_path / "t.parquet", table)
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "t.parquet"), table)
    plain = table.assign(text=[f"name {n}" for n in range(len(table))])
    write_table(tmp_path / "t.h5", plain, {})
    found = read_table(tmp_path / "t.h5").astype({"text": object})
    pd.testing.assert_frame_equal(found, plain.astype({"text": object}))


@dataclass(frozen=True)
class Inner:
    whole: int
    named: dict[str, int | float | str]


@dataclass(frozen=True)
class Kept:
    label: str
    numbers: tuple[Number, ...]
    inner: Inner
    said: bool | None


RECORDS = st.builds(
    Kept,
    label=st.text(),
    numbers=st.lists(FINITE, max_size=3).map(tuple),
    inner=st.builds(
        Inner,
        whole=st.integers(-(2**62), 2**62),
        named=st.dictionaries(st.text(), st.integers() | FINITE | st.text(), max_size=3),
    ),
    said=st.none() | st.booleans(),
)


@BOUNDED
@given(record=RECORDS)
def test_records(tmp_path, record):
    write_record(tmp_path / "r.json", record)
    assert read_record(Kept, tmp_path / "r.json") == record


@BOUNDED
@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_in_a_record_changes_nothing_or_is_noticed(tmp_path, at, bit):
    record = Kept("a/b", (0.5, 1.25), Inner(7, {"crc": 3, "x": 0.1}), None)
    write_record(tmp_path / "r.json", record)
    content = bytearray((tmp_path / "r.json").read_bytes())
    content[at % len(content)] ^= 1 << bit
    (tmp_path / "r.json").write_bytes(content)
    try:
        found = read_record(Kept, tmp_path / "r.json")
    except DamagedFileError as error:
        assert "\n" not in str(error)
    else:
        assert found == record  # white space

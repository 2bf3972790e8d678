"""Checks of numbers, file by file: clocks, units, shapes, overlaps, times."""

from __future__ import annotations

import zipfile

import h5py
import numpy as np
import pytest
from own_files import imported, refused, walk

from raremd.data import overlaps
from raremd.data.features import read_lengths, read_validation
from raremd.data.imported.clocks import Clock, clock_among
from raremd.data.overlaps import Overlaps
from raremd.states.split import split_frames

FRAMES = np.arange(3000)
CLOCKS = {
    "32 bits far from zero": (0.16 * FRAMES + 30_000).astype(np.float32),
    "two digits of thirds": np.round(FRAMES / 3, 2),
    "whole numbers of fifths": np.round(0.2 * FRAMES),
    "restarts": np.tile(np.arange(1000.0), 3),
    "missing frames": np.delete(np.arange(3003.0), [5, 60, 700]),
    "nanoseconds": 1e-3 * FRAMES,
    "backwards": -1.0 * FRAMES,
    "frame numbers": FRAMES,
}
NO_CLOCKS = {
    "one jump": np.repeat([0.0, 1.0], 1500),
    "a walk": np.cumsum(np.random.default_rng(1).normal(size=3000)),
    "a drift": 0.1 * FRAMES + np.random.default_rng(2).normal(size=3000),
    "a staircase": np.repeat(np.arange(15.0), 200),
    "constant": np.ones(3000),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_clocks_among_the_features(folder, name):
    column = CLOCKS[name]
    np.save("a.npy", np.column_stack([walk(len(column), 1)[:, 0], column]).astype(column.dtype))
    refused("a.npy", "a.npy: feature_2 grows by", "source.columns")
    assert imported("a.npy", columns=["feature_1"]).feature_names == ["feature_1"]


@pytest.mark.parametrize("name", NO_CLOCKS)
def test_what_is_no_clock(name):
    assert clock_among(NO_CLOCKS[name][:, None]) is None


def test_a_clock_in_one_file_of_several(folder):
    np.save("a.npy", walk(100))
    np.save("b.npy", np.column_stack([0.1 * np.arange(100) + 7e4, walk(100, 1, 3)]).astype("f4"))
    refused("*.npy", "b.npy: feature_1 grows by")


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_one_file_of_distances_in_another_unit(folder, factor):
    rng = np.random.default_rng(3)
    for k in range(4):
        distances = rng.uniform(0.3, 1.2, (500, 5))
        np.save(f"{k}.npy", factor * distances if k == 2 else distances)
    refused("*.npy", "2.npy: all features are", "nm and Angstrom")


def test_a_ligand_that_is_far_away_in_one_file(folder):
    for k in range(4):
        near = np.random.default_rng(k).uniform(0.3, 0.4, (500, 1))
        np.save(f"{k}.npy", 10 * near if k == 2 else near)
    assert len(imported("*.npy").trajectories) == 4


# --- shapes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("container", ["npy", "npz", "h5"])
def test_arrays_of_several_trajectories(folder, order, container, monkeypatch):
    monkeypatch.setattr("raremd.data.imported.tables.BLOCK_BYTES", 160)  # ten frames
    values = np.asarray(np.random.default_rng(1).normal(size=(3, 40, 2)), order=order)
    if container == "npy":
        np.save("a.npy", values)
    elif container == "npz":
        np.savez_compressed("a.npz", x=values, lag=3)
    else:
        with h5py.File("a.h5", "w") as h5:
            h5["x"], h5["lag"] = values, 3
    found = imported(f"a.{container}", dataset="x")
    np.testing.assert_array_equal(found.trajectories, values.astype(np.float32))


def test_rows_of_states_are_trajectories(folder):
    states = np.random.default_rng(1).integers(0, 4, (3, 90))
    np.save("a.npy", states)
    found = imported("a.npy", kind="dtraj")
    assert [t[:, 0].astype(int).tolist() for t in found.trajectories] == states.tolist()


@pytest.mark.parametrize("other", [np.array(3), np.array(["phi"]), np.zeros((2, 0))])
def test_arrays_that_are_not_wanted_are_not_looked_at(folder, other):
    np.savez("a.npz", t0=walk(), other=other)
    assert len(imported("a.npz", dataset="t*").trajectories) == 1


# --- overlaps ---------------------------------------------------------------------------------

A, B, C = (walk(1000, 2, seed) for seed in (1, 2, 3))


def test_parts_of_one_another(folder):
    for name, part, frames in (
        ("prefix", B[:300], "1 to 300"),
        ("suffix", B[640:], "641 to 1000"),
        ("middle", B[123:456], "124 to 456"),
        ("joined", np.concatenate([C[:200], B[500:600], A[:1]]), "501 to 600"),
    ):
        np.save("a.npy", A)
        np.save("b.npy", B)
        np.save("c.npy", part)
        refused("*.npy", "c.npy: frames", f"are frames {frames} of b.npy", "give each frame once")
        assert name


@pytest.mark.parametrize("suffix", ["npy", "npz", "csv"])
def test_overlaps_across_formats(folder, suffix):
    np.save("a.npy", A)
    part = A[100:400]
    if suffix == "csv":
        np.savetxt("b.csv", part.astype(np.float64), fmt="%.17g")
    elif suffix == "npz":
        np.savez("b.npz", part.astype(np.float64))
    else:
        np.save("b.npy", np.asfortranarray(part))
    refused(["a.npy", f"b.{suffix}"], "frames 101 to 400 of a.npy")


def jumps(n, seed):
    rng = np.random.default_rng(seed)
    return np.cumsum((rng.random(n) < 0.1) * rng.integers(1, 3, n)) % 3


def test_overlaps_of_states(folder):
    a, b = jumps(20_000, 1), jumps(20_000, 2)
    np.save("a.npy", a)
    np.save("b.npy", b)
    assert len(imported("*.npy", kind="dtraj").trajectories) == 2
    np.save("c.npy", b[3000:9000])
    refused("*.npy", "c.npy: frames", "of b.npy", kind="dtraj")


def test_coin_tosses_do_not_overlap():
    seen, rng = Overlaps(), np.random.default_rng(1)
    for k in range(5):
        seen.begin(str(k))
        seen.add(rng.integers(0, 2, (100_000, 1)).astype(np.float32))
    seen.check()


def test_long_overlaps_are_met_though_few_windows_are_kept(monkeypatch):
    monkeypatch.setattr(overlaps, "MOST_WINDOWS", 500)
    seen = Overlaps()
    for label, part in (("a", A), ("b", B), ("c", C), ("d", B[400:])):
        seen.begin(label)
        for start in range(0, len(part), 70):
            seen.add(part[start : start + 70])
    with pytest.raises(ValueError, match=r"d: frames \d+ to \d+ are frames \d+ to \d+ of b"):
        seen.check()


# --- times ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "size"), [("ns", 1e-3), ("fs", 1e3), ("us", 1e-6)])
def test_times_in_another_unit_are_guessed(folder, unit, size):
    np.save("a.npy", np.column_stack([size * np.arange(40), walk(40)]))
    names = ["time", "x", "y"]
    refused("a.npy", f"'times: {unit}'", names=names)
    assert imported("a.npy", names=names, times=unit).feature_names == ["x", "y"]


@pytest.mark.parametrize("times", [np.zeros(40), np.full(40, np.nan), np.arange(40) ** 2])
def test_wrong_times_can_be_overruled(folder, times):
    np.save("a.npy", np.column_stack([times, walk(40)]))
    refused("a.npy", "'times: none'", names=["time", "x", "y"])
    found = imported("a.npy", names=["time", "x", "y"], times="none")
    assert found.feature_names == ["x", "y"]


@pytest.mark.parametrize("at", [7, 10])  # within a block, and from one to the next
def test_steps_are_compared_with_the_interval_across_blocks(at):
    def check(step):
        times = 2.0 * np.arange(20)
        times[at:] += step - 2.0
        clock = Clock("a", 2e-3, "ns", "ps")
        clock.check(times[:10])
        clock.check(times[10:])

    check(2.001)
    for step in (1.9, 2.1):
        words = f"a: frames {at} and {at + 1} are {1e-3 * step:.7g} ns apart"
        with pytest.raises(ValueError, match=words):
            check(step)


# --- paths ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run{0}.npy", "{a,b}.npy", "a}.npy"])
def test_braces_in_paths(folder, name):
    np.save(name, walk())
    refused(["*.npy"], name, "braces", "rename")


@pytest.mark.parametrize("name", ["Müller 1.npy", "a b'c.npy", "run[1].npy", "数据.npy"])
def test_other_signs_in_paths(folder, name):
    np.save(name, walk())
    assert len(imported([name]).trajectories) == 1


# --- validation -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "validation", "chosen"),
    [
        ("*.npy", "b.npy", [1]),
        (["a.npy", "c.npy"], "[bd].npy", [2, 3]),
        ("*.npy", ["d.npy", "a.npy"], [0, 3]),
        ("*.npy", (), []),
    ],
)
def test_files_that_validate_can_be_named(folder, files, validation, chosen):
    for seed, name in enumerate("abcd"):
        np.save(f"{name}.npy", walk(30 + seed, 2, seed))
    imported(files, validation=validation)
    assert read_validation("features.h5") == chosen
    split = split_frames(read_lengths("features.h5"), 0.2, 0, chosen)
    assert [s.trajectory for s in split.validation] == (chosen or [2])
    assert {s.trajectory for s in split.training}.isdisjoint(chosen)


def test_the_name_of_a_file_that_validates_may_begin_that_of_another(folder):
    for seed, name in enumerate(("run1", "run10", "run2")):
        np.savetxt(name, walk(30 + seed, 2, seed))
    imported("run*", validation="run1")
    assert read_validation("features.h5") == [0]


def test_files_that_validate_must_leave_some(folder):
    np.save("a.npy", walk())
    refused("a.npy", "systems.mine.source.validation: no file matches b.npy", validation="b.npy")
    with pytest.raises(ValueError, match=r"source\.validation: all trajectories validate"):
        split_frames([50], 0.2, 0, [0])


def test_the_name_of_an_array_stays_on_one_line(folder):
    with zipfile.ZipFile("a.npz", "w") as archive:
        archive.writestr("a b\ny.npy", b"no array")
    with pytest.raises(ValueError, match=r"a\.npz, array a b y: ") as caught:
        imported("a.npz")
    assert "\n" not in str(caught.value)


LONG = walk(4000, 2, 21)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (LONG[::2], "are one in 2 of the frames of a.npy;"),
        (LONG[7::10], "one in 10 of the frames of a.npy;"),
        (LONG[2000::3], "one in 3 of the frames"),
        (LONG[::-1], "one in 1 of the frames of a.npy, backwards"),
        (LONG[::-5], "one in 5 of the frames of a.npy, backwards"),
    ],
)
def test_files_of_every_kth_frame_of_another(folder, part, words, monkeypatch):
    np.save("a.npy", LONG)
    np.save("b.npy", part)
    np.save("c.npy", walk(4000, 2, 22))
    refused("*.npy", "b.npy: at least", words)
    monkeypatch.setattr("raremd.data.imported.subsamples.MOST_FRAMES", 2000)
    refused("*.npy", "b.npy: at least", words)


def test_frames_in_common_by_chance(folder):
    rng = np.random.default_rng(4)
    for k in range(3):  # few digits, a common start, and the same states again and again
        np.save(f"{k}.npy", np.round(walk(3000, 1, k), 1))
    assert len(imported("*.npy").trajectories) == 3
    for k in range(3):
        np.save(f"{k}.npy", np.concatenate([LONG[:15], rng.normal(size=(500, 2))]))
    assert len(imported("*.npy").trajectories) == 3
    for k in range(3):
        np.save(f"{k}.npy", rng.integers(0, 12, (3000, 2)))
    assert len(imported("*.npy").trajectories) == 3


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.dat", b"\x93NUMPY\x01\x00", "holds a NumPy array; name it .npy"),
        ("a.npz", b"\x93NUMPY\x01\x00", "name it .npy"),
        ("a.npy", b"PK\x03\x04 and more", "a zip archive"),
        ("a.xlsx", b"PK\x03\x04 and more", "a zip archive"),
        ("a.dat", b"\x89HDF\r\n\x1a\n", "holds an HDF5 file; name it .h5"),
        ("a.parquet", b"PAR1 and more", "save it as csv"),
        ("a.csv", "phi,psi\n1,2\n".encode("utf-16"), "save it as UTF-8"),
        ("a.npy.gz", b"\x1f\x8b\x08\x00", "only text is read compressed"),
        ("a.csv.zst", b"\x28\xb5\x2f\xfd and more", "zstd"),
        ("a.xtc", b"\x00\x00\x07\xcb and more", "kind: trajectory"),
        ("a.dat", b"\x80\x04 and more", "a pickle"),
    ],
)
def test_files_of_numbers_that_are_something_else(folder, name, content, words):
    (folder / name).write_bytes(content)
    refused(name, f"{name}: ", words)


def test_coordinates_that_pose_as_trajectories(folder, caplog):
    np.save("a.npy", np.random.default_rng(1).normal(size=(40, 22, 3)))
    imported("a.npy")
    assert "a.npy: read as 40 trajectories of 22 frames" in caplog.text
    caplog.clear()
    np.save("a.npy", np.random.default_rng(1).normal(size=(3, 22, 3)))
    imported("a.npy")
    assert "read as" not in caplog.text

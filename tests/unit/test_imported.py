"""A user's own files: what is read, and what is refused with which words."""

from __future__ import annotations

import gzip
import pickle

import h5py
import numpy as np
import pytest
from own_files import imported, refused

from raremd.data.features import read_lengths, read_state_labels
from raremd.data.imported.feature_files import read_file
from raremd.data.imported.kinds import make_source
from raremd.data.imported.sources import check_source

RNG = np.random.default_rng(5)


def walk(n=50, f=2):
    return np.cumsum(RNG.normal(size=(n, f)), axis=0).astype(np.float32)


# --- features: formats ------------------------------------------------------------------------


def test_npy_files_in_natural_order(folder):
    data = [walk(20 + k) for k in range(12)]
    for k, values in enumerate(data):
        np.save(f"{k}.npy", values)
    found = imported("*.npy", periods={"feature_1": "degrees"})
    assert [len(t) for t in found.trajectories] == [20 + k for k in range(12)]
    for mine, theirs in zip(found.trajectories, data, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert found.feature_names == ["feature_1", "feature_2"]
    assert list(found.periods) == [360.0, 0.0]


def test_each_array_of_npz_is_a_trajectory(folder):
    data = {f"arr_{k}": walk(30 + k) for k in (0, 1, 10, 2)}
    data["arr_2"] = np.asfortranarray(data["arr_2"])
    np.savez_compressed("all.npz", **data)
    found = imported("all.npz", names=["phi", "psi"], periods={"p*": "radians"})
    assert [len(t) for t in found.trajectories] == [30, 31, 32, 40]
    np.testing.assert_array_equal(found.trajectories[2], data["arr_2"])
    assert list(found.periods) == pytest.approx([2 * np.pi] * 2)
    assert [len(t) for t in imported("all.npz", dataset="arr_1*").trajectories] == [31, 40]


def test_hdf5(folder):
    a, b = walk(), walk(40)
    with h5py.File("all.h5", "w") as h5:
        h5["run/2"], h5["run/10"] = a, b
        h5["other"] = walk(7, 5)
        h5.attrs["feature_names"] = ["x", "y"]
    found = imported("all.h5", dataset="run/*", columns=["y"])
    np.testing.assert_array_equal(found.trajectories[0], a[:, 1:])
    assert [len(t) for t in found.trajectories] == [50, 40]
    assert found.feature_names == ["y"]


def test_csv_with_header_and_index(folder):
    rows = walk(30)
    lines = [",phi,psi", *(f"{k},{a!r},{b!r}" for k, (a, b) in enumerate(rows.tolist()))]
    (folder / "one.csv").write_text("\n".join(lines))
    refused("one.csv", "column_1 grows by 1 in every frame")
    found = imported("one.csv", columns=["psi", "phi"])
    assert found.feature_names == ["psi", "phi"]
    np.testing.assert_allclose(found.trajectories[0], rows[:, ::-1], rtol=1e-6)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_text_from_other_systems(folder, ending, mark):
    rows = walk(30)
    lines = ["phi;psi", *(f"{a!r};{b!r}" for a, b in rows.tolist())]
    (folder / "one.csv").write_bytes((mark + ending.join(lines)).encode())
    found = imported("one.csv")
    assert found.feature_names == ["phi", "psi"]
    np.testing.assert_allclose(found.trajectories[0], rows, rtol=1e-6)


def test_times_and_frame_numbers_are_no_features(folder):
    times = 0.2 * np.arange(40) + 3
    np.save("a.npy", np.column_stack([times, walk(40)]).astype(np.float32))
    refused("a.npy", "a.npy: feature_1 grows by 0.2 in every", "'time'", "source.columns")
    assert len(imported("a.npy", columns=["feature_2"]).feature_names) == 1
    assert imported("a.npy", interval=0.2, names=["time", "x", "y"]).feature_names == ["x", "y"]


def test_angles_in_another_unit_than_their_period(folder):
    turns = RNG.uniform(-0.5, 0.5, (200, 1))
    for unit, other in (("degrees", "radians"), ("radians", "degrees")):
        size = {"degrees": 360, "radians": 2 * np.pi}[unit]
        for shift in (0, 0.5):
            np.save("a.npy", size * (turns + shift))
            assert len(imported("a.npy", periods={"*": unit}).trajectories) == 1
            refused("a.npy", f"as angles in {unit} do", other, periods={"*": other})
    np.save("a.npy", 360 * np.cumsum(turns, axis=0))  # unwrapped
    imported("a.npy", periods={"*": "degrees"})


@pytest.mark.parametrize(("unit", "turn"), [("degrees", 360.0), ("radians", 2 * np.pi)])
def test_an_angle_that_is_not_declared_is_asked_after(folder, caplog, unit, turn):
    for start in (0.0, -0.5):
        angle = turn * RNG.uniform(start, start + 1, 4000)
        np.save("a.npy", np.column_stack([angle, 0.9 * angle, 3 * angle]))
        imported("a.npy", names=["phi", "short", "long"])
        assert f"say 'periods: {{phi: {unit}}}' in source" in caplog.text
        assert "short" not in caplog.text and "long" not in caplog.text
        caplog.clear()
        imported("a.npy", periods={"feature_1": unit})
        assert not caplog.text


def test_whole_numbers_that_32_bits_cannot_tell_apart(folder):
    np.save("a.npy", RNG.integers(0, 1 << 24, (50, 2)))
    imported("a.npy")
    np.save("a.npy", RNG.integers(-(1 << 40), 0, (50, 2)))
    refused("a.npy", "frame 1: feature_1 is -", "tell apart", "offset")


def test_a_trajectory_that_stands_still(folder, caplog):
    np.save("a.npy", walk())
    np.save("b.npy", np.ones((30, 2)))
    imported("[ab].npy")
    assert "b.npy: all frames are the same" in caplog.text and "a.npy" not in caplog.text


def test_files_that_may_not_be_read(folder, monkeypatch):
    np.save("a.npy", walk())
    (folder / "b.npy").symlink_to("b.npy")

    def forbidden(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.open", forbidden)
    for files, words in {
        "a.npy": "a.npy: cannot be opened (Permission denied)",
        "b.npy": "a link that leads nowhere",
        "~/a.npy": "~ and $ are not expanded",
        ".": "it is a folder: name the files in it",
    }.items():
        with pytest.raises(ValueError) as error:
            check_source(make_source(**{"kind": "features", "files": files}), "systems.mine.source")
        assert words in str(error.value)


def test_gzipped_text_in_many_blocks(folder, monkeypatch):
    monkeypatch.setattr("raremd.data.imported.text_tables.LINES", 7)
    rows = walk(100, 3)
    with gzip.open("one.dat.gz", "wt") as file:
        np.savetxt(file, rows, header="made by hand")
    np.testing.assert_allclose(imported("one.dat.gz").trajectories[0], rows, rtol=1e-6)


COLVAR = """#! FIELDS time phi d1
#! SET min_phi -pi
#! SET max_phi pi
 0.0 1.0 0.5
 0.2 -3.1 0.25
#! FIELDS time phi d1
 0.4 3.1 0.75
"""


def test_plumed_colvar(folder):
    (folder / "COLVAR").write_text(COLVAR)
    found = imported("COLVAR", interval=0.2)
    assert found.feature_names == ["phi", "d1"]
    assert list(found.periods) == pytest.approx([2 * np.pi, 0])
    np.testing.assert_allclose(found.trajectories[0][:, 0], [1.0, -3.1, 3.1], rtol=1e-6)
    imported("COLVAR", interval=2e-4, unit="ns")
    imported("COLVAR", interval=0.2, unit="ns", times="ns")


def test_times_are_checked(folder):
    (folder / "COLVAR").write_text(COLVAR)
    refused("COLVAR", "COLVAR: frames 1 and 2 are 0.2 ps apart", "frame_interval says 1 ps")
    (folder / "COLVAR").write_text(COLVAR + " 0.4 3.0 0.7\n")
    refused("COLVAR", "frames 3 and 4 are 0 ps apart", interval=0.2)


# --- features: refusals -----------------------------------------------------------------------


def test_pickles_are_refused(folder):
    np.save("a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    refused("a.npy", "a.npy", "pickle")
    np.savez("a.npz", np.array([{"a": 1}], dtype=object))
    refused("a.npz", "a.npz, array arr_0", "pickle")
    (folder / "b.npy").write_bytes(pickle.dumps([1, 2]))
    refused("b.npy", "b.npy: holds a pickle")
    for name in ("a.npy", "a.npz", "b.npy"):
        with pytest.raises(ValueError, match=name):
            check_source(make_source(**{"kind": "features", "files": name}), "source")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_frames_that_are_not_finite(folder, value):
    rows = walk().astype(np.float64)
    rows[41, 1] = value
    np.save("a.npy", rows)
    refused("a.npy", "a.npy: frame 42: feature_2 is")
    assert not (folder / "features.h5").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 2\n3 4\n5\n", ["line 3: 1 columns where 2 are expected"]),
        ("1 2\n3 4 5\n", ["line 2: 3 columns where 2 are expected"]),
        ("# made by hand\n1 2\n3 x7\n", ["line 3: 'x7' is not a number"]),
        ("1 2\n3 nan\n", ["line 2: 'nan' is not finite"]),
        ("", ["the file is empty"]),
        ("phi psi\n", ["no frames"]),
        ("1 2\n\0\n", ["not a text file"]),
    ],
)
def test_text_that_is_wrong(folder, text, words):
    (folder / "a.txt").write_text(text)
    refused("a.txt", "a.txt", *words)


def test_binary_posing_as_text(folder):
    (folder / "a.txt").write_bytes(bytes(range(256)))
    refused("a.txt", "a.txt: not a text file")
    (folder / "a.txt.gz").write_bytes(b"1 2\n3 4\n")
    refused("a.txt.gz", "a.txt.gz: not a whole gzip file")
    (folder / "b.txt.gz").write_bytes(gzip.compress(b"1 2\n3 4\n" * 1000)[:-20])
    refused("b.txt.gz", "b.txt.gz: not a whole gzip file")


def test_shapes_and_cut_files(folder):
    np.save("a.npy", np.zeros((3, 4, 5, 2)))
    refused("a.npy", "shape (3, 4, 5, 2) is not (n_frames, n_features)")
    np.save("b.npy", np.zeros((2, 30_000)))
    refused("b.npy", "frames are rows: transpose")
    np.save("c.npy", walk(1000))
    (folder / "c.npy").write_bytes((folder / "c.npy").read_bytes()[:-100])
    refused("c.npy", "c.npy: the file is cut off")
    (folder / "d.npy").write_bytes(b"")
    with pytest.raises(ValueError, match=r"d\.npy: the file is empty"):
        check_source(make_source(**{"kind": "features", "files": "d.npy"}), "source")


def test_trajectories_must_agree(folder):
    np.save("a.npy", walk())
    np.save("b.npy", walk(f=3))
    refused("*.npy", "b.npy has 3 features, a.npy has 2")
    (folder / "a.csv").write_text("x,y\n1,2\n3,4\n")
    (folder / "b.csv").write_text("y,x\n1,2\n3,5\n")
    refused("*.csv", "b.csv: feature 1 is 'y', in a.csv it is 'x'")


def test_copies_are_refused(folder):
    values = walk()
    np.save("a.npy", values)
    np.save("b.npy", values.astype(np.float64))
    refused("*.npy", "b.npy and a.npy hold the same frames")


def test_constant_features(folder, caplog):
    np.save("a.npy", np.ones((9, 2)))
    refused("a.npy", "constant")
    np.save("a.npy", np.column_stack([np.ones(9), np.arange(9)]))
    imported("a.npy")
    assert "constant in all trajectories: ['feature_1']" in caplog.text


def test_names_and_columns(folder):
    np.save("a.npy", walk())
    refused("a.npy", "2 columns, but source.names names 3", names=["x", "y", "z"])
    refused("a.npy", "two columns are called 'x'", names=["x", "x"])
    refused("a.npy", "source.columns: features: 'fog_1'", "feature_1", columns=["fog_1"])
    refused("a.npy", "did you mean", periods={"phi": "degrees"})


def test_files_must_exist(folder):
    with pytest.raises(ValueError, match=r"s\.files: no file matches no/\*\.npy"):
        check_source(make_source(**{"kind": "features", "files": "no/*.npy"}), "s")
    with pytest.raises(ValueError, match="either files or url"):
        check_source(make_source(**{"kind": "features"}), "s")
    np.save("a.npy", walk())
    source = make_source("trajectory", files="a.npy", topology="x.pdb", features=["phi"])
    with pytest.raises(ValueError, match=r"s\.topology: there is no file x\.pdb"):
        check_source(source, "s")


# --- discrete trajectories --------------------------------------------------------------------


def states(files, **source):
    return imported(files, kind="dtraj", unit="frame", **source)


def test_discrete_trajectories_keep_their_labels(folder):
    (folder / "a.txt").write_text("\n".join(["3", "3", "5", "5", "9", "3"]))
    np.save("b.npy", np.array([9, 9, 5, 3], np.int64))
    found = states(["a.txt", "b.npy"])
    assert found.feature_names == ["state"]
    assert [t[:, 0].tolist() for t in found.trajectories] == [[3, 3, 5, 5, 9, 3], [9, 9, 5, 3]]
    assert read_state_labels("features.h5") == [3, 5, 9]
    assert read_lengths("features.h5") == [6, 4]


@pytest.mark.parametrize("bad", [-1, 0.5, 2**25])
def test_what_is_no_state(folder, bad):
    np.save("a.npy", np.array([0, 1, 1, bad]))
    refused("a.npy", f"a.npy: frame 4: {bad:.10g} is no state", kind="dtraj")
    np.save("a.npy", np.array([0, 1, -1, 1]).astype(np.uint16))
    refused("a.npy", "a.npy: frame 3: 65535 is what -1 becomes in type uint16", kind="dtraj")


def test_states_need_one_column_and_more_than_one_state(folder):
    np.save("a.npy", np.zeros((5, 2)))
    refused("a.npy", "2 columns where one state a frame", kind="dtraj")
    np.save("a.npy", np.zeros(5))
    refused("a.npy", "one state", kind="dtraj")


def test_short_equal_discrete_trajectories_may_be_chance(folder):
    for name in ("a.npy", "b.npy"):
        np.save(name, np.repeat([0, 1], 20))
    assert len(states("*.npy").trajectories) == 2
    for name in ("a.npy", "b.npy"):
        np.save(name, np.tile([0, 1], 20))
    refused("*.npy", "hold the same frames", kind="dtraj")


def test_names_in_a_damaged_heap_are_refused_instead_of_read_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("raremd.data.imported.hdf5_files.PATIENCE", 2.0)
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as h5:
        h5["a"] = np.ones((3, 2))
        h5.attrs["feature_names"] = ["phi", "psi"]
    assert [table.names for table in read_file(path)] == [("phi", "psi")]
    content = bytearray(path.read_bytes())
    content[content.index(b"GCOL") + 24] = 44  # the length of the first string
    path.write_bytes(content)
    with pytest.raises(ValueError, match="feature_names"):
        list(read_file(path))

"""Layouts: tabs, names of several words, names and links in HDF5, coordinates of atoms."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from own_files import imported, refused, walk

ROWS = np.round(walk(60, 3).astype(float), 3)


def write(*heads, name="a.dat", separator="\t", rows=ROWS):
    lines = [*heads, *(separator.join(map(str, row)) for row in rows.tolist())]
    Path(name).write_text("\n".join([*lines, ""]))


@pytest.mark.parametrize("mark", ["", "# "])
def test_tabs_between_names_with_spaces(folder, mark):
    write(mark + "angle phi (deg)\tangle psi (deg)\td(1, 5)")
    made = imported("a.dat")
    assert made.feature_names == ["angle phi (deg)", "angle psi (deg)", "d(1, 5)"]
    assert np.allclose(made.trajectories[0], ROWS)


def test_an_empty_cell_between_tabs(folder):
    rows = [[str(x) for x in row] for row in ROWS.tolist()]
    rows[20][1] = ""
    (folder / "a.dat").write_text("\n".join(["x y\ta\tb", *map("\t".join, rows), ""]))
    refused("a.dat", "a.dat: line 22: column a is empty")
    assert imported("a.dat", columns=["x y", "b"]).trajectories[0].shape == (60, 2)


@pytest.mark.parametrize("line", ["{}\t\t{}\t{}", "{} {}\t{}", "\t{}\t{}\t{}\t", "{}  {}  {}"])
@pytest.mark.parametrize("head", [[], ["x\ty\tz"], ["x y z"]])
def test_other_white_space_parts_columns_as_before(folder, line, head):
    lines = [line.format(*row) for row in ROWS.tolist()]
    (folder / "a.dat").write_text("\n".join([*head, *lines, ""]))
    assert np.allclose(imported("a.dat").trajectories[0], ROWS)


def test_more_names_than_columns(folder):
    write("phi (deg) psi (deg)", separator=" ", rows=ROWS[:, :2])
    refused("a.dat", "a.dat: line 1: 4 names above 2 numbers", "tabs or commas")


@pytest.mark.parametrize(
    "stored", [np.array(["phi", "psi", "d"], "S3"), ["phi", "psi", "d"], "phi,psi, d", b"phi psi d"]
)
def test_names_in_hdf5(folder, stored):
    with h5py.File("a.h5", "w") as h5:
        h5["x"], h5.attrs["feature_names"] = ROWS, stored
    assert imported("a.h5").feature_names == ["phi", "psi", "d"]


def test_links_to_other_hdf5_files(folder):
    with h5py.File("b.hdf5", "w") as h5:
        h5["y"] = ROWS
    with h5py.File("a.h5", "w") as h5:
        h5["x"] = h5py.ExternalLink("b.hdf5", "/y")
    refused("a.h5", "a.h5: x is a link to b.hdf5, which is not followed", "source.files")
    with h5py.File("a.h5", "a") as h5:
        h5["z"] = ROWS
    assert len(imported("a.h5", dataset="z").trajectories) == 1


@pytest.mark.parametrize(("key", "value"), [("scale_factor", 0.01), ("add_offset", [273.0])])
def test_packed_numbers_in_hdf5(folder, key, value):
    with h5py.File("a.h5", "w") as h5:
        h5["x"] = np.rint(100 * ROWS).astype(np.int16)
        h5["x"].attrs[key] = value
    refused("a.h5", f"a.h5, dataset x: its attribute {key} is", "not applied")
    with h5py.File("a.h5", "a") as h5:
        h5["x"].attrs[key] = float(key == "scale_factor")
    assert len(imported("a.h5").trajectories) == 1


@pytest.mark.parametrize("shape", [(40, 40, 3), (40, 200, 3), (200, 40, 3)])
def test_coordinates_of_atoms_are_asked_after(folder, caplog, shape):
    np.save("a.npy", np.random.default_rng(0).normal(size=shape))
    words = f"read as {shape[0]} trajectories of {shape[1]} frames; if the first axis is time"
    imported("a.npy")
    assert words in caplog.text
    caplog.clear()
    imported("a.npy", names=["x", "y", "z"])
    assert (words in caplog.text) == (shape[0] > shape[1])


def test_a_few_trajectories_of_three_features_are_no_coordinates(folder, caplog):
    np.save("a.npy", np.random.default_rng(0).normal(size=(4, 200, 3)))
    imported("a.npy")
    assert "first axis" not in caplog.text


# --- arrays whose first axis is time ----------------------------------------------------------


def slow(n, frames, seed=1):
    """Walkers (n, frames, 2), of a slow coordinate and a fast one."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, frames, 2))
    for k in range(1, frames):
        values[:, k, 0] = 0.97 * values[:, k - 1, 0] + 0.24 * values[:, k, 0]
    return values


@pytest.mark.parametrize("suffix", ["npy", "npz", "h5"])
@pytest.mark.parametrize(("n", "frames"), [(200, 100), (30, 300)])
def test_the_first_axis_may_be_time(folder, n, frames, suffix):
    def save(values):
        if suffix == "h5":
            with h5py.File("a.h5", "w") as h5:
                h5["x"] = values
        else:
            (np.savez if suffix == "npz" else np.save)(f"a.{suffix}", values)

    walkers = slow(n, frames)
    save(walkers.swapaxes(0, 1))
    refused(f"a.{suffix}", f"read as {frames} trajectories", "the first is time; swap the two")
    save(walkers)
    assert len(imported(f"a.{suffix}").trajectories) == n


@pytest.mark.parametrize("width", [1.0, 0.1])
def test_the_first_axis_of_states_may_be_time(folder, width):
    states = np.floor(slow(200, 120)[..., 0] / width).astype(int)
    states -= states.min()
    np.save("a.npy", states.T)
    refused("a.npy", "a.npy: read as 120 trajectories", "the first is time", kind="dtraj")
    np.save("a.npy", states)
    shapes = "if its rows are trajectories, save it with the shape (200, 120, 1)", "(120, 200)"
    refused("a.npy", "120 columns where one state", *shapes, kind="dtraj")
    np.save("a.npy", states[..., None])
    assert len(imported("a.npy", kind="dtraj").trajectories) == 200


def test_walkers_that_are_alike_are_trajectories(folder):
    rng = np.random.default_rng(2)
    noise, turns = rng.normal(size=(100, 40, 1)), 6 * rng.random((100, 1, 1))
    times = np.arange(40)[None, :, None]
    start = np.where(times < 1, 20.0, 0.0) + noise
    for values in (
        noise,
        np.arange(100)[:, None, None] / 5 + noise,  # each in a window of its own
        times + noise,
        start,  # of all from one structure
        np.cos(turns + 3 * times) + 0.1 * noise,
    ):
        np.save("a.npy", values)
        assert len(imported("a.npy").trajectories) == 100

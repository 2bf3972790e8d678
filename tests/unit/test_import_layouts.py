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

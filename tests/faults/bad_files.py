"""Flawed files of data: a table for `test_refusals.py`, as that of `bad_settings.py`."""

from __future__ import annotations

import gzip
import os
import pickle

import numpy as np
import torch
from flaws import (
    FRAMES,
    IMPORT,
    PLAN,
    WALK,
    Case,
    another_molecule,
    array,
    at_times,
    changed,
    circle,
    cut_trajectory,
    data,
    endless_line,
    half_a_gzip,
    hdf5,
    late_noise,
    mine,
    molecule,
    molecule_at,
    noise,
    only_states,
    other_topology,
    own_link,
    pickled,
    raw,
    several,
    source,
    sparse,
    states,
    table,
    text,
    words_in_hdf5,
)

CASES = {
    # files, at first sight
    "no such file": Case(PLAN, source(files="dta/*.npy"), ("source.files", "dta/*.npy")),
    "folder for files": Case(PLAN, source(files="data"), ("source.files", "data/*.npy")),
    "home folder by its sign": Case(
        PLAN, source(files="~/md/*.npy"), ("source.files", "~ and $ are not expanded")
    ),
    "link to itself": Case(PLAN, own_link, ("data/0.npy", "a link that leads nowhere")),
    "no such topology": Case(
        PLAN, molecule(topology="data/no.pdb"), ("source.topology", "no file data/no.pdb")
    ),
    "no such map": Case(
        PLAN,
        states(WALK, mine(partitions__fine__map="data/no.dat")),
        ("partitions.fine.map", "no file data/no.dat"),
    ),
    "empty file": Case(PLAN, data("0.npy", raw(b"")), ("data/0.npy", "empty")),
    "pickle in .npy": Case(
        PLAN, data("0.npy", pickled), ("data/0.npy", "pickle", "could run code")
    ),
    "pickle called .npy": Case(
        PLAN, data("0.npy", raw(pickle.dumps([1.0, 2.0]))), ("data/0.npy", "could run code")
    ),
    "pickle in .npz": Case(
        PLAN,
        data("0.npz", lambda path: np.savez(path, a=np.array([None, {}], dtype=object))),
        ("data/0.npz", "could run code"),
    ),
    "tensors of PyTorch": Case(
        PLAN,
        data("0.pt", lambda path: torch.save(torch.zeros(5, 2), path)),
        ("data/0.pt", "never loaded", "numpy.save"),
    ),
    "array of four dimensions": Case(
        PLAN, array("1.npy", np.zeros((4, 50, 2, 2))), ("data/1.npy", "(4, 50, 2, 2)", "n_features")
    ),
    "array of text": Case(
        PLAN, array("1.npy", np.array(["a", "b"])), ("data/1.npy", "not a real number")
    ),
    "complex array": Case(
        PLAN, array("1.npy", np.ones((5, 2), complex)), ("data/1.npy", "complex128")
    ),
    "frames as columns": Case(
        PLAN, array("1.npy", np.zeros((2, 30_000))), ("data/1.npy", "frames are rows", "transpose")
    ),
    "array that is cut off": Case(
        PLAN,
        lambda folder, _: os.truncate(folder / "data/1.npy", 900),
        ("data/1.npy", "cut off", "(200, 2)"),
    ),
    "array without frames": Case(
        PLAN, array("1.npy", np.zeros((0, 2))), ("data/1.npy", "shape (0, 2)")
    ),
    "text in UTF-16": Case(
        PLAN,
        data("0.txt", raw(table(circle()).encode("utf-16"))),
        ("data/0.txt", "text in UTF-16", "UTF-8"),
    ),
    "text in Latin-1": Case(
        PLAN,
        data("0.txt", raw(b"# \xc5ngstr\xf6m\n1 2\n3 4\n")),
        ("data/0.txt", "byte 2 is no UTF-8", "save it as such"),
    ),
    "text called HDF5": Case(PLAN, data("0.h5", text("1 2\n")), ("data/0.h5", "not an HDF5 file")),
    "100 MB of zero bytes as text": Case(
        PLAN, data("0.txt", sparse), ("data/0.txt", "not a text file")
    ),
    "100 MB of noise as text": Case(PLAN, data("0.csv", noise), ("data/0.csv", "not a text file")),
    "gzip without its name, cut off": Case(
        PLAN, data("0.txt", raw(gzip.compress(b"1 2\n3 4\n" * 99)[:-9])), ("data/0.txt", "gzip")
    ),
    "part of another trajectory": Case(
        IMPORT, array("3.npy", circle(seed=1)[40:160]), ("data/3.npy: frames", "data/1.npy")
    ),
    "one file in radians": Case(
        IMPORT, array("2.npy", np.deg2rad(circle(seed=2))), ("data/2.npy: phi goes", "radians")
    ),
    "blank line between trajectories": Case(
        IMPORT,
        data("0.txt", text(table(circle()) + "\n" + table(circle(seed=9)))),
        ("data/0.txt", "line 201", "a blank line"),
    ),
    "braces in a file name": Case(
        PLAN, data("run{1}.npy", lambda path: np.save(path, circle())), ("run{1}.npy", "braces")
    ),
    "noise as .gz": Case(
        PLAN, data("0.csv.gz", raw(b"\x8f" * 999)), ("data/0.csv.gz", "not a whole gzip file")
    ),
    # files, when they are read
    "100 MB of noise behind a table": Case(
        IMPORT, data("0.txt", late_noise), ("data/0.txt", "not a text file")
    ),
    "100 MB in one line": Case(
        IMPORT, data("0.txt", endless_line), ("data/0.txt", "line is longer")
    ),
    "NaN in an array": Case(IMPORT, changed(17, np.nan), ("data/1.npy", "frame 18", "psi is nan")),
    "infinity in an array": Case(IMPORT, changed(3, np.inf), ("data/1.npy", "frame 4", "inf")),
    "too large for 32 bits": Case(
        IMPORT, array("1.npy", np.full((9, 2), 1e300)), ("data/1.npy", "frame 1", "1e+300")
    ),
    "NaN in text": Case(
        IMPORT, data("0.txt", text("1 2\n3 4\n5 nan\n")), ("data/0.txt", "line 3", "not finite")
    ),
    "word for a number": Case(
        IMPORT, data("0.csv", text("phi,psi\n1,2\n3,four\n")), ("line 3", "'four' is not a number")
    ),
    "line with fewer columns": Case(
        IMPORT, data("0.txt", text("1 2\n3 4\n5\n")), ("line 3", "1 columns where 2 are expected")
    ),
    "header and nothing else": Case(
        IMPORT, data("0.csv", text("phi,psi\n")), ("data/0.csv", "no frames in it")
    ),
    "half a gzip file": Case(
        IMPORT, data("0.txt.gz", half_a_gzip), ("data/0.txt.gz", "not a whole gzip file")
    ),
    "no such dataset": Case(
        IMPORT,
        data("0.h5", hdf5, source(dataset="dihedrals")),
        ("data/0.h5", "'dihedrals'", "there are: ['angles']"),
    ),
    "no such column": Case(
        IMPORT, mine(source__columns=["phy"]), ("data/0.npy", "source.columns", "'phi'")
    ),
    "names for other columns": Case(
        IMPORT, mine(source__names=["phi"]), ("data/0.npy: 2 columns", "source.names names 1")
    ),
    "trajectories with other features": Case(
        IMPORT, array("1.npy", np.ones((50, 3))), ("data/1.npy", "3 columns")
    ),
    "the same trajectory twice": Case(
        IMPORT,
        array("3.npy", circle(seed=1)),
        ("data/3.npy", "data/1.npy", "same frames", "overlap"),
    ),
    "times that skip a frame": Case(
        IMPORT,
        data("0.csv", text("time,phi\n0,1\n1,2\n3,1\n")),
        ("data/0.csv", "frames 2 and 3 are 2 ps apart"),
    ),
    "times that begin again": Case(
        IMPORT,
        data("COLVAR", at_times(range(100), range(100))),
        ("data/COLVAR", "frames 100 and 101 are -99 ps apart"),
    ),
    "frames written again after a restart": Case(
        IMPORT,
        data("COLVAR", at_times(range(120), range(100, 200))),
        ("frames 120 and 121 are -19 ps apart", "repeated or missing"),
    ),
    "times in another unit": Case(
        IMPORT, molecule_at(1, "ns"), ("frames 1 and 2 are 0.001 ns apart", "frame_interval")
    ),
    "time without its name": Case(
        IMPORT,
        data("0.xvg", text("@ s0 legend\n" + table(np.c_[np.arange(FRAMES), circle()]))),
        ("data/0.xvg", "feature_1 grows by 1 in every frame", "'time'"),
    ),
    "frame numbers as a column": Case(
        IMPORT,
        data("0.csv", text(table(np.c_[np.arange(FRAMES), circle()], ",phi,psi\n", ","))),
        ("data/0.csv", "in every frame", "source.columns"),
    ),
    "radians for degrees": Case(
        IMPORT,
        several(*(array(f"{k}.npy", np.deg2rad(circle(seed=k))) for k in range(4))),
        ("phi goes from -3.1", "as angles in radians do", "source.periods"),
    ),
    "one file of angles from 0": Case(
        IMPORT,
        several(
            array("2.npy", circle(seed=2) + 180),
            mine(source={"kind": "features", "files": "data/*.npy"}),
        ),
        ("data/2.npy: feature_1", "periods: {feature_1: degrees}"),
    ),
    "trajectories joined in a table": Case(
        IMPORT,
        data(
            "0.csv",
            text(table(np.c_[np.arange(FRAMES) // 100, circle()], "run,phi,psi\n", ",")),
            source(columns=["phi", "psi"]),
        ),
        ("data/0.csv: line 102: run is 1", "a file of its own"),
    ),
    "missing values as 1e20": Case(
        IMPORT, changed(17, 1e20), ("data/1.npy: frame 18", "psi is 1e+20")
    ),
    "degrees for radians": Case(
        IMPORT, mine(source__periods={"*": "radians"}), ("as angles in degrees do", "periods")
    ),
    "whole numbers beyond 32 bits": Case(
        IMPORT,
        array("1.npy", 2**40 + np.arange(20).reshape(10, 2) ** 2),
        ("data/1.npy", "frame 1", "1099511627776", "offset"),
    ),
    "decimal commas": Case(
        IMPORT,
        data("0.csv", text("1,5;2,5\n3,5;4,5\n")),
        ("data/0.csv", "'3,5' is not a number", "decimal points"),
    ),
    "last line half written": Case(
        IMPORT,
        data("0.txt", text(table(circle()) + "12.5")),
        ("data/0.txt", "line 201", "1 columns where 2", "cut off"),
    ),
    "words in HDF5": Case(
        IMPORT, data("0.h5", words_in_hdf5), ("data/0.h5, dataset angles", "text", "unique")
    ),
    "another molecule among the trajectories": Case(
        IMPORT, molecule(another_molecule), ("data/1.xtc has 20 atoms", "data/top.pdb has 16")
    ),
    "features that never change": Case(
        IMPORT,
        data("0.npy", lambda path: np.save(path, np.ones((50, 2)))),
        ("constant features only", "nothing to learn"),
    ),
    "topology of another molecule": Case(
        IMPORT, molecule(other_topology), ("data/0.xtc has 16 atoms", "data/top.pdb has 20")
    ),
    "topology that is none": Case(
        IMPORT,
        molecule(lambda folder: (folder / "data/top.pdb").write_bytes(b"\x80\x04K\x01.")),
        ("data/top.pdb", "cannot read it"),
    ),
    "trajectory that is cut off": Case(
        IMPORT, molecule(cut_trajectory), ("data/0.xtc", "cut off at frame")
    ),
    "feature that the molecule has not": Case(
        IMPORT, molecule(features=["chi1"]), ("data/top.pdb", "no 'chi1'")
    ),
    "negative state": Case(
        IMPORT, states([0, 1, -1, *WALK]), ("data/0.txt", "frame 3: -1 is no state")
    ),
    "state for none": Case(
        IMPORT, states([0, 1, 999, *WALK]), ("data/0.txt: frame 3: 999 is far", "call it 3")
    ),
    "count above states": Case(
        IMPORT, states([FRAMES, *WALK]), ("data/0.txt: line 1: '200'", "delete the line")
    ),
    "comment between trajectories": Case(
        IMPORT,
        several(states(WALK), data("0.txt", text("0\n1\n# traj 2\n1\n0\n"), mine())),
        ("data/0.txt: line 3: '# traj 2'", "a file of its own"),
    ),
    "state that is no whole number": Case(
        IMPORT, states([0, 1, 1.5, *WALK]), ("data/0.txt", "frame 3: 1.5 is no state")
    ),
    "one state only": Case(
        IMPORT, only_states([4] * FRAMES, [4] * (FRAMES + 1)), ("one state", "nothing to learn")
    ),
}

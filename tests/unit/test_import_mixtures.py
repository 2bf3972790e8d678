"""Files that hold something else than one trajectory: joined runs, repeated frames, columns."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from own_files import imported, molecular, protein, refused, refused_molecules, walk


def write(name, rows, head="", separator=" "):
    """A text file of numbers or words."""
    lines = [
        separator.join(f"{x:.4f}" if isinstance(x, float) else str(x) for x in r) for r in rows
    ]
    with open(name, "w") as file:
        file.write(head + "\n".join(lines) + "\n")


def noise(n=200, f=2, seed=5):
    return np.random.default_rng(seed).normal(size=(n, f)).tolist()


# --- columns in arrays of their own -----------------------------------------------------------


def test_columns_in_arrays_of_their_own(folder):
    values = {name: np.random.default_rng(k).integers(0, 4, 99) for k, name in enumerate("ab")}
    np.savez("a.npz", **values)
    words = "a.npz: a and b have 99 numbers each", "(n_frames, n_columns)", "source.dataset"
    refused("a.npz", *words)
    assert len(imported("a.npz", dataset="a").trajectories) == 1
    np.savez("a.npz", **{name: column[:, None] for name, column in values.items()})
    assert len(imported("a.npz").trajectories) == 2
    with h5py.File("a.h5", "w") as h5:
        for name, column in values.items():
            h5[f"run1/{name}"] = column
    refused("a.h5", "a.h5: run1/a and run1/b have 99 numbers each")


def test_trajectories_of_one_feature_differ_in_their_numbers(folder):
    np.savez("a.npz", **{f"run{k}": walk(99, 1, k)[:, 0] for k in (1, 2, 10)})
    assert [len(t) for t in imported("a.npz").trajectories] == [99, 99, 99]


def test_arrays_with_fields(folder):
    np.save("a.npy", np.rec.fromarrays(walk().T, names="phi,psi"))
    refused("a.npy", "a.npy: has fields (phi, psi)", "structured_to_unstructured")


# --- what files say of their columns ----------------------------------------------------------


def colvar(name, head="", seed=5):
    rows = np.c_[np.arange(50.0), np.random.default_rng(seed).uniform(-3, 3, (50, 1))].tolist()
    write(name, rows, f"#! FIELDS time phi\n{head}")


@pytest.mark.parametrize("first", ["0", "1"])
def test_headers_agree_on_periods(folder, first):
    second = "1" if first == "0" else "0"
    colvar(first, "#! SET min_phi -pi\n#! SET max_phi pi\n")
    colvar(second, seed=6)
    refused("[01]", "1: the period of phi is", "in 0 it is", "source.periods")
    assert imported("[01]", periods={"phi": "radians"}).periods == pytest.approx([2 * np.pi])


@pytest.mark.parametrize("names", [["psi", "phi"], ["theta", "phi"]])
def test_names_against_those_in_the_file(folder, names):
    write("a.csv", noise(), "phi,psi\n", ",")
    refused("a.csv", "a.csv: source.names gives the column", "phi", "source.columns", names=names)
    assert imported("a.csv", names=["phi", "theta"]).feature_names == ["phi", "theta"]


@pytest.mark.parametrize("mark", ["", "# "])
def test_names_that_hold_what_separates_others(folder, mark):
    write("a.tsv", noise(), f"{mark}d(1,5)\td(2,8)\n", "\t")
    assert len(imported("a.tsv").feature_names) == 2


def test_one_file_is_one_file_however_it_is_called(folder):
    np.save("a.npy", walk())
    np.save("b.npy", walk(seed=6))
    assert len(imported(["*.npy", "./a.npy"], validation="./b.npy").trajectories) == 2


# --- joined runs ------------------------------------------------------------------------------


def test_a_head_that_stands_in_a_file_again(folder):
    write("a.dat", noise(), "# phi psi\n")
    with open("a.dat", "a") as file, open("a.dat") as same:
        text = same.read()
        file.write(text.replace("0.", "1."))
    refused("a.dat", "a.dat: line 202: '# phi psi' stands here again", "a file of its own")


def test_a_head_above_later_times_is_a_restart(folder):
    rows = np.c_[np.arange(100.0), np.random.default_rng(1).normal(size=100)].tolist()
    write("a.dat", rows[:50], "# time phi\n")
    write("b.dat", rows[50:], "# time phi\n")
    with open("a.dat", "a") as file, open("b.dat") as later:
        file.write(later.read())
    assert len(imported("a.dat").trajectories[0]) == 100


@pytest.mark.parametrize("word", ["ALA-2 GLY-3 SER-4", "0 1"])
@pytest.mark.parametrize("kind", ["features", "dtraj"])
def test_rows_that_take_turns(folder, word, kind):
    words, states = word.split(), np.random.default_rng(1).integers(0, 3, 200).tolist()
    rows = [[state, words[k % len(words)]] for k, state in enumerate(states)]
    write("rama.xvg", rows, "# x residue\n")
    refused(
        "rama.xvg", f"residue is {words[0]}, {words[1]}, ... in turns", columns=["x"], kind=kind
    )


def test_states_may_take_turns(folder):
    write("a.txt", [[k % 2] for k in range(99)])
    assert len(imported("a.txt", kind="dtraj").trajectories[0]) == 99


def test_columns_that_number_trajectories_are_asked_after(folder, caplog):
    np.save("a.npy", np.c_[np.repeat([0, 1, 2], 60), noise(180)])
    imported("a.npy")
    assert "a.npy: feature_1 goes up by 1 now and then and never back" in caplog.text
    caplog.clear()
    np.save("a.npy", np.c_[np.zeros(60), noise(60)])
    np.save("b.npy", np.c_[np.ones(60), noise(60, seed=6)])
    imported("*.npy")
    assert "constant in each trajectory, but not the same in all: ['feature_1']" in caplog.text


def test_arrays_with_frames_in_columns_are_asked_after(folder, caplog):
    np.save("a.npy", walk(400, 2).T)
    imported("a.npy")
    assert "a.npy: read as 2 frames of 400 features; if frames are its columns" in caplog.text
    caplog.clear()
    np.save("a.npy", walk(400, 2))
    imported("a.npy")
    assert "read as" not in caplog.text


# --- repeated frames --------------------------------------------------------------------------


def test_frames_of_a_run_that_was_continued_from_an_earlier_one(folder):
    values = walk(300)
    np.save("a.npy", np.concatenate([values[:200], values[150:]]))
    refused("a.npy", "a.npy: frames 201 to 250 are frames 151 to 200 again")
    np.save("a.npy", np.concatenate([values[:200], values[195:]]))  # may be chance
    assert len(imported("a.npy").trajectories[0]) == 305


def test_frames_that_fill_up_an_array_are_asked_after(folder, caplog):
    np.save("a.npy", np.concatenate([walk(300), np.zeros((100, 2))]))
    imported("a.npy")
    assert "a.npy: frames 301 to 400 are all the same; cut them off" in caplog.text


@pytest.mark.parametrize("digits", [0, 1])
def test_coarse_frames_repeat_by_chance(folder, caplog, digits):
    stays = np.random.default_rng(1).integers(0, 3, 30).repeat(40)
    np.save("a.npy", np.round(0.1 * walk(1200, 1) + stays[:, None], digits))
    imported("a.npy")
    assert "all the same" not in caplog.text


# --- molecules --------------------------------------------------------------------------------


def test_the_topology_is_no_trajectory(folder, caplog):
    for k in range(2):
        protein(seed=1 + k).save(f"{k}.pdb")
    protein()[0].save("top.pdb")
    refused_molecules("*.pdb", "top.pdb: topology or reference, and no trajectory")
    assert len(molecular("[01].pdb", topology="0.pdb").trajectories) == 2
    protein(seed=9)[0].save("2.pdb")
    molecular("[012].pdb")
    assert "2.pdb: one frame holds no step" in caplog.text


def test_a_reference_with_other_atoms(folder):
    one = protein(side_chain=1)
    one.save("0.xtc")
    one[0].save("top.pdb")
    order = np.arange(one.n_atoms)
    order[1], order[2] = 2, 1
    other = one[0]
    other.xyz = other.xyz[:, order]
    for place, name in ((1, "C"), (2, "CA")):
        other.topology.atom(place).name = name
    other.save("ref.pdb")
    refused_molecules("0.xtc", "atom 2 of ref.pdb is C, of the topology CA", **RMSD)


RMSD = {"features": ["rmsd"], "reference": "ref.pdb"}


def test_rmsd_needs_whole_molecules(folder, caplog):
    one = protein()
    one.xyz -= one.xyz.min(axis=(0, 1))
    one.unitcell_lengths = np.full((23, 3), 3.0)
    one.unitcell_angles = np.full((23, 3), 90.0)
    one[0].save("ref.pdb")
    one[0].save("top.pdb")
    one.save("0.xtc")
    whole = molecular("0.xtc", **RMSD).trajectories[0]
    assert whole.max() < 0.1
    one.xyz[5:, 10:, 0] += 3.0
    one.save("0.xtc")
    refused_molecules("0.xtc", "0.xtc: 'rmsd' needs whole molecules", **RMSD)
    molecular("0.xtc")
    assert "nm long" not in caplog.text

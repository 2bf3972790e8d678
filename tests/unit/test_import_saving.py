"""What files say of how they were saved, and frames that were filled in afterwards."""

from __future__ import annotations

import struct
from pathlib import Path

import mdtraj
import numpy as np
import pytest
from own_files import imported, molecular, protein, refused, refused_molecules, walk
from scipy.io import netcdf_file

from raremd.data.imported import filled_in


@pytest.fixture
def molecule(folder):
    made = protein(n_frames=30)
    made[0].save("top.pdb")
    return made


def lammps(name, frames, columns="id type x y z", every=500, first=1):
    """A dump of positions (n, n_atoms, 3) in Angstrom in a cell of 50."""
    lines = []
    for k, frame in enumerate(frames):
        lines += ["ITEM: TIMESTEP", str(k * every), "ITEM: NUMBER OF ATOMS", str(len(frame))]
        lines += ["ITEM: BOX BOUNDS pp pp pp", *["0 50"] * 3, f"ITEM: ATOMS {columns}"]
        lines += [
            f"{first + n} 1 {x:.5f} {y:.5f} {z:.5f}" for n, (x, y, z) in enumerate(frame.tolist())
        ]
    with open(name, "w") as file:
        file.write("\n".join([*lines, ""]))


def test_lengths_of_lammps_are_read_and_shares_of_the_cell_refused(molecule):
    lammps("a.lammpstrj", molecule.xyz * 10)
    lengths = molecular("a.lammpstrj", features=["ca_distances"]).trajectories[0]
    assert 0.3 < lengths.mean() < 5
    lammps("b.lammpstrj", molecule.xyz / 5, "id type xs ys zs")
    refused_molecules("b.lammpstrj", "b.lammpstrj: column xs holds", "shares of the cell")
    text = Path("a.lammpstrj").read_text().replace("type x y z", "type x y z xs ys zs")
    lines = [f"{line} 0 0 0" if line[:1].isdigit() and line.count(" ") == 4 else line
             for line in text.splitlines()]  # fmt: skip
    Path("c.lammpstrj").write_text("\n".join([*lines, ""]))
    both = molecular("c.lammpstrj", features=["ca_distances"]).trajectories[0]
    assert np.array_equal(both, lengths), "mdtraj takes x, y and z"


def test_atoms_of_a_group_keep_their_numbers_in_lammps(molecule):
    lammps("a.lammpstrj", molecule.xyz * 10, first=1001)
    last = 1000 + molecule.n_atoms
    refused_molecules("a.lammpstrj", f"atoms are numbered 1001 to {last}; number them from 1 on")


@pytest.mark.parametrize("kind", ["lammpstrj", "dcd"])
def test_files_that_were_saved_at_other_steps_are_told(molecule, caplog, kind):
    for k, every in enumerate([500, 500, 5000]):
        name, made = Path(f"{k}.{kind}"), protein(n_frames=30, seed=k)
        if kind == "dcd":
            made.save(str(name))
            content = bytearray(name.read_bytes())
            content[16:20], content[44:48] = every.to_bytes(4, "little"), struct.pack("<f", 0.049)
            name.write_bytes(content)
        else:
            lammps(name, made.xyz * 10, every=every)
    molecular(f"[01].{kind}", interval=77.0)
    assert "by its own words" not in caplog.text
    molecular(f"?.{kind}", interval=77.0)
    unit = "steps" if kind == "lammpstrj" else "time units"
    times = (5000, 500) if kind == "lammpstrj" else (245, 24.5)
    said = (
        f"2.{kind}: by its own words its frames are {times[0]} {unit} apart, in 0.{kind} {times[1]}"
    )
    assert said in caplog.text


def steps_of(name, steps):
    """Give the frames of a dump other steps."""
    parts = Path(name).read_text().split("TIMESTEP\n")
    kept = [part.split("\n", 1)[1] for part in parts[1:]]
    new = [f"TIMESTEP\n{step}\n{part}" for step, part in zip(steps, kept, strict=True)]
    Path(name).write_text("".join([parts[0], *new]))


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([*range(15), *range(12, 27)], "frames 15 and 16 are -2 steps apart (from 14 to 12)"),
        ([*range(15), *range(14, 29)], "frames 15 and 16 are 0 steps apart"),
        ([*range(15), *range(90, 105)], "frames 15 and 16 are 76 steps apart"),
        ([*range(0, 60, 4), *range(58, 88, 2)], "frames 15 and 16 are 2 steps apart"),
    ],
)
def test_steps_of_lammps_that_are_not_even(molecule, steps, said):
    lammps("a.lammpstrj", molecule.xyz * 10)
    steps_of("a.lammpstrj", steps)
    refused_molecules("a.lammpstrj", f"a.lammpstrj: {said}", "'times: none'")
    assert len(molecular("a.lammpstrj", times="none").trajectories[0]) == 30


def test_atoms_of_lammps_without_numbers(molecule):
    lammps("a.lammpstrj", molecule.xyz * 10, "type mol x y z")
    refused_molecules("a.lammpstrj", "a.lammpstrj: its atoms have no column id; write")


def dcd(name, every, step, seed=1):
    """A DCD with a header that tells steps."""
    protein(n_frames=30, seed=seed).save(name)
    content = bytearray(Path(name).read_bytes())
    content[16:20], content[44:48] = every.to_bytes(4, "little"), struct.pack("<f", step)
    Path(name).write_bytes(content)


@pytest.mark.parametrize(
    ("every", "step"), [(500, 0.04090966), (500, 0.002), (500, 2.0), (0, 0.0), (1, 0.04), (9, 1.0)]
)
def test_headers_of_dcd_that_fit_or_tell_nothing(molecule, caplog, every, step):
    dcd("a.dcd", every, step)
    molecular("a.dcd", interval=0.001, unit="ns")
    molecular("a.dcd", interval=3.0, stride=3)
    assert "its header says" not in caplog.text


def test_headers_of_dcd_that_contradict_the_interval(molecule, caplog):
    dcd("0.dcd", 500, 0.04090966)
    dcd("1.dcd", 500, 0.04090966, seed=2)
    molecular("?.dcd", interval=10.0)
    said = "0.dcd: its header says 500 steps of 0.04091 between two frames, which is 1 ps"
    assert said in caplog.text and "frame_interval says 10 ps" in caplog.text
    assert caplog.text.count("its header says") == 1
    caplog.clear()
    molecular("?.dcd", interval=10.0, unit="tau")
    molecular("?.dcd", interval=10.0, times="none")
    assert "its header says" not in caplog.text


def test_what_tells_nothing_of_the_steps_is_no_contradiction(molecule, caplog):
    for k in range(2):
        protein(n_frames=30, seed=k).save(f"{k}.dcd")  # 1 step of 1, as mdtraj and VMD write
        lammps(f"{k}.lammpstrj", protein(n_frames=30, seed=k).xyz * 10)
    content = bytearray(Path("1.dcd").read_bytes())
    content[16:20], content[44:48] = (500).to_bytes(4, "little"), struct.pack("<f", 0.049)
    Path("1.dcd").write_bytes(content)
    molecular("?.dcd", interval=77.0)
    restarted = Path("1.lammpstrj").read_text().replace("TIMESTEP\n0\n", "TIMESTEP\n123\n")
    Path("1.lammpstrj").write_text(restarted)
    molecular("?.lammpstrj", interval=77.0)
    assert "by its own words" not in caplog.text


def amber(name, molecule, temperatures):
    molecule.save(name)
    with netcdf_file(name, "a", mmap=False) as file:
        file.createVariable("temp0", "d", ("frame",))[:] = temperatures


def test_replicas_that_visit_several_temperatures_are_refused(molecule):
    amber("0.nc", molecule, np.full(30, 300.0))
    amber("1.nc", molecule, np.where(np.arange(30) % 2, 300.0, 310.0))
    amber("2.nc", molecule, np.full(30, 350.0))
    assert len(molecular("0.nc").trajectories) == 1
    refused_molecules("1.nc", "1.nc: temp0 changes between 300 and 310 K")
    refused_molecules("[02].nc", "temp0 is 350 K, in 0.nc it is 300 K")


SAVED = walk(80, 3, seed=2)
BETWEEN = np.arange(0, 79, 0.25)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.repeat(SAVED, 2, axis=0), "only every 2 frames, where each value stands 2 times"),
        (np.repeat(SAVED, 13, axis=0), "only every 13 frames"),
        (
            np.stack([np.interp(BETWEEN, np.arange(80), column) for column in SAVED.T], axis=1),
            "only every 4 frames, as interpolated values do",
        ),
    ],
)
def test_frames_that_were_filled_in_are_refused(folder, caplog, values, said):
    values = values.astype(np.float32)
    np.save("a.npy", values)
    refused("a.npy", "a.npy: feature_1 changes", said, "keep one frame in")
    np.save("a.npy", np.column_stack([values[:, 0], walk(len(values), 1, seed=3)]))
    imported("a.npy")
    assert "feature_1 changes only" in caplog.text


def test_states_that_stand_for_several_frames_are_told_once(folder, caplog):
    rng = np.random.default_rng(0)
    for k in range(2):
        np.save(f"{k}.npy", np.repeat(rng.integers(3, size=200), 5))
    imported("*.npy", kind="dtraj")
    assert caplog.text.count("state changes only every 5 frames") == 1


@pytest.mark.parametrize("decimals", [1, 3])
def test_frames_as_they_were_saved_follow_no_rule(decimals):
    """Rounded and rare changes, slow drifts and counts are no frames that were filled in."""
    rng = np.random.default_rng(1)
    rounded = np.round(np.cumsum(rng.normal(size=3000)) / 20, decimals)
    rare = np.cumsum(rng.random(3000) < 0.02)
    smooth = np.convolve(rng.normal(size=3000), np.ones(50) / 50, mode="valid")
    for values in (rounded, rare, smooth, np.arange(3000.0), np.zeros(3000)):
        assert filled_in.spacing(values.astype(np.float32)) == (1, "")


def test_other_arrays_beside_states_are_told(folder, caplog):
    states = np.random.default_rng(0).integers(3, size=(2, 60))
    np.savez("a.npz", dtraj=states[0], replica=states[1])
    imported("a.npz", kind="dtraj")
    assert "dtraj and replica are read as two trajectories of 60 frames" in caplog.text


def test_lines_that_may_be_decimal_commas_are_told(folder, caplog):
    (folder / "a.csv").write_text(
        "".join(f"{a},{b}\n" for a, b in np.random.default_rng(0).integers(1, 10, (60, 2)))
    )
    imported("a.csv")
    assert "is read as two columns; if these are decimal commas" in caplog.text


def test_states_in_one_word_are_told_in_a_short_line(folder):
    (folder / "a.dat").write_text("01" * 1500 + "\n")
    refused("a.dat", "is not finite; write one number a line", kind="dtraj")


def test_mdtraj_takes_shares_of_the_cell_for_lengths(molecule):
    """Why they are refused."""
    lammps("a.lammpstrj", molecule.xyz / 5, "id type xs ys zs")
    read = mdtraj.load("a.lammpstrj", top="top.pdb")
    assert np.abs(read.xyz).max() < np.abs(molecule.xyz).max() / 10


def test_frames_that_were_filled_in_are_found_in_small_blocks(folder):
    """As a large molecule is read, a few frames at a time."""
    values = np.repeat(SAVED, 5, axis=0)
    watch = filled_in.FilledIn(states=False)
    for k in range(0, len(values), 10):
        watch.add("a", ["x", "y", "z"], values[k : k + 10], first=not k)
    with pytest.raises(ValueError, match="a: x changes only every 5 frames"):
        watch.finish()


def test_what_is_searched_holds_all_that_follows_the_rule():
    rng = np.random.default_rng(0)
    made = [np.repeat(rng.normal(size=400 // k), k)[:300] for k in range(1, 9)]
    made += [np.interp(np.arange(300) / k, np.arange(301), rng.normal(size=301)) for k in (2, 3)]
    columns = np.stack(made, axis=1).astype(np.float32)
    ruled = [c for c, column in enumerate(columns.T) if filled_in.spacing(column)[0] > 1]
    assert ruled == list(range(1, 10)) == filled_in.suspects(columns).tolist()


def test_features_of_other_scales_are_told(folder, caplog):
    rows = walk(80, 2)
    np.save("a.npy", rows * [1, 50])
    imported("a.npy")
    assert "hardly sees" not in caplog.text
    np.save("a.npy", rows * [1, 5000])
    imported("a.npy")
    assert "feature_1 only" in caplog.text and "hardly sees the second" in caplog.text
    caplog.clear()
    imported("a.npy", periods={"feature_2": 1e6})
    assert "hardly sees" not in caplog.text, "an angle is put on a circle"


@pytest.mark.parametrize("hops", [True, False])
def test_molecules_of_rmsd_that_change_their_image_are_told(folder, caplog, hops):
    one, other = protein(n_frames=40, seed=1), protein(n_frames=40, seed=2)
    other.xyz += np.float32([0, 1.5, 0])
    both = one.stack(other)
    both.unitcell_lengths, both.unitcell_angles = np.full((40, 3), 5.0), np.full((40, 3), 90.0)
    both[0].save("top.pdb")
    if hops:
        both.xyz[10:20, one.n_atoms :] += np.float32([5, 0, 0])
    both.save("a.xtc")
    found = molecular("a.xtc", features=["rmsd"], reference="top.pdb").trajectories[0]
    assert found.max() > 1 or not hops
    assert ("jump to another periodic image" in caplog.text) is hops
    assert caplog.text.count("which rmsd takes for a motion") == hops


def fortran(*records):
    """Records between two copies of their lengths."""
    return b"".join(struct.pack("<i", len(r)) + r + struct.pack("<i", len(r)) for r in records)


def test_fixed_atoms_stand_in_the_first_frame_of_a_dcd_only(folder):
    one, free = protein(), np.arange(5, 25)
    one.xyz[:, :5] = one.xyz[0, :5]
    one[0].save("top.pdb")
    control = np.zeros(20, "<i4")
    control[[0, 1, 2, 8, 19]] = len(one), 0, 1, 5, 24
    control[9:10].view("<f4")[:] = 1.0
    head = fortran(b"CORD" + control.tobytes(), struct.pack("<i", 1) + b" " * 80)
    head += fortran(struct.pack("<i", 25), (free + 1).astype("<i4").tobytes())
    moving = [one.xyz[0], *one.xyz[1:, free]]
    frames = [fortran(*(column.tobytes() for column in 10 * xyz.T)) for xyz in moving]
    (folder / "0.dcd").write_bytes(head + b"".join(frames))
    found = molecular("0.dcd", features=["ca_distances"]).trajectories[0]
    expected = mdtraj.compute_distances(one, [[1, 16]])
    np.testing.assert_allclose(found[:, :1], expected, atol=1e-5)
    (folder / "0.dcd").write_bytes(head + b"".join(frames[:-1]))
    refused_molecules("0.dcd", "0.dcd: the file is cut off at frame 23")


@pytest.mark.parametrize("step", [0.0409, 0.002])
def test_a_dcd_of_xplor_has_a_longer_time_step_and_no_cell(folder, caplog, step):
    one = protein()
    one[0].save("top.pdb")
    control = np.zeros(20, "<i4")
    control[[0, 1, 2]] = len(one), 0, 500
    control[9:11] = np.frombuffer(struct.pack("<d", step), "<i4")
    head = fortran(b"CORD" + control.tobytes(), struct.pack("<i", 1) + b" " * 80)
    head += fortran(struct.pack("<i", one.n_atoms))
    frames = [fortran(*(column.tobytes() for column in 10 * xyz.T)) for xyz in one.xyz]
    (folder / "0.dcd").write_bytes(head + b"".join(frames))
    times = 500 * step * (0.04888821 if step > 0.01 else 1.0)
    found = molecular("0.dcd", interval=times, features=["ca_distances"]).trajectories[0]
    assert len(found) == len(one) and "its header says" not in caplog.text
    (folder / "0.dcd").write_bytes(head + b"".join(frames[:-1]))
    refused_molecules("0.dcd", "the file is cut off at frame")

"""Frames that the bonds of the topology contradict, cells that are none, files without times."""

from __future__ import annotations

import itertools

import h5py
import mdtraj
import numpy as np
import pytest
from own_files import molecular, protein, refused_molecules, save, write_prmtop, write_psf
from scipy.io import netcdf_file

BLOCK = "raremd.data.imported.trajectory_files.BLOCK_BYTES"


def with_cell(one, edges, angles=(90, 90, 90)):
    """The trajectory in a cell that does not change."""
    one.unitcell_lengths = np.tile(np.broadcast_to(edges, 3), (len(one), 1)).astype(np.float32)
    one.unitcell_angles = np.tile(angles, (len(one), 1)).astype(np.float32)
    return one


# --- cut by a cell that the file does not tell ------------------------------------------------


@pytest.mark.parametrize("ending", ["xyz", "dcd", "mdcrd", "xtc"])
@pytest.mark.parametrize(("stride", "frame"), [(1, 17), (3, 19)])
def test_molecules_cut_by_a_cell_that_the_file_does_not_tell(
    folder, monkeypatch, ending, stride, frame
):
    monkeypatch.setattr(BLOCK, 12 * 25 * 6)  # 6 frames
    one = save(suffix=f".{ending}")[0]
    options = {"stride": stride, "interval": 5.0 * stride}
    assert len(molecular(f"*.{ending}", **options).trajectories) == 2
    one.xyz[16:, 12:, 0] += 4.0
    one.save(f"0.{ending}")
    refused_molecules(
        f"*.{ending}",
        f"0.{ending}: frame {frame}: ALA3:CA and ALA3:C, bonded in top.pdb, are ",
        "no unit cell; make molecules whole",
        **options,
    )


@pytest.mark.parametrize("atom", [10, 12])  # between residues, within one
@pytest.mark.parametrize("top", ["top.pdb", "top.prmtop"])
def test_molecules_cut_in_the_first_frame_and_in_the_topology(folder, atom, top):
    one = save(count=1)[0]
    one.xyz[:9, atom:, 1] += 4.0
    one[0].save("top.pdb")
    write_prmtop(one.topology, "top.prmtop")
    one.save("0.xtc")
    refused_molecules("0.xtc", "0.xtc: frame 1: ALA", "nm apart", topology=top)


def test_a_cut_molecule_of_which_nothing_is_taken(folder):
    one = protein(("ALA",) * 6, gap_before=(3,), numbers=[1, 2, 3, 1, 2, 3])
    one[0].save("top.pdb")
    one.xyz[9:, 22:, 1] += 4.0
    one.save("0.xyz")
    some = {"features": ["distances"], "selection": "index 0 to 9"}
    assert len(molecular("0.xyz", **some).trajectories[0]) == 23
    refused_molecules("0.xyz", "0.xyz: frame 10: ", features=["ca_distances"])


# --- cut by a cell that the file tells --------------------------------------------------------

SHEARED = ((90, 90, 90), (80, 70, 65))


@pytest.mark.parametrize("angles", SHEARED)
@pytest.mark.parametrize("wanted", ["ca_distances", "contacts", "heavy_distances"])
def test_long_molecules_are_put_together(folder, monkeypatch, wanted, angles):
    monkeypatch.setattr(BLOCK, 12 * 60 * 6)  # 6 frames
    one = with_cell(protein(("ALA",) * 12), 3.0, angles)
    one[0].save("top.pdb")
    one.save("0.xtc")
    expected = molecular(features=[wanted]).trajectories[0]
    plain = protein(("ALA",) * 12)
    plain.save("0.dcd")
    np.testing.assert_allclose(
        molecular("0.dcd", features=[wanted]).trajectories[0], expected, atol=2e-3
    )
    assert expected.max() > 2.0, "farther than half the cell"
    for frames, atom, k in ((slice(5, 9), 27, 0), (slice(7, None), 13, 1), (slice(12, 20), 41, 2)):
        one.xyz[frames, atom:] += one.unitcell_vectors[0, k]
    one.save("0.xtc")
    np.testing.assert_allclose(molecular(features=[wanted]).trajectories[0], expected, atol=2e-3)


@pytest.mark.parametrize("wanted", ["ca_distances", "contacts"])
def test_between_molecules_the_nearest_image_is_taken(folder, wanted):
    one = with_cell(protein(("ALA",) * 6, gap_before=(3,), numbers=[1, 2, 3, 1, 2, 3]), 5.0)
    one[0].save("top.gro")
    one.save("0.xtc")
    expected = molecular(topology="top.gro", features=[wanted]).trajectories[0]
    one.xyz[7:, 15:, 1] += 5.0
    one.save("0.xtc")
    found = molecular(topology="top.gro", features=[wanted]).trajectories[0]
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_chain_bonded_to_its_own_image_has_the_nearest_distances(folder):
    topology, rng = mdtraj.Topology(), np.random.default_rng(1)
    residue = topology.add_residue("LIG", topology.add_chain(), resSeq=1)
    atoms = [topology.add_atom(f"C{k}", mdtraj.element.carbon, residue) for k in range(8)]
    for a, b in zip(atoms, [*atoms[1:], atoms[0]], strict=True):
        topology.add_bond(a, b)
    xyz = 0.15 * np.arange(8)[None, :, None] * [1, 0, 0] + 0.005 * rng.normal(size=(23, 8, 3))
    one = with_cell(mdtraj.Trajectory(xyz, topology, time=5.0 * np.arange(23)), 1.2)
    one.save("0.xtc")
    write_psf(topology, "top.psf")
    found = molecular("0.xtc", topology="top.psf", features=["distances"], selection="all")
    pairs = np.array(list(itertools.combinations(range(8), 2)))
    expected = mdtraj.compute_distances(mdtraj.load("0.xtc", top=topology), pairs)
    np.testing.assert_allclose(found.trajectories[0], expected, atol=1e-5)
    assert found.trajectories[0].max() < 0.7, "no farther than half the cell"


# --- cells that are none ----------------------------------------------------------------------

ALL = ["phi", "psi", "ca_distances", "contacts"]


@pytest.mark.parametrize("edge", [0.1, 0.3, (9.0, 9.0, 0.45), 0.6, 0.9])
@pytest.mark.parametrize("ending", ["xtc", "dcd"])
def test_cells_in_which_no_molecule_fits(folder, caplog, edge, ending):
    one = protein()
    one[0].save("top.pdb")
    one.save(f"0.{ending}")
    expected = molecular(f"0.{ending}", features=ALL).trajectories[0]
    assert "cell" not in caplog.text
    with_cell(one, edge).save(f"0.{ending}")
    found = molecular(f"0.{ending}", features=ALL).trajectories[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    shortest = np.min(edge)
    assert caplog.text.count(f"0.{ending}: its unit cell has an edge of {shortest:.2g} nm") == 1
    assert ("is taken for none" in caplog.text) == (shortest < 0.5)


def test_a_small_cell_of_a_real_simulation_is_kept(folder, caplog):
    one = protein(("ALA",) * 6, gap_before=(3,), numbers=[1, 2, 3, 1, 2, 3])
    one[0].save("top.gro")
    with_cell(one, 1.0).save("0.xtc")
    found = molecular(topology="top.gro", features=["contacts"])
    assert found.trajectories[0].max() < 0.9, "to the nearest image"
    assert "cell" not in caplog.text


def test_cells_in_some_frames_only(folder, monkeypatch):
    monkeypatch.setattr(BLOCK, 12 * 25 * 6)  # 6 frames
    one = with_cell(save(count=1)[0], 4.0)
    one.unitcell_lengths[8:] = 0.2
    one.save("0.xtc")
    refused_molecules("0.xtc", "0.xtc: frame 9 has no unit cell", "those before have one")
    one.unitcell_lengths[:] = 4.0
    one.unitcell_lengths[:8] = 0.2
    one.save("0.xtc")
    refused_molecules("0.xtc", "0.xtc: frame 9 has a unit cell", "those before have none")


def test_a_cell_of_zeros_is_none(folder, caplog):
    one = save(count=1, suffix=".nc")[0]
    expected = molecular("0.nc", features=ALL).trajectories[0]
    with_cell(one, 0.0).save("0.nc")
    found = molecular("0.nc", features=ALL).trajectories[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert "nm" not in caplog.text


# --- order of the atoms -----------------------------------------------------------------------


OTHER_ORDERS = ([0, 1, 4, 2, 3], [4, 2, 0, 3, 1])
IN_OTHER_ORDER = [
    *itertools.product(("top.pdb", "top.gro", "top.prmtop", "top.psf"), OTHER_ORDERS, (1.0,)),
    ("top.gro", OTHER_ORDERS[1], 10.0),  # and in another unit
]


@pytest.mark.parametrize(("top", "order", "factor"), IN_OTHER_ORDER)
def test_atoms_in_another_order_than_the_topology(folder, top, order, factor):
    one = save(count=1)[0]
    one[0].save("top.gro")
    write_prmtop(one.topology, "top.prmtop")
    write_psf(one.topology, "top.psf")
    one.xyz = factor * one.xyz[:, np.add.outer(5 * np.arange(5), order).ravel()]
    one.save("0.xtc")
    refused_molecules(
        "0.xtc", "0.xtc: frame 1: ", f"bonds of {top} are not", "another order", topology=top
    )


@pytest.mark.parametrize("chunk", [1 << 25, 1 << 12])
@pytest.mark.parametrize("stride", [1, 3])
def test_atoms_whose_order_changes_within_a_file(folder, monkeypatch, chunk, stride):
    monkeypatch.setattr("raremd.data.imported.trajectory_files.BLOCK_BYTES", chunk)
    one = save(count=1, n_frames=60)[0]
    one.xyz[33:] = one.xyz[33:, np.add.outer(5 * np.arange(5), OTHER_ORDERS[1]).ravel()]
    one.save("1.xtc")
    wanted = {"stride": stride, "interval": 5.0 * stride}
    said = "1.xtc: frame 34: ", "another order than in the topology and in the frames before"
    refused_molecules("1.xtc", *said, **wanted)
    assert len(molecular("0.xtc", **wanted).trajectories[0]) == 60 // stride


def test_atoms_sorted_by_element(folder):
    one = protein(("ALA",) * 30)
    one[0].save("top.pdb")
    one.xyz = one.xyz[:, np.argsort([a.name for a in one.topology.atoms], kind="stable")]
    one.save("0.xtc")
    refused_molecules("0.xtc", "another order than in the topology")


@pytest.mark.parametrize("top", ["top.psf", "top.pdb"])
def test_grains_and_what_the_topology_shows_too_are_in_order(folder, top):
    one = protein(("ALA",) * 8)
    if top == "top.psf":  # one grain for each residue
        one = one.atom_slice([a.index for a in one.topology.atoms if a.name == "CA"])
        for a, b in zip(range(7), range(1, 8), strict=True):
            one.topology.add_bond(one.topology.atom(a), one.topology.atom(b))
    one.xyz = 1.7 * one.xyz
    write_psf(one.topology, "top.psf")
    one[0].save("top.pdb")
    one.save("0.xyz")
    one.save("0.xtc")
    for file in ("0.xyz", "0.xtc"):
        found = molecular(file, topology=top, features=["distances"], selection="name CA")
        assert len(found.trajectories[0]) == 23


def test_chains_of_springs_are_in_order(folder):
    one = protein(("ALA",) * 8)
    one.xyz += 0.06 * np.random.default_rng(5).normal(size=one.xyz.shape).astype(np.float32)
    one[-1].save("top.pdb")
    one.save("0.xyz")
    assert len(molecular("0.xyz", features=["ca_distances"]).trajectories[0]) == 23


# --- times ------------------------------------------------------------------------------------


def without_times(one, ending):
    """The trajectory in a file that does not tell the times of its frames."""
    file = f"0.{ending}"
    if ending == "h5":
        with h5py.File(file, "w") as h5:
            h5["coordinates"] = one.xyz
    elif ending == "gro":
        one.save(file)
        with open(file) as text:
            lines = [line.split(", t=")[0].rstrip("\n") for line in text]
        with open(file, "w") as text:
            text.write("\n".join(lines) + "\n")
    else:
        with netcdf_file(file, "w") as nc:
            nc.Conventions, nc.ConventionVersion = "AMBER", "1.0"
            nc.createDimension("frame", None)
            nc.createDimension("atom", one.n_atoms)
            nc.createDimension("spatial", 3)
            nc.createVariable("coordinates", "f", ("frame", "atom", "spatial"))[:] = 10 * one.xyz


@pytest.mark.parametrize("ending", ["nc", "gro", "h5"])
def test_files_without_times(folder, ending):
    one = save(count=1)[0]
    without_times(one, ending)
    found = molecular(f"0.{ending}", interval=77.0)
    assert found.feature_names == ["phi_ALA2", "phi_ALA3", "phi_ALA4", "phi_ALA5"]
    expected = np.rad2deg(mdtraj.compute_phi(one)[1])
    np.testing.assert_allclose(found.trajectories[0], expected, atol=5.0)  # gro has 3 digits


@pytest.mark.parametrize("ending", ["nc", "gro", "trr"])
def test_times_that_are_told_are_checked(folder, ending):
    save(count=1, suffix=f".{ending}")
    assert len(molecular(f"0.{ending}").trajectories[0]) == 23
    refused_molecules(f"0.{ending}", "frames 1 and 2 are 5 ps apart", interval=77.0)

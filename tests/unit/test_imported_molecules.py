"""Topology and trajectories: features equal mdtraj's own, and nothing is left out in silence."""

from __future__ import annotations

import h5py
import mdtraj
import numpy as np
import pytest
from own_files import (
    molecular,
    protein,
    refused_molecules,
    save,
    write_prmtop,
    write_psf,
)


@pytest.fixture
def molecules(folder):
    made = [protein(side_chain=-1, seed=k) for k in (1, 2)]
    made[0][0].save("top.pdb")
    for k, one in enumerate(made):
        one.save(f"{k}.xtc")
        one.save(f"{k}.dcd")
    return made


def test_features_of_molecules(molecules, monkeypatch):
    monkeypatch.setattr(
        "raremd.data.imported.trajectory_files.BLOCK_BYTES", 12 * 20 * 6
    )  # 6 frames
    wanted = ["phi", "psi", "ca_distances", "contacts", "heavy_distances", "rmsd", "distances"]
    found = molecular(features=wanted, reference="top.pdb", selection="name CA and resid 0 to 2")
    one, name = mdtraj.load("0.xtc", top="top.pdb"), found.feature_names
    values = dict(zip(name, found.trajectories[0].T, strict=True))
    phi = np.rad2deg(mdtraj.compute_phi(one)[1])
    np.testing.assert_allclose(values["phi_ALA2"], phi[:, 0], atol=1e-3)
    assert found.periods[name.index("psi_ALA1")] == 360
    far = mdtraj.compute_distances(one, [[1, 13]])[:, 0]
    np.testing.assert_allclose(values["ca_ALA1:CA_ALA4:CA"], far, atol=1e-6)
    closest = mdtraj.compute_contacts(one, [[0, 4]], scheme="closest-heavy")[0][:, 0]
    np.testing.assert_allclose(values["contact_ALA1_ALA5"], closest, atol=1e-6)
    reference = mdtraj.load("top.pdb")
    rmsd = mdtraj.rmsd(one, reference, atom_indices=one.topology.select("resid 0 to 2 and name CA"))
    np.testing.assert_allclose(values["rmsd"], rmsd, atol=1e-6)
    assert {"distance_ALA1:CA_ALA3:CA", "heavy_ALA1:N_ALA1:O"} <= set(name)
    assert not any(n == "heavy_ALA1:N_ALA1:C" for n in name), "two bonds apart"


def test_stride_and_formats_without_time(molecules):
    assert [len(t) for t in molecular(stride=2, interval=10.0).trajectories] == [12, 12]
    assert [len(t) for t in molecular("*.dcd", interval=77.0).trajectories] == [23, 23]


def test_hdf5_of_mdtraj(molecules, monkeypatch):
    monkeypatch.setattr(
        "raremd.data.imported.trajectory_files.BLOCK_BYTES", 12 * 20 * 6
    )  # 6 frames
    for k, one in enumerate(molecules):
        with h5py.File(f"{k}.h5", "w") as h5:  # as mdtraj lays it out
            broken = one.xyz.copy()
            broken[:, 8:, 0] += 1.0  # by the cell
            h5["coordinates"], h5["time"] = broken, one.time
            h5["cell_lengths"] = np.full((len(one), 3), 1.0, np.float32)
            h5["cell_angles"] = np.full((len(one), 3), 90, np.float32)
    wanted = ["psi", "ca_distances"]
    found = molecular("*.h5", features=wanted, stride=2, interval=10.0)
    for values, one in zip(found.trajectories, molecules, strict=True):
        psi = np.rad2deg(mdtraj.compute_psi(one[::2])[1])
        np.testing.assert_allclose(values[:, :4], psi, atol=1e-3)
        far = mdtraj.compute_distances(one[::2], [[1, 13]])[:, 0]
        at = found.feature_names.index("ca_ALA1:CA_ALA4:CA")
        np.testing.assert_allclose(values[:, at], far, atol=1e-6)
    with pytest.raises(ValueError, match=r"0\.h5: frames 1 and 2 are 5 ps apart"):
        molecular("*.h5", interval=1.0)
    with pytest.raises(ValueError, match=r"0\.h5 has 20 atoms, the topology other\.pdb has 30"):
        protein(("ALA",) * 6)[0].save("other.pdb")
        molecular("*.h5", topology="other.pdb")
    with pytest.raises(ValueError, match=r"^0\.h5: structures are not taken from HDF5"):
        molecular("*.h5", topology="0.h5")


def test_times_of_xtc_are_checked(molecules):
    with pytest.raises(ValueError, match=r"0\.xtc: frames 1 and 2 are 5 ps apart"):
        molecular(interval=1.0)


def test_molecules_that_do_not_fit(molecules):
    protein(("ALA",) * 6)[0].save("other.pdb")
    for files in ("*.xtc", "*.dcd"):
        with pytest.raises(ValueError, match=r"has 20 atoms, the topology other\.pdb has 30"):
            molecular(files, topology="other.pdb")
    with pytest.raises(ValueError, match=r"other\.pdb has 30 atoms"):
        molecular(features=["rmsd"], reference="other.pdb")
    with pytest.raises(ValueError, match="has no 'chi1'"):
        molecular(features=["chi1"])
    with pytest.raises(ValueError, match=r"needs source\.selection"):
        molecular(features=["distances"])
    with pytest.raises(ValueError, match=r"source\.selection: 'nme CA' is not understood"):
        molecular(features=["distances"], selection="nme CA")


def test_too_many_features_are_refused_before_any_is_computed(molecules, monkeypatch):
    monkeypatch.setattr("raremd.data.imported.featurizers.MAX_COLUMNS", 100)
    with pytest.raises(ValueError, match=r"'heavy_distances' are \d+ features, more than 100"):
        molecular(features=["phi", "heavy_distances"])


def test_cut_trajectory(molecules, folder):
    (folder / "0.xtc").write_bytes((folder / "0.xtc").read_bytes()[:-50])
    with pytest.raises(ValueError, match=r"0\.xtc: .*cut off"):
        molecular()


# --- formats and topologies -------------------------------------------------------------------

FORMATS = ("xtc", "trr", "dcd", "nc", "xyz", "pdb", "gro", "mdcrd")
WITH_CELL = ("xtc", "trr", "dcd", "nc", "pdb", "gro", "mdcrd")


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """One chain in every format and topology, with a cell and without."""
    path = tmp_path_factory.mktemp("everything")
    one = protein()
    for ending in FORMATS:
        one.save(str(path / f"open.{ending}"))
    one.unitcell_lengths, one.unitcell_angles = np.full((23, 3), 4.0), np.full((23, 3), 90.0)
    for ending in WITH_CELL:
        one.save(str(path / f"cell.{ending}"))
    for ending in ("pdb", "gro"):
        one[0].save(str(path / f"top.{ending}"))
    write_prmtop(one.topology, path / "top.prmtop")
    write_psf(one.topology, path / "top.psf")
    return path


@pytest.mark.parametrize("topology", ["pdb", "gro", "prmtop", "psf"])
@pytest.mark.parametrize(
    "file", [*(f"open.{e}" for e in FORMATS), *(f"cell.{e}" for e in WITH_CELL)]
)
def test_every_format_with_every_topology(everything, monkeypatch, tmp_path, file, topology):
    monkeypatch.chdir(everything)
    wanted = ["phi", "psi", "ca_distances", "contacts"]
    found = molecular(file, topology=f"top.{topology}", features=wanted)
    one = mdtraj.load(file, top="top.pdb")
    expected = [
        np.rad2deg(mdtraj.compute_phi(one)[1]),
        np.rad2deg(mdtraj.compute_psi(one)[1]),
        mdtraj.compute_distances(one, [[1, 16], [1, 21], [6, 21]]),
        mdtraj.compute_contacts(one, [[0, 3], [0, 4], [1, 4]], scheme="closest-heavy")[0],
    ]
    assert found.feature_names[0] == "phi_ALA2" and found.feature_names[-1] == "contact_ALA2_ALA5"
    np.testing.assert_allclose(found.trajectories[0], np.hstack(expected), atol=1e-4)


# --- files that hold less than they say -------------------------------------------------------


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("left", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("stride", [1, 3])
def test_files_that_are_cut_off(everything, monkeypatch, tmp_path, ending, left, stride):
    monkeypatch.chdir(tmp_path)
    content = (everything / f"open.{ending}").read_bytes()
    (tmp_path / f"a.{ending}").write_bytes(content[: int(left * len(content))])
    top, interval = str(everything / "top.pdb"), 5.0 * stride
    refused_molecules(
        f"a.{ending}", f"a.{ending}: ", "cut off", topology=top, stride=stride, interval=interval
    )


@pytest.mark.parametrize("frames", [1, 7])
def test_a_dcd_cut_between_frames(everything, monkeypatch, tmp_path, frames):
    monkeypatch.chdir(tmp_path)
    content = (everything / "open.dcd").read_bytes()
    frame = 3 * (4 * 25 + 8)
    (tmp_path / "a.dcd").write_bytes(content[: len(content) - frames * frame])
    refused_molecules(
        "a.dcd", f"cut off at frame {24 - frames}", topology=str(everything / "top.pdb")
    )


@pytest.mark.parametrize("empty", [[1], [0, 4], [22], list(range(1, 23))])
@pytest.mark.parametrize("ending", ["trr", "nc"])
def test_frames_without_coordinates(folder, empty, ending):
    one = protein()
    one[0].save("top.pdb")
    one.xyz[empty] = 0.0  # as mdtraj reads a frame of velocities
    one.save(f"a.{ending}")
    refused_molecules(f"a.{ending}", f"frame {empty[0] + 1} has no coordinates")


def test_frames_without_coordinates_are_counted_in_the_file(folder):
    one = protein()
    one[0].save("top.pdb")
    one.xyz[6] = 0.0
    one.save("a.trr")
    refused_molecules("a.trr", "frame 7 has no coordinates", stride=3, interval=15.0)


@pytest.mark.parametrize(
    ("name", "proposed"), [("a.mdcrd", ".nc"), ("a.trj.xtc", ".dcd"), ("a.nc", ".xtc")]
)
def test_files_that_are_not_what_they_are_called(folder, name, proposed):
    one = protein()
    one[0].save("top.pdb")
    one.save(f"b{proposed}")
    (folder / f"b{proposed}").rename(name)
    refused_molecules(name, f"name it {proposed}")


# --- bonds and cells --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["LIG", "UNL", "MOL"])
def test_bonds_of_residues_that_no_library_knows(folder, caplog, name):
    one = protein((name,), side_chain=3)
    for k, atom in enumerate(one.topology.atoms, start=1):
        atom.name = f"C{k}"
    one[0].save("top.gro")
    one.save("0.xtc")
    found = molecular(topology="top.gro", features=["heavy_distances"])
    assert f"lacks bonds of {name}1" in caplog.text
    # 1-2-3-4 with 2-5-6-7-8: three bonds or more apart.
    far = {"14", "16", "17", "18", "27", "28", "36", "37", "38", "45", "46", "47", "48", "58"}
    pairs = {n.split(":C")[1][0] + n.split(":C")[2][0] for n in found.feature_names}
    assert pairs == far


def test_a_molecule_longer_than_half_the_cell(folder):
    one = protein(("ALA",) * 12)
    length = np.linalg.norm(one.xyz[0, 1] - one.xyz[0, 56])
    one.unitcell_lengths = np.full((23, 3), 1.2 * length)
    one.unitcell_angles = np.full((23, 3), 90.0)
    one[0].save("top.pdb")
    one.save("0.xtc")
    one = mdtraj.load("0.xtc", top="top.pdb")
    found = molecular(features=["ca_distances"])
    at = found.feature_names.index("ca_ALA1:CA_ALA12:CA")
    ends = mdtraj.compute_distances(one, [[1, 56]], periodic=False)[:, 0]
    np.testing.assert_allclose(found.trajectories[0][:, at], ends, atol=1e-5)
    one.xyz[::2, 30:, 0] += one.unitcell_lengths[0, 0]  # broken in every other frame
    one.save("0.xtc")
    found = molecular(features=["ca_distances"])
    np.testing.assert_allclose(found.trajectories[0][:, at], ends, atol=2e-3)


# --- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize("selection", ["name CA and", "nme CA", "((", "name CA or or resid 1"])
@pytest.mark.parametrize("feature", ["distances", "rmsd"])
def test_selections_that_are_not_understood(molecules, selection, feature):
    refused_molecules(
        "*.xtc",
        f"source.selection: '{selection}' is not understood",
        features=[feature],
        selection=selection,
        reference="top.pdb",
    )


@pytest.mark.parametrize(("feature", "needed"), [("distances", "two"), ("rmsd", "three")])
@pytest.mark.parametrize("selection", ["name XX", "resname LIG", "index 3"])
def test_selections_of_too_few_atoms(molecules, selection, feature, needed):
    refused_molecules(
        "*.xtc",
        f"source.selection '{selection}' gives",
        needed,
        features=[feature],
        selection=selection,
        reference="top.pdb",
    )


@pytest.mark.parametrize("where", ["Daten für Müller", "データ", "a b"])
@pytest.mark.parametrize("ending", ["xtc", "dcd", "trr", "nc"])
def test_paths_that_are_not_ascii(folder, where, ending):
    (folder / where).mkdir()
    one = protein()
    one.save(f"0.{ending}")
    one[0].save("top.gro")
    (folder / f"0.{ending}").rename(folder / where / f"0.{ending}")
    (folder / "top.gro").rename(folder / where / "tüp.gro")
    found = molecular(f"{where}/*.{ending}", topology=f"{where}/tüp.gro")
    assert len(found.trajectories[0]) == 23


def test_a_topology_that_is_none(folder):
    save()
    (folder / "top.prmtop").write_text("%VERSION\n")
    refused_molecules("*.xtc", "top.prmtop: mdtraj cannot read it", topology="top.prmtop")
    (folder / "top.abc").write_text("x")
    refused_molecules("*.xtc", "top.abc: no topology is read", topology="top.abc")


# --- ligands and times ------------------------------------------------------------------------


def test_the_nearest_distance_of_a_ligand(folder, monkeypatch):
    monkeypatch.setattr("raremd.data.imported.featurizers.BLOCK_BYTES", 4 * 24 * 5)
    one = protein(("ALA", "ALA", "LIG"))
    for k, atom in enumerate(one.topology.residue(2).atoms):
        atom.name = f"C{k}"
    one.xyz[:, 10:] += 0.1 * np.random.default_rng(1).normal(size=(23, 1, 3)).astype(np.float32)
    one[0].save("top.gro")
    one.save("0.xtc")
    found = molecular(topology="top.gro", features=["minimum_distance"], selection="resname LIG")
    one = mdtraj.load("0.xtc", top="top.gro")
    pairs = np.array([(i, j) for i in range(10, 15) for j in range(10)])
    expected = mdtraj.compute_distances(one, pairs).min(axis=1)
    np.testing.assert_allclose(found.trajectories[0][:, 0], expected, atol=1e-6)
    one.unitcell_lengths, one.unitcell_angles = np.full((23, 3), 6.0), np.full((23, 3), 90.0)
    one.xyz[5:, 10:, 1] += 6.0  # to another image
    one.save("0.xtc")
    found = molecular(topology="top.gro", features=["minimum_distance"], selection="resname LIG")
    np.testing.assert_allclose(found.trajectories[0][:, 0], expected, atol=2e-3)
    for selection, words in (("resname XYZ", "(0 heavy atoms)"), ("all", "outside of it (0)")):
        refused_molecules(
            "*.xtc", words, topology="top.gro", features=["minimum_distance"], selection=selection
        )


def test_times_of_trajectories_can_be_overruled(folder):
    one = save()[0]
    one.time = np.zeros(23)
    one.save("0.xtc")
    refused_molecules("0.xtc", "'times: none'")
    assert len(molecular("0.xtc", times="none").trajectories[0]) == 23
    one.time = 5e-3 * np.arange(23)
    one.save("0.xtc")
    refused_molecules("0.xtc", "'times: ns'")
    assert len(molecular("0.xtc", times="ns").trajectories[0]) == 23


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.xtc", "is no .xtc file inside"),
        ("a.dcd", "is no .dcd file inside"),
        ("a.nc", "is no .nc file inside"),
        ("a.xtc.gz", "unpack it, or convert it"),
        ("a.csv", "kind: features"),
        ("prod", "mdtraj reads no files with this ending"),
    ],
)
def test_files_that_are_no_trajectories(folder, name, words):
    save()
    (folder / name).write_text("0.1 0.2\n" * 50)
    refused_molecules(name, f"{name}: ", words)


@pytest.mark.parametrize("name", ["a.tpr", "a.top", "top.PDB", "top"])
def test_topologies_that_are_not_read(folder, name):
    save()
    (folder / name).write_bytes((folder / "top.pdb").read_bytes())
    refused_molecules("*.xtc", f"{name}: no topology is read", topology=name)


@pytest.mark.parametrize("content", ["", "REMARK\nEND\n"])
def test_topologies_without_atoms(folder, content):
    save()
    (folder / "a.pdb").write_text(content)
    refused_molecules("*.xtc", "a.pdb: ", topology="a.pdb")


@pytest.mark.parametrize("factor", [0.1, 1.0, 10.0])
def test_coordinates_in_another_unit_than_their_format(folder, caplog, factor):
    one = save(suffix=".xyz")[0]
    one.xyz = factor * one.xyz
    one.save("0.xyz")
    molecular("*.xyz", features=["ca_distances"])
    assert ("0.xyz: bonds are" in caplog.text) == (factor != 1.0)
    assert "1.xyz: bonds are" not in caplog.text

"""Residues whose names mdtraj does not know, gaps in chains, and names that stand twice."""

from __future__ import annotations

import mdtraj
import numpy as np
import pytest
from own_files import molecular, protein, refused_molecules, save, write_prmtop, write_psf

# --- residues ---------------------------------------------------------------------------------

VARIANTS = {
    "AMBER": ["HIE", "HID", "HIP", "CYX", "CYM", "LYN", "ASH", "GLH", "NALA", "CHIE"],
    "GROMACS": ["HISD", "HISE", "HISH", "CYS2", "LYSH", "ASPH", "GLUH", "ARGN", "QLN"],
    "CHARMM": ["HSD", "HSE", "HSP", "ASPP", "GLUP", "LSN", "CYM", "MSE"],
    "nobody": ["XYZ", "ABCD", "ALA", "Q1", "UNK", "ALA", "ALA"],
}


@pytest.mark.parametrize("naming", VARIANTS)
@pytest.mark.parametrize("top", ["top.gro", "top.prmtop"])
def test_residues_whatever_their_names(folder, naming, top):
    sequence = VARIANTS[naming]
    one = save(sequence=sequence)[0]
    one[0].save("top.gro")
    write_prmtop(one.topology, "top.prmtop")
    n = len(sequence)
    far = [(i, j) for i in range(n) for j in range(i + 3, n)]
    found = molecular(topology=top, features=["ca_distances", "contacts"])
    assert len(found.feature_names) == 2 * len(far)
    found = molecular(topology=top, features=["phi", "psi", "omega"])
    assert len(found.feature_names) == 3 * (n - 1)
    found = molecular(topology=top, features=["distances"], selection="protein and name CA")
    assert len(found.feature_names) == n * (n - 1) // 2
    one = mdtraj.load("0.xtc", top=mdtraj.load_topology("top.prmtop"))
    rmsd = mdtraj.rmsd(
        one, one, atom_indices=[a.index for a in one.topology.atoms if a.name == "CA"]
    )
    one[0].save("first.gro")
    found = molecular(topology=top, features=["rmsd"], reference="first.gro")
    np.testing.assert_allclose(found.trajectories[0][:, 0], rmsd, atol=2e-3)  # gro has 3 digits


@pytest.mark.parametrize(
    ("sequence", "kind", "missing"),
    [
        (["LYS", "ALA", "GLU"], "chi1", "LYS1, GLU3"),
        (["ALA", "VAL", "ALA", "ARG"], "chi1", "VAL2"),
        (["ILE", "ALA", "SER"], "chi1", "SER3"),
    ],
)
def test_side_chains_that_are_cut_off_are_named(folder, caplog, sequence, kind, missing):
    one = protein(sequence, side_chain=1)
    keep = [
        a.index
        for a in one.topology.atoms
        if a.name != "CG" or f"{a.residue.name}{a.residue.resSeq}" not in missing
    ]
    one = one.atom_slice(keep)
    one[0].save("top.pdb")
    one.save("0.xtc")
    try:
        molecular(features=["psi", kind])
    except ValueError as error:
        assert f"no '{kind}'" in str(error)
    assert f"no {kind} of {missing}" in caplog.text


def test_a_residue_without_ca_is_named(folder, caplog):
    one = protein(("ALA",) * 6)
    one = one.atom_slice(
        [a.index for a in one.topology.atoms if (a.residue.index, a.name) != (2, "CA")]
    )
    one[0].save("top.pdb")
    one.save("0.xtc")
    molecular(features=["ca_distances"])
    assert "without an atom CA: ALA3" in caplog.text


# --- gaps -------------------------------------------------------------------------------------


@pytest.mark.parametrize("gaps", [(3,), (1, 4), (5,)])
@pytest.mark.parametrize("top", ["top.pdb", "top.gro", "top.prmtop", "top.psf"])
def test_dihedrals_across_gaps_are_left_out_and_named(folder, caplog, gaps, top):
    one = save(sequence=("ALA",) * 6, gap_before=gaps)[0]
    one[0].save("top.gro")
    write_prmtop(one.topology, "top.prmtop")
    write_psf(one.topology, "top.psf")
    found = molecular(topology=top, features=["phi", "psi", "omega"])
    for before in gaps:
        for name in (f"phi_ALA{before + 1}", f"psi_ALA{before}", f"omega_ALA{before}"):
            assert name in caplog.text and name not in found.feature_names
    assert len(found.feature_names) == 3 * (5 - len(gaps))


def test_chains_broken_by_the_cell_have_no_gap(folder, caplog):
    one = protein(("ALA",) * 6)
    one.unitcell_lengths, one.unitcell_angles = np.full((23, 3), 3.0), np.full((23, 3), 90.0)
    one[0].save("top.pdb")
    one.xyz[:, 12:, 0] += 3.0
    one.save("0.xtc")
    assert len(molecular(features=["phi", "psi"]).feature_names) == 10
    assert "left out" not in caplog.text


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "names"),
    [
        ([1, 2, 3, 1, 2, 3], ["phi_ALA2_1", "phi_ALA3_1", "phi_ALA2_2", "phi_ALA3_2"]),
        ([5, 6, 7, 5, 6, 7], ["phi_ALA6_1", "phi_ALA7_1", "phi_ALA6_2", "phi_ALA7_2"]),
        ([7, 8, 9, 1, 2, 3], ["phi_ALA8_1", "phi_ALA9_1", "phi_ALA2_2", "phi_ALA3_2"]),
    ],
)
def test_molecules_of_equal_residues_have_names_of_their_own(folder, numbers, names):
    one = save(sequence=("ALA",) * 6, gap_before=(3,), numbers=numbers)[0]
    one[0].save("top.gro")
    assert molecular(topology="top.gro").feature_names == names


def test_residues_of_one_number_are_not_taken_for_one(folder):
    one = save(sequence=("ALA",) * 6, numbers=[1, 2, 2, 2, 3, 4])[0]
    one[0].save("top.gro")
    refused_molecules("*.xtc", "residue ALA2 has 3 atoms CA", topology="top.gro")


def test_atoms_of_equal_names(folder):
    one = protein(("MOL",) * 2)
    for atom in one.topology.atoms:
        atom.name = "C"
    one[0].save("top.gro")
    one.save("0.xtc")
    found = molecular(topology="top.gro", features=["distances"], selection="index 0 1 7")
    assert found.feature_names[0] == "distance_MOL1:C@1_MOL1:C@2"

"""Topologies: read by mdtraj, with residues and bonds that it does not know, and unique labels."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import mdtraj
import numpy as np
from mdtraj.core.topology import Residue

from raremd.data.imported.trajectory_files import MDTRAJ_HDF5, ascii_path, reason

log = logging.getLogger(__name__)

STANDARD = (
    *("ALA", "ARG", "ASN", "ASP", "CYS", "GLN", "GLU", "GLY", "HIS", "ILE"),
    *("LEU", "LYS", "MET", "PHE", "PRO", "SER", "THR", "TRP", "TYR", "VAL"),
)
VARIANTS = {
    "ARG": "ARGN",
    "ASP": "ASH ASPH ASPP",
    "CYS": "CYX CYM CYSH CYS1 CYS2 CYSP CYN",
    "GLN": "QLN",
    "GLU": "GLH GLUH GLUP",
    "HIS": "HID HIE HIP HSD HSE HSP HISA HISB HISD HISE HISH HISP HIS1 HIS2 HIN",
    "LYS": "LYN LYP LYSH LYSN LSN",
    "MET": "MSE",
    "TYR": "TYM",
}
PROTEIN_NAMES = {name: name for name in STANDARD} | {
    variant: name for name, variants in VARIANTS.items() for variant in variants.split()
}
"""Names that GROMACS, AMBER and CHARMM give by protonation and disulfide bonds -> standard name."""
ATOM_VARIANTS = {("ILE", "CD"): "CD1", ("MET", "SE"): "SD"}
BACKBONE = {"N", "CA", "C"}
NO_BOND = 0.3
"""Nearer than this (nm) are only atoms that are bonded, or two bonds apart."""
BOND, LONG_BOND = 0.2, 0.24
"""Heavy atoms nearer than this (nm) are bonded; the second with elements of the third period on."""
FIRST_OF_THIRD_PERIOD = 11
LONGEST = 80
AMBER = (".prmtop", ".parm7", ".prm7")
STRUCTURES = (".pdb", ".gro", ".pdbx", ".cif", ".mmcif", ".mol2", ".arc", ".hoomdxml", ".gsd")


class Structure(NamedTuple):
    """A topology, and the coordinates that it came with.

    Attributes
    ----------
    file : str
    topology : mdtraj.Topology
        As in the file.
    standard : mdtraj.Topology
        The same atoms with standard residue names and the bonds that follow from them.
    xyz : (n_atoms, 3) float32 array or None
        In nm.
    """

    file: str
    topology: mdtraj.Topology
    standard: mdtraj.Topology
    xyz: np.ndarray | None


def load_frame(path: str) -> mdtraj.Trajectory:
    """The first structure in a file, with coordinates.

    Raises
    ------
    ValueError
        If mdtraj cannot read it.
    """
    if Path(path).suffix in MDTRAJ_HDF5:
        raise ValueError(f"{path}: structures are not taken from HDF5; save one frame as pdb")
    try:
        with ascii_path(path) as name:
            frames = mdtraj.load(name)
            return frames[0] if len(frames) else frames
    except Exception as error:  # readers raise what they like
        raise ValueError(f"{path}: mdtraj cannot read it ({reason(error)})") from error


def load_structure(path: str) -> Structure:
    """The topology in a file, with coordinates where the format has some.

    Raises
    ------
    ValueError
        If mdtraj cannot read it.
    """
    suffix = Path(path.removesuffix(".gz")).suffix
    if suffix not in (*STRUCTURES, *MDTRAJ_HDF5, *AMBER, ".psf"):
        raise ValueError(
            f"{path}: no topology is read from files with this ending; give a pdb, gro, cif, "
            "mol2, prmtop or psf file (gmx editconf makes a gro of a tpr), or correct the ending"
        )
    if suffix in STRUCTURES or suffix in MDTRAJ_HDF5:
        frame = load_frame(path)
        topology, xyz = frame.topology, frame.xyz[0]
    else:  # prmtop, psf and others without coordinates
        try:
            with ascii_path(path) as name:
                topology, xyz = mdtraj.load_topology(name), None
        except Exception as error:  # readers raise what they like
            raise ValueError(f"{path}: mdtraj cannot read it ({reason(error)})") from error
    if suffix in AMBER:
        for residue in topology.residues:
            residue.resSeq = residue.index + 1  # mdtraj counts them from 0, AMBER from 1
    if not topology.n_atoms:
        raise ValueError(f"{path}: there are no atoms in it")
    _refuse_merged(path, topology)
    return Structure(path, topology, _standard(topology), xyz)


def standard_name(residue: Residue) -> str | None:
    """Standard name of an amino acid, None of another residue.

    AMBER marks the ends of a chain by N and C, as in NALA and CHIE.
    """
    name = residue.name.upper()
    if name in PROTEIN_NAMES:
        return PROTEIN_NAMES[name]
    end = len(name) == 4 and name[0] in "NC" and name[1:] in PROTEIN_NAMES
    return PROTEIN_NAMES[name[1:]] if end else None


def is_amino_acid(residue: Residue) -> bool:
    """By its name, or by the atoms of a backbone whatever its name."""
    known = residue.is_protein or standard_name(residue) is not None
    return known or {a.name for a in residue.atoms} >= BACKBONE


def _standard(topology: mdtraj.Topology) -> mdtraj.Topology:
    """A copy with standard names and their bonds; amino acids without a name of ours are ALA."""
    copy = topology.copy()
    renamed = set()
    for residue in copy.residues:
        name = standard_name(residue)
        if name is None and not residue.is_protein and is_amino_acid(residue):
            name = "ALA"
        if name not in (None, residue.name):
            renamed.add(f"{residue.name} for {name}")
            residue.name = name
        for atom in residue.atoms:
            atom.name = ATOM_VARIANTS.get((residue.name, atom.name), atom.name)
    if renamed:
        log.info("residues taken for amino acids: %s", ", ".join(sorted(renamed)))
        copy.create_standard_bonds()
    return copy


def _refuse_merged(path: str, topology: mdtraj.Topology) -> None:
    """Residues that follow each other with one number, as by insertion codes, are read as one."""
    for residue in topology.residues:
        alphas = sum(atom.name == "CA" for atom in residue.atoms)
        if alphas > 1 and is_amino_acid(residue):
            raise ValueError(
                f"{path}: residue {residue.name}{residue.resSeq} has {alphas} atoms CA, as where "
                "several residues have one number; renumber them (gmx editconf -resnr 1)"
            )


def residue_labels(topology: mdtraj.Topology) -> list[str]:
    """A name for each residue, such as `ALA2`, all different.

    Where there are several molecules (chains, or numbers that begin again) the name carries the
    number of its own, as in `ALA2_1`; what still appears twice carries its place in the file.
    """
    molecules, molecule, before = [], 0, None
    for residue in topology.residues:
        begins = before is not None and (
            residue.chain.index != before.chain.index or residue.resSeq < before.resSeq
        )
        molecule, before = molecule + begins, residue
        molecules.append(molecule)
    labels = [f"{r.name}{r.resSeq}" for r in topology.residues]
    if molecule:
        labels = [f"{label}_{m + 1}" for label, m in zip(labels, molecules, strict=True)]
    twice = {label for label, n in Counter(labels).items() if n > 1}
    return [f"{x}@{k}" if x in twice else x for k, x in enumerate(labels, start=1)]


def atom_labels(topology: mdtraj.Topology) -> list[str]:
    """A name for each atom, such as `ALA2:CA`, all different."""
    residues = residue_labels(topology)
    labels = [f"{residues[a.residue.index]}:{a.name}" for a in topology.atoms]
    twice = {label for label, n in Counter(labels).items() if n > 1}
    return [f"{x}@{k}" if x in twice else x for k, x in enumerate(labels, start=1)]


def select(structure: Structure, selection: str) -> np.ndarray:
    """Atoms of a selection in mdtraj's language, (n,) int64, ascending.

    Raises
    ------
    ValueError
        If it is not understood.
    """
    try:
        chosen, standard = (
            top.select(selection) for top in (structure.topology, structure.standard)
        )
    except Exception as error:  # the parser raises what it likes
        raise ValueError(
            f"source.selection: '{selection[:LONGEST]}' is not understood ({reason(error)})"
        ) from error
    if "resname" in selection or "resn " in selection or np.array_equal(chosen, standard):
        return chosen
    return standard  # in which 'protein' and 'backbone' mean all amino acids


def bonded_pairs(structure: Structure) -> np.ndarray:
    """Bonds, (n, 2) int64: those of the topology, and by distance in residues that have none.

    Raises
    ------
    ValueError
        If neither bonds nor coordinates of a residue are known.
    """
    pairs = {
        tuple(sorted((a.index, b.index)))
        for a, b in structure.standard.bonds
        if structure.xyz is None
        or np.linalg.norm(structure.xyz[a.index] - structure.xyz[b.index]) < NO_BOND
    }
    bonded = {atom for pair in pairs for atom in pair}
    bare = []
    for residue in structure.topology.residues:
        heavy = [a for a in residue.atoms if is_heavy(a)]
        loose = {a.index for a in heavy} - bonded
        if len(heavy) > 1 and loose and not residue.is_water:
            bare.append(residue)
            pairs |= _near_pairs(structure, [a.index for a in heavy], residue)
    if bare:
        labels = residue_labels(structure.topology)
        log.warning(
            "%s lacks bonds of %s: bonds are taken to be where heavy atoms are nearer than %g nm; "
            "a topology with bonds (prmtop, psf, pdb with CONECT) decides that better",
            *(structure.file, named([labels[r.index] for r in bare]), BOND),
        )
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def _near_pairs(structure: Structure, atoms: list[int], residue: Residue) -> set[tuple[int, ...]]:
    if structure.xyz is None:
        raise ValueError(
            f"{structure.file}: no bonds of {residue.name}{residue.resSeq}, and no coordinates; "
            "give a topology that has some"
        )
    numbers = np.array([structure.topology.atom(a).element.atomic_number for a in atoms])
    distances = np.linalg.norm(structure.xyz[atoms][:, None] - structure.xyz[atoms], axis=2)
    third = numbers >= FIRST_OF_THIRD_PERIOD
    near = distances < np.where(third[:, None] | third, LONG_BOND, BOND)
    return {(atoms[i], atoms[j]) for i, j in np.argwhere(np.triu(near, 1))}


def is_heavy(atom: mdtraj.core.topology.Atom) -> bool:
    """Neither hydrogen nor a site without an element."""
    return atom.element is not None and atom.element.atomic_number > 1


def named(labels: list[str], most: int = 8) -> str:
    """A list of names of bounded length."""
    rest = len(labels) - most
    return ", ".join(labels[:most]) + (f" and {rest} more" if rest > 0 else "")

"""What computes the features of a molecule, and which residues are left out of them."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import mdtraj
import numpy as np
from mdtraj.geometry import dihedral
from scipy.sparse import coo_array
from scipy.sparse.csgraph import shortest_path

from raremd.data.imported.bonds import bonds_around, bonds_of, molecules
from raremd.data.imported.kinds import TrajectorySource
from raremd.data.imported.tables import BLOCK_BYTES, MAX_COLUMNS
from raremd.data.imported.topologies import (
    NO_BOND,
    Structure,
    atom_labels,
    bonded_pairs,
    is_amino_acid,
    is_heavy,
    load_frame,
    named,
    residue_labels,
    select,
)
from raremd.data.imported.whole import ROUNDING, Contacts, Distances

log = logging.getLogger(__name__)

DIHEDRALS: dict[str, Callable[[mdtraj.Topology], np.ndarray]] = {
    "phi": dihedral.indices_phi,
    "psi": dihedral.indices_psi,
    "omega": dihedral.indices_omega,
    "chi1": dihedral.indices_chi1,
    "chi2": dihedral.indices_chi2,
    "chi3": dihedral.indices_chi3,
    "chi4": dihedral.indices_chi4,
}
SIDE_CHAINS = {
    "chi1": "ARG ASN ASP CYS GLN GLU HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL",
    "chi2": "ARG ASN ASP GLN GLU HIS ILE LEU LYS MET PHE PRO TRP TYR",
    "chi3": "ARG GLN GLU LYS MET",
    "chi4": "ARG LYS",
}
"""Amino acids that have them."""
BACKBONE_GAP = 3
"""Residues between the ends of `ca_distances` and `contacts`, at least; nearer ones are stiff."""
BOND_GAP = 3
"""Bonds between the atoms of `heavy_distances`, at least."""
HOP = 1.0
"""nm that a distance changes beyond that of the nearest images, from one frame to the next."""


@dataclass(frozen=True)
class Featurizer:
    """Some columns, computed from a chunk of trajectory.

    Attributes
    ----------
    names : list of str
    period : float
        360 for angles in degrees, else 0.
    compute : callable
        mdtraj.Trajectory -> (n_frames, n_columns).
    atoms : (n,) int array
        Those that it needs.
    """

    names: list[str]
    period: float
    compute: Callable[[mdtraj.Trajectory], np.ndarray]
    atoms: np.ndarray


def _linked(structure: Structure, frame: mdtraj.Trajectory | None, fours: np.ndarray) -> np.ndarray:
    """Whether the atoms of each dihedral are near enough to be bonded, (n,) bool.

    That of the structure or of the first frame counts where they differ: either may be broken by
    the periodic cell. Bonds do not tell, because mdtraj links all residues that follow each other.
    """
    linked = np.zeros(len(fours), bool)
    frames = [] if frame is None else [frame]
    if structure.xyz is not None:
        frames.append(mdtraj.Trajectory(structure.xyz, structure.topology))
    pairs = np.concatenate([fours[:, k : k + 2] for k in range(3)])
    for one in frames:
        near = mdtraj.compute_distances(one, pairs)[0] < NO_BOND
        linked |= near.reshape(3, len(fours)).all(axis=0)
    return linked if frames else ~linked


def _dihedral(kind: str, structure: Structure, frame: mdtraj.Trajectory | None) -> Featurizer:
    fours = np.array(DIHEDRALS[kind](structure.standard), np.int64).reshape(-1, 4)
    # phi begins in the residue before its own; the others' second atom is in their own.
    owner = 2 if kind == "phi" else 1
    labels = residue_labels(structure.topology)
    owners = [structure.topology.atom(four[owner]).residue.index for four in fours]
    names = [f"{kind}_{labels[k]}" for k in owners]
    linked = _linked(structure, frame, fours) if len(fours) else np.zeros(0, bool)
    across = [name for name, near in zip(names, linked, strict=True) if not near]
    if across:
        log.warning(
            "left out, because their atoms are too far apart to be bonded, as at a gap in the "
            "chain: %s",
            named(across),
        )
    missing = _without(kind, structure, set(owners))
    if missing:
        log.warning("no %s of %s: atoms are missing or have other names", kind, named(missing))
    kept = fours[linked]

    def compute(chunk: mdtraj.Trajectory) -> np.ndarray:
        return np.rad2deg(mdtraj.compute_dihedrals(chunk, kept))

    names = [n for n, near in zip(names, linked, strict=True) if near]
    return Featurizer(names, 360.0, compute, np.unique(kept))


def _without(kind: str, structure: Structure, owners: set[int]) -> list[str]:
    """Labels of residues that should have a dihedral and do not."""
    labels = residue_labels(structure.topology)
    found = []
    for chain in structure.standard.chains:
        residues = list(chain.residues)
        for k, residue in enumerate(residues):
            if kind in SIDE_CHAINS:
                wanted = residue.name in SIDE_CHAINS[kind].split()
            else:
                other = k - 1 if kind == "phi" else k + 1
                inside = 0 <= other < len(residues)
                wanted = inside and all(_has_backbone(r) for r in (residue, residues[other]))
            if wanted and residue.index not in owners:
                found.append(labels[residue.index])
    return found


def _has_backbone(residue: mdtraj.core.topology.Residue) -> bool:
    """An amino acid of which more than the CA atom is there, and no cap."""
    return is_amino_acid(residue) and residue.n_atoms > 1 and residue.name not in ("ACE", "NME")


def _warn_of_missing_ca(structure: Structure, residues: Sequence[int]) -> None:
    labels = residue_labels(structure.topology)
    missing = [
        labels[r.index]
        for r in structure.standard.residues
        if r.index not in residues
        and r.n_atoms > 1
        and (_has_backbone(r) or any(a.name == "CA" for a in r.atoms))
    ]
    if missing:
        log.warning("left out, as no amino acid or without an atom CA: %s", named(missing))


def _distances(
    kind: str,
    structure: Structure,
    frame: mdtraj.Trajectory | None,
    chosen: Iterable[tuple[int, int]],
) -> Featurizer:
    pairs = np.array(list(chosen), np.int64).reshape(-1, 2)
    labels = atom_labels(structure.topology)
    names = [f"{kind}_{labels[i]}_{labels[j]}" for i, j in pairs]
    return Featurizer(names, 0.0, Distances(structure, frame, pairs), np.unique(pairs))


def _ca_distances(structure: Structure, frame: mdtraj.Trajectory | None) -> Featurizer:
    atoms = [a for a in structure.standard.atoms if a.name == "CA" and is_amino_acid(a.residue)]
    _warn_of_missing_ca(structure, [a.residue.index for a in atoms])
    pairs = itertools.combinations(atoms, 2)
    far = [(a, b) for a, b in pairs if b.residue.index - a.residue.index >= BACKBONE_GAP]
    return _distances("ca", structure, frame, [(a.index, b.index) for a, b in far])


def _heavy_distances(structure: Structure, frame: mdtraj.Trajectory | None) -> Featurizer:
    present = [a for a in structure.topology.atoms if not a.residue.is_water]
    atoms = [a.index for a in present if is_heavy(a)]
    unknown = sorted({a.name for a in present if a.element is None})
    if unknown:
        log.warning("left out, without an element: atoms %s", named(unknown))
    bonds = bonded_pairs(structure)
    n_atoms = structure.topology.n_atoms
    graph = coo_array((np.ones(len(bonds)), bonds.T), shape=(n_atoms, n_atoms)).tocsr()
    apart = shortest_path(graph, directed=False, unweighted=True, indices=atoms)
    pairs = itertools.combinations(range(len(atoms)), 2)
    chosen = [(atoms[i], atoms[j]) for i, j in pairs if apart[i, atoms[j]] >= BOND_GAP]
    return _distances("heavy", structure, frame, chosen)


def _contacts(structure: Structure, frame: mdtraj.Trajectory | None) -> Featurizer:
    residues = [r.index for r in structure.topology.residues if is_amino_acid(r)]
    pairs = [(i, j) for i, j in itertools.combinations(residues, 2) if j - i >= BACKBONE_GAP]
    labels = residue_labels(structure.topology)
    names = [f"contact_{labels[i]}_{labels[j]}" for i, j in pairs]

    closest = Contacts(structure, frame, pairs)
    return Featurizer(names, 0.0, closest, closest.atoms)


def _rmsd(structure: Structure, reference: str, selection: str | None) -> Featurizer:
    frame = load_frame(reference)
    if frame.n_atoms != structure.topology.n_atoms:
        raise ValueError(
            f"source.reference: {reference} has {frame.n_atoms} atoms, the topology has "
            f"{structure.topology.n_atoms}"
        )
    atoms = select(structure, selection or "name CA and protein")
    if len(atoms) < 3:
        chosen = f"source.selection '{selection}'" if selection else "CA"
        raise ValueError(
            f"source.features: 'rmsd' needs at least three atoms, {chosen} gives {len(atoms)}; "
            "name others with source.selection"
        )
    for atom in atoms.tolist():
        mine, other = structure.topology.atom(atom).name, frame.topology.atom(atom).name
        if _kind_of_atom(mine) != _kind_of_atom(other):
            raise ValueError(
                f"source.reference: atom {atom + 1} of {reference} is {other}, of the topology "
                f"{mine}; give a reference with the atoms in the order of the topology"
            )
    bonds = bonds_around(bonds_of(structure), atoms, structure.topology.n_atoms)
    owner = molecules(bonds_of(structure), structure.topology.n_atoms)[atoms]
    first, *others = atoms[np.unique(owner, return_index=True)[1]].tolist()
    hops = _Hops(np.array([(first, other) for other in others]).reshape(-1, 2))

    def compute(chunk: mdtraj.Trajectory) -> np.ndarray:
        if chunk.unitcell_lengths is not None and len(bonds):
            lengths = mdtraj.compute_distances(chunk, bonds, periodic=False)
            nearest = mdtraj.compute_distances(chunk, bonds)
            if ((nearest < NO_BOND) & (lengths > nearest + ROUNDING)).any():
                raise ValueError(
                    "'rmsd' needs whole molecules, and the periodic cell cuts some; make them "
                    "whole first, with gmx trjconv -pbc whole for one"
                )
            hops.ask(chunk)
        return mdtraj.rmsd(chunk, frame, atom_indices=atoms)[:, None]

    return Featurizer(["rmsd"], 0.0, compute, atoms)


class _Hops:
    """Asks once after molecules that change to another periodic image of each other.

    Parameters
    ----------
    pairs : (n, 2) int array
        An atom of the first molecule, and one of another.
    """

    def __init__(self, pairs: np.ndarray) -> None:
        self._pairs = pairs

    def ask(self, chunk: mdtraj.Trajectory) -> None:
        """The next frames, with their cell."""
        if not len(self._pairs):
            return
        plain, nearest = (
            np.abs(np.diff(mdtraj.compute_distances(chunk, self._pairs, periodic), axis=0))
            for periodic in (False, True)
        )
        hops = (plain > nearest + HOP).any(axis=0)
        if hops.any():
            log.warning(
                "'rmsd': the molecules of %s and %s jump to another periodic image of each other, "
                "which rmsd takes for a motion; keep them together first, with gmx trjconv -pbc "
                "cluster or nojump for one",
                *(chunk.topology.atom(atom) for atom in self._pairs[hops.argmax()]),
            )
            self._pairs = self._pairs[:0]


def _kind_of_atom(name: str) -> str:
    """What force fields agree on: CA, else the first letter."""
    return name if name == "CA" else name.lstrip("0123456789")[:1]


def _minimum_distance(structure: Structure, selection: str) -> Featurizer:
    """From the heavy atoms of a ligand to those of all amino acids outside of it."""
    atoms = structure.topology.atoms
    chosen = set(select(structure, selection).tolist())
    heavy = [a for a in atoms if is_heavy(a)]
    ligand = [a.index for a in heavy if a.index in chosen]
    protein = [a.index for a in heavy if is_amino_acid(a.residue) and a.index not in chosen]
    if not ligand or not protein:
        raise ValueError(
            f"source.features: 'minimum_distance' goes from source.selection '{selection}' "
            f"({len(ligand)} heavy atoms) to the protein outside of it ({len(protein)})"
        )
    pairs = np.array(list(itertools.product(ligand, protein)))
    rows = max(1, BLOCK_BYTES // (4 * len(pairs)))

    def compute(chunk: mdtraj.Trajectory) -> np.ndarray:
        parts = [chunk[start : start + rows] for start in range(0, len(chunk), rows)]
        return np.concatenate(
            [mdtraj.compute_distances(part, pairs).min(axis=1, keepdims=True) for part in parts]
        )

    return Featurizer(["minimum_distance"], 0.0, compute, np.unique(pairs))


def _one(
    name: str, structure: Structure, frame: mdtraj.Trajectory | None, source: TrajectorySource
) -> Featurizer:
    if name in DIHEDRALS:
        return _dihedral(name, structure, frame)
    if name == "ca_distances":
        return _ca_distances(structure, frame)
    if name == "heavy_distances":
        return _heavy_distances(structure, frame)
    if name == "contacts":
        return _contacts(structure, frame)
    if name == "rmsd":
        if source.reference is None:
            raise ValueError("source.features: 'rmsd' needs source.reference, a structure file")
        return _rmsd(structure, source.reference, source.selection)
    if source.selection is None:
        raise ValueError(f"source.features: '{name}' needs source.selection, in mdtraj's language")
    if name == "minimum_distance":
        return _minimum_distance(structure, source.selection)
    atoms = select(structure, source.selection)
    if len(atoms) < 2:
        raise ValueError(
            f"source.features: 'distances' need two atoms, source.selection '{source.selection}' "
            f"gives {len(atoms)}; the residues are called "
            f"{named(sorted({r.name for r in structure.topology.residues}))}"
        )
    return _distances("distance", structure, frame, itertools.combinations(atoms.tolist(), 2))


def featurizers(
    structure: Structure, frame: mdtraj.Trajectory | None, source: TrajectorySource
) -> list[Featurizer]:
    """What computes the features named in a source.

    Parameters
    ----------
    structure : Structure
    frame : mdtraj.Trajectory or None
        The first of the first file, which shows gaps in a chain.
    source : TrajectorySource

    Raises
    ------
    ValueError
        If a feature does not exist in this molecule.
    """
    made = []
    for name in source.features:
        one = _one(name, structure, frame, source)
        if not one.names:
            raise ValueError(
                f"source.features: the topology {source.topology} has no '{name}'; "
                "leave it out or choose another feature or selection"
            )
        if len(one.names) > MAX_COLUMNS:
            raise ValueError(
                f"source.features: '{name}' are {len(one.names)} features, more than "
                f"{MAX_COLUMNS}; name fewer atoms with 'distances' and source.selection, or take "
                "another feature"
            )
        made.append(one)
    return made

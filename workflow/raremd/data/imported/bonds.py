"""Bonds of a topology, and whether the frames of a file agree with them.

Atoms in another order than the topology, and molecules that a periodic cell cuts in a file without
one, give features that look like any others.
"""

from __future__ import annotations

import mdtraj
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from raremd.data.imported.topologies import (
    BACKBONE,
    LONG_BOND,
    NO_BOND,
    Structure,
    atom_labels,
)

CHEMICAL = (0.08, 0.22)
"""nm; bonds of molecules with all their atoms are as long."""
TYPICAL = 0.14
CUT = 1.0
"""Farther apart (nm) are bonded atoms only if a periodic cell has cut their molecule."""
FEW = 3
WRONG_SHARE = 0.2
"""Of the bonds, wrong ones that are more than both show another order of the atoms."""


def bonds_of(structure: Structure) -> np.ndarray:
    """Bonds of all molecules but water, (n, 2) int64, each once."""
    pairs = {
        (min(a.index, b.index), max(a.index, b.index))
        for a, b in structure.standard.bonds
        if not a.residue.is_water
    }
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def own_lengths(structure: Structure, bonds: np.ndarray) -> np.ndarray:
    """Lengths (nm) in the coordinates that the topology came with, NaN without some, (n,)."""
    if structure.xyz is None:
        return np.full(len(bonds), np.nan)
    return np.linalg.norm(structure.xyz[bonds[:, 0]] - structure.xyz[bonds[:, 1]], axis=1)


def near_bonds(structure: Structure, frame: mdtraj.Trajectory | None) -> np.ndarray:
    """Bonds that do not go across a gap in a chain, (n, 2) int64.

    The atoms are near each other in the structure or in a frame, for either may be cut by the
    periodic cell; where there is neither, all bonds are taken.

    Parameters
    ----------
    structure : Structure
    frame : mdtraj.Trajectory or None
    """
    bonds = bonds_of(structure)
    if not len(bonds) or (structure.xyz is None and frame is None):
        return bonds
    near = own_lengths(structure, bonds) < NO_BOND
    if frame is not None:
        near |= mdtraj.compute_distances(frame, bonds)[0] < NO_BOND
    return bonds[near]


def molecules(bonds: np.ndarray, n_atoms: int) -> np.ndarray:
    """Number of the molecule of each atom, (n_atoms,)."""
    graph = coo_array((np.ones(len(bonds)), bonds.T), shape=(n_atoms, n_atoms))
    return connected_components(graph, directed=False)[1]


def bonds_around(bonds: np.ndarray, atoms: np.ndarray, n_atoms: int) -> np.ndarray:
    """Bonds of the molecules that some atoms belong to, (n, 2)."""
    molecule = molecules(bonds, n_atoms)
    return bonds[np.isin(molecule[bonds[:, 0]], molecule[atoms])]


def _expected(structure: Structure) -> np.ndarray:
    """Bonds that are as long as chemical ones, (n, 2).

    Those that are so in the topology's own coordinates, if they are nearly all; without any
    coordinates those of the backbone, as grains and other sites are bonded too.
    """
    bonds = bonds_of(structure)
    if structure.xyz is not None and len(bonds):
        own = own_lengths(structure, bonds)
        chemical = (own > CHEMICAL[0]) & (own < CHEMICAL[1])
        return bonds[chemical] if chemical.mean() >= 1 - WRONG_SHARE else bonds[:0]
    names = [a.name for a in structure.topology.atoms]
    residue = np.array([a.residue.index for a in structure.topology.atoms])
    full = {r.index for r in structure.topology.residues if {a.name for a in r.atoms} >= BACKBONE}
    kept = [
        residue[i] == residue[j]
        and residue[i] in full
        and {names[i], names[j]} <= {*BACKBONE, "O", "CB"}
        for i, j in bonds
    ]
    return bonds[np.array(kept, bool)]


class Order:
    """Refuses frames whose atoms stand in another order than those of the topology.

    Parameters
    ----------
    path : str
    structure : Structure
    other_unit : bool
        Whether coordinates may be in another unit; bonds are then compared with each other.
    """

    def __init__(self, path: str, structure: Structure, other_unit: bool) -> None:
        self._path, self._structure, self._other_unit = path, structure, other_unit
        self._bonds, self._frames = _expected(structure), 0

    def _wrong(self, frame: mdtraj.Trajectory) -> tuple[int, np.ndarray]:
        """How many bonds of one frame show another order, 0 if few, and which are none."""
        lengths = mdtraj.compute_distances(frame, self._bonds)[0]
        if self._other_unit:
            lengths = lengths * TYPICAL / max(float(np.median(lengths)), np.finfo(np.float32).tiny)
        wrong = ~((lengths > CHEMICAL[0]) & (lengths < CHEMICAL[1]))
        # A cell that cuts a molecule makes a few bonds of it as long as an edge.
        uncut = wrong & (lengths < CUT)
        n = len(self._bonds)
        count = int(wrong.sum()) if 2 * wrong.sum() > n else int(uncut.sum())
        return count if count > max(FEW - 1, WRONG_SHARE * n) else 0, wrong

    def check(self, frame: mdtraj.Trajectory, number: int = 1) -> None:
        """One frame, and its number in the file, counted from 1.

        Raises
        ------
        ValueError
            If many bonds of the topology are none in the frame.
        """
        count, wrong = self._wrong(frame) if len(self._bonds) else (0, np.zeros(0, bool))
        if not count:
            return
        first = self._bonds[int(wrong.argmax())]
        labels = atom_labels(self._structure.topology)
        where = advice = ""
        if number > 1:
            where = " and in the frames before"
            advice = "write them to a file of their own, and this one with its own topology"
        raise ValueError(
            f"{self._path}: frame {number}: {count} of {len(self._bonds)} bonds of "
            f"{self._structure.file} are not {CHEMICAL[0]:g} to {CHEMICAL[1]:g} nm long, the first "
            f"from {labels[first[0]]} to {labels[first[1]]}, so the atoms are in another order "
            f"than in the topology{where}; "
            + (advice or "give the topology that belongs to the trajectory")
        )

    def check_later(self, chunk: mdtraj.Trajectory, stride: int) -> None:
        """The next frames, of which the first and last are looked at, and others if one is wrong.

        Raises
        ------
        ValueError
            As `check`.
        """
        first, self._frames = self._frames, self._frames + len(chunk)
        if not len(self._bonds) or not len(chunk):
            return
        right, wrong = -1, len(chunk) - 1
        if self._wrong(chunk[0])[0]:
            wrong = 0
        elif not self._wrong(chunk[wrong])[0]:
            return
        while wrong - right > 1:
            middle = (right + wrong) // 2
            right, wrong = (right, middle) if self._wrong(chunk[middle])[0] else (middle, wrong)
        self.check(chunk[wrong], (first + wrong) * stride + 1)


class Cuts:
    """Refuses molecules that the periodic cell cuts, in a file that does not tell the cell.

    Residues that follow each other are bonded in the topology even where the chain has a gap, so
    a bond between residues counts once its atoms have been near each other.

    Parameters
    ----------
    path : str
    structure : Structure
    frame : mdtraj.Trajectory or None
        The first of the file.
    atoms : (n,) int array
        Those whose molecules matter.
    """

    def __init__(
        self,
        path: str,
        structure: Structure,
        frame: mdtraj.Trajectory | None,
        atoms: np.ndarray,
    ) -> None:
        self._path, self._structure, self._frames = path, structure, 0
        bonds = bonds_of(structure)
        residue = np.array([a.residue.index for a in structure.topology.atoms])
        near = own_lengths(structure, bonds) < LONG_BOND
        if frame is not None and len(bonds):
            near |= mdtraj.compute_distances(frame, bonds)[0] < LONG_BOND
        near |= residue[bonds[:, 0]] == residue[bonds[:, 1]]
        molecule = molecules(bonds[near], structure.topology.n_atoms)
        matter = np.isin(molecule[bonds], molecule[atoms]).any(axis=1)
        self._bonds, self._near = bonds[matter], near[matter]
        self._far = np.full(len(self._bonds), -1)  # the first frame in which it is cut
        self._length = np.zeros(len(self._bonds))
        chemical = len(self._bonds) > 0 and frame is not None
        if chemical:
            median = float(np.median(mdtraj.compute_distances(frame, self._bonds)))
            chemical = CHEMICAL[0] < median < NO_BOND
        self._applies = chemical

    def check(self, chunk: mdtraj.Trajectory, stride: int) -> None:
        """The next frames.

        Raises
        ------
        ValueError
            Naming the first frame with a bond that is cut, counted from 1.
        """
        first, self._frames = self._frames, self._frames + len(chunk)
        if not self._applies or chunk.unitcell_lengths is not None:
            return
        lengths = mdtraj.compute_distances(chunk, self._bonds, periodic=False)
        self._near |= (lengths < LONG_BOND).any(axis=0)
        far = lengths > CUT
        new = far.any(axis=0) & (self._far < 0)
        rows = far.argmax(axis=0)[new]
        self._far[new], self._length[new] = first + rows, lengths[rows, np.flatnonzero(new)]
        cut = np.flatnonzero(self._near & (self._far >= 0))
        if len(cut):
            bond = cut[self._far[cut].argmin()]
            one, other = (atom_labels(self._structure.topology)[a] for a in self._bonds[bond])
            raise ValueError(
                f"{self._path}: frame {self._far[bond] * stride + 1}: {one} and {other}, bonded in "
                f"{self._structure.file}, are {self._length[bond]:.2g} nm apart, and the file has "
                "no unit cell; make molecules whole (gmx trjconv -pbc whole for one), or give a "
                "format with the cell"
            )

"""Distances in molecules that a periodic cell may cut, and that may be longer than half of it."""

from __future__ import annotations

from collections.abc import Sequence

import mdtraj
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order

from raremd.data.imported.bonds import bonds_around, molecules, near_bonds
from raremd.data.imported.topologies import Structure, is_heavy

ROUNDING = 1e-4
"""Distances (nm) that differ by less are the same."""


def _tree(bonds: np.ndarray, n_atoms: int) -> np.ndarray:
    """Bonds, from atoms that are in place to those that are not yet, (n, 2) int32."""
    graph = coo_array((np.ones(len(bonds)), bonds.T), shape=(n_atoms, n_atoms)).tocsr()
    _, roots = np.unique(molecules(bonds, n_atoms), return_index=True)
    found = []
    for root in np.intersect1d(roots, bonds).tolist():
        order, before = breadth_first_order(graph, root, directed=False)
        found.append(np.column_stack([before[order[1:]], order[1:]]))
    return np.concatenate(found, dtype=np.int32) if found else np.empty((0, 2), np.int32)


class Whole:
    """Puts molecules together along their bonds.

    Parameters
    ----------
    structure : Structure
    frame : mdtraj.Trajectory or None
        The first of the first file, which shows gaps in a chain.
    atoms : (n,) int array
        Those whose molecules matter.

    Attributes
    ----------
    molecule : (n_atoms,) int array
        The number of each atom's molecule, or of its part where the chain has a gap.
    """

    def __init__(
        self, structure: Structure, frame: mdtraj.Trajectory | None, atoms: np.ndarray
    ) -> None:
        n_atoms = structure.topology.n_atoms
        bonds = near_bonds(structure, frame)
        self.molecule = molecules(bonds, n_atoms)
        bonds = bonds_around(bonds, atoms, n_atoms)
        self._tree = _tree(bonds, n_atoms)
        in_tree = {tuple(sorted(pair)) for pair in self._tree.tolist()}
        rings = [pair for pair in bonds.tolist() if tuple(pair) not in in_tree]
        self._rings = np.array(rings, np.int64).reshape(-1, 2)

    def __call__(self, chunk: mdtraj.Trajectory) -> tuple[mdtraj.Trajectory, np.ndarray]:
        """The frames with whole molecules, and in which frames that is possible, (n,) bool.

        It is not where a molecule is bonded to its own image.
        """
        if not len(self._tree):
            return chunk, np.ones(len(chunk), bool)
        whole = chunk.make_molecules_whole(sorted_bonds=self._tree)
        if not len(self._rings):
            return whole, np.ones(len(chunk), bool)
        lengths = mdtraj.compute_distances(whole, self._rings, periodic=False)
        nearest = mdtraj.compute_distances(whole, self._rings)
        return whole, (lengths < nearest + ROUNDING).all(axis=1)


class Distances:
    """Distances of pairs of atoms: plain ones within a molecule, else to the nearest image.

    Parameters
    ----------
    structure : Structure
    frame : mdtraj.Trajectory or None
    pairs : (n, 2) int array
    """

    def __init__(
        self, structure: Structure, frame: mdtraj.Trajectory | None, pairs: np.ndarray
    ) -> None:
        self._pairs, self._whole = pairs, Whole(structure, frame, np.unique(pairs))
        molecule = self._whole.molecule
        self._within = molecule[pairs[:, 0]] == molecule[pairs[:, 1]]

    def __call__(self, chunk: mdtraj.Trajectory) -> np.ndarray:
        """(n_frames, n_pairs) in nm."""
        values = mdtraj.compute_distances(chunk, self._pairs)
        if chunk.unitcell_lengths is None or not self._within.any():
            return values
        whole, possible = self._whole(chunk)
        plain = mdtraj.compute_distances(whole, self._pairs[self._within], periodic=False)
        values[:, self._within] = np.where(possible[:, None], plain, values[:, self._within])
        return values


class Contacts:
    """Distances of the closest heavy atoms of residues: as `Distances`, by molecule.

    Parameters
    ----------
    structure : Structure
    frame : mdtraj.Trajectory or None
    pairs : sequence of (int, int)
        Residues.

    Attributes
    ----------
    atoms : (n,) int array
        Those of the residues.
    """

    def __init__(
        self,
        structure: Structure,
        frame: mdtraj.Trajectory | None,
        pairs: Sequence[tuple[int, int]],
    ) -> None:
        self._pairs = np.array(pairs, np.int64).reshape(-1, 2)
        residues = [structure.topology.residue(k) for k in np.unique(self._pairs).tolist()]
        self.atoms = np.array([a.index for r in residues for a in r.atoms], np.int64)
        self._whole = Whole(structure, frame, self.atoms)
        molecule = self._whole.molecule
        inside = {r.index: {molecule[a.index] for a in r.atoms if is_heavy(a)} for r in residues}
        within = [len(inside[i] | inside[j]) == 1 for i, j in self._pairs.tolist()]
        self._within = np.array(within, bool)

    def __call__(self, chunk: mdtraj.Trajectory) -> np.ndarray:
        """(n_frames, n_pairs) in nm."""
        if chunk.unitcell_lengths is None or not self._within.any():
            return _closest(chunk, self._pairs, True)
        whole, possible = self._whole(chunk)
        values = np.empty((len(chunk), len(self._pairs)), np.float32)
        values[:, self._within] = _closest(whole, self._pairs[self._within], False)
        if not self._within.all():
            values[:, ~self._within] = _closest(chunk, self._pairs[~self._within], True)
        if not possible.all():
            values[~possible] = _closest(chunk[~possible], self._pairs, True)
        return values


def _closest(chunk: mdtraj.Trajectory, pairs: np.ndarray, periodic: bool) -> np.ndarray:
    return mdtraj.compute_contacts(
        chunk, contacts=pairs, scheme="closest-heavy", periodic=periodic
    )[0]

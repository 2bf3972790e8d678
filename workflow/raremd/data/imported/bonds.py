"""Bonds of a topology, and the molecules that they make."""

from __future__ import annotations

import mdtraj
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from raremd.data.imported.topologies import (
    NO_BOND,
    Structure,
)


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

"""Trajectories that come with the project, stored as compact integers."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np


def read_compact(path: Path | str) -> tuple[np.ndarray, dict]:
    """Features of one trajectory made by `systems.peptide`.

    Parameters
    ----------
    path : Path
        HDF5 file with integer datasets `dihedrals` and, perhaps, `distances`.

    Returns
    -------
    features : (n_frames, n_features) float32
        Dihedrals in degrees, then distances in nm.
    provenance : dict
        How the trajectory was made.

    Raises
    ------
    ValueError
        If the file is not of this kind.
    """
    try:
        with h5py.File(path) as h5:
            provenance = json.loads(h5.attrs["provenance"])
            columns = [h5["dihedrals"][...] * np.float32(provenance["dihedral_unit_degree"])]
            if "distances" in h5:
                columns.append(h5["distances"][...] * np.float32(provenance["distance_unit_nm"]))
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{path}: not a trajectory of this project ({error})") from error
    return np.concatenate(columns, axis=1, dtype=np.float32), provenance


def feature_periods(names: list[str]) -> list[float]:
    """360 degrees for dihedrals, 0 for distances."""
    return [0.0 if name.startswith("distance") else 360.0 for name in names]

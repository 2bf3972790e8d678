"""Frames that the bonds of the topology contradict, cells that are none, files without times."""

from __future__ import annotations

import h5py
import mdtraj
import numpy as np
import pytest
from own_files import molecular, refused_molecules, save
from scipy.io import netcdf_file

BLOCK = "raremd.data.imported.trajectory_files.BLOCK_BYTES"


def with_cell(one, edges, angles=(90, 90, 90)):
    """The trajectory in a cell that does not change."""
    one.unitcell_lengths = np.tile(np.broadcast_to(edges, 3), (len(one), 1)).astype(np.float32)
    one.unitcell_angles = np.tile(angles, (len(one), 1)).astype(np.float32)
    return one


# --- times -----------------------------------------------------------------------------------


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

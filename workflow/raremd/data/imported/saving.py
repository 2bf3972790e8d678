"""How frames were saved, by the words of files whose times and units mdtraj does not read."""

from __future__ import annotations

import itertools
import logging
import struct
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from scipy.io import netcdf_file

log = logging.getLogger(__name__)

NETCDF = (".nc", ".netcdf", ".ncdf")
TAKEN = ("x", "y", "z"), ("xs", "ys", "zs"), ("xu", "yu", "zu"), ("xsu", "ysu", "zsu")
"""Columns of LAMMPS of which mdtraj takes the first three that are there, for lengths"""
SCALED = "xs", "xsu"
"""though these are shares of the cell."""
HEAD_OF_FRAME = 9
"""Lines of a LAMMPS frame above its atoms."""


class Saving:
    """Takes note of the files of a source, and holds what they say against each other."""

    def __init__(self) -> None:
        self._apart: tuple[str, float] | None = None
        self._temperature: tuple[str, float] | None = None

    def check(self, path: str) -> None:
        """The next file.

        Raises
        ------
        ValueError
            For scaled coordinates, atoms that are not numbered from 1 on, and frames of several
            temperatures.
        """
        suffix = Path(path).suffix
        if suffix == ".lammpstrj":
            _check_columns(path)
        if suffix in NETCDF:
            self._check_temperature(path)
        apart = _steps_of_lammps(path) if suffix == ".lammpstrj" else None
        apart = _time_of_dcd(path) if suffix == ".dcd" else apart
        if apart is None:
            return
        if self._apart is None:
            self._apart = path, apart
        elif not np.isclose(apart, self._apart[1], rtol=1e-4):
            log.warning(
                "%s: by its own words its frames are %.6g %s apart, in %s %.6g; a study needs one "
                "saving interval",
                *(path, apart, "steps" if suffix == ".lammpstrj" else "time units", *self._apart),
            )

    def _check_temperature(self, path: str) -> None:
        low, high = _temperatures(path)
        if low < high:
            raise ValueError(
                f"{path}: temp0 changes between {low:.6g} and {high:.6g} K, so its frames are "
                "those of one replica at several temperatures; write the frames of one temperature "
                "to a file, with cpptraj's 'ensemble' for one"
            )
        if np.isnan(low):
            return
        if self._temperature is None:
            self._temperature = path, low
        elif low != self._temperature[1]:
            raise ValueError(
                f"{path}: temp0 is {low:.6g} K, in {self._temperature[0]} it is "
                f"{self._temperature[1]:.6g} K; give the files of one temperature"
            )


def _temperatures(path: str) -> tuple[float, float]:
    """Lowest and highest target temperature of the frames, NaN where AMBER wrote none."""
    values = np.zeros(0)
    try:
        if h5py.is_hdf5(path):
            with h5py.File(path) as h5:
                values = h5["temp0"][()] if "temp0" in h5 else values
        else:
            with netcdf_file(path, mmap=True) as file:  # else all frames would be read
                if "temp0" in file.variables:
                    values = file.variables["temp0"][:].copy()
    except Exception:  # told, with more reason, when the frames are read
        pass
    values = np.ravel(values).astype(np.float64)
    return (float(values.min()), float(values.max())) if values.size else (np.nan, np.nan)


def _time_of_dcd(path: str) -> float | None:
    """Time between frames in the unit of the file, where it is told; 1 step of 1 tells nothing."""
    with open(path, "rb") as file:
        head = file.read(92)
    if len(head) < 92 or head[4:8] != b"CORD":
        return None
    order = "<" if head[:4] == struct.pack("<i", 84) else ">"
    _, _, every, *_ = struct.unpack_from(f"{order}9i", head, 8)
    (step,) = struct.unpack_from(f"{order}f", head, 44)
    known = every > 0 and np.isfinite(step) and step > 0 and (every, step) != (1, 1.0)
    return every * step if known else None


def _lines(path: str) -> Iterator[str]:
    with open(path, encoding="utf-8", errors="replace") as file:
        yield from file


def _steps_of_lammps(path: str) -> float | None:
    """Steps from one frame to the next; from the second on, as the first may be out of step."""
    lines, found = _lines(path), []
    for line in lines:
        if line.startswith("ITEM: TIMESTEP"):
            found.append(next(lines, "").strip())
        if len(found) == 3:
            break
    whole = len(found) > 1 and all(step.isdigit() for step in found)
    return float(int(found[-1]) - int(found[-2])) if whole else None


def _check_columns(path: str) -> None:
    """Lengths, and atoms that mdtraj can put in order."""
    head = list(itertools.islice(_lines(path), HEAD_OF_FRAME))
    columns = head[-1].split()[2:] if head and head[-1].startswith("ITEM: ATOMS") else []
    taken = next((three[0] for three in TAKEN if {*three} <= {*columns}), "")
    if taken in SCALED:
        raise ValueError(
            f"{path}: column {taken} holds coordinates as shares of the cell; write lengths, "
            "with 'dump custom ... id type xu yu zu'"
        )
    count = head[3].strip() if len(head) > 3 else ""
    if "id" not in columns or not count.isdigit():
        return
    at = columns.index("id")
    rows = itertools.islice(_lines(path), HEAD_OF_FRAME, HEAD_OF_FRAME + int(count))
    ids = [words[at] for row in rows if len(words := row.split()) > at]
    if len(ids) == int(count) and all(map(str.isdigit, ids)):
        numbers = sorted(map(int, ids))
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError(
                f"{path}: its {len(numbers)} atoms are numbered {numbers[0]} to {numbers[-1]}; "
                "number them from 1 on, in the order of the topology"
            )

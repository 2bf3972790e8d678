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

from raremd.data.imported.clocks import NO_TIMES, PICOSECONDS, Interval

log = logging.getLogger(__name__)

NETCDF = (".nc", ".netcdf", ".ncdf")
TAKEN = ("x", "y", "z"), ("xs", "ys", "zs"), ("xu", "yu", "zu"), ("xsu", "ysu", "zsu")
"""Columns of LAMMPS of which mdtraj takes the first three that are there, for lengths"""
SCALED = "xs", "xsu"
"""though these are shares of the cell."""
HEAD_OF_FRAME = 9
"""Lines of a LAMMPS frame above its atoms."""
FEW_STEPS = 3
"""Frames that tell the steps between two."""
AKMA = 0.0488882129
"""Picoseconds of CHARMM's unit of time, in which most programs write the step of a DCD;"""
DCD_UNITS = (AKMA, 1.0, 1e-3)
"""others write it in ps or fs."""


class Saving:
    """Takes note of the files of a source, and holds what they say against each other.

    Parameters
    ----------
    interval : Interval, optional
        Between the frames that are read; without it, or if it says that times are wrong, steps
        within a file and the headers of DCD files are not compared.
    stride : int
        Every stride-th frame is read.
    """

    def __init__(self, interval: Interval | None = None, stride: int = 1) -> None:
        timed = interval is not None and interval.written != NO_TIMES
        self._interval, self._stride = interval if timed else None, stride
        self._apart: tuple[str, float] | None = None
        self._temperature: tuple[str, float] | None = None

    def check(self, path: str) -> None:
        """The next file.

        Raises
        ------
        ValueError
            For scaled coordinates, atoms that are not numbered from 1 on, frames of several
            temperatures, and steps of LAMMPS that go back, have a gap or change their distance.
        """
        suffix = Path(path).suffix
        if suffix == ".lammpstrj":
            _check_columns(path)
        if suffix in NETCDF:
            self._check_temperature(path)
        apart = None
        if suffix == ".lammpstrj":
            apart = _steps_of_lammps(path, even=self._interval is not None)
        apart = _time_of_dcd(path) if suffix == ".dcd" else apart
        if apart is None:
            return
        if self._apart is None:
            self._apart = path, apart
            if suffix == ".dcd":
                self._compare_dcd(path)
        elif not np.isclose(apart, self._apart[1], rtol=1e-4):
            log.warning(
                "%s: by its own words its frames are %.6g %s apart, in %s %.6g; a study needs one "
                "saving interval",
                *(path, apart, "steps" if suffix == ".lammpstrj" else "time units", *self._apart),
            )

    def _compare_dcd(self, path: str) -> None:
        """Log the time between frames of a DCD, if it fits in no unit; many tools write 1."""
        told, every, step = self._interval, *_header_of_dcd(path)
        if told is None or told.unit not in PICOSECONDS or every == 1 or step == 1.0:
            return
        wanted = told.length * PICOSECONDS[told.unit]
        times = [self._stride * every * step * unit for unit in DCD_UNITS]
        if not np.isclose(times, wanted, rtol=0.02, atol=0.0).any():
            log.warning(
                "%s: its header says %d steps of %.4g between two frames, which is %.4g ps if it "
                "counts in CHARMM's unit%s, and frame_interval says %.6g ps; correct the latter if "
                "the header is right",
                *(path, every, step, times[0], " and with the stride" * (self._stride > 1), wanted),
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


def _header_of_dcd(path: str) -> tuple[int, float]:
    """Steps between two frames and the length of a step, 0 where a file does not tell."""
    with open(path, "rb") as file:
        head = file.read(92)
    if len(head) < 92 or head[4:8] != b"CORD":
        return 0, 0.0
    order = "<" if head[:4] == struct.pack("<i", 84) else ">"
    _, _, every, *_ = struct.unpack_from(f"{order}9i", head, 8)
    (charmm,) = struct.unpack_from(f"{order}i", head, 84)
    (step,) = struct.unpack_from(f"{order}{'f' if charmm else 'd'}", head, 44)  # else of X-PLOR
    return (every, step) if every > 0 and np.isfinite(step) and step > 0 else (0, 0.0)


def _time_of_dcd(path: str) -> float | None:
    """Time between frames in the unit of the file, where it is told; 1 step of 1 tells nothing."""
    every, step = _header_of_dcd(path)
    return every * step if every and (every, step) != (1, 1.0) else None


def _lines(path: str) -> Iterator[str]:
    with open(path, encoding="utf-8", errors="replace") as file:
        yield from file


def _steps_of_lammps(path: str, even: bool) -> float | None:
    """Steps from one frame to the next; from the second on, as the first may be out of step.

    Raises
    ------
    ValueError
        If they are to be `even` and are not, naming the first two frames of which this is so.
    """
    lines, steps = _lines(path), []
    for line in lines:
        if line.startswith("ITEM: TIMESTEP"):
            steps.append(next(lines, "").strip())
        if len(steps) == FEW_STEPS and not even:
            break
    if len(steps) < 2 or not all(step.isdigit() for step in steps):
        return None
    apart = np.diff(np.array(steps, np.int64))
    usual = int(apart[: FEW_STEPS - 1][-1])
    odd = np.flatnonzero(apart[1:] != usual) + 1
    if len(odd):
        at = int(odd[0])
        raise ValueError(
            f"{path}: frames {at + 1} and {at + 2} are {apart[at]} steps apart (from {steps[at]} "
            f"to {steps[at + 1]}), those before {usual}; write each stretch to a file of its own, "
            "remove frames that stand twice, or, if the steps in the file are wrong, say 'times: "
            f"{NO_TIMES}' in source"
        )
    return float(usual)


def _check_columns(path: str) -> None:
    """Lengths, and atoms that mdtraj can put in order."""
    head = list(itertools.islice(_lines(path), HEAD_OF_FRAME))
    columns = head[-1].split()[2:] if head and head[-1].startswith("ITEM: ATOMS") else []
    missing = [name for name in ("id", "type") if columns and name not in columns]
    if missing:
        raise ValueError(
            f"{path}: its atoms have no column {missing[0]}; write the file again with 'dump "
            "custom ... id type xu yu zu'"
        )
    taken = next((three[0] for three in TAKEN if {*three} <= {*columns}), "")
    if taken in SCALED:
        raise ValueError(
            f"{path}: column {taken} holds coordinates as shares of the cell; write lengths, "
            "with 'dump custom ... id type xu yu zu'"
        )
    count = head[3].strip() if len(head) > 3 else ""
    if not columns or not count.isdigit():
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

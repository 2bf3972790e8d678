"""Files of coordinates, read by mdtraj in chunks, and what mdtraj does not say of them.

Its readers go by the name of a file, return a DCD that is cut off as a shorter one, zeros where a
TRR has no coordinates, and cannot open paths that are not ASCII.
"""

from __future__ import annotations

import itertools
import os
import struct
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import mdtraj
import numpy as np
from mdtraj.formats.registry import FormatRegistry

from raremd.data.imported.tables import BLOCK_BYTES

WITH_TIME = (".xtc", ".trr", ".nc", ".netcdf", ".ncdf", ".h5", ".hdf5", ".gro", ".tng")
"""Formats that can tell times; mdtraj numbers the frames of others, as of a DCD."""
MDTRAJ_HDF5 = (".h5", ".hdf5")
COUNTED = (".xtc", ".trr", ".dcd", ".nc", ".netcdf", ".ncdf")
"""Formats whose frames mdtraj counts without reading them."""
LONGEST_REASON = 120
KINDS = {
    b"CDF\x01": ("a NetCDF file", (".nc", ".netcdf", ".ncdf")),
    b"CDF\x02": ("a NetCDF file", (".nc", ".netcdf", ".ncdf")),
    b"CDF\x05": ("a NetCDF file", (".nc", ".netcdf", ".ncdf")),
    b"\x89HDF": ("an HDF5 file", (*MDTRAJ_HDF5, ".nc", ".netcdf", ".ncdf", ".lh5")),
    b"\x00\x00\x07\xcb": ("an xtc file", (".xtc",)),
    b"\x00\x00\x07\xe7": ("an xtc file", (".xtc",)),
    b"\x00\x00\x07\xc9": ("a trr file", (".trr",)),
    b"T\x00\x00\x00CORD": ("a dcd file", (".dcd",)),
    b"\x00\x00\x00TCORD": ("a dcd file", (".dcd",)),
}
"""First bytes -> kind of file, and the endings of its name; the first is proposed."""


@contextmanager
def plugins_silenced() -> Iterator[None]:
    """Keep what mdtraj's compiled readers print, and its word on netCDF4, out of the terminal."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*netCDF4", UserWarning)
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def reason(error: BaseException) -> str:
    """What a library says, in one short line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]} ..."


@contextmanager
def ascii_path(path: str) -> Iterator[str]:
    """A name in ASCII for a file: mdtraj's compiled readers take no other."""
    if path.isascii():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"file{''.join(Path(path).suffixes[-2:])}"
        if not link.name.isascii():
            link = Path(folder) / f"file{Path(path).suffix}"
        link.symlink_to(Path(path).resolve())
        yield str(link)


def check_kind(path: str) -> None:
    """Refuse a file that is not what its name says.

    Raises
    ------
    ValueError
        Proposing a name.
    """
    with open(path, "rb") as file:
        head = file.read(8)
    suffix = Path(path).suffix
    for magic, (kind, endings) in KINDS.items():
        if head.startswith(magic) and suffix not in endings:
            raise ValueError(f"{path}: holds {kind}; name it {endings[0]}")
    expected = [magic for magic, (_, endings) in KINDS.items() if suffix in endings]
    if expected and not head.startswith(tuple(expected)) and head[4:8] != b"CORD":
        raise ValueError(f"{path}: is no {suffix} file inside; give it the ending of its format")
    if not path.endswith(tuple(FormatRegistry.loaders)):
        raise ValueError(
            f"{path}: mdtraj reads no files with this ending; unpack it, or convert it to xtc, "
            "trr, dcd, nc or pdb; tables of numbers go with 'kind: features'"
        )


def check_whole(path: str, n_atoms: int) -> None:
    """Refuse a file that holds less than it says.

    Parameters
    ----------
    path : str
    n_atoms : int
        In a frame.

    Raises
    ------
    ValueError
        Naming the first frame that is not whole, counted from 1.
    """
    suffix = Path(path).suffix
    if suffix in (".xtc", ".trr"):
        _check_end(path)
    elif suffix == ".dcd":
        _check_dcd(path)
    elif suffix == ".xyz":
        _check_xyz(path, n_atoms)
    elif suffix in (".mdcrd", ".crd"):
        _check_mdcrd(path, n_atoms)


def _cut(path: str, frame: int) -> ValueError:
    return ValueError(
        f"{path}: the file is cut off at frame {frame}; copy it again, or write the whole frames "
        "to a new file"
    )


def _check_end(path: str) -> None:
    """The last frame can be read, and nothing stands behind it."""
    frames = 0
    try:
        with ascii_path(path) as name, mdtraj.open(name) as file:
            frames = len(file)
            file.seek(max(0, frames - 1))
            file.read(n_frames=2)
    except Exception as error:  # readers raise what they like
        raise _cut(path, frames + 1) from error


def _check_dcd(path: str) -> None:
    """As many frames as the header says, and no part of one behind them.

    The header is three records of Fortran, each between two copies of its length: the control
    block (frames, ..., fixed atoms, ..., cell), the titles, the number of atoms.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(92)
        if len(head) < 92:
            raise _cut(path, 1)
        if head[4:8] != b"CORD":
            return  # records of 64 bits, or no dcd: for mdtraj to say
        order = "<" if head[:4] == struct.pack("<i", 84) else ">"
        announced, *control = struct.unpack_from(f"{order}11i", head, 8)
        (charmm,) = struct.unpack_from(f"{order}i", head, 84)
        # X-PLOR has no cell, and half of its longer time step in this place.
        fixed, cell = control[7], control[9] if charmm else 0
        for _ in range(2):
            length = file.read(4).ljust(4, b"\0")
            file.seek(struct.unpack(f"{order}i", length)[0] + 4, 1)
        begin = file.tell()
        file.seek(begin - 8)
        atoms = struct.unpack(f"{order}i", file.read(4).ljust(4, b"\0"))[0]
    if fixed:  # a record of the others' numbers
        begin += 4 * (atoms - fixed) + 8
    frame = 3 * (4 * atoms + 8) + (56 if cell else 0)
    later = 3 * (4 * (atoms - fixed) + 8) + (56 if cell else 0)
    whole, rest = divmod(size - begin - (frame - later), later)
    if whole < announced or rest:
        raise _cut(path, max(0, whole) + 1)


def _check_xyz(path: str, n_atoms: int) -> None:
    """Whole frames: a line with the number of atoms, a comment, and a line for each atom."""
    lines = last = 0
    with open(path, "rb") as file:
        for lines, line in enumerate(file, start=1):
            last = lines if line.strip() else last
    frames, rest = divmod(last, n_atoms + 2)
    if rest:
        raise _cut(path, frames + 1)


def _check_mdcrd(path: str, n_atoms: int) -> None:
    """Whole frames: below a title, ten numbers a line, and perhaps a line for the cell."""
    per_frame = -(-3 * n_atoms // 10)
    lengths: dict[int, int] = {}  # of the last line of the first frame, without and with a cell
    lines = last = 0
    with open(path, "rb") as file:
        next(file, None)
        for lines, line in enumerate(file, start=1):
            last = len(line.rstrip())
            if lines in (per_frame, per_frame + 1):
                lengths[lines] = last
    if not any(lines % n == 0 and last == length for n, length in lengths.items()):
        raise _cut(path, lines // per_frame + 1)


def atoms_in(path: str) -> int | None:
    """Atoms in the frames of a file, where it can be opened without a topology."""
    try:
        if Path(path).suffix in MDTRAJ_HDF5:
            with h5py.File(path) as h5:
                return h5["coordinates"].shape[1]
        with ascii_path(path) as name, mdtraj.open(name) as file:
            frame = file.read(n_frames=1)
    except Exception:  # told, with more reason, when the frames are read
        return None
    first = frame[0] if isinstance(frame, tuple) else frame
    coordinates = np.asarray(getattr(frame, "coordinates", first))
    return int(coordinates.shape[1]) if coordinates.ndim == 3 else None


def has_times(path: str) -> bool:
    """Whether a file tells the times of its frames; mdtraj numbers them where it does not."""
    suffix = Path(path).suffix
    if suffix not in WITH_TIME:
        return False
    try:
        if suffix in MDTRAJ_HDF5:
            with h5py.File(path) as h5:
                return "time" in h5
        with ascii_path(path) as name, mdtraj.open(name) as file:
            return file.read(n_frames=1)[1] is not None
    except Exception:  # told, with more reason, when the frames are read
        return True


def _announced(path: str) -> int | None:
    """Frames in a file, where its format tells."""
    if Path(path).suffix not in COUNTED:
        return None
    with ascii_path(path) as name, mdtraj.open(name) as file:
        return len(file)


def _read_hdf5(
    path: str, topology: mdtraj.Topology, chunk: int, stride: int
) -> Iterator[mdtraj.Trajectory]:
    """Chunks of mdtraj's own HDF5 format (mdtraj's reader would need PyTables)."""
    keys = {
        "time": "time",
        "cell_lengths": "unitcell_lengths",
        "cell_angles": "unitcell_angles",
    }
    with h5py.File(path) as h5:
        for start in range(0, len(h5["coordinates"]), chunk):
            rows = slice(start, start + chunk, stride)
            optional = {keys[k]: h5[k][rows] for k in keys if k in h5}
            yield mdtraj.Trajectory(h5["coordinates"][rows], topology, **optional)


def read_chunks(path: str, topology: mdtraj.Topology, stride: int) -> Iterator[mdtraj.Trajectory]:
    """Every stride-th frame, many at a time; each has coordinates, and none is missing.

    Parameters
    ----------
    path : str
    topology : mdtraj.Topology
    stride : int

    Yields
    ------
    mdtraj.Trajectory

    Raises
    ------
    ValueError
        Naming the frame of the file, counted from 1.
    """
    chunk = max(1, BLOCK_BYTES // (12 * topology.n_atoms * stride)) * stride
    frames = 0
    try:
        announced = _announced(path)
        with ascii_path(path) as name:
            chunks = (
                _read_hdf5(path, topology, chunk, stride)
                if Path(path).suffix in MDTRAJ_HDF5
                else mdtraj.iterload(name, chunk=chunk, stride=stride, top=topology)
            )
            for part in chunks:
                _refuse_empty(part, path, frames, stride)
                frames += len(part)
                yield part
    except ValueError as error:
        if str(error).startswith(f"{path}: "):
            raise
        raise _unread(path, frames * stride, error) from error
    except Exception as error:  # GeneratorExit is none
        raise _unread(path, frames * stride, error) from error
    if announced is not None and frames != -(-announced // stride):
        raise ValueError(
            f"{path}: the file holds {announced} frames, of which {frames * stride} could be read; "
            "copy it again"
        )


def _unread(path: str, frames: int, error: BaseException) -> ValueError:
    return ValueError(
        f"{path}: mdtraj cannot read it beyond frame {frames} ({reason(error)}); is it cut off?"
    )


def _refuse_empty(part: mdtraj.Trajectory, path: str, frames: int, stride: int) -> None:
    """Mdtraj gives zeros for the frames of a trr that hold velocities or forces alone."""
    if part.n_atoms < 2:
        return
    nothing = (part.xyz == part.xyz[:, :1]).all(axis=(1, 2))
    if nothing.any():
        frame = (frames + int(nothing.argmax())) * stride + 1
        raise ValueError(
            f"{path}: frame {frame} has no coordinates (all atoms are in one place); write a file "
            "of the frames that have some, with gmx trjconv for one"
        )


def first_frame(path: str, topology: mdtraj.Topology) -> mdtraj.Trajectory | None:
    """The first frame of a file, None where it cannot be read."""
    try:
        return next(itertools.islice(read_chunks(path, topology, 1), 1))[0]
    except (ValueError, StopIteration):
        return None

"""NumPy's .npy and .npz files as streams of blocks; nothing is unpickled."""

from __future__ import annotations

import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from raremd.data.imported.arrays import (
    LOOKED_AT,
    Part,
    checked_type,
    parts_of,
    refuse_columns_apart,
)
from raremd.data.imported.tables import Table, natural_key, rows_at_once

LONGEST_REASON = 200
# What NumPy and zipfile make of bytes that someone changed.
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, struct.error)
ILL_TYPED = (ValueError, TypeError, KeyError, OverflowError, MemoryError)
FORGED = (*BROKEN_ZIP, *ILL_TYPED, SyntaxError, tokenize.TokenError)


def reason(error: BaseException) -> str:
    """What a library says of bytes that it cannot read, in one line of bounded length."""
    return " ".join(str(error).split())[:LONGEST_REASON]


class Header(NamedTuple):
    """What a .npy stream says of itself."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype


def read_header(file: IO[bytes], label: str, dataset: bool = False) -> Header:
    """Shape, order and type of a .npy stream; `dataset` as for `parts_of`.

    Raises
    ------
    ValueError
        If it is no .npy file or does not hold plain numbers.
    """
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        header = Header(*read(file))
        if not all(type(n) is int and n >= 0 for n in header.shape):
            raise ValueError(f"shape {header.shape}")
    except FORGED as error:
        raise ValueError(
            f"{label}: not a NumPy array ({reason(error)}); save it with numpy.save"
        ) from error
    checked_type(header.dtype, label, dataset)
    return header


def _check_size(file: IO[bytes], size: int, header: Header, label: str) -> None:
    """A forged header may promise terabytes, for which memory would be sought."""
    if math.prod(header.shape) * header.dtype.itemsize > size - file.tell():
        raise ValueError(f"{label}: the file is cut off, shape {header.shape} needs more bytes")


def _frames(file: IO[bytes], header: Header, part: Part) -> Iterator[np.ndarray]:
    """Blocks of one part of a .npy stream that stands behind its header.

    One reader for .npy and for members of an .npz: `numpy.load` holds a whole member of an archive
    in memory, and its memory maps count as this process's. 10 GiB are imported within 0.6 GiB.
    """
    if header.fortran and len(header.shape) > 1:
        # In Fortran order columns lie one behind the other: all or nothing.
        content = file.read(math.prod(header.shape) * header.dtype.itemsize)
        yield part.of(np.frombuffer(content, header.dtype).reshape(header.shape, order="F"))
        return
    row = part.n_columns * header.dtype.itemsize
    file.seek((part.number or 0) * part.n_frames * row, 1)
    for start in range(0, part.n_frames, rows_at_once(part.n_columns)):
        rows = min(part.n_frames - start, rows_at_once(part.n_columns))
        content = file.read(rows * row)
        if len(content) < rows * row:
            raise ValueError(f"{part.label}: the file is cut off")
        yield np.frombuffer(content, header.dtype).reshape(rows, part.n_columns)


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[tuple[IO[bytes], int]]:
    """A .npy stream and its bytes: a file, or one array of an archive."""
    if member is None:
        with path.open("rb") as file:
            yield file, path.stat().st_size
        return
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as unpacked:
            yield unpacked, archive.getinfo(member).file_size
    except BROKEN_ZIP as error:
        label = _label(path, member)
        raise ValueError(f"{label}: cannot be unpacked ({reason(error)})") from error


def _label(path: Path, member: str | None) -> str:
    if member is None:
        return str(path)
    name = " ".join(member.removesuffix(".npy").split())  # a damaged one may hold a line break
    return f"{path}, array {name}"


def _members(path: Path, wanted: str) -> list[str | None]:
    """Arrays of an archive that are wanted; None for a file that is one array."""
    if path.suffix == ".npy":
        return [None]
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist(), key=natural_key)
    except BROKEN_ZIP as error:
        raise ValueError(f"{path}: not an .npz file ({reason(error)})") from error
    chosen: list[str | None] = [
        name for name in names if fnmatchcase(name.removesuffix(".npy"), wanted)
    ]
    check_some(bool(chosen), path, wanted, [name.removesuffix(".npy") for name in names])
    return chosen


def check_some(found: bool, path: Path, wanted: str, present: list[str]) -> None:
    """Refuse a file of which no array is wanted."""
    if not found:
        raise ValueError(f"{path}: no array matches dataset '{wanted}' (there are: {present})")


def read_arrays(path: Path, wanted: str, states: bool, named: bool = False) -> Iterator[Table]:
    """The trajectories in a .npy or .npz file.

    Parameters
    ----------
    path : Path
    wanted : str
        Glob of the arrays of an .npz.
    states, named : bool
        See `arrays.parts_of`.

    Yields
    ------
    Table

    Raises
    ------
    ValueError
        Naming the file, and the array in it.
    """
    headers: dict[str | None, Header] = {}
    for member in _members(path, wanted):
        label = _label(path, member)
        with _opened(path, member) as (file, size):
            headers[member] = read_header(file, label, member is not None)
            _check_size(file, size, headers[member], label)
    members = {name.removesuffix(".npy"): name for name in headers if name is not None}

    def first(name: str) -> np.ndarray:
        with _opened(path, members[name]) as (file, _):
            header = read_header(file, name)
            part = Part(_label(path, name), None, min(header.shape[0], LOOKED_AT), 1)
            return next(_frames(file, header, part))[:, 0]

    shapes = {name: headers[member].shape for name, member in members.items()}
    refuse_columns_apart(path, shapes, states, first)
    for member, header in headers.items():
        label = _label(path, member)
        for part in parts_of(header.shape, label, states, member is not None, named):

            def read(
                columns: Sequence[int], part: Part = part, member: str | None = member
            ) -> Iterator[np.ndarray]:
                with _opened(path, member) as (file, _):
                    again = read_header(file, part.label)
                    for block in _frames(file, again, part):
                        yield block[:, columns]

            yield Table(part.label, part.n_columns, None, read, n_frames=part.n_frames)

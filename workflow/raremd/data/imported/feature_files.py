"""Files of numbers: NumPy (.npy, .npz), HDF5 and text, each as a stream of blocks."""

from __future__ import annotations

import math
import multiprocessing
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

import h5py
import numpy as np

from raremd.data.imported.tables import (
    Table,
    checked_columns,
    checked_type,
    natural_key,
    rows_at_once,
)
from raremd.data.imported.text_tables import check_text, read_text

HDF5 = (".h5", ".hdf5", ".hdf")
PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib")
"""Files that can only be opened by running what is in them."""


# What NumPy and zipfile make of bytes that someone changed.
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, struct.error)
ILL_TYPED = (ValueError, TypeError, KeyError, OverflowError, MemoryError)
FORGED = (*BROKEN_ZIP, *ILL_TYPED, SyntaxError, tokenize.TokenError)
BROKEN_HDF5 = (*ILL_TYPED, OSError, RuntimeError, AttributeError)
LONGEST_REASON = 200
PATIENCE = 30.0
"""Seconds for the names of the features in an HDF5 file."""


def _printable(name: str) -> str:
    """A name in an HDF5 file, which need not be valid text."""
    return name.encode("utf-8", "backslashreplace").decode()


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:LONGEST_REASON]


def read_header(file: IO[bytes], label: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, Fortran order and type of a .npy stream; nothing is unpickled.

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
        shape, fortran, dtype = read(file)
        if not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError(f"shape {shape}")
    except FORGED as error:
        raise ValueError(
            f"{label}: not a NumPy array ({_reason(error)}); save it with numpy.save"
        ) from error
    checked_type(dtype, label)
    checked_columns(shape, label)
    return shape, fortran, dtype


def _slices(array: h5py.Dataset, n_columns: int) -> Iterator[np.ndarray]:
    rows = rows_at_once(n_columns)
    for start in range(0, len(array), rows):
        yield np.asarray(array[start : start + rows]).reshape(-1, n_columns)


def _check_size(
    file: IO[bytes], size: int, shape: tuple[int, ...], dtype: np.dtype, label: str
) -> None:
    """A forged header may promise terabytes, for which memory would be sought."""
    if math.prod(shape) * dtype.itemsize > size - file.tell():
        raise ValueError(f"{label}: the file is cut off, shape {shape} needs more bytes")


def _array_blocks(file: IO[bytes], label: str, size: int) -> Iterator[np.ndarray]:
    """Blocks of a .npy stream of `size` bytes, one reader for .npy and for members of an .npz.

    `numpy.load` holds a whole member of an archive in memory, and its memory maps count as this
    process's: 10 GiB are imported within 0.6 GiB.
    """
    shape, fortran, dtype = read_header(file, label)
    _check_size(file, size, shape, dtype, label)
    n_columns = checked_columns(shape, label)
    # In Fortran order columns lie one behind the other: all or nothing.
    whole = fortran and n_columns > 1
    left = shape[0]
    while left:
        rows = left if whole else min(left, rows_at_once(n_columns))
        data = file.read(rows * n_columns * dtype.itemsize)
        if len(data) < rows * n_columns * dtype.itemsize:
            raise ValueError(f"{label}: the file is cut off")
        values = np.frombuffer(data, dtype)
        yield values.reshape((rows, n_columns), order="F" if whole else "C")
        left -= rows


def _read_npy(path: Path) -> Iterator[Table]:
    label = str(path)

    def blocks() -> Iterator[np.ndarray]:
        with path.open("rb") as file:
            yield from _array_blocks(file, label, path.stat().st_size)

    yield Table(label, None, blocks())


def _member_blocks(path: Path, member: str, label: str) -> Iterator[np.ndarray]:
    """Blocks of one array in an .npz, decompressed as they are needed."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            yield from _array_blocks(file, label, archive.getinfo(member).file_size)
    except BROKEN_ZIP as error:
        raise ValueError(f"{label}: cannot be unpacked ({_reason(error)})") from error


def _read_npz(path: Path, wanted: str) -> Iterator[Table]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = sorted(archive.namelist(), key=natural_key)
    except BROKEN_ZIP as error:
        raise ValueError(f"{path}: not an .npz file ({_reason(error)})") from error
    chosen = [m for m in members if fnmatchcase(m.removesuffix(".npy"), wanted)]
    _some(chosen, path, wanted, [m.removesuffix(".npy") for m in members])
    for member in chosen:
        label = f"{path}, array {member.removesuffix('.npy')}"
        yield Table(label, None, _member_blocks(path, member, label))


def _hdf5_datasets(h5: h5py.File) -> list[str]:
    found: list[str] = []
    h5.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return sorted(found, key=natural_key)


@contextmanager
def _hdf5(path: Path, label: str) -> Iterator[h5py.File]:
    """A file; what HDF5 cannot make sense of becomes one line, ours passes."""
    try:
        with h5py.File(path) as h5:
            yield h5
    except BROKEN_HDF5 as error:
        if str(error).startswith(str(path)):
            raise
        raise ValueError(f"{label}: HDF5 cannot read it ({_reason(error)})") from error


def _dataset_blocks(path: Path, name: str, label: str) -> Iterator[np.ndarray]:
    with _hdf5(path, label) as h5:
        data = h5[name]
        yield from _slices(data, checked_columns(data.shape, label))


def _stored_names(path: Path) -> tuple[str, ...]:
    with _hdf5(path, str(path)) as h5:
        return tuple(_printable(str(n)) for n in h5.attrs["feature_names"])


def _hdf5_names(path: Path) -> tuple[str, ...]:
    """The attribute `feature_names`, read in a process of its own that can be ended.

    HDF5 2.0 keeps strings in a heap, and goes round for ever in some that are damaged: in 2 of
    1,500 files with changed bytes.
    """
    with multiprocessing.get_context("fork").Pool(1) as pool:
        try:
            return pool.apply_async(_stored_names, (path,)).get(PATIENCE)
        except multiprocessing.TimeoutError as error:
            raise ValueError(
                f"{path}: HDF5 does not come to an end reading its feature_names"
            ) from error


def _read_hdf5(path: Path, wanted: str) -> Iterator[Table]:
    with _hdf5(path, str(path)) as h5:
        datasets = _hdf5_datasets(h5)
        names = _hdf5_names(path) if "feature_names" in h5.attrs else None
        chosen = [d for d in datasets if fnmatchcase(d, wanted)]
        for name in chosen:
            label = f"{path}, dataset {_printable(name)}"
            checked_type(h5[name].dtype, label)
            checked_columns(h5[name].shape, label)
    _some(chosen, path, wanted, [_printable(d) for d in datasets])
    for name in chosen:
        label = f"{path}, dataset {_printable(name)}"
        yield Table(label, names, _dataset_blocks(path, name, label))


def _some(chosen: list[str], path: Path, wanted: str, present: list[str]) -> None:
    if not chosen:
        raise ValueError(f"{path}: no array matches dataset '{wanted}' (there are: {present})")


def read_file(path: Path | str, dataset: str = "*") -> Iterator[Table]:
    """The trajectories in one file of numbers.

    Parameters
    ----------
    path : Path
        .npy, .npz, HDF5 (.h5, .hdf5) or text (anything else, perhaps .gz).
    dataset : str
        Glob of the arrays wanted from .npz and HDF5; each is one trajectory.

    Yields
    ------
    Table

    Raises
    ------
    ValueError
        Naming the file and what is wrong with it.
    """
    path = Path(path)
    if path.suffix == ".npy":
        yield from _read_npy(path)
    elif path.suffix == ".npz":
        yield from _read_npz(path, dataset)
    elif path.suffix in HDF5:
        yield from _read_hdf5(path, dataset)
    else:
        yield read_text(path)


def check_header(path: Path) -> None:
    """What the first bytes tell, quickly: the file is not empty, of its kind, and no pickle.

    Raises
    ------
    ValueError
        Naming the file.
    """
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty")
    if path.suffix in PICKLES:
        raise ValueError(
            f"{path}: a pickle could run code and is never loaded; save each trajectory as a plain "
            "array with numpy.save"
        )
    if path.suffix == ".npy":
        with path.open("rb") as file:
            shape, _, dtype = read_header(file, str(path))
            _check_size(file, path.stat().st_size, shape, dtype, str(path))
    elif path.suffix == ".npz":
        try:
            with zipfile.ZipFile(path) as archive:
                for member in archive.namelist():
                    with archive.open(member) as file:
                        read_header(file, f"{path}, array {member.removesuffix('.npy')}")
        except BROKEN_ZIP as error:
            raise ValueError(f"{path}: not an .npz file ({_reason(error)})") from error
    elif path.suffix in HDF5:
        if not h5py.is_hdf5(path):
            raise ValueError(f"{path}: not an HDF5 file")
    else:
        check_text(path)

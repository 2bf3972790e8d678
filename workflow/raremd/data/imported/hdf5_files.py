"""HDF5 files of numbers as streams of blocks."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

import h5py
import numpy as np

from raremd.data.imported.arrays import (
    LOOKED_AT,
    Part,
    checked_type,
    parts_of,
    refuse_columns_apart,
)
from raremd.data.imported.numpy_files import ILL_TYPED, check_some, reason
from raremd.data.imported.tables import Table, natural_key, rows_at_once

BROKEN_HDF5 = (*ILL_TYPED, OSError, RuntimeError, AttributeError, SystemError)
PATIENCE = 30.0
"""Seconds for the names of the features."""


def _printable(name: str) -> str:
    """A name in an HDF5 file, which need not be valid text."""
    return name.encode("utf-8", "backslashreplace").decode()


def _datasets(h5: h5py.File) -> list[str]:
    found: list[str] = []
    h5.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return sorted(found, key=natural_key)


def _refuse_links(h5: h5py.File, path: Path, wanted: str) -> None:
    """Links to other files are not followed."""
    found: list[tuple[str, str]] = []

    def look(name: str, link: object) -> None:
        if isinstance(link, h5py.ExternalLink) and fnmatchcase(name, wanted):
            found.append((_printable(name), _printable(link.filename)))

    h5.visititems_links(look)
    for name, file in found:
        raise ValueError(
            f"{path}: {name} is a link to {file}, which is not followed; give that file in "
            "source.files, or leave the link out with source.dataset"
        )


def _refuse_scaled(dataset: h5py.Dataset, label: str) -> None:
    """Numbers that are packed, as in NetCDF, and stand for others."""
    for key, plain in (("scale_factor", 1.0), ("add_offset", 0.0)):
        if key in dataset.attrs and not np.array_equal(np.ravel(dataset.attrs[key]), [plain]):
            raise ValueError(
                f"{label}: its attribute {key} is {dataset.attrs[key]}, which is not applied; save "
                "the numbers that are meant, without this attribute"
            )


@contextmanager
def _opened(path: Path, label: str) -> Iterator[h5py.File]:
    """A file; what HDF5 cannot make sense of becomes one line, ours passes."""
    try:
        with h5py.File(path) as h5:
            yield h5
    except BROKEN_HDF5 as error:
        if str(error).startswith(str(path)):
            raise
        raise ValueError(f"{label}: HDF5 cannot read it ({reason(error)})") from error


def _stored_names(path: Path) -> tuple[str, ...]:
    with _opened(path, str(path)) as h5:
        stored = h5.attrs["feature_names"]
    words = [
        n.decode(errors="replace") if isinstance(n, bytes) else str(n) for n in np.ravel(stored)
    ]
    if np.ndim(stored) == 0:  # one text for all
        words = re.split(r"\s*[,;]\s*|\s+", words[0].strip())
    return tuple(map(_printable, words))


def _names(path: Path) -> tuple[str, ...]:
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


def _first(path: Path, name: str) -> np.ndarray:
    """The first numbers of a data set of one dimension."""
    with _opened(path, f"{path}, dataset {name}") as h5:
        return np.asarray(h5[name][:LOOKED_AT])


def read_hdf5(path: Path, wanted: str, states: bool, named: bool = False) -> Iterator[Table]:
    """The trajectories in an HDF5 file; its attribute `feature_names` names the columns.

    Parameters
    ----------
    path : Path
    wanted : str
        Glob of the data sets.
    states, named : bool
        See `arrays.parts_of`.

    Yields
    ------
    Table

    Raises
    ------
    ValueError
        Naming the file, and the data set in it.
    """
    parts: list[tuple[str, Part]] = []
    shapes: dict[str, tuple[int, ...]] = {}
    with _opened(path, str(path)) as h5:
        _refuse_links(h5, path, wanted)
        present = _datasets(h5)
        names = _names(path) if "feature_names" in h5.attrs else None
        known = named or names is not None
        for name in present:
            if fnmatchcase(name, wanted):
                label = f"{path}, dataset {_printable(name)}"
                checked_type(h5[name].dtype, label)
                _refuse_scaled(h5[name], label)
                shapes[_printable(name)] = shape = h5[name].shape or ()  # an empty one has none
                parts += [(name, part) for part in parts_of(shape, label, states, named=known)]
    check_some(bool(parts), path, wanted, [_printable(name) for name in present])
    refuse_columns_apart(path, shapes, states, lambda name: _first(path, name))
    for name, part in parts:

        def read(
            columns: Sequence[int], name: str = name, part: Part = part
        ) -> Iterator[np.ndarray]:
            with _opened(path, part.label) as h5:
                for start in range(0, part.n_frames, rows_at_once(part.n_columns)):
                    rows = slice(start, start + rows_at_once(part.n_columns))
                    at = rows if part.number is None else (part.number, rows)
                    yield np.asarray(h5[name][at]).reshape(-1, part.n_columns)[:, columns]

        yield Table(part.label, part.n_columns, names, read, n_frames=part.n_frames)

"""Files of numbers: NumPy (.npy, .npz), HDF5 and text, each read as a stream of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py

from raremd.data.imported.clocks import Interval
from raremd.data.imported.hdf5_files import read_hdf5
from raremd.data.imported.numpy_files import read_arrays
from raremd.data.imported.tables import Table
from raremd.data.imported.text_tables import check_text, read_text

NUMPY = (".npy", ".npz")
HDF5 = (".h5", ".hdf5", ".hdf")
PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib")
"""Files that can only be opened by running what is in them."""
MOLECULAR = "an {} file, which 'kind: trajectory' reads, with a topology"
CONTENTS = {
    b"\x93NUMPY": ("a NumPy array", (".npy",)),
    b"PK\x03\x04": (
        "a zip archive; save a spreadsheet as csv, and unpack other archives",
        (".npz",),
    ),
    b"\x89HDF": ("an HDF5 file", HDF5),
    b"\x00\x00\x07\xcb": (MOLECULAR.format("xtc"), ()),
    b"\x00\x00\x07\xc9": (MOLECULAR.format("trr"), ()),
    b"CDF": (MOLECULAR.format("AMBER NetCDF"), ()),
    b"PAR1": ("a Parquet file; save it as csv", ()),
    b"\xff\xfe": ("text in UTF-16; save it as UTF-8", ()),
    b"\xfe\xff": ("text in UTF-16; save it as UTF-8", ()),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd; unpack it, or use gzip", ()),
    b"\x80\x04": ("a pickle, which could run code; save arrays with numpy.save", ()),
}
"""First bytes -> what a file is, and the endings that its name may have; the first is proposed."""


def read_file(
    path: Path | str,
    dataset: str = "*",
    states: bool = False,
    named: bool = False,
    interval: Interval | None = None,
) -> Iterator[Table]:
    """The trajectories in one file of numbers.

    Parameters
    ----------
    path : Path
        .npy, .npz, HDF5 (.h5, .hdf5) or text (anything else, perhaps compressed).
    dataset : str
        Glob of the arrays wanted from .npz and HDF5.
    states : bool
        Whether the numbers are states, of which a frame has one.
    named : bool
        Whether the source names the columns.
    interval : Interval, optional
        See `text_tables.read_text`.

    Yields
    ------
    Table

    Raises
    ------
    ValueError
        Naming the file and what is wrong with it.
    """
    path = Path(path)
    if path.suffix in NUMPY:
        yield from read_arrays(path, dataset, states, named)
    elif path.suffix in HDF5:
        yield from read_hdf5(path, dataset, states, named)
    else:
        yield read_text(path, states, interval)


def check_header(path: Path, dataset: str = "*", states: bool = False) -> None:
    """What the first bytes tell, quickly: the file is not empty, of its kind, and no pickle.

    Parameters
    ----------
    path, dataset, states
        As for `read_file`; arrays that are not wanted are not looked at.

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
    _refuse_other_kinds(path)
    if path.suffix in NUMPY:
        for _ in read_arrays(path, dataset, states, named=True):
            pass
    elif path.suffix in HDF5:
        if not h5py.is_hdf5(path):
            raise ValueError(f"{path}: not an HDF5 file")
    else:
        check_text(path)


def _refuse_other_kinds(path: Path) -> None:
    """A file that is not what its name says, or cannot be read at all."""
    with path.open("rb") as file:
        head = file.read(8)
        if head.startswith(b"\x1f\x8b") and path.suffixes[-2:-1] in ([".npy"], [".npz"]):
            raise ValueError(f"{path}: only text is read compressed; unpack it, or save an .npz")
    for magic, (kind, endings) in CONTENTS.items():
        if head.startswith(magic) and path.suffix not in endings:
            advice = f"; name it {endings[0]}" if endings else ""
            raise ValueError(f"{path}: holds {kind}{advice}")

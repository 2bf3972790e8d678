"""Files of numbers: NumPy (.npy, .npz), HDF5 and text, each read as a stream of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py

from raremd.data.imported.hdf5_files import read_hdf5
from raremd.data.imported.numpy_files import read_arrays
from raremd.data.imported.tables import Table
from raremd.data.imported.text_tables import check_text, read_text

NUMPY = (".npy", ".npz")
HDF5 = (".h5", ".hdf5", ".hdf")
PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib")
"""Files that can only be opened by running what is in them."""


def read_file(path: Path | str, dataset: str = "*", states: bool = False) -> Iterator[Table]:
    """The trajectories in one file of numbers.

    Parameters
    ----------
    path : Path
        .npy, .npz, HDF5 (.h5, .hdf5) or text (anything else, perhaps compressed).
    dataset : str
        Glob of the arrays wanted from .npz and HDF5.
    states : bool
        Whether the numbers are states, of which a frame has one.

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
        yield from read_arrays(path, dataset, states)
    elif path.suffix in HDF5:
        yield from read_hdf5(path, dataset, states)
    else:
        yield read_text(path)


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
    if path.suffix in NUMPY:
        for _ in read_arrays(path, dataset, states):
            pass
    elif path.suffix in HDF5:
        if not h5py.is_hdf5(path):
            raise ValueError(f"{path}: not an HDF5 file")
    else:
        check_text(path)

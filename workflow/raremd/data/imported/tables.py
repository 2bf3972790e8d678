"""One trajectory of a file, as a stream of blocks: what every importer makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

BLOCK_BYTES = 1 << 25
"""Numbers handled at a time (32 MiB), so that memory does not grow with the trajectory."""
MAX_COLUMNS = 20_000
TIME = "time"
"""Name of a column that holds the time of each frame."""


@dataclass(frozen=True)
class Table:
    """Frames of one trajectory, read when they are asked for.

    Attributes
    ----------
    label : str
        The file, and what is within it; errors begin with it.
    names : tuple of str or None
        Of the columns; None where the file does not say. A column `time` is the frame's time.
    blocks : iterator of (n, n_columns) float arrays
    periods : dict
        Column name -> period, where the file says.
    """

    label: str
    names: tuple[str, ...] | None
    blocks: Iterator[np.ndarray]
    periods: dict[str, float] = field(default_factory=dict)


def natural_key(path: Path | str) -> list:
    """Sorts `9.npy` before `10.npy`."""
    return [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", str(path))]


def rows_at_once(n_columns: int) -> int:
    """Rows of a block."""
    return max(1, BLOCK_BYTES // (8 * max(1, n_columns)))


def checked_columns(shape: tuple[int, ...], label: str) -> int:
    """Columns of an array of one trajectory, which may also be (n_frames,).

    Raises
    ------
    ValueError
        If it cannot be one trajectory.
    """
    if len(shape) not in (1, 2) or 0 in shape:
        raise ValueError(
            f"{label}: shape {shape} is not (n_frames, n_features) of one trajectory; "
            "save each trajectory as an array of its own"
        )
    n_columns = shape[1] if len(shape) == 2 else 1
    if n_columns > MAX_COLUMNS:
        raise ValueError(
            f"{label}: {n_columns} columns, more than {MAX_COLUMNS}; frames are rows: "
            "transpose the array, or save fewer features"
        )
    return n_columns


def checked_type(dtype: np.dtype, label: str) -> None:
    """Refuse arrays that are not plain real numbers."""
    if dtype.hasobject:
        raise ValueError(
            f"{label}: holds Python objects, which would need pickle and could run code; "
            "save each trajectory as a plain array of numbers"
        )
    if dtype.kind not in "fiub":
        raise ValueError(f"{label}: type {dtype} is not a real number")

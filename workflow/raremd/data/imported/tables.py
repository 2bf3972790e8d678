"""One trajectory of a file, as a stream of blocks: what every reader makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    n_columns : int
    names : tuple of str or None
        Of the columns; None where the file does not say. A column `time` is the frame's time.
    read : callable
        Columns wanted, counted from 0 -> iterator of (n, n_wanted) float arrays; to be called
        once. Nothing is asked of the other columns, which need not even be numbers.
    periods : mapping
        Column name -> period, where the file says.
    first_line : str
        Of a text file, if it holds a frame.
    """

    label: str
    n_columns: int
    names: tuple[str, ...] | None
    read: Callable[[Sequence[int]], Iterator[np.ndarray]]
    periods: Mapping[str, float] = field(default_factory=dict)
    first_line: str = ""


def natural_key(path: Path | str) -> list[int | str]:
    """Sorts `9.npy` before `10.npy`."""
    return [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", str(path))]


def rows_at_once(n_columns: int) -> int:
    """Rows of a block."""
    return max(1, BLOCK_BYTES // (8 * max(1, n_columns)))

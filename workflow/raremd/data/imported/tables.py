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
SHORT_OF_STATES = 10
"""More columns are hardly other numbers beside a state."""
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
    n_frames : int or None
        Where it is known before the frames are read, as of arrays.
    """

    label: str
    n_columns: int
    names: tuple[str, ...] | None
    read: Callable[[Sequence[int]], Iterator[np.ndarray]]
    periods: Mapping[str, float] = field(default_factory=dict)
    first_line: str = ""
    n_frames: int | None = None


def natural_key(path: Path | str) -> list[int | str]:
    """Sorts `9.npy` before `10.npy`."""
    return [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", str(path))]


def rows_at_once(n_columns: int) -> int:
    """Rows of a block."""
    return max(1, BLOCK_BYTES // (8 * max(1, n_columns)))


def several_states(table: Table, n: int, names: Sequence[str]) -> str:
    """What to do about n columns of states where a frame has one.

    Parameters
    ----------
    table : Table
    n : int
        Of columns that are wanted.
    names : sequence of str
        Of all columns.
    """
    said = f"{n} columns where one state a frame is expected; "
    if table.first_line and n > SHORT_OF_STATES and table.names is None:
        return f"{said}write one number a line, and each trajectory to a file of its own"
    advice = (
        f"{said}frames are rows and each trajectory an array or file of its own, or name the "
        f"column with source.columns ({', '.join(names[:4])})"
    )
    if table.n_frames is not None and n > SHORT_OF_STATES:
        shape = table.n_frames, n, 1
        advice = (
            f"{said}if its rows are trajectories, save it with the shape {shape}, if its columns "
            f"are, with the shape {(n, table.n_frames)}"
        )
    return advice


def in_archive(label: str) -> bool:
    """Whether a trajectory is an array of a file with others, which `source.dataset` chooses."""
    return re.search(r", (array|dataset) ", label) is not None

"""Distances and cells in a space in which some dimensions are periodic.

Everywhere `periods` is a (d,) float64 array, 0 for not periodic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numba
import numpy as np

CHUNK = 65_536
"""Most frames handled at a time, so that memory does not grow with the trajectory."""
CHUNK_NUMBERS = 64 * CHUNK
"""Most numbers handled at a time: wide frames come in smaller chunks."""


class Rows(Protocol):
    """Anything that gives frames (n, d) when it is sliced: an array, or a file read in parts."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames and columns."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> np.ndarray: ...


def chunk_rows(dimension: int) -> int:
    """Frames handled at a time."""
    return max(1, min(CHUNK, CHUNK_NUMBERS // max(1, dimension)))


def blocks(values: Rows, dimension: int) -> Iterator[tuple[int, np.ndarray]]:
    """First frame and float64 values of each chunk of a trajectory, checked.

    Parameters
    ----------
    values : (n, dimension) float array
        In memory, or anything that can be sliced like it.
    dimension : int
        Expected number of columns.

    Yields
    ------
    int, (m, dimension) float64

    Raises
    ------
    ValueError
        If the shape is another, or naming the first frame that is not finite.
    """
    if len(values.shape) != 2 or values.shape[1] != dimension:
        raise ValueError(f"coordinate has shape {values.shape}: expected {dimension} columns")
    rows = chunk_rows(dimension)
    for start in range(0, len(values), rows):
        block = np.ascontiguousarray(values[start : start + rows], dtype=np.float64)
        if not np.isfinite(block).all():
            bad = start + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
            raise ValueError(f"frame {bad} of the coordinate is not finite")
        yield start, block


def gather(trajectories: Sequence[Rows], rows: np.ndarray) -> np.ndarray:
    """Frames by their number in all trajectories one behind the other, read in chunks.

    Parameters
    ----------
    trajectories : sequence of (n, d) float arrays
        In memory, or anything that can be sliced like it.
    rows : (m,) int64
        Ascending.

    Returns
    -------
    (m, d) float32
    """
    dimension = trajectories[0].shape[1]
    result = np.empty((len(rows), dimension), np.float32)
    size, first = chunk_rows(dimension), 0
    for trajectory in trajectories:
        for start in range(0, len(trajectory), size):
            stop = min(start + size, len(trajectory))
            begin, end = np.searchsorted(rows, (first + start, first + stop))
            if end > begin:
                result[begin:end] = trajectory[start:stop][rows[begin:end] - first - start]
        first += len(trajectory)
    return result


def embed_periodic(values: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Replace each periodic column by a point on a circle whose circumference is its period.

    The radius is period / (2 pi), so that the chord between two near angles equals their
    difference and distances keep the unit of the angle; other columns are copied.

    Parameters
    ----------
    values : (n, d) float array
        Points, in coordinate units.
    periods : (d,) float64
        0 for not periodic.

    Returns
    -------
    (n, d + number of periodic columns) float64
        Cosine and sine take the place of their column.
    """
    columns = []
    for column, period in zip(np.asarray(values, dtype=np.float64).T, periods, strict=True):
        if period > 0:
            radius = period / (2 * np.pi)
            columns += [radius * np.cos(column / radius), radius * np.sin(column / radius)]
        else:
            columns.append(column)
    return np.stack(columns, axis=1)


def unembed_periodic(points: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Inverse of `embed_periodic` up to whole periods; points off a circle give their angle.

    Parameters
    ----------
    points : (n, k) float64
        As `embed_periodic` makes them.
    periods : (d,) float64
        0 for not periodic.

    Returns
    -------
    (n, d) float64
        Angles within half a period of 0.
    """
    remaining = iter(points.T)
    columns = []
    for period in periods:
        column = next(remaining)
        if period > 0:
            column = np.arctan2(next(remaining), column) * period / (2 * np.pi)
        columns.append(column)
    return np.stack(columns, axis=1)


def wrap(values: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Bring periodic columns into [-period / 2, period / 2)."""
    rounds = np.floor(values / np.where(periods > 0, periods, 1) + 0.5)
    return values - periods * rounds


def grid_cells(
    values: np.ndarray, low: np.ndarray, width: np.ndarray, bins: np.ndarray, periods: np.ndarray
) -> np.ndarray:
    """Cell of a regular grid, in C order; values beyond a range that is not periodic are clipped.

    Parameters
    ----------
    values : (n, d) float64
        Finite points.
    low, width : (d,) float64
        Lower edge of the grid and width of a cell.
    bins : (d,) int64
        Cells in each dimension.
    periods : (d,) float64
        A periodic dimension must be spanned exactly: ``bins * width == period``.

    Returns
    -------
    (n,) int64
    """
    cells = np.floor((values - low) / width)
    cells = np.where(periods > 0, np.mod(cells, bins), np.clip(cells, 0, bins - 1))
    return np.ravel_multi_index(tuple(cells.astype(np.int64).T), tuple(bins))


@numba.njit(cache=True)
def nearest(points: np.ndarray, centers: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Nearest centre of each point, the first of equals; angles differ by the short way round.

    Parameters
    ----------
    points : (n, d) float64
        Finite points.
    centers : (n_centers, d) float64
        At least one.
    periods : (d,) float64
        0 for not periodic.

    Returns
    -------
    (n,) int64
    """
    n_centers, d = centers.shape
    columns = np.empty((d, n_centers))  # one row per dimension: the inner loops become SIMD
    for k in range(d):
        for c in range(n_centers):
            columns[k, c] = centers[c, k]
            if periods[k] > 0:
                columns[k, c] -= periods[k] * np.floor(centers[c, k] / periods[k])
    squares = np.empty(n_centers)
    result = np.empty(len(points), np.int64)
    for i in range(len(points)):
        squares[:] = 0.0
        for k in range(d):
            x = points[i, k]
            period = periods[k]
            if period > 0:
                x -= period * np.floor(x / period)
                for c in range(n_centers):
                    difference = abs(x - columns[k, c])
                    difference = min(difference, period - difference)
                    squares[c] += difference * difference
            else:
                for c in range(n_centers):
                    difference = x - columns[k, c]
                    squares[c] += difference * difference
        best = 0
        for c in range(1, n_centers):
            if squares[c] < squares[best]:
                best = c
        result[i] = best
    return result


@numba.njit(cache=True)
def nearest_box(
    points: np.ndarray, low: np.ndarray, length: np.ndarray, periods: np.ndarray
) -> np.ndarray:
    """Nearest box of each point, the first of equals.

    Parameters
    ----------
    points : (n, d) float64
        Finite points.
    low, length : (n_boxes, d) float64
        Box c spans ``low[c]`` to ``low[c] + length[c]``, edges included.
    periods : (d,) float64
        0 for not periodic.

    Returns
    -------
    (n,) int64
    """
    n_boxes, d = low.shape
    indices = np.zeros(len(points), np.int64)
    for i in range(len(points)):
        smallest = np.inf
        for c in range(n_boxes):
            square = 0.0
            for k in range(d):
                along = points[i, k] - low[c, k]
                beyond = along - length[c, k]
                if periods[k] > 0:
                    along -= periods[k] * np.floor(along / periods[k])
                    beyond = along - length[c, k]
                    outside = 0.0 if beyond <= 0 else min(beyond, periods[k] - along)
                else:
                    outside = max(-along, beyond, 0.0)
                square += outside * outside
            if square < smallest:
                smallest = square
                indices[i] = c
    return indices


def boxes_overlap(
    low_a: np.ndarray,
    length_a: np.ndarray,
    low_b: np.ndarray,
    length_b: np.ndarray,
    periods: np.ndarray,
) -> bool:
    """Whether two boxes share more than an edge; arguments (d,) as in `nearest_box`."""
    rounding = 1e-9 * (length_a + length_b)
    ahead, behind = low_b - low_a, low_a - low_b
    circle = np.where(periods > 0, periods, 1)
    within = np.where(
        periods > 0,
        # Of two arcs that meet, one begins inside the other.
        (np.mod(ahead + rounding, circle) < length_a - rounding)
        | (np.mod(behind + rounding, circle) < length_b - rounding),
        (ahead < length_a - rounding) & (behind < length_b - rounding),
    )
    return bool(within.all())

"""Single frames that lie far from all others, as where one was damaged."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

log = logging.getLogger(__name__)

FAR = 20
"""So many times as far from all other values as these span is an outlier."""


class Outliers:
    """Takes note of the two largest and two smallest numbers of each column."""

    def __init__(self) -> None:
        self._ends = np.zeros((2, 0, 0))  # of the columns and of their negatives: largest two
        self._places: list[list[tuple[str, int]]] = [[], []]  # of the largest: label, frame

    def add(self, label: str, frames: int, values: np.ndarray) -> None:
        """The next (n, d) numbers of a trajectory, behind so many frames."""
        d = values.shape[1]
        if not self._places[0]:
            self._ends = np.full((2, 2, d), -np.inf)
            self._places = [[("", 0)] * d, [("", 0)] * d]
        for side, signed in enumerate((values, -values)):
            rows = signed.argmax(axis=0)
            best = signed[rows, np.arange(d)]
            for column in np.flatnonzero(best > self._ends[side, 0]).tolist():
                self._places[side][column] = label, frames + int(rows[column]) + 1
            two = np.partition(signed, max(0, len(signed) - 2), axis=0)[-2:]
            both = np.concatenate([self._ends[side], two])
            self._ends[side] = np.sort(both, axis=0)[:-3:-1]

    def warn(self, names: Sequence[str], periods: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
        """Log outliers of columns without a period; smallest and largest of the others, (d,)."""
        largest, smallest = self._ends[0, 0].copy(), -self._ends[1, 0]
        for column, (name, period) in enumerate(zip(names, periods, strict=True)):
            if period > 0:
                continue
            for side, sign in enumerate((1.0, -1.0)):
                first, second = self._ends[side, :, column]
                span = second + self._ends[1 - side, 0, column]
                if not (span > 0 and first - second > FAR * span):
                    continue
                low, high = sorted((sign * second, -sign * self._ends[1 - side, 0, column]))
                log.warning(
                    "%s: frame %d: %s is %.6g, all other values lie between %.4g and %.4g; repair "
                    "or remove the frame if it is damaged",
                    *(*self._places[side][column], name, sign * first, low, high),
                )
                smallest[column], largest[column] = low, high
        return smallest, largest

"""The longest steps of each column, and what tells of runs that stand one behind the other."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

import numpy as np

log = logging.getLogger(__name__)

LARGEST = 5
"""Steps of a column that are looked at: by chance all begin at multiples of so many frames"""
SHORTEST = 50
"""with a chance of 4e-8."""


class Steps:
    """Takes note of the longest steps of each column in each trajectory, as frames stream by."""

    def __init__(self) -> None:
        self._frames: list[int] = []
        self._sizes: list[np.ndarray] = []  # (LARGEST + 1, d) each, longest first
        self._places: list[np.ndarray] = []
        self._last = np.zeros(0, np.float32)

    def add(self, values: np.ndarray, first: bool) -> None:
        """The next (n, d) frames, `first` of a trajectory."""
        before = values[:1] if first else self._last[None]
        if first:
            self._frames.append(0)
            self._sizes.append(np.zeros((0, values.shape[1]), np.float32))
            self._places.append(np.zeros((0, values.shape[1]), np.int64))
        steps = np.abs(np.diff(values, axis=0, prepend=before))
        first_kept = max(0, len(steps) - LARGEST - 1)
        kept = np.argpartition(steps, first_kept, axis=0)[first_kept:]
        sizes = np.concatenate([self._sizes[-1], np.take_along_axis(steps, kept, axis=0)])
        places = np.concatenate([self._places[-1], kept + self._frames[-1]])
        order = np.argsort(-sizes, axis=0)[: LARGEST + 1]
        self._sizes[-1] = np.take_along_axis(sizes, order, axis=0)
        self._places[-1] = np.take_along_axis(places, order, axis=0)
        self._frames[-1] += len(values)
        self._last = values[-1].copy()

    @property
    def longest(self) -> np.ndarray:
        """Of each column in all trajectories, (d,)."""
        return np.max([sizes[0] for sizes in self._sizes], axis=0)

    def ask(self, labels: Sequence[str], names: Sequence[str], periods: Sequence[float]) -> None:
        """All trajectories were added; log the first whose longest steps are evenly spaced.

        Parameters
        ----------
        labels : sequence of str
            Of the trajectories.
        names, periods : sequences
            Of the columns; angles, which jump where they are cut open, are left out.
        """
        for label, sizes, places in zip(labels, self._sizes, self._places, strict=True):
            if len(sizes) <= LARGEST:
                continue
            for column, (name, period) in enumerate(zip(names, periods, strict=True)):
                spacing = math.gcd(*places[:LARGEST, column].tolist())
                distinct = sizes[LARGEST - 1, column] > sizes[LARGEST, column]
                if spacing >= SHORTEST and distinct and not period > 0:
                    log.warning(
                        "%s: the %d longest steps of %s begin at multiples of %d frames, as where "
                        "runs are joined; write each run to a file of its own, or what happens "
                        "between them counts as dynamics",
                        *(label, LARGEST, name, spacing),
                    )
                    return

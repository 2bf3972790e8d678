"""Arrays of several trajectories whose first axis is time: neighbours along it are alike."""

from __future__ import annotations

import re

import numpy as np

from raremd.data.imported.tables import rows_at_once

SEVERAL = re.compile(r"(.*), trajectory \d+")
"""Label of a trajectory that shares its array with others."""
FRAMES = 4096
"""Looked at in each trajectory, behind"""
BEGINNING = 4
"""its first quarter, in which trajectories that start together may be alike."""
FEWEST = 10
"""Trajectories, and frames of each."""
SAMPLE = 1000
"""Pairs of neighbours, from which differences are known to a tenth."""
UNLIKE = 0.5
"""Share of the difference of two frames by chance that steps in time seldom reach."""
MORE_ALIKE = 0.5
"""Neighbours along the other axis differ by so much of that or less,"""
LESS = 0.9
"""or by so much, if in many trajectories"""
MANY = 30
ERRORS = 10.0
"""the mean lies so many standard errors below."""


class TimeAxis:
    """Compares frames that follow each other with the same frames of adjacent trajectories.

    The latter are independent where trajectories are. Where these stay in wells of their own, both
    are as near to each other, whatever the order of the trajectories.

    Parameters
    ----------
    states : bool
        Whether the numbers are states, which are alike only if they are equal.
    """

    def __init__(self, states: bool) -> None:
        self._states = states
        self._start("", np.zeros((0, 0)))

    def _start(self, array: str, few: np.ndarray) -> None:
        self._array, self._before, self._origin = array, few, few[:1]
        self._trajectories = self._values = 0
        self._sums = np.zeros((5, few.shape[1]))
        self._counts: dict[float, int] = {}

    def add(self, label: str, values: np.ndarray, first: bool) -> None:
        """The next (n, d) frames of the trajectory with a label, `first` of it.

        Raises
        ------
        ValueError
            As `finish`.
        """
        if not first:
            return
        found = SEVERAL.fullmatch(label)
        array = found[1] if found else ""
        few = values[: min(FRAMES, rows_at_once(values.shape[1]))]
        few = few[len(few) // BEGINNING :].astype(np.float64)
        if array != self._array or (array and few.shape != self._before.shape):
            self.finish()
            self._start(array, few)
        if not array:
            return
        if self._states:
            for state, count in zip(*np.unique(few, return_counts=True), strict=True):
                self._counts[state] = self._counts.get(state, 0) + int(count)
        from_origin = few - self._origin
        self._sums[:2] += from_origin.sum(axis=0), (from_origin**2).sum(axis=0)
        self._sums[2] += self._difference(few[1:], few[:-1])
        if self._trajectories:
            across = self._difference(few, self._before)
            self._sums[3:] += across, across**2
        self._before = few
        self._trajectories += 1
        self._values += len(few)

    def _difference(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Mean over frames, (d,)."""
        unlike = one != other if self._states else (one - other) ** 2
        return np.asarray(unlike.sum(axis=0), np.float64) / max(1, len(one))

    def _by_chance(self) -> np.ndarray:
        """Mean difference of two frames of any trajectories and times, (d,)."""
        if self._states:
            shares = np.array([*self._counts.values()]) / self._values
            return np.array([1 - (shares**2).sum()])
        mean, square = self._sums[:2] / self._values
        return np.asarray(2 * (square - mean**2))

    def finish(self) -> None:
        """All trajectories of an array were added.

        Raises
        ------
        ValueError
            If its first axis is clearly that of time.
        """
        n, frames = self._trajectories, len(self._before)
        if min(n, frames) < FEWEST or n * frames < SAMPLE:
            return
        chance = self._by_chance()
        in_time, across = self._sums[2] / n, self._sums[3] / (n - 1)
        error = np.sqrt(np.maximum(self._sums[4] / (n - 1) - across**2, 0.0) / n)
        usual = np.minimum(in_time, chance)  # what swings back and forth differs by more
        clear = (across < LESS * usual) & (across + ERRORS * error < usual) & (n >= MANY)
        clear = (clear | (across < MORE_ALIKE * usual)) & (usual > UNLIKE * chance)
        if clear.any() and not (in_time < MORE_ALIKE * across).any():
            raise ValueError(
                f"{self._array}: read as {n} trajectories, but neighbours along its first axis are "
                "alike and along its second are not, so the first is time; swap the two, to "
                "(n_trajectories, n_frames, n_columns), or give each trajectory an array of its own"
            )

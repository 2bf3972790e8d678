"""Periods that do not fit what columns hold: of what is no angle, or twice or half of theirs."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

import numpy as np

from raremd.data.imported.units import ANGLES

log = logging.getLogger(__name__)

WRAPPED = 0.95
"""A step of so much of a turn or more leads round it."""
AT_THE_END = 0.01
"""Share of a turn by which angles stay away from the places where they are cut open."""
FAR_TURNS = 2
"""Beyond so many, all values of a column in radians"""
UNEVEN = 0.1
"""and a step that is half a turn or more, and so much from whole turns, are those of degrees."""


class Turns:
    """Takes note of first frames."""

    def __init__(self) -> None:
        self._starts: list[np.ndarray] = []

    def add(self, values: np.ndarray, first: bool) -> None:
        """The next (n, d) frames, `first` of a trajectory."""
        if first:
            self._starts.append(values[0].astype(np.float64))

    def ask(
        self,
        names: Sequence[str],
        periods: Sequence[float],
        low: np.ndarray,
        high: np.ndarray,
        longest: np.ndarray,
    ) -> None:
        """All trajectories were added; log columns that their period does not fit.

        Angles that count whole turns go less than half a turn in a step, or whole ones.

        Parameters
        ----------
        names, periods : sequences
            Of the columns; 0 where there is no period.
        low, high, longest : (n_features,) arrays
            Smallest and largest value and longest step in all trajectories.

        Raises
        ------
        ValueError
            Where a period in radians belongs to degrees within a narrow range.
        """
        starts = np.stack(self._starts)
        for column, (name, period) in enumerate(zip(names, periods, strict=True)):
            if not period:
                continue
            step = float(longest[column])
            where = f"{name} goes from {low[column]:.4g} to {high[column]:.4g}"
            if _are_degrees(period, float(low[column]), float(high[column]), step):
                raise ValueError(
                    f"{where}, as angles in degrees do, but its period is a turn in radians; "
                    "correct source.periods"
                )
            # Angles that count whole turns begin within one.
            beyond = np.abs(starts[:, column]) > 1.001 * period
            if beyond[0] and 2 * beyond.sum() >= len(beyond) and step < WRAPPED * period:
                log.warning(
                    "%s, begins beyond a turn and never goes round: no angle of period %.6g; "
                    "correct source.periods",
                    *(where, period),
                )
            for turn in (period / 2, 2 * period):
                if _fills(float(low[column]), float(high[column]), turn) and step > WRAPPED * turn:
                    log.warning(
                        "%s and jumps from end to end, as an angle of period %.6g does; its period "
                        "is %.6g, correct source.periods",
                        *(where, turn, period),
                    )


def _fills(low: float, high: float, turn: float) -> bool:
    """Whether values go from end to end of a turn, from its middle or from 0."""
    start = -turn / 2 if low < -AT_THE_END * turn else 0.0
    return max(abs(low - start), abs(high - start - turn)) < AT_THE_END * turn


def _are_degrees(period: float, low: float, high: float, step: float) -> bool:
    """Whether values with a period in radians can only be degrees, though they fill no turn."""
    if not math.isclose(period, ANGLES["radians"], rel_tol=1e-6):
        return False
    far = max(low, -high) > FAR_TURNS * period and max(-low, high) <= ANGLES["degrees"]
    turns = step / period
    return far and turns > 0.5 and abs(turns - round(turns)) >= UNEVEN

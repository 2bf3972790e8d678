"""Times in files: compared with the frame interval, and recognised where they pose as features."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

PICOSECONDS = {"fs": 1e-3, "ps": 1.0, "ns": 1e3, "us": 1e6}
"""Units that times in files are compared with; reduced ones are compared as they are."""
NO_TIMES = "none"
"""Instead of a unit: no notice is taken of the times in the files."""
CLOCK_FRAMES = 20
"""A column is taken for a time or a frame number only if it has at least so many frames."""
CALLED_TIME = re.compile(r"(t|time|frame|step)([ _.(\[/-].*)?", re.I)
CLOCK_SHARE = 0.95
"""Share of the steps of a clock that are equal; the others are at restarts."""


class Clock:
    """Compares the times that a file carries with the frame interval.

    Parameters
    ----------
    label : str
        What messages begin with.
    interval : float
        Between two frames.
    unit : str
        Of the interval.
    written : str
        Unit of the times in the file.
    """

    def __init__(self, label: str, interval: float, unit: str, written: str) -> None:
        self._label, self._interval, self._unit, self._written = label, interval, unit, written
        self._scale = 1.0 if unit not in PICOSECONDS else PICOSECONDS[written] / PICOSECONDS[unit]
        self._last: float | None = None
        self._frames = 0

    def check(self, times: np.ndarray) -> None:
        """The next frames' times, as the file has them.

        Raises
        ------
        ValueError
            Naming the first two frames that are not one interval apart.
        """
        times, first = times * self._scale, self._frames + 1
        if self._last is not None:
            times = np.concatenate([[self._last], times])
            first -= 1
        steps = np.diff(times)
        # Times are often 32-bit numbers, which leave few digits for the steps of a long run.
        allowed = 1e-3 * self._interval + 2 * np.spacing(np.abs(times[1:]).astype(np.float32))
        wrong = ~(np.abs(steps - self._interval) <= allowed)
        if wrong.any():
            at = int(wrong.argmax())
            raise ValueError(
                f"{self._label}: frames {first + at} and {first + at + 1} are {steps[at]:.7g} "
                f"{self._unit} apart, frame_interval says {self._interval:.10g} {self._unit}; "
                f"{self._advice(steps[at])}"
            )
        self._frames = first + len(steps)
        self._last = float(times[-1])

    def _advice(self, step: float) -> str:
        for unit, size in PICOSECONDS.items():
            other = step * size / PICOSECONDS[self._written]
            if self._unit in PICOSECONDS and math.isclose(other, self._interval, rel_tol=1e-3):
                return f"if the times in the file are in {unit}, say 'times: {unit}' in source"
        return (
            "correct it, or the file if frames are repeated or missing, or, if the times in the "
            f"file are wrong, say 'times: {NO_TIMES}' in source"
        )


def counts_runs(column: np.ndarray) -> bool:
    """Whether numbers go up by one now and then and never back, as the number of a run does."""
    with np.errstate(invalid="ignore"):
        steps = np.diff(column.astype(np.float64))
    ups = int(np.count_nonzero(steps == 1))
    return ups > 1 and ups == int(np.count_nonzero(steps)) and ups * CLOCK_FRAMES < len(column)


def takes_turns(words: Sequence[object]) -> bool:
    """Whether a few words or numbers follow each other in one order throughout."""
    few = list(dict.fromkeys(words))
    n = len(few)
    if n < 2 or len(words) < max(10 * n, CLOCK_FRAMES):
        return False
    return all(word == few[k % n] for k, word in enumerate(words))


def growing_time(names: Sequence[str], block: np.ndarray) -> int | None:
    """The first column that is called a time and grows in every frame, by whatever steps.

    Parameters
    ----------
    names : sequence of str
        Of the columns.
    block : (n, d) real array
        The first frames of one trajectory.
    """
    for column, name in enumerate(names if len(block) > CLOCK_FRAMES else ()):
        values = block[:, column].astype(np.float64)
        if CALLED_TIME.fullmatch(name) and (values[1:] > values[:-1]).all():
            return column
    return None


def clock_among(block: np.ndarray) -> int | None:
    """The first column that grows as a time or frame number does, None where there is none.

    Times are rounded, to the digits of a text or to 32 bits, and begin again at restarts: nearly
    all steps are as long as the median, or all values lie within a step of a straight line.

    Parameters
    ----------
    block : (n, d) real array
        The first frames of one trajectory.
    """
    if len(block) <= CLOCK_FRAMES:
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        values = block.astype(np.float64)
        steps = np.diff(values, axis=0)
        typical = np.median(steps, axis=0)
        digits = 2 * np.spacing(np.abs(values).max(axis=0).astype(np.float32))
        rounded = np.maximum(0.25 * np.abs(typical), np.minimum(digits, 0.75 * np.abs(typical)))
        even = (np.abs(steps - typical) <= rounded).mean(axis=0) >= CLOCK_SHARE
        even &= typical != 0
        line = np.linspace(values[0], values[-1], len(values))
        longest = np.abs(steps).max(axis=0)
        one_way = (steps >= 0).all(axis=0) | (steps <= 0).all(axis=0)
        straight = one_way & (np.abs(values - line).max(axis=0) <= 1.01 * longest)
        straight &= (steps != 0).sum(axis=0) >= CLOCK_FRAMES
    found = np.flatnonzero(even | straight)
    return int(found[0]) if len(found) else None

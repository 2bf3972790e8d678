"""Times in files: compared with the frame interval, and recognised where they pose as features."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

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
SIMULATED = r"(?:sim(?:ulation)?[ _.-]?)?"
COUNTS_FRAMES = re.compile(rf"{SIMULATED}(t|time|frame|(time[ _.-]?)?step)s?([ _.(\[/-].*)?", re.I)
"""Names of columns that grow by the same step from frame to frame."""
IN_UNIT = re.compile(rf"{SIMULATED}(?:t|time)[ _.(\[/-]+(fs|ps|ns|us)[)\]]?", re.I)
FIRST_FRAMES = 200
"""They tell the step of a clock, and how far rounding takes steps from it."""
DIGITS = 6
"""So many digits of a number are written where nothing else is asked for."""


class Interval(NamedTuple):
    """What a configuration says of the times of frames.

    Attributes
    ----------
    length : float
        Between two frames.
    unit : str
        Of the length.
    written : str
        Unit of the times in the files, or `NO_TIMES`.
    """

    length: float
    unit: str
    written: str


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


class EvenSteps:
    """The step of a column of times or frame numbers, which all frames are to keep.

    Parameters
    ----------
    first : (n,) float array
        The first numbers; their median step counts, and how far it may be rounded.
    """

    def __init__(self, first: np.ndarray) -> None:
        steps = np.diff(first[:FIRST_FRAMES])
        self.step = float(np.median(steps))
        self._rounded = float(np.quantile(np.abs(steps - self.step), CLOCK_SHARE))

    def odd(self, values: np.ndarray) -> int | None:
        """Where the first other step of the (n,) next numbers begins.

        What is rounded so much that frames have equal numbers is not looked at.
        """
        if not self.step > 0 or len(values) < 2:
            return None
        largest = max(float(np.abs(values).max()), float(np.finfo(np.float32).tiny))
        last_digit = 10.0 ** (math.floor(math.log10(largest)) + 1 - DIGITS)
        multiple = round(self.step / last_digit)
        exact = multiple > 0 and math.isclose(multiple * last_digit, self.step, rel_tol=1e-6)
        slack = max(
            self._rounded, 0.0 if exact else last_digit, 2 * float(np.spacing(np.float32(largest)))
        )
        wrong = np.abs(np.diff(values) - self.step) > 0.25 * self.step + slack
        return int(wrong.argmax()) if wrong.any() else None

    def contradiction(self, name: str, interval: Interval) -> str | None:
        """What a column whose name tells its unit says against the frame interval."""
        told = IN_UNIT.fullmatch(name)
        if told is None or interval.unit not in PICOSECONDS or not self.step > 0:
            return None
        step = self.step * PICOSECONDS[told[1].lower()] / PICOSECONDS[interval.unit]
        allowed = 0.05 + self._rounded / self.step
        if abs(step - interval.length) <= allowed * interval.length:
            return None
        return (
            f"frames are {step:.6g} {interval.unit} apart by the column {name}, frame_interval "
            f"says {interval.length:.10g} {interval.unit}; correct it, or, if the column is wrong, "
            f"say 'times: {NO_TIMES}' in source"
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

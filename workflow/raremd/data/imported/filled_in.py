"""Frames that were not saved but filled in: values that stand for several frames, or on lines."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

log = logging.getLogger(__name__)

FEWEST = 20
"""Changes that all lie at multiples of some number of frames: by chance once in a million."""
FEW_FRAMES = 256
"""Nearly all columns change twice running among so many, which ends the search."""
NUMBERS = 1 << 24
"""Looked at in each trajectory."""
ROUNDING = 8 * float(np.finfo(np.float32).eps)
HELD, LINES = "where each value stands {k} times", "as interpolated values do"


def spacing(values: np.ndarray) -> tuple[int, str]:
    """Frames between changes of (n,) values, or of their slope, and what that looks like.

    1 where the changes follow no such rule.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> saved = rng.normal(size=30)
    >>> spacing(np.repeat(saved, 3))[0], spacing(saved)[0]
    (3, 1)
    >>> spacing(np.interp(np.arange(0, 29, 0.5), np.arange(30), saved))
    (2, 'as interpolated values do')
    """
    exact = np.asarray(values, np.float64)
    for order, least, what in ((1, 0.0, HELD), (2, ROUNDING * np.abs(exact).max(), LINES)):
        places = np.flatnonzero(np.abs(np.diff(exact, n=order)) > least)
        apart = int(np.gcd.reduce(np.diff(places))) if len(places) > FEWEST else 1
        if apart > 1:
            return apart, what.format(k=apart)
    return 1, ""


def suspects(values: np.ndarray) -> np.ndarray:
    """Columns of (n, d) values that never change twice running, or of which the slope never does.

    No other column has a `spacing` above 1.
    """
    least = ROUNDING * np.abs(values).max(axis=0)
    found = np.zeros(values.shape[1], bool)
    for order, above in ((1, 0.0 * least), (2, least)):
        changes = np.abs(np.diff(values, n=order, axis=0)) > above
        found |= ~(changes[1:] & changes[:-1]).any(axis=0)
    return np.flatnonzero(found)


class FilledIn:
    """Looks at the first frames of each trajectory.

    Parameters
    ----------
    states : bool
        Whether the numbers are states, which may really change at such frames only.
    """

    def __init__(self, states: bool) -> None:
        self._states, self._told = states, False
        self._label, self._names = "", [""]
        self._blocks: list[np.ndarray] = []
        self._missing = 0  # frames

    def add(self, label: str, names: Sequence[str], values: np.ndarray, first: bool) -> None:
        """The next (n, d) frames of the trajectory with a label, and the names of its columns.

        Raises
        ------
        ValueError
            As `finish`.
        """
        if first:
            self.finish()
            self._label, self._names = label, list(names)
            self._missing = max(FEW_FRAMES, NUMBERS // max(1, values.shape[1]))
        if self._missing:
            self._blocks.append(values[: self._missing].copy())
            self._missing -= len(self._blocks[-1])

    def finish(self) -> None:
        """Log, once, columns of the last trajectory of which only every k-th frame was saved.

        Raises
        ------
        ValueError
            If all features are so, with the number of frames.
        """
        if not self._blocks:
            return
        few, self._blocks = np.concatenate(self._blocks), []
        columns = suspects(few[:FEW_FRAMES])
        columns = columns[suspects(few[:, columns])]
        found = {self._names[c]: spacing(few[:, c]) for c in columns.tolist()}
        slow = {name: of for name, of in found.items() if of[0] > 1}
        if self._states:  # which do not lie on lines
            slow = {name: of for name, of in slow.items() if of[1] != LINES}
        if not slow:
            return
        name, (k, what) = next(iter(slow.items()))
        said = f"{self._label}: {name} changes only every {k} frames, {what}"
        moving = (few != few[:1]).any(axis=0).sum()
        if len(slow) == moving and not self._states:
            raise ValueError(f"{said}; keep one frame in {k}, and give the interval between those")
        if not self._told:
            log.warning(
                "%s; if it was not saved more often, its interval is not that of the frames", said
            )
        self._told = True

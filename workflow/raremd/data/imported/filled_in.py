"""Frames that were not saved but filled in: values that stand for several frames, or on lines."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

log = logging.getLogger(__name__)

FEWEST = 20
"""Changes that all lie at multiples of some number of frames: by chance once in a million."""
LOOKED_AT = 1 << 14
"""Frames of a trajectory."""
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


class FilledIn:
    """Looks at the first frames of each trajectory.

    Parameters
    ----------
    states : bool
        Whether the numbers are states, which may really change at such frames only.
    """

    def __init__(self, states: bool) -> None:
        self._states, self._told = states, False

    def look(self, label: str, names: Sequence[str], values: np.ndarray) -> None:
        """Log columns of which only every k-th frame was saved, once.

        Parameters
        ----------
        label : str
            Of the trajectory.
        names : sequence of str
            Of the columns.
        values : (n, d) array
            Its first frames.

        Raises
        ------
        ValueError
            If all features are so, with the number of frames.
        """
        few = values[:LOOKED_AT]
        found = {name: spacing(column) for name, column in zip(names, few.T, strict=True)}
        slow = {
            n: of for n, of in found.items() if of[0] > 1 and not (self._states and of[1] == LINES)
        }
        if not slow:
            return
        name, (k, what) = next(iter(slow.items()))
        said = f"{label}: {name} changes only every {k} frames, {what}"
        moving = (few != few[:1]).any(axis=0).sum()
        if len(slow) == moving and not self._states:
            raise ValueError(f"{said}; keep one frame in {k}, and give the interval between those")
        if not self._told:
            log.warning(
                "%s; if it was not saved more often, its interval is not that of the frames", said
            )
        self._told = True

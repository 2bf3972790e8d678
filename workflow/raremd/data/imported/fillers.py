"""Numbers that stand where there is none, such as 999 or 1e20."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np

log = logging.getLogger(__name__)

NINES = re.compile(r"999+")
TYPICAL = re.compile(r"99+|10{3,}|127|255|32767|65535")
"""Of states; also the largest numbers of types."""
FILLS = np.array([1e20, 1e30, 1e36, 9.96921e36, np.finfo(np.float32).max], np.float32)
"""Of features: NumPy's of masked arrays, NetCDF's and others."""
FAR = 10
"""So many times as large as all others is far."""


def stands_for_none(labels: Collection[int]) -> int | None:
    """The largest state, where it lies so far from all others that it means 'no state'.

    Numbers such as 999 or 255 do from ten times the second largest on, others from a hundred times
    it and from 1000 on.

    Examples
    --------
    >>> stands_for_none([0, 1, 2, 999]), stands_for_none([0, 1, 2, 100, 101])
    (999, None)
    """
    if len(labels) < 2:
        return None
    second, largest = sorted(labels)[-2:]
    typical = TYPICAL.fullmatch(str(largest))
    far = largest >= FAR * second if typical else largest >= max(FAR**2 * second, 1000)
    return largest if far else None


def refuse_filler(places: Mapping[int, str]) -> None:
    """Refuse a number that is no state but stands for none.

    Parameters
    ----------
    places : mapping
        Each number that occurs -> where, for the message.

    Raises
    ------
    ValueError
        Naming the place.
    """
    filler = stands_for_none(places)
    if filler is not None:
        second = max(number for number in places if number != filler)
        raise ValueError(
            f"{places[filler]}: {filler} is far from all other states, which end at {second}; cut "
            f"the trajectory there if it means 'no state', else call it {second + 1}"
        )


def filled(values: np.ndarray) -> tuple[int, int] | None:
    """Row and column of the first number that stands for none, far from all others in its column.

    Parameters
    ----------
    values : (n, d) float32
    """
    for column, farthest in enumerate(np.abs(values).max(axis=0)):
        usual = NINES.fullmatch(f"{farthest:.0f}") if farthest % 1 == 0 else None
        if usual is None and not np.isin(farthest, FILLS):
            continue
        rest = np.abs(values[:, column])
        rest = rest[rest < farthest]
        if len(rest) and farthest >= FAR * rest.max():
            return int((np.abs(values[:, column]) == farthest).argmax()), column
    return None


class Ends:
    """Takes note of the states in which trajectories end, which may only fill up an array."""

    def __init__(self) -> None:
        self._inner: set[int] = set()
        self._ends: list[tuple[int, bool]] = []  # state, and whether another stands before it

    def add(self, states: np.ndarray, labels: Collection[int], first: bool) -> None:
        """The next (n,) states, `first` of a trajectory, among which these `labels` occur."""
        last, moved = int(states[-1]), False
        if not first:
            before, moved = self._ends.pop()
            states, labels = np.append(before, states), {before, *labels}
        others = np.flatnonzero(states != last)
        self._inner.update(set(labels) - {last})
        if len(others) and (states[: others[-1]] == last).any():
            self._inner.add(last)
        self._ends.append((last, moved or len(others) > 0))

    def warn(self, name: str) -> None:
        """All trajectories were added; log a state that stands only at the end of several."""
        ends = Counter(state for state, moved in self._ends if moved and state not in self._inner)
        for state, n in ends.items():
            if n > 1:
                log.warning(
                    "%s: %d trajectories end in state %d, which occurs nowhere else; cut it off if "
                    "it fills up an array",
                    *(name, n, state),
                )

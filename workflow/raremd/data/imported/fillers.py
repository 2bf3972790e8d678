"""Numbers that stand where there is none, such as 999 or 1e20."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from raremd.data.stays import Stays

log = logging.getLogger(__name__)

NINES = re.compile(r"999+")
TYPICAL = re.compile(r"99+|10{3,}|127|255|32767|65535")
"""Of states; also the largest numbers of types."""
FILLS = np.array([1e20, 1e30, 1e36, 9.96921e36, np.finfo(np.float32).max], np.float32)
"""Of features: NumPy's of masked arrays, NetCDF's and others."""
FEWEST_FILES = 3
"""Of which one may count otherwise."""
FAR = 10
"""So many times as large as all others is far."""
FEWEST_STAYS = 10
"""Of a state, which tell how long it lasts."""
FAR_END = 12.0
"""A stay so many times as long as usual has a chance of exp(-12), and two are needed."""
FAR_LONGEST = 2
SHARE_FAR = 0.25
"""Of trajectories that are filled up, at least, if any are."""
BRUSH = 5
"""Frames on average: a rare state is often touched for a moment before a trajectory stays there."""


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


def ask_after_offset(labels: Sequence[str], low: np.ndarray, high: np.ndarray) -> None:
    """Log a file that alone counts states from 1 on, where the others count from 0.

    Parameters
    ----------
    labels : sequence of str
        Of the files.
    low, high : (n_files,) arrays
        The first and last state in each.
    """
    odd = high == high.max()
    if len(labels) < FEWEST_FILES or odd.sum() != 1 or low.min() != 0:
        return
    rest = ~odd
    whole = (low[rest] == 0).all() and (high[rest] == high.max() - 1).all()
    if whole and low[odd][0] == 1:
        log.warning(
            "%s: goes from state 1 to %d, all others from 0 to %d; if it counts from 1, subtract 1",
            *(labels[int(odd.argmax())], high.max(), high.max() - 1),
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


@dataclass
class _Visits:
    """Whole stays in one state: how many, their frames and the sum of their squares, the longest.

    `ends` holds the lengths of the last stays of trajectories that moved.
    """

    n: int = 0
    frames: float = 0.0
    squares: float = 0.0
    longest: int = 0
    ends: list[int] = field(default_factory=list)

    def far_longer(self) -> list[int]:
        """Last stays that are no chance if they last as long as the others.

        A trajectory meets long stays more often than short ones, and ends within one.
        """
        if self.n < FEWEST_STAYS:
            return []
        usual = self.squares / self.frames / 2 + 0.5
        return [e for e in self.ends if e > max(FAR_END * usual, FAR_LONGEST * self.longest)]


class Ends:
    """Takes note of how trajectories of states end, which may only fill up an array."""

    def __init__(self) -> None:
        self._visits: defaultdict[int, _Visits] = defaultdict(_Visits)
        self._stays, self._moved = Stays(), False
        self._n = 0

    def add(self, states: np.ndarray, first: bool) -> None:
        """The next (n,) states, `first` of a trajectory."""
        if first:
            self._end()
            self._stays, self._moved = Stays(), False
            self._n += 1
        visited, lengths = self._stays.add(states)
        self._moved |= len(visited) > 0
        for state in np.unique(visited).tolist():
            own, visits = lengths[visited == state].astype(np.float64), self._visits[int(state)]
            visits.n += len(own)
            visits.frames += own.sum()
            visits.squares += (own**2).sum()
            visits.longest = max(visits.longest, int(own.max()))

    def _end(self) -> None:
        if self._moved:
            self._visits[self._stays.state].ends.append(self._stays.length)

    def warn(self, name: str) -> None:
        """All trajectories were added; log what stands at their ends and may be no state."""
        self._end()
        self._moved = False
        for state, visits in self._visits.items():
            if not visits.n and len(visits.ends) > 1 and max(visits.ends) > 1:
                log.warning(
                    "%s: %d trajectories end in state %d, which occurs nowhere else; if it is no "
                    "state that is reached and never left, but fills up an array, cut it off",
                    *(name, len(visits.ends), state),
                )
        far = {state: ends for state, v in self._visits.items() if (ends := v.far_longer())}
        n_far = sum(map(len, far.values()))
        if n_far < max(2, SHARE_FAR * self._n) or not (len(far) > 1 or self._slow(*far)):
            return
        state = max(far, key=lambda state: len(far[state]))
        visits = self._visits[state]
        log.warning(
            "%s: %d trajectories end in a stay far longer than all others in its state (%d frames "
            "in state %d, elsewhere %.3g on average); cut the ends off if they fill up an array",
            *(name, n_far, max(far[state]), state, visits.frames / visits.n),
        )

    def _slow(self, state: int) -> bool:
        """Whether a state is left slowly, so that its other stays are no mere brushes with it."""
        visits = self._visits[state]
        return visits.frames >= BRUSH * visits.n

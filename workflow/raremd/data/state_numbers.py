"""Discrete trajectories that a program hands over, checked as those in files; states from 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from raremd.data.imported.arrays import checked_type, parts_of
from raremd.data.imported.clocks import clock_among
from raremd.data.imported.fillers import Ends, refuse_filler
from raremd.data.overlaps import Overlaps
from raremd.data.state_copies import StateCopies

MAX_LABEL = 1 << 24
"""State labels, and other whole numbers, are carried as float32, which is exact up to here."""
MOST_STATES = int(np.iinfo(np.int16).max)
AT_ONCE = 1 << 16


def refuse_labels(label: str, frames: int, block: np.ndarray) -> None:
    """Refuse numbers that are no states.

    Parameters
    ----------
    label : str
        The trajectory, for the message.
    frames : int
        How many of its frames come before the block.
    block : (n, 1) array

    Raises
    ------
    ValueError
        Naming the first frame, counted from 1.
    """
    wrong = (block != np.floor(block)) | (block < 0) | (block > np.float64(MAX_LABEL))
    if wrong.any():
        row = int(wrong.any(axis=1).argmax())
        raise ValueError(
            f"{label}: frame {frames + row + 1}: {block[row, 0]:.10g} is no state; states are "
            f"whole numbers from 0 to {MAX_LABEL} (cut the trajectory where it has none)"
        )


class Wrapped:
    """Takes note of the largest numbers of unsigned types, which -1 becomes when it is stored."""

    def __init__(self) -> None:
        self._places: dict[int, str] = {}
        self._next: set[int] = set()  # largest numbers whose predecessor occurs too

    def add(self, label: str, frames: int, block: np.ndarray) -> None:
        """The next (n, d) numbers of a trajectory, after so many frames."""
        if block.dtype.kind != "u":
            return
        largest = int(np.iinfo(block.dtype).max)
        rows = (block == largest).any(axis=1)
        if rows.any():
            place = f"{label}: frame {frames + int(rows.argmax()) + 1}"
            text = f"{place}: {largest} is what -1 becomes in type {block.dtype}"
            self._places.setdefault(largest, text)
        if (block == largest - 1).any():
            self._next.add(largest)

    def check(self) -> None:
        """All trajectories were added.

        Raises
        ------
        ValueError
            Naming the first place of such a number without the one before it anywhere.
        """
        for largest, text in self._places.items():
            if largest not in self._next:
                raise ValueError(
                    f"{text}, and -1 is no state; cut the trajectory where it has none"
                )


def as_trajectories(dtrajs: Any, name: str) -> list[np.ndarray]:
    """The trajectories in one array or in a list of arrays.

    Parameters
    ----------
    dtrajs : array or sequence of arrays
        (n_frames,) whole numbers each; an array (n_trajectories, n_frames) is several.
    name : str
        What messages call it.

    Returns
    -------
    list of (n_frames,) int64
        In the user's own numbers.

    Raises
    ------
    ValueError
        If something is no discrete trajectory; the message names it and the frame.

    Examples
    --------
    >>> [list(map(int, dtraj)) for dtraj in as_trajectories([[5, 5, 7], [7.0, 5.0]], "dtrajs")]
    [[5, 5, 7], [7, 5]]
    """
    if callable(getattr(dtrajs, "keys", None)) and not hasattr(dtrajs, "to_numpy"):
        raise ValueError(
            f"{name}: a {type(dtrajs).__name__} holds arrays by name; give one of them, or a list "
            "of those that are trajectories"
        )
    listed = isinstance(dtrajs, list | tuple)
    listed |= isinstance(dtrajs, np.ndarray) and dtrajs.dtype.hasobject
    several = listed and any(np.ndim(item) for item in dtrajs)
    items = list(dtrajs) if several else [dtrajs]
    found, wrapped = [], Wrapped()
    for number, item in enumerate(items):
        label = f"{name}[{number}]" if several else name
        values = np.asarray(item)
        if values.dtype.hasobject and all(isinstance(x, str | bytes) for x in values.flat):
            values = values.astype(str)
        if values.dtype.hasobject and all(isinstance(x, Integral) for x in values.flat):
            values = values.astype(np.int64)
        if values.dtype.hasobject or not values.size:
            raise ValueError(
                f"{label}: no trajectory; give an array (n_frames,) of states, or a list of such "
                "arrays"
            )
        if np.ma.is_masked(item):
            raise ValueError(
                f"{label}: frames are masked; cut the trajectory where it has no state"
            )
        checked_type(values.dtype, label, dataset=False)
        for part in parts_of(values.shape, label, states=True, dataset=False):
            if part.n_columns != 1:
                raise ValueError(
                    f"{part.label}: shape {values.shape} is no trajectory of states, of which a "
                    "frame has one; give a list with an array (n_frames,) for each trajectory"
                )
            own = part.of(values)
            refuse_labels(part.label, 0, own)
            wrapped.add(part.label, 0, own)
            found.append(own[:, 0].astype(np.int64))
    if not found:
        raise ValueError(f"{name}: there is no trajectory in it")
    wrapped.check()
    return found


@dataclass(frozen=True)
class StateNumbers:
    """The states of a user, in ascending order, behind the numbers from 0 that models see.

    Attributes
    ----------
    labels : (n_states,) int64
    """

    labels: np.ndarray

    @classmethod
    def of(cls, dtrajs: Sequence[np.ndarray], name: str) -> StateNumbers:
        """All states that occur.

        Raises
        ------
        ValueError
            If there is one state only, or more than models can number, or one that means none.
        """
        labels = np.unique(np.concatenate([np.unique(d) for d in dtrajs]))
        refuse_filler(dict.fromkeys(labels.tolist(), name))
        ends = Ends()
        for dtraj in dtrajs:
            ends.add(dtraj, first=True)
        ends.warn(name)
        if len(labels) < 2:
            raise ValueError(f"{name}: every frame is in state {labels[0]}: nothing to learn")
        if len(labels) > MOST_STATES:
            raise ValueError(f"{name}: {len(labels)} states, at most {MOST_STATES} can be numbered")
        return cls(labels)

    def from_zero(self, dtrajs: Sequence[np.ndarray], name: str) -> list[np.ndarray]:
        """Trajectories in numbers from 0, each (n_frames,) int16.

        Raises
        ------
        ValueError
            Naming a state that is none of these.
        """
        for dtraj in dtrajs:
            unknown = np.setdiff1d(dtraj, self.labels)
            if len(unknown):
                raise ValueError(f"{name}: state {unknown[0]} does not occur in the MD")
        return [np.searchsorted(self.labels, dtraj).astype(np.int16) for dtraj in dtrajs]


def refuse_clocks(dtrajs: Sequence[np.ndarray], names: Sequence[str]) -> None:
    """Refuse a time or frame number in place of states.

    Raises
    ------
    ValueError
        Naming the trajectory.
    """
    for dtraj, name in zip(dtrajs, names, strict=True):
        if clock_among(dtraj[:AT_ONCE, None]) is not None:
            raise ValueError(
                f"{name}: grows in every frame as a time or frame number does; give states alone, "
                "one array (n_frames,) for each trajectory"
            )


def refuse_overlaps(dtrajs: Sequence[np.ndarray], names: Sequence[str]) -> None:
    """Refuse trajectories that are copies or parts of one another.

    Raises
    ------
    ValueError
        Naming two of them and the frames that they share.
    """
    overlaps, copies = Overlaps(), StateCopies()
    for dtraj, name in zip(dtrajs, names, strict=True):
        overlaps.begin(name)
        copies.add(dtraj, first=True)
        for start in range(0, len(dtraj), AT_ONCE):
            overlaps.add(dtraj[start : start + AT_ONCE, None].astype(np.float32))
    copies.check(names)
    overlaps.check()

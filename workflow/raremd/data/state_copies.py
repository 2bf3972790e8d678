"""Discrete trajectories that are another's whole, backwards or every k-th frame of it.

`overlaps` finds stays that stand in two trajectories in the same order and with the same lengths.
Here whole trajectories are compared, by digests that are made while they stream by.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from raremd.data.stays import Stays

STRIDES = (2, 3, 4, 5, 10, 20, 25, 50, 100)
"""A trajectory may hold one in so many frames of another, from the first on."""
SURPRISE = 20.0
"""Bits beyond those that explain one pair of trajectories among all."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))


def counted(lengths: np.ndarray) -> dict[int, int]:
    """Length -> how often it occurs."""
    found, counts = np.unique(lengths, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def bits_of_stays(lengths: Mapping[int, int]) -> float:
    """How much is told by the lengths of stays, in bits.

    A few stays tell as much as each length has digits, but once where it comes again, as those of
    a steady rate do; many tell as much as their lengths differ.

    Parameters
    ----------
    lengths : mapping
        Frames of a stay -> how many stays have so many; the last of a trajectory is not whole.

    Examples
    --------
    >>> bits_of_stays({1024: 1, 4096: 1}), bits_of_stays({64: 100}), bits_of_stays({1: 50, 2: 50})
    (22.0, 6.0, 100.0)
    """
    n = sum(lengths.values())
    digits = sum(math.log2(length) for length in lengths)
    return max(digits, sum(count * math.log2(n / count) for count in lengths.values()))


def is_no_chance(lengths: Mapping[int, int], n_trajectories: int, n_ways: int = 1) -> bool:
    """Whether stays that are the same in two trajectories tell more than chance explains.

    Parameters
    ----------
    lengths : mapping
        As for `bits_of_stays`.
    n_trajectories : int
        Of which any two may be alike,
    n_ways : int
        in so many ways.
    """
    pairs = n_trajectories * (n_trajectories - 1) / 2 * n_ways
    return bits_of_stays(lengths) > SURPRISE + math.log2(max(1.0, pairs))


def refuse_same(dtrajs: Sequence[np.ndarray], labels: Sequence[str]) -> None:
    """Refuse trajectories that are one another, unless chance explains it.

    Parameters
    ----------
    dtrajs : sequence of (n_frames,) int arrays
    labels : sequence of str

    Raises
    ------
    ValueError
        Naming two.
    """
    seen: dict[bytes, str] = {}
    for dtraj, label in zip(dtrajs, labels, strict=True):
        digest = hashlib.sha256(dtraj.tobytes()).digest()
        if digest in seen:
            changes = np.flatnonzero(np.diff(dtraj))
            if is_no_chance(counted(np.diff(changes, prepend=-1)), len(dtrajs)):
                raise ValueError(
                    f"{label} holds a trajectory of {seen[digest]} once more; give each once, and "
                    "another seed to each generate()"
                )
        seen.setdefault(digest, label)


class _Whole:
    """Digests of one trajectory: of every k-th frame, and of its stays in both directions."""

    def __init__(self) -> None:
        self.lengths: Counter[int] = Counter()  # of whole stays
        self._frames = 0
        self._every = {k: hashlib.sha256() for k in (1, *STRIDES)}
        self._stays = Stays()
        self._place, self._back = np.ones(2, np.uint64)
        self._forwards, self._backwards = np.zeros(2, np.uint64)

    def add(self, states: np.ndarray) -> None:
        """The next (n,) states."""
        for k, digest in self._every.items():
            digest.update(np.ascontiguousarray(states[-self._frames % k :: k]).tobytes())
        self._frames += len(states)
        visited, lengths = self._stays.add(states)
        self._pass(visited, lengths)
        self.lengths.update(counted(lengths))

    def _pass(self, visited: np.ndarray, stays: np.ndarray) -> None:
        """Stays that are over."""
        tokens = (visited.astype(np.uint64) + np.uint64(1)) * _FACTOR + stays.astype(np.uint64)
        tokens = (tokens ^ tokens >> np.uint64(29)) * _INVERSE
        tokens ^= tokens >> np.uint64(32)
        with np.errstate(over="ignore"):
            forth, back = (
                start * np.cumprod(np.append(np.uint64(1), np.full(len(tokens), factor)))
                for start, factor in ((self._place, _FACTOR), (self._back, _INVERSE))
            )
            self._forwards += (tokens * forth[:-1]).sum(dtype=np.uint64)
            self._backwards += (tokens * back[:-1]).sum(dtype=np.uint64)
        self._place, self._back = forth[-1], back[-1]

    def end(self) -> None:
        """The last frames were added."""
        self._pass(np.array([self._stays.state]), np.array([self._stays.length]))

    def every(self, k: int) -> str:
        """Digest of every k-th frame."""
        return self._every[k].hexdigest()

    def stays(self, backwards: bool) -> int:
        """Number of all stays in their order, or in that of the frames taken backwards."""
        with np.errstate(over="ignore"):
            turned = self._backwards * self._place * _INVERSE
        return int(turned if backwards else self._forwards)


class StateCopies:
    """Takes note of discrete trajectories, and refuses those that hold another's frames."""

    def __init__(self) -> None:
        self._wholes: list[_Whole] = []

    def add(self, states: np.ndarray, first: bool) -> None:
        """The next (n,) states, n at least 1, `first` of a trajectory."""
        if first:
            self._wholes.append(_Whole())
        self._wholes[-1].add(np.asarray(states, np.int64))

    def check(self, labels: Sequence[str]) -> None:
        """All trajectories were added, of which these are the labels.

        Raises
        ------
        ValueError
            Naming two trajectories of which one is the other backwards, or every k-th frame of it.
        """
        for whole in self._wholes:
            whole.end()
        thinned = {w.every(1): b for b, w in enumerate(self._wholes)}
        turned = {w.stays(False): b for b, w in enumerate(self._wholes)}
        for a, whole in enumerate(self._wholes):
            for k in STRIDES:
                self._refuse(a, thinned.get(whole.every(k)), f"one frame in {k}", labels)
            b = turned.get(whole.stays(True), a)
            self._refuse(min(a, b), max(a, b), "the frames, backwards,", labels)

    def _refuse(self, a: int, b: int | None, what: str, labels: Sequence[str]) -> None:
        if b is None or a == b:
            return
        if is_no_chance(self._wholes[b].lengths, len(labels), len(STRIDES) + 1):
            raise ValueError(
                f"{labels[b]} holds {what} of {labels[a]}; give each frame once, or training and "
                "validation overlap"
            )

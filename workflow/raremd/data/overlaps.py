"""Trajectories that are copies or parts of one another, found by what they hold.

A frame that stands in two trajectories may be trained on in the one and validated on in the other.
Each trajectory is read as visits (a frame, and for how long it stays the same), and every `WINDOW`
visits in a row as one 64-bit number; two trajectories that share such a number share the frames.
Of many windows only those are kept whose number ends in enough zeros, in all trajectories the
same, so that memory is bounded and a long overlap is met all the same.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

DOUBLINGS = 5
WINDOW = 1 << DOUBLINGS
"""Visits that must agree, with their lengths; two states at random would need 2^64 tries."""
MOST_WINDOWS = 1 << 21
"""Kept of all trajectories together, at 32 bytes each."""
FEW_JUMPS = 20
"""Whole trajectories with fewer jumps may be equal by chance."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SPREAD = np.uint64(0xBF58476D1CE4E5B9)


def _mixed(values: np.ndarray) -> np.ndarray:
    """Spread the bits of 64-bit numbers, as splitmix64 does (Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * _SPREAD
    return values ^ (values >> np.uint64(27))


def _frame_numbers(block: np.ndarray) -> np.ndarray:
    """A number for each frame, (n,) uint64, of an (n, d) float32 block."""
    bits = np.ascontiguousarray(block + np.float32(0)).view(np.uint32)  # -0 becomes 0
    factors = _mixed(np.arange(1, bits.shape[1] + 1, dtype=np.uint64) * _FACTOR) | np.uint64(1)
    return _mixed(bits.astype(np.uint64) @ factors)


class _Windows(NamedTuple):
    """Windows of visits: their number, trajectory, first frame and the frame behind the last."""

    key: np.ndarray
    trajectory: np.ndarray
    first: np.ndarray
    stop: np.ndarray

    def taken(self, rows: np.ndarray) -> _Windows:
        return _Windows(*(column[rows] for column in self))


class _Trail:
    """A trajectory that streams by: its windows of visits, its digest and its jumps."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._digest = hashlib.sha256()
        self.frames = self.jumps = 0
        self._run = np.empty((2, 0), np.uint64)  # number and first frame of the unfinished visit
        self._visits = np.empty((3, 0), np.uint64)  # the last: token, first frame, stop

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def add(self, block: np.ndarray) -> _Windows:
        """Windows that end in the next (n, d) frames."""
        self._digest.update(np.ascontiguousarray(block).tobytes())
        numbers = np.concatenate([self._run[0], _frame_numbers(block)])
        frames = self.frames + np.arange(len(numbers)) - self._run.shape[1]
        begins = np.append(True, numbers[1:] != numbers[:-1])
        firsts = np.where(begins, frames, 0)
        if self._run.shape[1]:
            firsts[0] = self._run[1, 0]
        self.frames += len(block)
        self.jumps += int(begins[1:].sum())
        runs = np.stack([numbers[begins], firsts[begins].astype(np.uint64)])
        self._run = runs[:, -1:]
        return self._windows(runs[0, :-1], runs[1, :-1], runs[1, 1:])

    def end(self) -> _Windows:
        """Windows that end with the last visit."""
        return self._windows(self._run[0], self._run[1], np.array([self.frames], np.uint64))

    def _windows(self, numbers: np.ndarray, firsts: np.ndarray, stops: np.ndarray) -> _Windows:
        tokens = _mixed(numbers * _FACTOR + (stops - firsts))
        visits = np.concatenate([self._visits, np.stack([tokens, firsts, stops])], axis=1)
        self._visits = visits[:, -(WINDOW - 1) :]
        n = max(0, visits.shape[1] - WINDOW + 1)
        keys = visits[0]
        for step in (1 << k for k in range(DOUBLINGS)):
            keys = _mixed(keys[:-step] * _FACTOR + keys[step:])
        first, stop = visits[1, :n].astype(np.int64), visits[2, WINDOW - 1 :].astype(np.int64)
        return _Windows(keys[:n], np.full(n, self._number), first, stop)


class Overlaps:
    """Takes note of trajectories as they stream by, and refuses those that share frames."""

    def __init__(self) -> None:
        self._labels: list[str] = []
        self._trails: list[_Trail] = []
        self._kept: list[_Windows] = []
        self._count, self._mask = 0, np.uint64(0)

    def begin(self, label: str) -> None:
        """The frames that follow are those of another trajectory."""
        self.end()
        self._labels.append(label)
        self._trails.append(_Trail(len(self._trails)))

    def add(self, block: np.ndarray) -> None:
        """The next (n, d) float32 frames, n at least 1."""
        self._keep(self._trails[-1].add(block))

    def end(self) -> None:
        """The last frames of a trajectory were added."""
        if self._trails and self._trails[-1].frames:
            self._keep(self._trails[-1].end())

    def _keep(self, windows: _Windows) -> None:
        windows = windows.taken((windows.key & self._mask) == 0)
        self._kept.append(windows)
        self._count += len(windows.key)
        while self._count > MOST_WINDOWS:
            self._mask = self._mask << np.uint64(1) | np.uint64(1)
            self._kept = [w.taken((w.key & self._mask) == 0) for w in self._kept]
            self._count = sum(len(w.key) for w in self._kept)

    def check(self) -> None:
        """All trajectories were added.

        Raises
        ------
        ValueError
            Naming two trajectories that share frames, and which.
        """
        self.end()
        seen: dict[str, int] = {}
        for number, trail in enumerate(self._trails):
            twin = seen.setdefault(trail.digest, number)
            if twin != number and trail.jumps >= min(FEW_JUMPS, max(1, trail.frames - 1)):
                raise ValueError(
                    f"{self._labels[number]} and {self._labels[twin]} hold the same frames; give "
                    "each trajectory once, or training and validation overlap"
                )
        if self._kept:
            self._refuse(_Windows(*map(np.concatenate, zip(*self._kept, strict=True))))

    def _refuse(self, windows: _Windows) -> None:
        """Refuse the two trajectories that share most windows."""
        found = windows.taken(np.lexsort((windows.trajectory, windows.key)))
        same = (found.key[1:] == found.key[:-1]) & (found.trajectory[1:] != found.trajectory[:-1])
        one, other = found.taken(np.flatnonzero(same)), found.taken(np.flatnonzero(same) + 1)
        if not len(one.key):
            return
        shifts = np.stack([one.trajectory, other.trajectory, other.first - one.first], axis=1)
        kinds, which, counts = np.unique(shifts, axis=0, return_inverse=True, return_counts=True)
        most = int(counts.argmax())
        mine = which.reshape(-1) == most
        one, other = one.taken(np.flatnonzero(mine)), other.taken(np.flatnonzero(mine))
        a, b = self._labels[kinds[most, 0]], self._labels[kinds[most, 1]]
        raise ValueError(
            f"{b}: frames {other.first.min() + 1} to {other.stop.max()} are frames "
            f"{one.first.min() + 1} to {one.stop.max()} of {a}; give each frame once, or training "
            "and validation overlap"
        )

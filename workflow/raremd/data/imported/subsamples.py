"""Trajectories whose frames are every k-th of another's, or another's backwards.

`overlaps` finds frames that follow each other in two trajectories. Files as `traj_skip10.xtc` hold
the same frames further apart: each frame is met, by all its digits, on a line of frame numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEW = 20
"""So many frames in common may be chance."""
MOST_FRAMES = 1 << 20
"""Kept of all trajectories together, at 24 bytes each; which ones, their digits decide."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def _keys(values: np.ndarray) -> np.ndarray:
    """A number for each of (n, d) float32 frames, (n,) uint64."""
    bits = np.ascontiguousarray(values + np.float32(0)).view(np.uint32)  # -0 becomes 0
    factors = np.cumprod(np.full(bits.shape[1], _FACTOR)) | np.uint64(1)
    key = bits @ factors
    return (key ^ key >> np.uint64(29)) * _FACTOR


class Subsamples:
    """Takes note of frames as they stream by, and refuses trajectories that share many."""

    def __init__(self) -> None:
        self._kept: list[np.ndarray] = []  # key, trajectory, frame
        self._frames: list[int] = []
        self._mask = np.uint64(0)

    def add(self, values: np.ndarray, first: bool) -> None:
        """The next (n, d) float32 frames, `first` of a trajectory."""
        if first:
            self._frames.append(0)
        key, start = _keys(values), self._frames[-1]
        number = np.full(len(key), len(self._frames) - 1, np.uint64)
        rows = np.stack([key, number, np.arange(start, start + len(key), dtype=np.uint64)])
        self._kept.append(rows[:, key & self._mask == 0])
        self._frames[-1] += len(key)
        while sum(rows.shape[1] for rows in self._kept) > MOST_FRAMES:
            self._mask = self._mask << np.uint64(1) | np.uint64(1)
            self._kept = [rows[:, rows[0] & self._mask == 0] for rows in self._kept]

    def check(self, labels: Sequence[str]) -> None:
        """All trajectories were added, of which these are the labels.

        Raises
        ------
        ValueError
            Naming two trajectories that share frames.
        """
        key, number, frame = np.concatenate(self._kept, axis=1)
        order = np.lexsort((frame, number, key))
        key, number, frame = (x[order].astype(np.int64) for x in (key, number, frame))
        again = (key[1:] == key[:-1]) & (number[1:] == number[:-1])
        once = ~(np.append(again, False) | np.append(False, again))
        key, number, frame = key[once], number[once], frame[once]
        same = np.flatnonzero(key[1:] == key[:-1])
        pairs = number[same] * len(labels) + number[same + 1]
        same = same[np.argsort(pairs, kind="stable")]
        pairs.sort()
        for here in np.split(same, np.flatnonzero(np.diff(pairs)) + 1):
            if len(here) < FEW:
                continue
            a, b = number[here[0]], number[here[0] + 1]
            one, other = frame[here], frame[here + 1]
            if self._frames[a] < self._frames[b]:
                a, b, one, other = b, a, other, one
            apart = _on_a_line(other, one)
            if apart is not None:
                raise ValueError(
                    f"{labels[b]}: at least {len(here)} of its frames are one in "
                    f"{abs(round(apart))} of the frames of {labels[a]}"
                    f"{', backwards' if apart < 0 else ''}; give each frame once, or training and "
                    "validation overlap"
                )


def _on_a_line(few: np.ndarray, many: np.ndarray) -> float | None:
    """Frames of the one trajectory for each of the other.

    None where the pairs are chance, or frames that follow each other in both, which `overlaps`
    finds with more words.
    """
    order = np.argsort(few)
    few, many = few[order], many[order]
    slope = float(np.median(np.diff(many) / np.diff(few)))
    rest = many - slope * few
    met = np.abs(rest - np.median(rest)) < 0.5
    found = round(slope) not in (0, 1) and met.mean() > 0.5 and met.sum() >= FEW
    return slope if found else None

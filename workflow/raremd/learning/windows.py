"""Windows of discrete trajectories: what a network is trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Windows:
    """All windows of a set of discrete trajectories, gathered from one resident array.

    Attributes
    ----------
    states : (n_frames,) int16
        The trajectories one behind the other.
    ends : (n_trajectories,) int64
        How many windows there are up to and including each trajectory; none crosses from
        one into the next. Nothing is stored for each window.
    shifts : (n_trajectories,) int64
        From the number of a window of each trajectory to where it begins in `states`.
    length : int
        Frames in a window, the last one being only predicted.
    """

    states: np.ndarray
    ends: np.ndarray
    shifts: np.ndarray
    length: int

    @classmethod
    def of(cls, trajectories: list[np.ndarray], length: int) -> Windows:
        """Windows of `length` + 1 frames.

        Raises
        ------
        ValueError
            If no trajectory is long enough.
        """
        lengths = np.array([len(t) for t in trajectories], np.int64)
        counts = np.maximum(lengths - length, 0)
        if not counts.any():
            raise ValueError(
                f"window: no trajectory has more than {length} frames at this saving interval "
                f"(the longest has {max(lengths, default=0)}); choose a shorter window or interval"
            )
        ends = np.cumsum(counts)
        shifts = (np.cumsum(lengths) - lengths) - (ends - counts)
        return cls(np.concatenate(trajectories), ends, shifts, length + 1)

    def __len__(self) -> int:
        return int(self.ends[-1])

    def trajectories(self) -> list[np.ndarray]:
        """Those that are long enough for a window, as views of `states`."""
        firsts = np.concatenate([[0], self.ends[:-1]])
        counts = self.ends - firsts
        starts = firsts + self.shifts
        return [
            self.states[start : start + count + self.length - 1]
            for start, count in zip(starts, counts, strict=True)
            if count
        ]

    def starts(self, numbers: np.ndarray) -> np.ndarray:
        """Where in `states` windows begin, by their number from 0; (n,) int64."""
        return numbers + self.shifts[np.searchsorted(self.ends, numbers, side="right")]

    def gather(self, starts: np.ndarray) -> np.ndarray:
        """(n,) starts -> (n, length) int64."""
        return self.states[starts[:, None] + np.arange(self.length)].astype(np.int64)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` windows at random starts, (n, length) int64."""
        return self.gather(self.starts(rng.integers(len(self), size=n)))

    def spread(self, n: int) -> np.ndarray:
        """At most `n` windows spread evenly over the data, (<= n, length) int64."""
        chosen = np.linspace(0, len(self) - 1, min(n, len(self)))
        return self.gather(self.starts(np.unique(chosen.astype(np.int64))))

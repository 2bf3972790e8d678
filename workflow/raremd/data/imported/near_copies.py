"""Trajectories that hold the frames of another with other digits.

The same MD written twice, as trr and as rounded xtc, whole or every tenth frame, or with molecules
moved and rotated: no digits agree, but all features do, far better than frames that follow each
other. A few frames of each trajectory are compared, those of the same numbers from its start.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

STRIDES = (1, 2, 4, 5, 10, 20, 25, 50, 100)
"""A trajectory may hold one in so many frames of another."""
COMPARED = np.unique((16 * 1.4 ** np.arange(50)).astype(np.int64))
"""Frames that are compared; before the first, trajectories from the same frame are still alike."""
LEAST = 6
"""Fewer frames tell nothing."""
MOST_COLUMNS = 16
ROUNDING = 0.1
"""Share of what changes from one frame to the next below which a difference is rounding."""


class _Sample:
    """Some columns of the compared frames of a trajectory, and of the frames behind them."""

    def __init__(self) -> None:
        # Of every stride-th frame, and of the successors in all frames, each (n, d) in the end.
        self._parts: dict[tuple[int, int], list[np.ndarray]] = {
            (stride, shift): [] for stride, shift in [(1, 1), *((s, 0) for s in STRIDES)]
        }
        self._frames = 0

    def add(self, values: np.ndarray) -> None:
        for (stride, shift), rows in self._parts.items():
            wanted = COMPARED * stride + shift - self._frames
            rows.append(values[wanted[(wanted >= 0) & (wanted < len(values))]].astype(np.float64))
        self._frames += len(values)

    def at(self, stride: int) -> np.ndarray:
        """The compared frames, if every `stride`-th counts."""
        return np.concatenate(self._parts[stride, 0])

    def steps(self, periods: np.ndarray) -> np.ndarray:
        """What changes from a compared frame to the next, typically, (d,); 0 if there is none."""
        later = np.concatenate(self._parts[1, 1])
        if not len(later):
            return np.zeros(len(periods))
        return np.median(_apart(later, self.at(1)[: len(later)], periods), axis=0)


class NearCopies:
    """Takes note of frames as they stream by, and refuses trajectories that hold the same MD."""

    def __init__(self) -> None:
        self._samples: list[_Sample] = []

    def add(self, values: np.ndarray, first: bool) -> None:
        """The next (n, d) float32 frames, `first` of a trajectory."""
        if first:
            self._samples.append(_Sample())
        self._samples[-1].add(values[:, _columns(values.shape[1])])

    def check(self, labels: Sequence[str], periods: Sequence[float]) -> None:
        """All trajectories were added, of which these are the labels.

        Parameters
        ----------
        labels : sequence of str
        periods : sequence of float
            Of all columns, 0 where there is none.

        Raises
        ------
        ValueError
            Naming two trajectories that hold the same MD.
        """
        period = np.asarray(periods, np.float64)[_columns(len(periods))]
        mine = [sample.at(1) for sample in self._samples]
        steps = [sample.steps(period) for sample in self._samples]
        for stride in STRIDES:
            others = [sample.at(stride) for sample in self._samples]
            # One column tells nearly all apart; a trajectory that is too short is far from all.
            first = np.full((len(others), len(COMPARED)), np.inf)
            for row, other in zip(first, others, strict=True):
                row[: len(other)] = other[:, 0]
            for b, (frames, step) in enumerate(zip(mine, steps, strict=True)):
                if len(frames) < LEAST or not step.any():
                    continue
                apart = _apart(first[:, : len(frames)], frames[:, 0], period[0])
                for a in np.flatnonzero(apart.mean(axis=1) <= ROUNDING * step[0]):
                    if a != b and _alike(_apart(others[a][: len(frames)], frames, period), step):
                        raise ValueError(_message(labels, int(a), b, stride))


def _columns(n: int) -> np.ndarray:
    """Those that are compared, of n."""
    return np.unique(np.linspace(0, n - 1, MOST_COLUMNS).astype(int))


def _apart(a: np.ndarray, b: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Distance of two values, the shorter way round where there is a period."""
    with np.errstate(invalid="ignore"):  # infinite where there is no frame
        apart = np.abs(a - b)
        return np.where(periods > 0, np.minimum(apart % periods, periods - apart % periods), apart)


def _alike(apart: np.ndarray, step: np.ndarray) -> bool:
    """Whether all columns that move agree to rounding; the same digits are found elsewhere."""
    return bool(apart.any() and (apart.mean(axis=0) <= ROUNDING * step)[step > 0].all())


def _message(labels: Sequence[str], a: int, b: int, stride: int) -> str:
    one, other = (a, b) if stride > 1 else (min(a, b), max(a, b))
    how = f"one frame in {stride}" if stride > 1 else "the frames"
    return (
        f"{labels[other]} holds {how} of {labels[one]} with other digits, as the same MD in "
        "another format does; give each frame once, or training and validation overlap"
    )

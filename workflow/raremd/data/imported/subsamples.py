"""Trajectories whose frames are every k-th of another's, another's backwards, or their own again.

`overlaps` finds frames that follow each other in two trajectories. Files as `traj_skip10.xtc` hold
the same frames further apart: each frame is met, by all its digits, on a line of frame numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

log = logging.getLogger(__name__)

FEW = 20
"""So many frames in common may be chance."""
RARE = 0.01
"""Where a larger share of the other frames has twins, frames are coarse and repeat by chance."""
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
            Naming two trajectories that share frames, or one that holds its own again.
        """
        key, number, frame = np.concatenate(self._kept, axis=1)
        order = np.lexsort((frame, number, key))
        key, number, frame = (x[order].astype(np.int64) for x in (key, number, frame))
        again = (key[1:] == key[:-1]) & (number[1:] == number[:-1])
        by_trajectory = np.lexsort((frame, number))
        starts = np.searchsorted(number[by_trajectory], np.arange(len(labels) + 1))
        pairs = np.flatnonzero(again)
        pairs = pairs[np.argsort(number[pairs], kind="stable")]
        begins = np.searchsorted(number[pairs], np.arange(len(labels) + 1))
        for k in np.flatnonzero(np.diff(begins) >= FEW).tolist():
            frames = frame[by_trajectory[starts[k] : starts[k + 1]]]
            own = pairs[begins[k] : begins[k + 1]]
            _refuse_own(labels[k], frames, frame[own], frame[own + 1])
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


def _refuse_own(label: str, frames: np.ndarray, first: np.ndarray, then: np.ndarray) -> None:
    """Refuse a run of frames that stands in a trajectory twice, though its frames do not repeat.

    Parameters
    ----------
    label : str
    frames : (n,) int array
        Numbers of all frames that were kept, ascending.
    first, then : (m,) int arrays
        Numbers of two frames that are the same.

    Raises
    ------
    ValueError
        Naming the frames.
    """
    order = np.argsort(then)
    first, then = first[order], then[order]
    places = np.searchsorted(frames, [first, then])
    breaks = np.flatnonzero((np.diff(places, axis=1) != 1).any(axis=0)) + 1
    runs = [run for run in np.split(np.arange(len(then)), breaks) if len(run) >= FEW]
    inside = sum(map(len, runs))
    coarse = len(then) - inside > RARE * (len(frames) - inside)
    coarse |= 2 * inside > len(frames) and not _stopped(runs, first, then, frames[-1])
    if not runs or coarse:
        return
    run = max(runs, key=len)
    a, b, c, d = (int(x) + 1 for x in (first[run[0]], first[run[-1]], then[run[0]], then[run[-1]]))
    if c - a > 1:
        raise ValueError(
            f"{label}: frames {c} to {d} are frames {a} to {b} again, as where a run was continued "
            "from an earlier frame; give each frame once"
        )
    log.warning(
        "%s: frames %d to %d are all the same; cut them off if they fill up the array or the run "
        "had stopped",
        *(label, a, d),
    )


def _stopped(runs: list[np.ndarray], first: np.ndarray, then: np.ndarray, last: int) -> bool:
    """Whether one frame stands from somewhere to the last, and none twice before."""
    if len(runs) != 1:
        return False
    begin, end = runs[0][0], runs[0][-1]
    return bool(then[begin] == first[begin] + 1 and then[end] == last)


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

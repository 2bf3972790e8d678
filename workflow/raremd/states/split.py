"""Training and validation segments, and discrete trajectories at a saving interval."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from raremd.states.recrossing import remove_recrossings

log = logging.getLogger(__name__)

MINIMUM_TRAJECTORIES = 4


@dataclass(frozen=True, order=True)
class Segment:
    """Contiguous frames `start` to `stop` (exclusive) of one trajectory, at the finest interval."""

    trajectory: int
    start: int
    stop: int


@dataclass(frozen=True)
class Split:
    """Training and validation segments; they share no frame."""

    training: tuple[Segment, ...]
    validation: tuple[Segment, ...]


def split_frames(
    lengths: list[int], validation_fraction: float, gap: int, validation: Sequence[int] = ()
) -> Split:
    """Whole trajectories where there are enough, else the end of each, behind a gap.

    Parameters
    ----------
    lengths : list of int
        Frames of each trajectory.
    validation_fraction : float
        Share of the frames that goes to validation.
    gap : int
        Frames left out between training and validation within one trajectory, so
        that the two are not correlated.

    validation : sequence of int
        Trajectories that validate, where they are named; then nothing else decides.

    Returns
    -------
    Split
        With four or more trajectories every k-th one validates; the choice does not depend on
        their content. If those hold less than half of their share of the frames, or more than
        twice, it is the end of each here too, where all are long enough.

    Raises
    ------
    ValueError
        If a part would be empty.
    """
    n = len(lengths)
    if not validation and n < MINIMUM_TRAJECTORIES:
        return _ends(lengths, validation_fraction, gap)
    n_validation = min(max(1, round(validation_fraction * n)), n - 1)
    spread = (round((k + 0.5) * n / n_validation - 0.5) for k in range(n_validation))
    chosen = set(validation) or set(spread)
    if len(chosen) == n:
        raise ValueError("source.validation: all trajectories validate, none is trained on")
    held_out, count = sum(lengths[t] for t in chosen), len(chosen)
    uneven = not 0.5 < held_out / sum(lengths) / (count / n) < 2.0
    if uneven and not validation:
        with suppress(ValueError):  # one is too short for that
            return _ends(lengths, validation_fraction, gap)
    whole = [Segment(t, 0, length) for t, length in enumerate(lengths)]
    return Split(
        tuple(s for s in whole if s.trajectory not in chosen),
        tuple(s for s in whole if s.trajectory in chosen),
    )


def _ends(lengths: list[int], validation_fraction: float, gap: int) -> Split:
    """The end of each trajectory validates, behind a gap."""
    pairs = []
    for t, length in enumerate(lengths):
        start = length - round(validation_fraction * length)
        if start - gap < 1 or start >= length:
            raise ValueError(
                f"trajectory {t + 1} with {length} frames is too short to be split into "
                f"training and validation with a gap of {gap} frames; "
                "give longer or more trajectories"
            )
        pairs.append((Segment(t, 0, start - gap), Segment(t, start, length)))
    return Split(tuple(p[0] for p in pairs), tuple(p[1] for p in pairs))


def split_sets(
    lengths: list[int],
    validation_fraction: float,
    gap: int,
    validation: Sequence[int] = (),
    sets: int = 1,
) -> tuple[Split, ...]:
    """`split_frames` for each of so many sets of equally many trajectories.

    Raises
    ------
    ValueError
        As `split_frames`.
    """
    size, found = len(lengths) // sets, []
    for first in range(0, len(lengths), size):
        own = split_frames(lengths[first : first + size], validation_fraction, gap, validation)
        found.append(
            Split(
                *(
                    tuple(Segment(first + s.trajectory, s.start, s.stop) for s in part)
                    for part in (own.training, own.validation)
                )
            )
        )
    return tuple(found)


def pooled(splits: Sequence[Split]) -> Split:
    """The segments of all sets."""
    return Split(
        tuple(s for split in splits for s in split.training),
        tuple(s for split in splits for s in split.validation),
    )


def check_lengths(lengths: Sequence[int], longest_lag: int) -> None:
    """Refuse lags that no trajectory is long enough for, before anything is trained.

    Raises
    ------
    ValueError
        If all trajectories are shorter than `longest_lag`, in frames.
    """
    if max(lengths) <= longest_lag:
        raise ValueError(
            f"lags: the longest is {longest_lag} frames and no trajectory is longer than "
            f"{max(lengths)}; leave out long lags"
        )


def warn_of_short(lengths: Sequence[int], longest_lag: int) -> None:
    """Log how many trajectories do not contribute at the longest lag, in frames."""
    short = sum(n <= longest_lag for n in lengths)
    if short:
        log.warning(
            "%d of %d trajectories are not longer than the longest lag (%d frames): they do not "
            "contribute there",
            short,
            len(lengths),
            longest_lag,
        )


def check_windows(split: Split, windows: Sequence[tuple[str, int, int]]) -> None:
    """Refuse windows that no trajectory is long enough for, before anything is trained.

    Parameters
    ----------
    split : Split
    windows : sequence of (interval, stride, window)
        Saving intervals as they are declared, as strides, and the longest window of their models.

    Raises
    ------
    ValueError
        If training or validation has no trajectory longer than a window.
    """
    for interval, stride, window in windows:
        for name in ("training", "validation"):
            frames = max(-(-(s.stop - s.start) // stride) for s in getattr(split, name))
            if frames <= window:
                raise ValueError(
                    f"window: at saving interval {interval} the longest trajectory for {name} has "
                    f"{frames} frames, a window of {window} needs more; shorten training.window "
                    "or leave out this interval"
                )


def check_blocks(split: Split, block: int) -> None:
    """Refuse training data that are one block of the bootstrap, before anything is trained.

    Parameters
    ----------
    split : Split
    block : int
        Frames.

    Raises
    ------
    ValueError
        If one trajectory alone is trained on and is shorter than two blocks: the MD would have no
        error bars.
    """
    frames = sum(s.stop - s.start for s in split.training)
    if len(split.training) == 1 and frames < 2 * block:
        raise ValueError(
            f"block: {block} frames, and the training data are one trajectory of {frames}: error "
            f"bars need two blocks; at most {frames // 2} frames, longer than the slowest process"
        )


def take(trajectories: list[np.ndarray], segments: tuple[Segment, ...]) -> list[np.ndarray]:
    """The frames of each segment, as views."""
    return [trajectories[s.trajectory][s.start : s.stop] for s in segments]


def at_interval(
    dtrajs: list[np.ndarray],
    segments: tuple[Segment, ...],
    stride: int,
    method: str,
    tau: int,
) -> list[np.ndarray]:
    """Discrete trajectories as a user with this saving interval would have them.

    Parameters
    ----------
    dtrajs : list of (n_frames,) int16
        At the finest interval.
    segments : tuple of Segment
        Which frames; removal never looks beyond a segment.
    stride : int
        Every `stride`-th frame is kept, from the first of each segment.
    method : str
        Removal of recrossings, applied after slicing.
    tau : int
        Its time, in saved frames.

    Returns
    -------
    list of (n,) int16
    """
    sliced = [t[::stride] for t in take(dtrajs, segments)]
    return remove_recrossings(sliced, method, tau, [s.trajectory + 1 for s in segments])

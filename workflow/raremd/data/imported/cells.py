"""Unit cells of frames: those in which no molecule fits are taken for none."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

import mdtraj
import numpy as np

log = logging.getLogger(__name__)

SHORTEST_EDGE = 0.5
"""nm; in a smaller cell the nearest images of atoms two bonds apart may be wrong ones."""
SMALL_EDGE = 0.95
"""nm; those of molecules in a solvent are larger, those in reduced units need not be."""


def without_cell(frames: mdtraj.Trajectory) -> np.ndarray:
    """Whether each frame has no cell, or one that means none, (n,) bool."""
    lengths = frames.unitcell_lengths
    if lengths is None:
        return np.ones(len(frames), bool)
    return ~((lengths >= SHORTEST_EDGE) & np.isfinite(lengths)).all(axis=1)


def drop_false_cell(frame: mdtraj.Trajectory) -> mdtraj.Trajectory:
    """The same frames, without a cell where it means none."""
    if frame.unitcell_lengths is not None and without_cell(frame).all():
        frame.unitcell_vectors = None
    return frame


def sound_cells(
    path: str, parts: Iterable[mdtraj.Trajectory], stride: int
) -> Iterator[mdtraj.Trajectory]:
    """Frames of a file, without their cells where these mean none.

    Parameters
    ----------
    path : str
    parts : iterable of mdtraj.Trajectory
    stride : int
        Between the frames.

    Yields
    ------
    mdtraj.Trajectory

    Raises
    ------
    ValueError
        If only some frames have a cell, naming the first that differs, counted from 1.
    """
    frames, without = 0, None
    for part in parts:
        absent = without_cell(part)
        if without is None:
            without = bool(absent[0])
            if part.unitcell_lengths is not None:
                _warn(path, part.unitcell_lengths[0], without)
        odd = absent != without
        if odd.any():
            frame = (frames + int(odd.argmax())) * stride + 1
            here, before = ("a", "none") if without else ("no", "one")
            raise ValueError(
                f"{path}: frame {frame} has {here} unit cell with edges of "
                f"{SHORTEST_EDGE:g} nm or more, those before have {before}; write the file with a "
                "cell in all frames or in none"
            )
        frames += len(part)
        yield drop_false_cell(part)


def _warn(path: str, edges: np.ndarray, without: bool) -> None:
    """Of a small cell; if all edges are zero, the format says that there is none."""
    edge = float(edges.min())
    if without and edges.any():
        log.warning(
            "%s: its unit cell has an edge of %.2g nm, too short for any MD, and is taken for "
            "none; remove it from the file, or correct it",
            *(path, edge),
        )
    elif not without and edge < SMALL_EDGE:
        log.warning(
            "%s: its unit cell has an edge of %.2g nm, too short for a molecule in a solvent; "
            "distances between molecules are to the nearest image; if there is no cell, remove it "
            "from the file",
            *(path, edge),
        )

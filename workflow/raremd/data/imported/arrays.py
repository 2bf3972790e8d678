"""Which trajectories an array holds, by its shape and type alone."""

from __future__ import annotations

import itertools
import logging
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from raremd.data.imported.tables import MAX_COLUMNS

log = logging.getLogger(__name__)

COORDINATE = re.compile(r"(phi|psi|omega|chi|x|y|z)[_\d]*", re.I)
"""Names of columns, whatever the numbers in them."""
FEWEST = 10
"""A number below is rather a state than the length of a trajectory."""
MANY_LISTED = 3
"""Fewer states in ascending order are no list."""
LOOKED_AT = 1 << 16
"""First frames in which the states of one array may follow from those of another,"""
FEW_JUMPS = 20
"""which with fewer jumps is chance."""


class Part(NamedTuple):
    """One trajectory in an array.

    Attributes
    ----------
    label : str
        The file and array, and which of several trajectories.
    number : int or None
        Index along the first axis; None where the array is one trajectory.
    n_frames, n_columns : int
    """

    label: str
    number: int | None
    n_frames: int
    n_columns: int

    def of(self, values: np.ndarray) -> np.ndarray:
        """The frames of this part, (n_frames, n_columns), of the whole array."""
        chosen = values if self.number is None else values[self.number]
        return chosen.reshape(self.n_frames, self.n_columns)


def parts_of(
    shape: tuple[int, ...],
    label: str,
    states: bool = False,
    dataset: bool = True,
    named: bool = False,
) -> list[Part]:
    """The trajectories in an array.

    (n_frames, n_features) and (n_frames,) are one trajectory; (n_trajectories, n_frames,
    n_features) are several, and so are states in an array with more columns than rows.

    Parameters
    ----------
    shape : tuple of int
    label : str
        What messages begin with.
    states : bool
        Whether the numbers are states, of which a frame has one.
    dataset : bool
        Whether `source.dataset` can leave it out.
    named : bool
        Whether the columns have names, so that three are not x, y and z of an atom.

    Raises
    ------
    ValueError
        If it cannot be trajectories.
    """
    if len(shape) not in (1, 2, 3) or 0 in shape:
        others = "name the arrays that are with source.dataset, or " * dataset
        raise ValueError(
            f"{label}: shape {shape} is not (n_frames, n_features) of one trajectory or "
            f"(n_trajectories, n_frames, n_features) of several; {others}make each trajectory an "
            "array of its own"
        )
    if len(shape) == 3:
        numbers: list[int | None] = list(range(shape[0]))
        n_frames, n_columns = shape[1:]
        atoms = n_columns == 3 and shape[0] >= FEWEST and not (named or states)
        if shape[0] > n_frames or atoms:
            log.warning(
                "%s: read as %d trajectories of %d frames; if the first axis is time, as in "
                "coordinates (n_frames, n_atoms, 3), save it as (n_frames, n_features), else "
                "source.names can name the features",
                *(label, shape[0], n_frames),
            )
    elif states and len(shape) == 2 and shape[0] < shape[1]:
        numbers = list(range(shape[0]))
        n_frames, n_columns = shape[1], 1
    else:
        numbers = [None]
        n_frames, n_columns = shape[0], math.prod(shape[1:])
    if n_columns > MAX_COLUMNS:
        raise ValueError(
            f"{label}: {n_columns} columns, more than {MAX_COLUMNS}; frames are rows: "
            "transpose the array, or save fewer features"
        )
    return [
        Part(label if n is None else f"{label}, trajectory {n + 1}", n, n_frames, n_columns)
        for n in numbers
    ]


def refuse_columns_apart(
    path: Path,
    shapes: Mapping[str, tuple[int, ...]],
    states: bool,
    first: Callable[[str], np.ndarray],
) -> None:
    """Arrays of one number per frame that may be the columns of one trajectory, as phi and psi.

    Trajectories of features are as long by chance, and their names differ in numbers only. Of
    states they may be called wt and mut, but those of one do not follow from those of the other.

    Parameters
    ----------
    path : Path
    shapes : mapping
        Name of each array that is wanted -> its shape.
    states : bool
        Whether the numbers are states.
    first : callable
        Name -> the first `LOOKED_AT` frames of that array, (n,).

    Raises
    ------
    ValueError
        Naming two of them.
    """
    _refuse_lengths(path, shapes, first)
    if states:
        _refuse_lists(path, shapes, first)
    _ask_after_others(path, shapes, states)
    alike: dict[int, dict[str, str]] = {}
    for name, shape in shapes.items():
        if len(shape) == 1 and shape[0] > 1:
            alike.setdefault(shape[0], {}).setdefault(re.sub(r"\d+", "0", name), name)
    for n_frames, stems in alike.items():
        names = list(stems.values())
        if states:
            _refuse_lumped(path, {name: first(name) for name in names if len(names) > 1})
            names = [name for name in names if COORDINATE.fullmatch(name.rpartition("/")[2])]
        if len(names) > 1:
            raise ValueError(
                f"{path}: {names[0]} and {names[1]} have {n_frames} numbers each; if these are "
                "columns of one trajectory, save one array (n_frames, n_columns), or name one with "
                "source.dataset; if they are trajectories, give each the shape (n_frames, 1)"
            )


def _ask_after_others(path: Path, shapes: Mapping[str, tuple[int, ...]], states: bool) -> None:
    """Log arrays that may be no trajectories, or the same frames as another one."""
    frames = {
        name: shape[0]
        for name, shape in shapes.items()
        if len(shape) == 1 or (len(shape) == 2 and not states)
    }
    short = [n for n, f in frames.items() if 1 < f * FEWEST <= max(frames.values())]
    if short:
        log.warning(
            "%s: %s is read as a trajectory of %d frames beside others of up to %d; if it is none, "
            "name the arrays that are with source.dataset",
            *(path, short[0], frames[short[0]], max(frames.values())),
        )
    alike: dict[int, dict[str, str]] = {}
    for name, n_frames in frames.items():
        if (states or len(shapes[name]) == 2) and n_frames > 1:
            alike.setdefault(n_frames, {}).setdefault(re.sub(r"\d+", "0", name), name)
    for n_frames, stems in alike.items():
        if len(stems) > 1:
            log.warning(
                "%s: %s and %s are read as two trajectories of %d frames; if these are the same "
                "frames, name one with source.dataset",
                *(path, *list(stems.values())[:2], n_frames),
            )


def _refuse_lengths(
    path: Path, shapes: Mapping[str, tuple[int, ...]], first: Callable[[str], np.ndarray]
) -> None:
    """Lengths of trajectories, and one array in which all of them stand."""
    frames = {shape[0]: name for name, shape in shapes.items() if shape}
    short = [n for n, s in shapes.items() if len(s) == 1 and 1 < s[0] * FEWEST <= max(frames)]
    for name in short if len(short) < FEWEST else ():  # of many, each is a trajectory
        lengths = first(name)
        joined = frames.get(lengths.sum().item()) if (lengths >= FEWEST).all() else None
        if joined is not None:
            raise ValueError(
                f"{path}: {name} holds the lengths of {len(lengths)} trajectories that are joined "
                f"in {joined}; save each trajectory as an array of its own"
            )


def _refuse_lists(
    path: Path, shapes: Mapping[str, tuple[int, ...]], first: Callable[[str], np.ndarray]
) -> None:
    """Short arrays that list states, such as `active_set`, beside trajectories."""
    longest = max((shape[-1] for shape in shapes.values() if shape), default=0)
    for name, shape in shapes.items():
        short = len(shape) == 1 and MANY_LISTED <= shape[0] <= longest / FEWEST
        if short and (np.diff(first(name).astype(np.float64)) > 0).all():
            raise ValueError(
                f"{path}: {name} lists {shape[0]} states in ascending order and is hardly a "
                "trajectory; name the arrays that are with source.dataset"
            )


def _refuse_lumped(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Two arrays of states are the same frames if each state of one has its state in the other."""
    known = {name: np.unique(states, return_inverse=True) for name, states in arrays.items()}
    for (fine, (one, in_one)), (coarse, (other, in_other)) in itertools.permutations(
        known.items(), 2
    ):
        pairs = np.unique(in_one * len(other) + in_other)
        seen_again = 2 * len(one) < len(in_one)  # else they follow by chance
        jumps = np.count_nonzero(np.diff(in_other))
        if len(pairs) == len(one) and seen_again and jumps >= FEW_JUMPS:
            raise ValueError(
                f"{path}: {coarse} follows from {fine} in each frame, as where states are lumped; "
                "name one with source.dataset"
            )


def checked_type(dtype: np.dtype, label: str, dataset: bool = True) -> None:
    """Refuse arrays that are not plain real numbers; `dataset` as for `parts_of`."""
    others = ", or name the arrays that are wanted with source.dataset" * dataset
    if dtype.names:
        raise ValueError(
            f"{label}: has fields ({', '.join(dtype.names[:4])}); save a plain array (n_frames, "
            "n_columns), which numpy.lib.recfunctions.structured_to_unstructured gives"
        )
    metadata: Mapping[str, Any] = dtype.metadata or {}
    of_hdf5 = metadata.get("vlen")
    if dtype.kind in "SU" or of_hdf5 in (str, bytes):
        raise ValueError(
            f"{label}: text, not a real number; give each word a number, as numpy.unique(words, "
            f"return_inverse=True) does{others}"
        )
    if of_hdf5 is not None:
        raise ValueError(
            f"{label}: each row has a length of its own; save each trajectory as a plain array"
        )
    if dtype.hasobject:
        raise ValueError(
            f"{label}: holds Python objects, which would need pickle and could run code; "
            "save each trajectory as a plain array of numbers"
        )
    if dtype.kind not in "fiub":
        raise ValueError(f"{label}: type {dtype} is not a real number; save a plain array{others}")

"""Numbers in another unit than is said, or than the other files have."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from raremd.data.columns import select_features

log = logging.getLogger(__name__)

FAR_OFF = 1e5
"""Below, what changes by the last digits of 32 bits only is held fixed, as some bonds are."""
COARSE = 0.1
"""Share of a spread that may be lost by rounding."""
SCALES = 100
"""So many times as wide as another is a feature that hides it from k-means."""
ANGLES = {"radians": 2 * math.pi, "degrees": 360.0}
OTHER = {"radians": "degrees", "degrees": "radians"}
QUARTER = 90.0
"""Degrees: where some file goes beyond, another within 3 of 0 is in radians."""
DIHEDRAL = re.compile(r"(?<![a-z])(phi|psi|omega|chi|dih|tors)", re.I)
"""Names of angles that have a whole turn."""
FAR_TURNS = 3
"""Turns in radians: beyond, where other files stay within one, are degrees."""
MOST_OF_A_TURN = 0.9
END_TO_END = 0.98
"""Share of a turn that angles fill which cross the place where they are cut open."""
SAME_BASIN = 0.6
"""Two files whose ranges share so much of what they span together are in the same basin."""
MANY_DISTANCES = 3
"""So many columns that are all ten times as large are in another unit; one or two need not be."""


class Extents(NamedTuple):
    """Smallest and largest value of each feature in each file, both (n_files, n_features)."""

    low: np.ndarray
    high: np.ndarray


def declaration(name: str, unit: str | int) -> str:
    """What a source says of an angle, as YAML takes it."""
    key = name if re.fullmatch(r"[A-Za-z][\w.]*", name) else f'"{name}"'
    return f"periods: {{{key}: {unit}}}"


def periods_of(
    known: Mapping[str, float], names: Sequence[str], declared: Mapping[str, str | float]
) -> list[float]:
    """Period of each feature: what the file says, and over it what the configuration says.

    0 where nothing is said, NaN where the configuration says that there is none.

    Parameters
    ----------
    known : mapping
        Feature -> its period, by the file.
    names : sequence of str
    declared : mapping
        Pattern of names -> "degrees", "radians" or a number.

    Raises
    ------
    ValueError
        If a pattern fits no feature.
    """
    periods = {name: known.get(name, 0.0) for name in names}
    for pattern, period in declared.items():
        try:
            columns = select_features([pattern], names)
        except ValueError as error:
            raise ValueError(f"source.periods: {error}") from error
        for column in columns:
            turn = ANGLES[period] if isinstance(period, str) else period
            periods[names[column]] = float(turn) or math.nan
    return list(periods.values())


def _within_turn(low: np.ndarray, high: np.ndarray, turn: float) -> np.ndarray:
    """Whether values can be angles of one turn, from its middle or from 0."""
    centred = np.maximum(-low, high) <= 1.001 * turn / 2
    return centred | ((low >= -1e-3 * turn) & (high <= 1.001 * turn))


def refuse_wrong_angles(
    labels: Sequence[str], names: Sequence[str], periods: Sequence[float], extents: Extents
) -> None:
    """Degrees whose period is in radians would be noise, radians in degrees one spot.

    Parameters
    ----------
    labels : sequence of str
        Of the files.
    names, periods : sequences
        Of the features.
    extents : Extents

    Raises
    ------
    ValueError
        Naming the first file and feature whose values fill half a turn or more in the unit that
        is not declared, or lie within a turn of radians where the others are in degrees.
    """
    for column, (name, period) in enumerate(zip(names, periods, strict=True)):
        low, high = extents.low[:, column], extents.high[:, column]
        for unit, turn in ANGLES.items():
            if not math.isclose(period, turn, rel_tol=1e-6):
                continue
            other = ANGLES[OTHER[unit]]
            wrong = _within_turn(low, high, other) & (high - low > other / 2)
            if unit == "radians":
                wrong &= ~_within_turn(low, high, turn)
                far = (np.maximum(-low, high) > FAR_TURNS * turn) & _within_turn(low, high, other)
                near = _within_turn(low, high, turn)
                if near.sum() > far.sum() and (near | far).all():  # the others count no turns
                    wrong |= far
            elif (np.maximum(-low, high) > QUARTER).any():
                wrong |= (np.maximum(-low, high) <= 1.001 * math.pi) & (high > low)
            elif not wrong.all():
                wrong[:] = False
            if wrong.any():
                file = int(wrong.argmax())
                raise ValueError(
                    f"{labels[file]}: {name} goes from {low[file]:.4g} to {high[file]:.4g}, as "
                    f"angles in {OTHER[unit]} do, but its period is a turn in {unit}; "
                    + (
                        "correct source.periods"
                        if wrong.all()
                        else f"convert this file to {unit}, or leave it out"
                    )
                )


def _from_middle_or_zero(
    low: np.ndarray, high: np.ndarray, turn: float
) -> tuple[np.ndarray, np.ndarray]:
    """Files whose values can be angles from half a turn below 0 only, and from 0 only."""
    slack = 1e-3 * turn
    return (
        (low < -slack) & (np.maximum(-low, high) <= turn / 2 + slack),
        (low >= -slack) & (high > turn / 2 + slack) & (high <= turn + slack),
    )


def _count_from_zero(
    name: str, low: np.ndarray, high: np.ndarray, turn: float
) -> np.ndarray | None:
    """Files that count angles from 0 where others count them from half a turn below.

    What is no angle can have such ranges too, so it must be called one, or reach from end to end,
    or in degrees go as far beyond 180 in one file as in another below 0.
    """
    middle, zero = _from_middle_or_zero(low, high, turn)
    whole = middle | zero | ((low >= 0) & (high <= turn / 2))
    if not (middle.any() and zero.any() and whole.all()):
        return None
    shares = [float(high[own].max() - low[own].min()) / turn for own in (middle, zero)]
    sure = max(shares) > END_TO_END or min(shares) > MOST_OF_A_TURN
    sure |= DIHEDRAL.search(name) is not None
    if turn == ANGLES["degrees"]:
        far = zero & (low > turn / 2)
        below, above = (x[far][:, None] - turn for x in (low, high))
        shared = np.minimum(above, high[middle]) - np.maximum(below, low[middle])
        joined = np.maximum(above, high[middle]) - np.minimum(below, low[middle])
        sure |= bool((shared > SAME_BASIN * joined).any())
    return zero if sure else None


def _refuse_odd_angles(
    labels: Sequence[str], names: Sequence[str], low: np.ndarray, high: np.ndarray
) -> None:
    """Files that count angles from elsewhere or in another unit than those that fill a turn.

    Parameters
    ----------
    labels : sequence of str
    names : sequence of str
        Of features that are not said to be periodic.
    low, high : (n_files, n_features) arrays
    """
    farthest = np.maximum(-low, high)
    for column, name in enumerate(names):
        for unit, turn in ANGLES.items():
            zero = _count_from_zero(name, low[:, column], high[:, column], turn)
            if zero is not None:
                file = int(zero.argmax())
                raise ValueError(
                    f"{labels[file]}: {name} goes from {low[file, column]:.4g} to "
                    f"{high[file, column]:.4g}, where other files count the same angles from half "
                    f"a turn below 0; say '{declaration(name, unit)}' in source"
                )
            middle, _ = _from_middle_or_zero(low[:, column], high[:, column], turn)
            filled = middle & (high[:, column] - low[:, column] > MOST_OF_A_TURN * turn)
            if not filled.any():
                continue
            away = farthest[:, column]
            if unit == "degrees":
                odd = (away <= 1.001 * math.pi) & (high[:, column] > low[:, column])
            else:
                odd = (away > FAR_TURNS * turn) & (away <= 360.0)
            odd &= ~filled  # distances are positive
            if odd.any() and odd.sum() < len(odd) / 2:
                file = int(odd.argmax())
                raise ValueError(
                    f"{labels[file]}: {name} goes from {low[file, column]:.4g} to "
                    f"{high[file, column]:.4g}, as angles in {OTHER[unit]} do, where other files "
                    f"fill a turn in {unit}; convert it, or say '{declaration(name, 0)}' in source "
                    "if it is no angle"
                )


def refuse_odd_files(
    labels: Sequence[str], names: Sequence[str], periods: Sequence[float], extents: Extents
) -> None:
    """One file in another unit than the others, of features that are not said to be periodic.

    Parameters
    ----------
    labels, names, extents
        As in `refuse_wrong_angles`.
    periods : sequence of float
        0 where nothing is said, NaN where a feature is said to have none.

    Raises
    ------
    ValueError
        Naming the first file of the minority.
    """
    plain = np.flatnonzero(np.asarray(periods) == 0)
    low, high = extents.low[:, plain], extents.high[:, plain]
    _refuse_mixed_angles(labels, [names[int(k)] for k in plain], low, high)
    _refuse_odd_angles(labels, [names[int(k)] for k in plain], low, high)
    plain = np.flatnonzero(~(np.asarray(periods) > 0))
    _refuse_odd_lengths(labels, extents.low[:, plain], extents.high[:, plain])


def _refuse_mixed_angles(
    labels: Sequence[str], names: Sequence[str], low: np.ndarray, high: np.ndarray
) -> None:
    """Files of which some fill half a turn or more in radians and others in degrees."""
    radians = _within_turn(low, high, ANGLES["radians"]) & (high - low > math.pi)
    degrees = _within_turn(low, high, 360.0) & (high - low > 180.0)
    mixed = radians.any(axis=0) & degrees.any(axis=0)
    if mixed.any():
        at = int(mixed.argmax())
        rare = radians if radians[:, at].sum() <= degrees[:, at].sum() else degrees
        unit, other = ("radians", "degrees") if rare is radians else ("degrees", "radians")
        file = int(rare[:, at].argmax())
        raise ValueError(
            f"{labels[file]}: {names[at]} goes from {low[file, at]:.4g} to "
            f"{high[file, at]:.4g}, as angles in {unit} do, where other files have {other}; "
            f"convert it, or say '{declaration(names[at], 0)}' in source if it is no angle"
        )


def _refuse_odd_lengths(labels: Sequence[str], low: np.ndarray, high: np.ndarray) -> None:
    """A file whose features are all ten times as large as in the others, or a tenth."""
    if len(labels) < 3 or not low.shape[1] or not (low > 0).all():
        return
    if low.shape[1] < MANY_DISTANCES:
        return _ask_after_lengths(labels, low, high)
    middle = (low + high) / 2
    ratio, of_low = middle / np.median(middle, axis=0), low / np.median(low, axis=0)
    for factor, words in ((10.0, "ten times"), (0.1, "a tenth of")):
        odd = (np.abs(ratio / factor - 1) < 0.25).all(axis=1)
        # Of what opens or closes only one end is far from that of the others.
        odd &= (np.abs(np.log10(of_low / factor)) < 0.5).all(axis=1)
        if odd.any():
            file = int(odd.argmax())
            raise ValueError(
                f"{labels[file]}: all features are about {words} those of the other files, as "
                "nm and Angstrom differ; convert it, or leave it out"
            )


def _ask_after_lengths(labels: Sequence[str], low: np.ndarray, high: np.ndarray) -> None:
    """Log a file with one or two features of which both ends are ten times those of the others.

    Of what opens or closes only one end is.
    """
    ends = np.concatenate([low, high], axis=1)
    ratio = ends / np.median(ends, axis=0)
    for factor, words in ((10.0, "ten times"), (0.1, "a tenth of")):
        odd = (np.abs(ratio / factor - 1) < 0.25).all(axis=1)
        others = (np.abs(ratio[~odd] - 1) < 0.25).all()
        if odd.any() and others:
            log.warning(
                "%s: its values are about %s those of the other files; if nm and Angstrom are "
                "mixed, convert it",
                *(labels[int(odd.argmax())], words),
            )


def too_far_from_zero(block: np.ndarray) -> int | None:
    """The first column of doubles, (n, d), whose changes are lost in 32 bits for its offset."""
    if block.dtype.kind != "f" or block.dtype.itemsize < 8:
        return None
    far = np.abs(block).max(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        digits = np.spacing(far.astype(np.float32)).astype(np.float64)
        spread = block.std(axis=0)
    lost = (far > FAR_OFF) & (spread > 0) & (digits > COARSE * spread)
    return int(lost.argmax()) if lost.any() else None


def ask_after_angles(
    names: Sequence[str], periods: Sequence[float], low: np.ndarray, high: np.ndarray
) -> None:
    """Log features that fill a turn and are not said to be periodic.

    Parameters
    ----------
    names, periods : sequences
        Of the features.
    low, high : (n_features,) arrays
        Of all files.
    """
    for column, (name, period) in enumerate(zip(names, periods, strict=True)):
        unit = undeclared_angle(period, float(low[column]), float(high[column]))
        if unit is not None:
            log.warning(
                "%s goes from %.4g to %.4g, as an angle in %s does, and is cut open there; "
                "say '%s' in source if it is one",
                *(name, low[column], high[column], unit, declaration(name, unit)),
            )


def ask_after_scales(
    names: Sequence[str], periods: Sequence[float], low: np.ndarray, high: np.ndarray
) -> None:
    """Log features of which one spans far more than another, as nm beside Angstrom squared.

    Parameters
    ----------
    names, periods : sequences
        Of the features; angles, which are put on a circle, are left out.
    low, high : (n_features,) arrays
        Of all files.
    """
    spans = {n: b - a for n, p, a, b in zip(names, periods, low, high, strict=True) if not p > 0}
    spans = {name: float(span) for name, span in spans.items() if span > 0}
    if spans and max(spans.values()) > SCALES * min(spans.values()):
        large, small = max(spans, key=spans.__getitem__), min(spans, key=spans.__getitem__)
        log.warning(
            "%s spans %.3g, %s only %.3g: k-means on both hardly sees the second; scale them "
            "alike, or give the coordinate a tica_dimension",
            *(large, spans[large], small, spans[small]),
        )


def undeclared_angle(period: float, low: float, high: float) -> str | None:
    """Unit in which the values fill a turn, of a feature that is not said to be periodic."""
    if period:
        return None
    for unit, turn in ANGLES.items():
        start = -turn / 2 if low < 0 else 0.0
        if start <= low + 1e-3 * turn and 0.99 * turn <= high - low <= 1.001 * turn:
            return unit
    return None

"""Discrete trajectories of a cell, for another program to estimate, and what it found."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from raremd.io.storage import atomic_path, read_arrays, read_table
from raremd.kinetics.transition_matrix import TransitionModel, count_matrix, estimate
from raremd.states.discrete_trajectories import read_states
from raremd.states.split import at_interval
from raremd.study.plans import Slicing

log = logging.getLogger(__name__)

TOLERANCE = 1e-6
"""Largest relative difference between two programs that estimate the same."""


class Estimate(NamedTuple):
    """What a program finds in one set at one lag.

    Attributes
    ----------
    transition_matrix : (n, n) float array
        Between the states that are kept.
    active : (n,) int array
        Those, from 0.
    timescales : float array
        In frames.
    """

    transition_matrix: np.ndarray
    active: np.ndarray
    timescales: np.ndarray


class Difference(NamedTuple):
    """One number of two programs; lag and timescales in the unit of the interval."""

    model: str
    replicate: int
    quantity: str
    lag: float
    i: int
    j: int
    ours: float
    other: float


def sets_of_cell(
    states: Path, generated: dict[str, Path], slicing: Slicing
) -> dict[str, list[np.ndarray]]:
    """Every set of trajectories that the kinetics of a cell are estimated from.

    Parameters
    ----------
    states, generated
        As in `cell_kinetics.evaluate_cell`.
    slicing : Slicing

    Returns
    -------
    dict
        `md.0`, and `<model>.<replicate>` of each replicate -> list of (n_frames,) int arrays.
    """
    system = read_states(states)
    labels, _ = system.labels(slicing.recrossing)
    how = slicing.stride, slicing.recrossing, slicing.tau
    sets = {"md.0": at_interval(labels, system.split.training, *how)}
    for model, path in generated.items():
        for name, walkers in read_arrays(path).items():
            sets[f"{model}.{name.removeprefix('replicate_')}"] = list(walkers)
    return sets


def export_sets(path: Path | str, sets: dict[str, list[np.ndarray]], lags: Sequence[int]) -> None:
    """Write trajectories as a plain .npz that any NumPy reads.

    Names are `<set>/<number>`, and `lags` in frames.
    """
    arrays = {f"{name}/{n}": d for name, dtrajs in sets.items() for n, d in enumerate(dtrajs)}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, lags=np.asarray(lags, np.int64), **arrays)


def import_sets(path: Path | str) -> tuple[dict[str, list[np.ndarray]], list[int]]:
    """The inverse of `export_sets`."""
    sets: dict[str, list[np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as file:
        for name in file.files:
            if name != "lags":
                sets.setdefault(name.partition("/")[0], []).append(file[name])
        return sets, [int(lag) for lag in file["lags"]]


def compare(
    exported: Path | str, others: Path | str, kinetics: Path | str, interval: float, n_states: int
) -> pd.DataFrame:
    """Timescales of `kinetics.h5` and transition matrices against those of another program.

    Parameters
    ----------
    exported : Path
        Of `export_sets`.
    others : Path
        .npz with `<set>/<lag>/transition_matrix`, `/active` and `/timescales` (frames).
    kinetics : Path
        Of the cell.
    interval : float
        Saving interval, in the unit of the table.
    n_states : int

    Returns
    -------
    pandas.DataFrame
        Columns model, replicate, quantity, lag, i, j, ours, other, difference (relative); lag
        and timescales in the unit of the interval. Of each transition matrix the element that
        differs most. Timescales that do not exist (eigenvalues that are not positive) are left
        out.

    Raises
    ------
    ValueError
        If the two keep different numbers of states.
    """
    sets, lags = import_sets(exported)
    table = read_table(kinetics)
    with np.load(others, allow_pickle=False) as file:
        rows = [
            row
            for name, dtrajs in sets.items()
            for lag in lags
            for row in _compare_one(
                name, table, estimate(count_matrix(dtrajs, n_states, lag)), lag,
                Estimate(*(file[f"{name}/{lag}/{key}"] for key in Estimate._fields)), interval,
            )
        ]  # fmt: skip
    found = pd.DataFrame(rows, columns=Difference._fields)
    found["difference"] = (found["other"] / found["ours"] - 1).abs()
    return found


def _timescales(table: pd.DataFrame, model: str, replicate: int, lag: float) -> np.ndarray:
    chosen = (table["model"] == model) & (table["replicate"] == replicate)
    chosen &= (table["quantity"] == "timescale") & np.isclose(table["lag"], lag)
    return table[chosen].sort_values("i")["value"].to_numpy()


def _compare_one(
    name: str,
    table: pd.DataFrame,
    ours: TransitionModel,
    lag: int,
    other: Estimate,
    interval: float,
) -> Iterator[Difference]:
    if len(ours.active) != len(other.active):
        raise ValueError(
            f"crosscheck: at lag {lag} we keep {len(ours.active)} states, "
            f"the other program {len(other.active)}"
        )
    if not np.array_equal(ours.active, other.active):
        log.warning("lag %d left out: two connected sets are equally large", lag)
        return
    model, _, number = name.rpartition(".")
    of, time = (model, int(number)), lag * interval
    for i, value in enumerate(_timescales(table, *of, time)):
        if np.isfinite(value):
            there = float(other.timescales[i]) * interval
            yield Difference(*of, "timescale", time, i + 1, 0, value, there)
    matrix = np.where(ours.transition_matrix > 0, ours.transition_matrix, np.nan)
    difference = np.abs(other.transition_matrix / matrix - 1)
    row, column = np.unravel_index(np.nanargmax(difference), difference.shape)
    i, j = int(ours.active[row]) + 1, int(ours.active[column]) + 1
    there = float(other.transition_matrix[row, column])
    yield Difference(*of, "transition_probability", time, i, j, matrix[row, column], there)


def check_agreement(table: pd.DataFrame) -> float:
    """Largest relative difference.

    Raises
    ------
    ValueError
        If it is above `TOLERANCE`, naming where.
    """
    worst = table.loc[table["difference"].idxmax()]
    if not worst["difference"] < TOLERANCE:
        raise ValueError(
            f"crosscheck: {worst['quantity']} of {worst['model']} at lag {worst['lag']:g} is "
            f"{worst['ours']:.12g} here and {worst['other']:.12g} there, a relative difference of "
            f"{worst['difference']:.1e}; {TOLERANCE:g} is allowed"
        )
    return float(worst["difference"])

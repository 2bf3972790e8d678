"""Discrete trajectories of a cell, for another program to estimate, and what it found."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from raremd.io.storage import atomic_path, read_arrays, read_table
from raremd.kinetics.transition_matrix import count_matrix, estimate
from raremd.states.discrete_trajectories import read_states
from raremd.states.split import at_interval
from raremd.study.plans import Slicing

log = logging.getLogger(__name__)

TOLERANCE = 1e-6
"""Largest relative difference between two programs that estimate the same."""


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
            row | {"model": name.rpartition(".")[0], "replicate": int(name.rpartition(".")[2])}
            for name, dtrajs in sets.items()
            for lag in lags
            for row in _compare_one(
                dtrajs, n_states, lag, _timescales(table, name, lag * interval),
                {key: file[f"{name}/{lag}/{key}"] for key in KEYS}, interval,
            )
        ]  # fmt: skip
    found = pd.DataFrame(rows)
    found["difference"] = (found["other"] / found["ours"] - 1).abs()
    return found[["model", "replicate", "quantity", "lag", "i", "j", "ours", "other", "difference"]]


KEYS = "transition_matrix", "active", "timescales"


def _timescales(table: pd.DataFrame, name: str, lag: float) -> np.ndarray:
    model, _, replicate = name.rpartition(".")
    chosen = (table["model"] == model) & (table["replicate"] == int(replicate))
    chosen &= (table["quantity"] == "timescale") & np.isclose(table["lag"], lag)
    return table[chosen].sort_values("i")["value"].to_numpy()


def _compare_one(
    dtrajs: list[np.ndarray],
    n_states: int,
    lag: int,
    ours: np.ndarray,
    other: dict[str, np.ndarray],
    interval: float,
) -> Iterator[dict]:
    model = estimate(count_matrix(dtrajs, n_states, lag))
    if len(model.active) != len(other["active"]):
        raise ValueError(
            f"crosscheck: at lag {lag} we keep {len(model.active)} states, "
            f"the other program {len(other['active'])}"
        )
    if not np.array_equal(model.active, other["active"]):
        log.warning("lag %d left out: two connected sets are equally large", lag)
        return
    for i, value in enumerate(ours):
        if np.isfinite(value):
            yield {
                "quantity": "timescale", "lag": lag * interval, "i": i + 1, "j": 0,
                "ours": value, "other": float(other["timescales"][i]) * interval,
            }  # fmt: skip
    matrix = np.where(model.transition_matrix > 0, model.transition_matrix, np.nan)
    difference = np.abs(other["transition_matrix"] / matrix - 1)
    row, column = np.unravel_index(np.nanargmax(difference), difference.shape)
    yield {
        "quantity": "transition_probability", "lag": lag * interval,
        "i": int(model.active[row]) + 1, "j": int(model.active[column]) + 1,
        "ours": matrix[row, column], "other": float(other["transition_matrix"][row, column]),
    }  # fmt: skip


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

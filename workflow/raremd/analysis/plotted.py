"""What figures show beside plain rows of a table, computed before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from raremd.analysis.cell_result import LOG2_CAP
from raremd.analysis.tidy import CELL, matrix, pick


def mean_errors(table: pd.DataFrame, lag: float) -> pd.DataFrame:
    """Error of the slowest timescale of each cell and model: mean of |log2(model / MD)|.

    Parameters
    ----------
    table : pandas.DataFrame
        Comparison of one system.
    lag : float
        Of the yardstick, in the system's time unit.

    Returns
    -------
    pandas.DataFrame
        Columns coordinate, interval, partition, model, quantity (``yardstick_log2_ratio`` at
        the yardstick's lag, ``log2_ratio`` at the cell's own interval) and error, the mean over
        replicates, each within LOG2_CAP.
    """
    each = table[(table["replicate"] > 0) & (table["i"] == 1)]
    own = pick(each, quantity="log2_ratio")
    own = own[np.isclose(own["lag"], own["interval"], rtol=1e-6, atol=0)]
    both = pd.concat([pick(each, quantity="yardstick_log2_ratio", lag=lag), own])
    both = both.assign(error=both["value"].abs().clip(upper=LOG2_CAP))
    return both.groupby([*CELL, "model", "quantity"], as_index=False)["error"].mean()


class Trained(NamedTuple):
    """One model in one cell."""

    system: str
    coordinate: str
    interval: float
    partition: str
    model: str


def training_histories(
    histories: Sequence[pd.DataFrame],
    trained: Sequence[Trained],
    comparison: pd.DataFrame,
) -> pd.DataFrame:
    """Histories of trainings beside the timescale that they should reach.

    Parameters
    ----------
    histories : sequence of pandas.DataFrame
        Of one model in one cell each, with the expected timescale in saved frames.
    trained : sequence of Trained
        What each is of.
    comparison : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        All rows with these columns; expected_timescale in the system's unit; md_timescale, the
        MD's slowest at one step, NaN where there is none.
    """
    one_step = pick(comparison, model="md", quantity="timescale", i=1)
    parts = []
    for history, of in zip(histories, trained, strict=True):
        where = of._asdict()
        md = pick(one_step, **where | {"model": "md", "lag": of.interval})["value"]
        parts.append(
            history.assign(
                **where,
                expected_timescale=history["expected_timescale"] * of.interval,
                md_timescale=md.iloc[0] if len(md) else np.nan,
            )
        )
    return pd.concat(parts, ignore_index=True)


def cost_and_error(comparison: pd.DataFrame, cost: pd.DataFrame, lag: float) -> pd.DataFrame:
    """Computing time and error of each cell and model of one system.

    Parameters
    ----------
    comparison : pandas.DataFrame
    cost : pandas.DataFrame
        As `comparison.costs` makes it.
    lag : float
        Of the yardstick, in the system's time unit.

    Returns
    -------
    pandas.DataFrame
        Columns coordinate, interval, partition, model, core_seconds and error, that of
        `mean_errors` at the yardstick's lag.
    """
    key = [*CELL, "model"]
    errors = pick(mean_errors(comparison, lag), quantity="yardstick_log2_ratio")[[*key, "error"]]
    return cost[[*key, "core_seconds"]].merge(errors, on=key)


@dataclass(frozen=True)
class RemovalTimes:
    """Slowest timescales after recrossings were removed, seen at two lags.

    Attributes
    ----------
    interval : float
        Saving interval, the lag of `own`.
    own, long : pandas.DataFrame
        At the own interval and at the yardstick's lag: model, recrossing, tau_c, over_cored;
        value, low and high as log2 over the slowest timescale of the MD with its recrossings
        at the yardstick's lag.
    band : (float, float)
        Interval of that MD, in the same unit.
    """

    interval: float
    own: pd.DataFrame
    long: pd.DataFrame
    band: tuple[float, float]


def removal_times(table: pd.DataFrame, lag: float) -> RemovalTimes:
    """Slowest timescales of cells that differ in the removal of recrossings only.

    A removal is over-cored where the MD itself is slower than the interval of the MD with its
    recrossings; what was trained on it is so too.

    Parameters
    ----------
    table : pandas.DataFrame
        Comparison of these cells.
    lag : float
        Of the yardstick, in the system's time unit.
    """
    times = pick(table, quantity="timescale", i=1, replicate=0)
    kept = pick(times, model="md", recrossing="none", lag=lag)
    md, low, high = kept[["value", "low", "high"]].iloc[0]

    def at(lag: float) -> pd.DataFrame:
        rows = pick(times, lag=lag)
        removed = rows[(rows["model"] == "md") & (rows["recrossing"] != "none")]
        over = removed.loc[removed["value"] > high, ["recrossing", "tau_c"]]
        alarm = set(over.itertuples(index=False, name=None))
        keys = zip(rows["recrossing"], rows["tau_c"], strict=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.log2(rows[["value", "low", "high"]] / md)
        columns = rows[["model", "recrossing", "tau_c"]]
        return columns.assign(over_cored=[key in alarm for key in keys]).join(ratios)

    interval = float(table["interval"].iloc[0])
    band = float(np.log2(low / md)), float(np.log2(high / md))
    return RemovalTimes(interval, at(interval), at(lag), band)


@dataclass(frozen=True)
class Matrices:
    """Transition matrices (n, n) of the MD and of models, and model minus MD."""

    md: np.ndarray
    models: Mapping[str, np.ndarray]
    differences: Mapping[str, np.ndarray]


def matrices(table: pd.DataFrame, models: Sequence[str], lag: float) -> Matrices:
    """Transition matrices between metastable states in one cell; mean over replicates.

    Parameters
    ----------
    table : pandas.DataFrame
        Comparison of the cell.
    models : sequence of str
    lag : float
        Of the yardstick, in the system's time unit.
    """
    rows = pick(table, quantity="transition_probability", lag=lag)
    md = matrix(rows, "transition_probability", "md")
    found = {model: matrix(rows, "transition_probability", model) for model in models}
    return Matrices(md, found, {model: values - md for model, values in found.items()})


def ratios(table: pd.DataFrame, models: Sequence[str], lag: float) -> dict[str, np.ndarray]:
    """log2(model / MD) of the mean first-passage times in one cell, (n, n); NaN where unknown.

    Parameters
    ----------
    table : pandas.DataFrame
        Comparison of the cell.
    models : sequence of str
    lag : float
        Of the yardstick, in the system's time unit.
    """
    rows = pick(table, quantity="mfpt", lag=lag)
    md = matrix(rows, "mfpt", "md")
    with np.errstate(divide="ignore", invalid="ignore"):
        return {model: np.log2(matrix(rows, "mfpt", model) / md) for model in models}


@dataclass(frozen=True)
class Landscape:
    """Free energy over a reaction coordinate and the states of its bins.

    Attributes
    ----------
    title : str
    names : list of str
        Of the first one or two dimensions.
    periods : (d,) float
        Of each dimension, 0 for not periodic.
    energy : (n,) or (n, n) float
        In kT above the minimum; NaN in empty bins.
    edges : list of (n + 1,) float
    states : (n,) or (n, n) int, or None where the coordinate has more dimensions
    """

    title: str
    names: list[str]
    periods: np.ndarray
    energy: np.ndarray
    edges: list[np.ndarray]
    states: np.ndarray | None


def free_energy(counts: np.ndarray) -> np.ndarray:
    """-ln p in kT above its minimum; NaN in empty bins."""
    counts = np.where(counts > 0, counts, np.nan)
    return np.log(np.nanmax(counts)) - np.log(counts)


STRIPS = 3
"""Trajectories shown of each source."""
SPAN = 8
"""Slow timescales that a strip lasts, where the trajectories are long enough."""


@dataclass(frozen=True)
class Strips:
    """Trajectories side by side.

    Attributes
    ----------
    sources : mapping
        MD or model -> trajectories (n_frames,) of metastable states, from 0, all equally long.
    n_states : int
    interval : float
        Time between frames.
    """

    sources: Mapping[str, list[np.ndarray]]
    n_states: int
    interval: float


def strips(
    sources: Mapping[str, Sequence[np.ndarray]],
    of_state: np.ndarray,
    slowest: float,
    interval: float,
) -> Strips:
    """The first trajectories of each source, equally long, in metastable states.

    Parameters
    ----------
    sources : mapping
        Source -> trajectories (n_frames,) of the cell's states.
    of_state : (n_states,) int array
        Metastable state of each of them.
    slowest : float
        Slowest timescale of the MD; where it is not finite the shortest trajectory decides.
    interval : float
        Time between frames, in the unit of `slowest`.
    """
    first = {source: trajectories[:STRIPS] for source, trajectories in sources.items()}
    frames = min(len(t) for trajectories in first.values() for t in trajectories)
    if np.isfinite(slowest):
        frames = min(frames, round(SPAN * slowest / interval))
    kept = {source: [of_state[t[:frames]] for t in found] for source, found in first.items()}
    return Strips(kept, int(of_state.max()) + 1, interval)

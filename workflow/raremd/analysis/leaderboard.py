"""Models ranked at each cell by the timescale that they get most wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from raremd.analysis.assessment import Assessment
from raremd.kinetics.bootstrap import interval, log2_deviation
from raremd.kinetics.igme import extrapolate
from raremd.kinetics.timescales import count_matrix, estimate, timescales
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import at_interval

DRAWS = 2000
COLUMNS = [
    "system",
    "model",
    "score",
    "low",
    "high",
    "right",
    "rank_low",
    "rank_high",
    "front",
    "lag",
    "process",
    "validation",
    "cross_entropy",
    "core_seconds",
    "failed",
    "doubt",
]
MD_RESAMPLED, REFERENCE, IGME, QMSM = "md_bootstrap", "reference", "igme", "qmsm"
NO_MODELS = MD_RESAMPLED, REFERENCE, IGME, QMSM
"""Rows of the ranking that are no model of the sweep."""
IGME_FRAMES = 5, 20
"""Shortest and longest lag of the fit of `igme.extrapolate`, in saving intervals."""
MEMORY = 20
"""Longest lag, in saving intervals, that methods see which extend the MD's short lags; of the
quasi-Markov state model its memory, see `memory.quasi_markov`."""
Times = Callable[[np.ndarray, int], np.ndarray]
"""Lags (in the system's time unit) and how many -> timescales (n_lags, n) in the same unit."""


class FromMD(NamedTuple):
    """What the ranking reads of the MD beside the comparison.

    Attributes
    ----------
    bootstrap : dict of arrays
        lags (n_lags,) and own (n_lags, n_samples, n_processes), see `cell_kinetics.Bootstrap`.
    validation : callable
        Timescales of the MD that validates.
    memory : callable
        Those of a quasi-Markov state model of the training data.
    """

    bootstrap: dict[str, np.ndarray]
    validation: Times
    memory: Times


def worst(deviations: np.ndarray) -> np.ndarray:
    """Largest deviation over lags and processes of the mean over replicates.

    Parameters
    ----------
    deviations : (..., n_replicates, n_lags, n_processes) float array
        log2(t / t_MD); NaN where the MD itself has no timescale.

    Returns
    -------
    (...) float array
    """
    mean = np.abs(deviations.mean(axis=-3))
    return np.nanmax(mean, axis=(-2, -1))


def validation_timescales(
    system: DiscreteSystem, stride: int, lags: Sequence[int], n: int
) -> np.ndarray:
    """Timescales of the MD that validates, which no model was trained on.

    Parameters
    ----------
    system : DiscreteSystem
    stride : int
        Saving interval in frames.
    lags : sequence of int
        In saved frames.
    n : int
        How many.

    Returns
    -------
    (n_lags, n) float array
        In saved frames; NaN where there are fewer.
    """
    dtrajs = at_interval(system.md, system.split.validation, stride, "none", 1)
    rows = []
    for lag in lags:
        model = estimate(count_matrix(dtrajs, system.n_states, lag))
        rows.append(timescales(model.transition_matrix, lag, n, model.stationary))
    return np.array(rows)


def picked(ranking: pd.DataFrame) -> pd.Series:
    """The row of the model that the validation data choose, in the ranking of one system."""
    models = ranking[~ranking["model"].isin(NO_MODELS)]
    return models.loc[models["validation"].idxmin()]


def read_ranking(path: Path | str) -> pd.DataFrame:
    """A ranking from its CSV, where a cell without doubts is empty."""
    return pd.read_csv(path, dtype={"doubt": "str"}).fillna({"doubt": ""})


def over_systems(ranking: pd.DataFrame) -> pd.DataFrame:
    """Models that are in every system by the worst of their scores; rows of the ranking.

    Scores count in the systems whose MD can decide, or in all where it can nowhere.
    """
    table = ranking[~ranking["model"].isin(NO_MODELS)]
    decided = table[table["doubt"] == ""]
    worst_of = (table if decided.empty else decided).groupby("model")["score"].max()
    everywhere = table["model"].value_counts() == table["system"].nunique()
    order = worst_of[everywhere[everywhere].index].sort_index().sort_values(kind="stable").index
    return table.set_index("model").loc[order].reset_index()


def _grid(times: pd.DataFrame, lags: np.ndarray, n: int) -> np.ndarray:
    """Timescales of one replicate, (n_lags, n)."""
    table = times.pivot_table(index="lag", columns="i", values="value", dropna=False)
    return table.reindex(index=lags, columns=range(1, n + 1)).to_numpy()


def _log2(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log2(values)


class _Worst(NamedTuple):
    """Score of a model, and where it is worst."""

    model: str
    score: float
    lag: float
    process: int


def _worst(model: str, deviations: np.ndarray, lags: np.ndarray) -> _Worst:
    """Where deviations (n_replicates, n_lags, n_processes) are worst."""
    mean = np.abs(deviations.mean(axis=0))
    lag, process = np.unravel_index(np.nanargmax(mean), mean.shape)
    return _Worst(model, float(mean[lag, process]), float(lags[lag]), int(process) + 1)


def _ranks(draws: dict[str, np.ndarray]) -> pd.DataFrame:
    """95 % interval of each model's rank, from scores over the same resamplings (n_draws,)."""
    scores = np.array(list(draws.values()))
    ranks = np.array([1 + (scores < own).sum(axis=0) for own in scores])
    low, high = np.percentile(ranks, [2.5, 97.5], axis=1).round()
    return pd.DataFrame({"rank_low": low, "rank_high": high}, list(draws))


def _front(score: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Whether no other model is both better and cheaper, (n,) bool; unknown costs are on none."""
    better = (score <= score[:, None]) & (cost <= cost[:, None])
    better &= (score < score[:, None]) | (cost < cost[:, None])
    return ~better.any(axis=1) & np.isfinite(cost)


def rank(
    assessment: Assessment,
    table: pd.DataFrame,
    md: FromMD,
    cost: pd.DataFrame,
    tolerance: float,
    seed: int,
) -> pd.DataFrame:
    """The ranking at one cell, best first; by name where the MD can decide nothing.

    Parameters
    ----------
    assessment : Assessment
        Of the system; lags up to that of its yardstick count.
    table : pandas.DataFrame
        Comparison of this cell.
    md : FromMD
    cost : pandas.DataFrame
        model, core_seconds.
    tolerance : float
        log2.
    seed : int
        Of the error bars.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`. score: worst |log2(t_model / t_MD)| over all lags and processes in
        the cell's own states, of the geometric mean over replicates, each over the MD that it was
        trained on; low and high: 95 % interval over resampled replicates. right: whether the
        score is within the tolerance, or within what the resampled MD deviates from itself (upper
        end of its 95 % range), and no replicate failed; nothing is where the MD can decide
        nothing. rank_low and rank_high: that of the rank among models, from 1. front: no other
        model is both better and cheaper. lag and process: where the worst is. validation: the
        score against the MD that
        validates instead, to choose a model by. failed: replicates that have no timescale
        somewhere where the MD has one.
        `md_bootstrap` is the MD itself, resampled, which no model can be asked to beat;
        `reference` the independent one; `igme` the MD's own long lags from its short ones, with
        the 95 % range over resampled MD, and `qmsm` the same with the memory of the first 20
        intervals. doubt: why the MD can decide nothing; empty where it can.
    """
    rng = np.random.default_rng(seed)
    times = table[
        (table["quantity"] == "timescale") & (table["lag"] <= assessment.lag * (1 + 1e-9))
    ]
    single = times[(times["replicate"] > 0) | times["model"].isin(["md", REFERENCE])]
    of_md = single[single["model"] == "md"]
    whole = of_md[of_md["replicate"] == 0]
    lags, n = np.sort(whole["lag"].unique()), int(whole["i"].max())
    target = _log2(_grid(whole, lags, n))
    sets = {r: _log2(_grid(one, lags, n)) for r, one in of_md.groupby("replicate") if r}
    held_out = _log2(md.validation(lags, n))
    entropy = table[(table["quantity"] == "cross_entropy") & (table["replicate"] == 0)]
    entropy = entropy.set_index("model")["value"]
    seconds = cost.set_index("model")["core_seconds"]

    chosen = [int(np.argmin(abs(md.bootstrap["lags"] - lag))) for lag in lags]
    samples = np.moveaxis(md.bootstrap["own"][chosen], 1, 0)[:, None]
    found = worst(log2_deviation(_log2(samples), target))
    low, high = interval(found)
    rows = [
        {"model": MD_RESAMPLED, "score": float(np.nanmedian(found)), "low": low, "high": high}
        | {"validation": worst(log2_deviation(target, held_out)[None])}
    ]
    frames = lags / lags[0]
    fitted = (frames > IGME_FRAMES[0] * (1 - 1e-9)) & (frames < IGME_FRAMES[1] * (1 + 1e-9))
    if fitted.sum() > 1:
        off = [
            log2_deviation(_log2(extrapolate(lags, times, fitted)), _log2(times))
            for times in (2.0**target, samples)
        ]
        low, high = interval(worst(off[1]))
        rows.append(_worst(IGME, off[0][None], lags)._asdict() | {"low": low, "high": high})
    if frames[-1] > MEMORY * (1 + 1e-9):
        off_memory = log2_deviation(_log2(md.memory(lags, n)), target)
        rows.append(_worst(QMSM, off_memory[None], lags)._asdict())
    draws: dict[str, np.ndarray] = {}
    resampled: dict[int, np.ndarray] = {}  # the same for all, as replicates share their MD
    for model, group in single[single["model"] != "md"].groupby("model", sort=True):
        grids = {r: _grid(one, lags, n) for r, one in group.groupby("replicate")}
        replicates = list(grids.values())
        found = _log2(np.array(replicates))
        trained_on = np.array([sets.get(r, target) for r in grids])
        deviations = log2_deviation(found, trained_on)
        row = _worst(str(model), deviations, lags)._asdict() | {
            "validation": worst(log2_deviation(found, held_out)),
            "cross_entropy": entropy.get(model, np.nan),
            "core_seconds": seconds.get(model, np.nan),
            "failed": int((~np.isfinite(found[:, np.isfinite(target)]).all(axis=1)).sum()),
        }
        count = len(replicates)
        if count not in resampled:
            resampled[count] = rng.integers(count, size=(DRAWS, count))
        over = worst(deviations[resampled[count]])
        if count > 1:
            row["low"], row["high"] = interval(over)
        if model != REFERENCE:
            draws[str(model)] = over
        rows.append(row)
    doubts = [doubt.text for doubt in assessment.doubts]
    ranking = pd.DataFrame(rows, columns=COLUMNS)
    if draws and not doubts:
        ranking[["rank_low", "rank_high"]] = _ranks(draws).reindex(ranking["model"]).to_numpy()
    (own,) = ranking.loc[ranking["model"] == MD_RESAMPLED, "high"]
    near = (ranking["score"] <= max(tolerance, own)) & ~(ranking["failed"] > 0)
    ranking["right"] = near & (not doubts)
    front = _front(ranking["score"].to_numpy(), ranking["core_seconds"].to_numpy(np.float64))
    ranking = ranking.assign(
        front=front & (not doubts), system=assessment.system, doubt="; ".join(doubts)
    )
    order = "model" if doubts else "score"
    return ranking.sort_values(order, kind="stable", ignore_index=True)

"""Kinetics of all cells -> one tidy table, with error bars over replicates and MD blocks."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from raremd.analysis.replicates import hierarchical_ratio, replicate_interval
from raremd.analysis.rows import Row, as_table
from raremd.io.storage import read_arrays, read_attributes, read_json, read_record, read_table
from raremd.kinetics.bootstrap import interval, log2_deviation
from raremd.learning.run_record import RunRecord
from raremd.study.cell import Cell, Factors

OF_CELL = ["system", "coordinate", "dimension", "interval", "partition", "recrossing", "tau_c"]
COLUMNS = [*OF_CELL, *Row._fields, "unit"]
DRAWS = 2000
TIMES = ("timescale", "yardstick_timescale", "expected_timescale", "mfpt", "residence_time")
SUMMED_UP = ("cross_entropy", "leak", "expected_timescale")
"""Of what is known of a training: what has a row for all replicates together."""
OF_TRAINING = (
    "cross_entropy",
    "tokens",
    "best_tokens",
    "leak",
    "expected_timescale",
    "expected_timescale_moved_log2",
    "cross_entropy_moved_log2",
)
OF_MODEL = {
    "parameters": "parameters",
    "states": "n_states",
    "training_frames": "training_frames",
}
"""Quantity that all replicates share -> its key in their record."""
RATIOS = {"timescale": "own", "yardstick_timescale": "yardstick"}
MODELLESS = ("md", "reference", "exact")


def over_replicates(table: pd.DataFrame) -> Iterator[Row]:
    """Rows of replicate 0: mean over replicates; geometric, with Student bars, for times."""
    models = table[~table["model"].isin(MODELLESS)]
    by = ["model", "quantity", "i", "j", "lag"]
    for (model, quantity, i, j, lag), group in models.groupby(by, sort=False, dropna=False):
        values = group["value"].to_numpy()
        if quantity in TIMES:
            over = replicate_interval(values)
            yield Row(model, 0, quantity, i, j, lag, over.mean, over.low, over.high)
            continue
        spread = np.nan, np.nan
        if len(values) > 1 and np.isfinite(values).all():
            spread = values.min(), values.max()
        yield Row(model, 0, quantity, i, j, lag, values.mean(), *spread)


def _log2(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log2(np.asarray(values, np.float64))


def _ratios(
    table: pd.DataFrame, bootstrap: dict[str, np.ndarray], rng: np.random.Generator
) -> Iterator[Row]:
    """log2(model / MD) of every timescale: each replicate, and their mean with its interval.

    The MD is the set that a replicate was trained on, where there are sets.
    """
    for quantity, states in RATIOS.items():
        times = table[table["quantity"] == quantity]
        fixed = {
            name: group.set_index(["replicate", "lag", "i"])["value"]
            for name, group in times[times["model"].isin(MODELLESS)].groupby("model")
        }
        own_md = (fixed["md"].index.get_level_values("replicate") > 0).any()
        lags = bootstrap["lags"]
        models = times[~times["model"].isin(MODELLESS)]
        for (model, lag, i), group in models.groupby(["model", "lag", "i"], sort=False):
            mine = _log2(group["value"])
            for name, suffix in (("md", ""), ("reference", "_to_reference")):
                own = own_md and name == "md"
                of = group["replicate"] if own else np.zeros(len(group), int)
                trained_on = np.array([fixed[name][r, lag, i] for r in of])
                deviation = log2_deviation(mine, _log2(trained_on))
                label = quantity.replace("timescale", "log2_ratio") + suffix
                for replicate, value in zip(group["replicate"], deviation, strict=True):
                    yield Row(model, replicate, label, i, 0, lag, value)
                bounds = (np.nan, np.nan)
                if name == "md":
                    samples = _log2(bootstrap[states][np.argmin(abs(lags - lag)), :, i - 1])
                    # Where each has its own MD the scatter of deviations holds that of the MD.
                    one, other = (deviation, np.zeros(1)) if own else (mine, samples)
                    low, high = interval(hierarchical_ratio(one, other, DRAWS, rng))
                    bounds = float(low), float(high)
                yield Row(model, 0, label, i, 0, lag, deviation.mean(), *bounds)


def _unit(quantity: str, time_unit: str) -> str:
    if quantity in TIMES:
        return time_unit
    if "log2" in quantity:
        return "log2"
    if quantity == "crossing_rate":
        return f"1/{time_unit}"
    if quantity in ("tokens", "best_tokens", "training_frames"):
        return "frames"
    return "nats/frame" if quantity == "cross_entropy" else ""


def _run_rows(record: RunRecord) -> Iterator[Row]:
    """What is known of the training and generation of one model in one cell."""
    model, interval = record.model.name, record.cell.interval
    found = {quantity: getattr(record, quantity) for quantity in OF_TRAINING}
    found["crossings"] = record.generation.crossings_found
    for quantity, values in found.items():
        for replicate, value in enumerate(values, start=1):
            if quantity == "expected_timescale":  # the slowest, of one step, and in saved frames
                yield Row(model, replicate, quantity, 1, 0, interval, value * interval)
            else:
                yield Row(model, replicate, quantity, value=value)
    for quantity, key in OF_MODEL.items():
        yield Row(model, quantity=quantity, value=getattr(record, key))


def _records_by_cell(runs: list[Path]) -> dict[Cell, list[RunRecord]]:
    """Run records of each cell."""
    found: dict[Cell, list[RunRecord]] = {}
    for path in runs:
        record = read_record(RunRecord, path)
        found.setdefault(record.cell, []).append(record)
    return found


def costs(cells: Sequence[Factors], runs: list[Path]) -> pd.DataFrame:
    """What was measured while models ran; apart from the results, which runs repeat exactly.

    Parameters
    ----------
    cells, runs
        As in `compare`.

    Returns
    -------
    pandas.DataFrame
        One row a cell and model, all replicates together: the factors but the dimension, model,
        training_seconds, generation_seconds, core_seconds (their sum; all three are time on a
        core), wall_seconds, peak_memory_gib.
    """
    by_cell = _records_by_cell(runs)
    rows = []
    for factors in cells:
        for record in by_cell[factors.cell]:
            generation = record.generation
            seconds = record.cpu_seconds, generation.cpu_seconds
            rows.append(
                factors.columns()
                | {
                    "model": record.model.name,
                    "training_seconds": seconds[0],
                    "generation_seconds": seconds[1],
                    "core_seconds": sum(seconds),
                    "wall_seconds": record.wall_seconds + generation.wall_seconds,
                    "peak_memory_gib": record.peak_memory_gib,
                }
            )
    return pd.DataFrame(rows)


def _exact_rows(system: str, spectrum: Path) -> pd.DataFrame:
    exact = enumerate(read_json(spectrum)["timescales"], start=1)
    return as_table(Row("exact", 0, "timescale", i, value=value) for i, value in exact).assign(
        system=system, coordinate="", dimension=0, partition="", recrossing="none"
    )


def compare(
    cells: Sequence[Factors],
    kinetics: list[Path],
    runs: list[Path],
    spectra: dict[str, Path],
    units: dict[str, str],
    seed: int,
) -> pd.DataFrame:
    """The tidy table of a study.

    Parameters
    ----------
    cells : sequence of Factors
    kinetics : list of Path
        `kinetics.h5` of each cell, in the same order.
    runs : list of Path
        `run.json` of every model in every cell.
    spectra : dict
        System -> JSON with exact timescales.
    units : dict
        System -> time unit.
    seed : int
        Of the error bars.

    Returns
    -------
    pandas.DataFrame
        One row a value, columns `COLUMNS`. Replicates count from 1; replicate 0 is the MD,
        the reference, or all replicates together; other replicates of the MD are the sets that
        those of the models were trained on. low and high are 95 % intervals: block bootstrap
        for the MD, Student over replicates for times, both for log2 ratios (Student alone where
        each replicate has its own MD), and the range over replicates elsewhere.
    """
    by_cell = _records_by_cell(runs)
    parts = []
    for factors, path in zip(cells, kinetics, strict=True):
        table = read_table(path)
        # Of the cell alone: other cells do not change its error bars.
        rng = np.random.default_rng((seed, zlib.crc32(factors.cell.folder.encode())))
        rows = list(_ratios(table, read_arrays(path, "bootstrap"), rng))
        rows += [row for record in by_cell[factors.cell] for row in _run_rows(record)]
        trained = as_table(row for row in rows if row.quantity in SUMMED_UP)
        rows += over_replicates(pd.concat([table, trained]))
        part = pd.concat([table, as_table(rows)], ignore_index=True)
        parts.append(part.assign(**factors.columns(), dimension=read_attributes(path)["dimension"]))
    for system, spectrum in spectra.items():
        parts.append(_exact_rows(system, spectrum))
    whole = pd.concat(parts, ignore_index=True)
    whole["unit"] = [
        _unit(q, units[s]) for q, s in zip(whole["quantity"], whole["system"], strict=True)
    ]
    return whole[COLUMNS]

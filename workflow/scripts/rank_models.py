"""Adapter: comparison, costs, bootstrap samples and validating MD -> leaderboard."""

from functools import partial

import numpy as np
import pandas as pd

from raremd.analysis.leaderboard import as_markdown, rank, validation_timescales
from raremd.io.logs import log_to
from raremd.io.storage import atomic_path, read_arrays, read_parquet
from raremd.states.discrete_trajectories import read_states


def validation_of(states: str, cell: dict, lags: np.ndarray, n: int) -> np.ndarray:
    """Timescales of the MD that validates, in the time unit of the lags."""
    frames = [round(lag / cell["interval"]) for lag in lags]
    return cell["interval"] * validation_timescales(read_states(states), cell["stride"], frames, n)


def rank_cells(files, cells: list[dict], lags: dict, seed: int) -> pd.DataFrame:
    key = ["system", "coordinate", "interval", "partition"]
    tables = dict(list(read_parquet(files.comparison).groupby(key)))
    cost = dict(list(read_parquet(files.cost).groupby(key)))
    parts = []
    for cell, kinetics, states in zip(cells, files.kinetics, files.states, strict=True):
        of, system = tuple(cell[name] for name in key), cell["system"]
        samples, held_out = read_arrays(kinetics, "bootstrap"), partial(validation_of, states, cell)
        parts.append(rank(system, tables[of], samples, cost[of], held_out, lags[system], seed))
    return pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    log_to(snakemake.log[0])
    files, p = snakemake.input, snakemake.params
    ranking = rank_cells(files, p.cells, p.lags, p.seed)
    with atomic_path(snakemake.output.csv) as temporary:
        ranking.to_csv(temporary, index=False)
    with atomic_path(snakemake.output.markdown) as temporary:
        temporary.write_text(as_markdown(ranking, p.folders, p.units))

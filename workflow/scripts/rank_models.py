"""Adapter: comparison, costs, bootstrap samples and validating MD -> leaderboard."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from raremd.analysis.assessment import read_assessments
from raremd.analysis.leaderboard import rank, validation_timescales
from raremd.io.logs import log_to
from raremd.io.storage import atomic_path, read_arrays, read_parquet
from raremd.report.pages.leaderboard import as_markdown
from raremd.states.discrete_trajectories import read_states
from raremd.study.plans import from_param
from raremd.study.verdict_plans import RankedCell, RankingPlan


def validation_of(states: str, at: RankedCell, lags: np.ndarray, n: int) -> np.ndarray:
    """Timescales of the MD that validates, in the time unit of the lags."""
    interval = at.cell.interval
    frames = [round(lag / interval) for lag in lags]
    return interval * validation_timescales(read_states(states), at.stride, frames, n)


def rank_cells(files: Any, plan: RankingPlan) -> pd.DataFrame:
    key = ["system", "coordinate", "interval", "partition"]
    tables = dict(list(read_parquet(files.comparison).groupby(key)))
    cost = dict(list(read_parquet(files.cost).groupby(key)))
    assessments = read_assessments(files.assessments)
    parts = []
    for at, kinetics, states in zip(plan.cells, files.kinetics, files.states, strict=True):
        of = tuple(getattr(at.cell, name) for name in key)
        samples, held_out = read_arrays(kinetics, "bootstrap"), partial(validation_of, states, at)
        known = assessments[at.cell.system]
        parts.append(rank(known, tables[of], samples, cost[of], held_out, plan.seed))
    return pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(RankingPlan, snakemake.params.plan)
    ranking = rank_cells(snakemake.input, plan)
    with atomic_path(snakemake.output.csv) as temporary:
        ranking.to_csv(temporary, index=False)
    with atomic_path(snakemake.output.markdown) as temporary:
        folders = {at.cell.system: at.cell.folder for at in plan.cells}
        units = {at.cell.system: at.unit for at in plan.cells}
        temporary.write_text(as_markdown(ranking, folders, units))

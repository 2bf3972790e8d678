"""The leaderboard of a study: ranking and metrics of all its systems."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from raremd.analysis.assessment import read_assessments
from raremd.analysis.leaderboard import MEMORY, FromMD, rank, validation_timescales
from raremd.analysis.leaderboard_metrics import Known, metrics, validation_counts
from raremd.io.storage import read_arrays, read_json, read_parquet
from raremd.kinetics.memory import qmsm_timescales
from raremd.states.discrete_trajectories import DiscreteSystem, read_states
from raremd.states.split import at_interval
from raremd.study.verdict_plans import RankedCell, RankingPlan

KEY = ["system", "coordinate", "interval", "partition"]


class Board(NamedTuple):
    """Tables of `leaderboard.rank` and `leaderboard_metrics.metrics`, all systems."""

    ranking: pd.DataFrame
    metrics: pd.DataFrame


class Sources(NamedTuple):
    """What a leaderboard is made of; kinetics and states in the order of its cells."""

    comparison: Path
    cost: Path
    assessments: Sequence[str]
    kinetics: Sequence[Path]
    states: Sequence[Path]
    answers: dict[str, Path]
    """Of each system that is solved exactly, see `hidden_chain_exact.Answers`."""


def _frames(at: RankedCell, lags: np.ndarray) -> list[int]:
    return [round(lag / at.cell.interval) for lag in lags]


def _validation(system: DiscreteSystem, at: RankedCell, lags: np.ndarray, n: int) -> np.ndarray:
    """Timescales of the MD that validates, in the time unit of the lags."""
    return at.cell.interval * validation_timescales(system, at.stride, _frames(at, lags), n)


def _memory(system: DiscreteSystem, at: RankedCell, lags: np.ndarray, n: int) -> np.ndarray:
    """Those of a quasi-Markov state model of the MD that trains."""
    dtrajs = at_interval(system.md, system.split.training, at.stride, "none", 1)
    found = qmsm_timescales(dtrajs, system.n_states, MEMORY, _frames(at, lags), n)
    return at.cell.interval * found


def rank_cells(sources: Sources, plan: RankingPlan) -> Board:
    """Rank all models in every cell of the plan."""
    tables = dict(list(read_parquet(sources.comparison).groupby(KEY)))
    cost = dict(list(read_parquet(sources.cost).groupby(KEY)))
    assessments = read_assessments(sources.assessments)
    rankings, measured = [], []
    for at, kinetics, path in zip(plan.cells, sources.kinetics, sources.states, strict=True):
        name, of = at.cell.system, tuple(getattr(at.cell, key) for key in KEY)
        system, assessment, table = read_states(path), assessments[name], tables[of]
        md = FromMD(
            read_arrays(kinetics, "bootstrap"),
            partial(_validation, system, at),
            partial(_memory, system, at),
        )
        rankings.append(rank(assessment, table, md, cost[of], plan.seed))
        answers = sources.answers.get(name)
        known = Known(
            validation_counts(
                system,
                read_arrays(kinetics)["of_state"],
                at.stride,
                round(assessment.lag / at.cell.interval),
            ),
            read_json(answers)["entropies"]["rate"] if answers else np.nan,
        )
        found = metrics(table, assessment.lag, known, plan.seed)
        measured.append(found.assign(system=name)[["system", *found.columns]])
    return Board(*(pd.concat(part, ignore_index=True) for part in (rankings, measured)))

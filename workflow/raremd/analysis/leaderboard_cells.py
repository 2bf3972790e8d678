"""The leaderboard of a study: ranking and metrics of all its systems."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from raremd.analysis.assessment import read_assessments
from raremd.analysis.cell_kinetics import tidy_rows
from raremd.analysis.cell_result import FACTORS
from raremd.analysis.leaderboard import MEMORY, FromMD, rank, validation_timescales
from raremd.analysis.leaderboard_metrics import Known, metrics, validation_counts
from raremd.analysis.leaderboard_rows import committor_rows, extended_rows
from raremd.data.simulated.hidden_chain_exact import Answers
from raremd.io.storage import read_arrays, read_parquet, read_typed
from raremd.kinetics.memory import quasi_markov
from raremd.kinetics.timescales import timescales
from raremd.states.discrete_trajectories import DiscreteSystem, read_states
from raremd.states.split import at_interval
from raremd.study.verdict_plans import RankedCell, RankingPlan


class Board(NamedTuple):
    """Tables of `leaderboard.rank` and `leaderboard_metrics.metrics`, all systems."""

    ranking: pd.DataFrame
    metrics: pd.DataFrame


class Solved(NamedTuple):
    """What there is of a system that is solved exactly.

    Attributes
    ----------
    answers : Path
        See `hidden_chain_exact.Answers`.
    generated : dict
        Model -> what it generated.
    """

    answers: Path
    generated: dict[str, Path]


class Sources(NamedTuple):
    """What a leaderboard is made of; kinetics and states in the order of its cells."""

    comparison: Path
    cost: Path
    assessments: Sequence[str]
    kinetics: Sequence[Path]
    states: Sequence[Path]
    solved: dict[str, Solved]
    """By system."""


def _frames(at: RankedCell, lags: np.ndarray) -> list[int]:
    return [round(lag / at.cell.interval) for lag in lags]


def _validation(system: DiscreteSystem, at: RankedCell, lags: np.ndarray, n: int) -> np.ndarray:
    """Timescales of the MD that validates, in the time unit of the lags."""
    return at.cell.interval * validation_timescales(system, at.stride, _frames(at, lags), n)


def _memory(system: DiscreteSystem, at: RankedCell, lags: np.ndarray, n: int) -> np.ndarray:
    """Those of a quasi-Markov state model of the MD that trains."""
    dtrajs = at_interval(system.md, system.split.training, at.stride, "none", 1)
    frames = _frames(at, lags)
    models = quasi_markov(dtrajs, system.n_states, MEMORY, frames)
    found = [timescales(of.transition_matrix, k, n) for of, k in zip(models, frames, strict=True)]
    return at.cell.interval * np.array(found)


def rank_cells(sources: Sources, plan: RankingPlan) -> Board:
    """Rank all models in every cell of the plan."""
    tables = dict(list(read_parquet(sources.comparison).groupby(FACTORS)))
    cost = dict(list(read_parquet(sources.cost).groupby(FACTORS)))
    assessments = read_assessments(sources.assessments)
    rankings, measured = [], []
    for at, kinetics, path in zip(plan.cells, sources.kinetics, sources.states, strict=True):
        name, of = at.cell.system, tuple(getattr(at.cell, key) for key in FACTORS)
        system, assessment, table = read_states(path), assessments[name], tables[of]
        md = FromMD(
            read_arrays(kinetics, "bootstrap"),
            partial(_validation, system, at),
            partial(_memory, system, at),
        )
        rankings.append(rank(assessment, table, md, cost[of], plan.tolerance, plan.seed))
        of_state, solved = read_arrays(kinetics)["of_state"], sources.solved.get(name)
        lag, entropy_rate = round(assessment.lag / at.cell.interval), np.nan
        rows = list(extended_rows(system, of_state, at.stride, lag))
        if solved:
            answers = read_typed(Answers, solved.answers)
            entropy_rate, exact = answers.entropies.rate, np.array(answers.committor)
            rows += committor_rows(system.reference, solved.generated, exact)
        known = Known(validation_counts(system, of_state, at.stride, lag), entropy_rate)
        read = pd.concat([table, tidy_rows(rows, at.cell.interval)])
        found = metrics(read, assessment.lag, known, plan.seed)
        measured.append(found.assign(system=name)[["system", *found.columns]])
    return Board(*(pd.concat(part, ignore_index=True) for part in (rankings, measured)))

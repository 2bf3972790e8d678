"""A network is trained with the budget that the laws predict: was the prediction right?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from raremd.analysis.cell_result import FACTORS
from raremd.analysis.laws import Forecast
from raremd.io.storage import Number, read_arrays
from raremd.kinetics.timescales import count_matrix, estimate, timescales
from raremd.learning.replicates import CellData
from raremd.states.discrete_trajectories import read_states
from raremd.study.laws_plan import PointPlan
from raremd.study.plans import Slicing, TrainingPlan


@dataclass(frozen=True)
class StepTimes:
    """Slowest timescales at one step, in saved frames; NaN where there is none.

    Attributes
    ----------
    md : tuple of float
        Of the MD that each replicate was trained on.
    generated : tuple of float
    """

    md: tuple[Number, ...]
    generated: tuple[Number, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """Generated over MD."""
        return tuple(mine / md for mine, md in zip(self.generated, self.md, strict=True))


@dataclass(frozen=True)
class Outcome:
    """The training that tries a forecast."""

    forecast: Forecast
    times: StepTimes

    @property
    def reached(self) -> bool:
        """Whether t1, the geometric mean over replicates, is as near to the MD's as predicted."""
        mean = float(np.exp(np.mean(np.log(self.times.ratios))))
        return bool(
            1.0 - self.forecast.plan.within <= mean <= 1.0 / (1 - self.forecast.plan.within)
        )


def with_budget(plan: TrainingPlan, forecast: Forecast) -> TrainingPlan:
    """A training that sees the predicted number of tokens, to their end."""
    tokens = forecast.trained
    budget = replace(plan.model.budget, tokens=tokens, patience_tokens=tokens)
    return replace(plan, model=replace(plan.model, budget=budget))


def _slowest(trajectories: list[np.ndarray], n_states: int) -> float:
    chain = estimate(count_matrix(trajectories, n_states, 1))
    return float(timescales(chain.transition_matrix, 1, 1, chain.stationary)[0])


def step_times(states: Path, generated: Path, slicing: Slicing) -> StepTimes:
    """Slowest timescales at one step of the MD and of what was generated.

    Parameters
    ----------
    states, generated : Path
        As `train_and_generate` reads and writes them.
    slicing : Slicing
        How the cell sees the MD.
    """
    system = read_states(states)
    md, own = [], []
    for name, walkers in read_arrays(generated).items():
        data = CellData.of(system, slicing, int(name.removeprefix("replicate_")))
        md.append(_slowest(data.training, system.n_states))
        own.append(_slowest(list(walkers), system.n_states))
    return StepTimes(tuple(md), tuple(own))


def beside_kept(
    plans: Sequence[PointPlan], times: Sequence[StepTimes], kept: pd.DataFrame | None
) -> pd.DataFrame:
    """Ratios of trainings done again beside those that a study kept.

    Parameters
    ----------
    plans : sequence of PointPlan
    times : sequence of StepTimes
        In the same order.
    kept : pandas.DataFrame or None
        As `law_points.points` made it; None if no study was kept.

    Returns
    -------
    pandas.DataFrame
        system, model; ratio, low and high, of t1 generated over t1 of the MD at one step, median
        and range over replicates; kept, kept_low and kept_high, NaN where nothing was kept.
    """
    rows = []
    for plan, found in zip(plans, times, strict=True):
        own = np.array(found.ratios)
        other = np.empty(0)
        if kept is not None:
            here = kept[kept["model"] == plan.model]
            for name in FACTORS:
                here = here[here[name] == getattr(plan.cell, name)]
            other = here["ratio"].to_numpy(np.float64)
        rows.append((plan.cell.system, plan.model, *_range(own), *_range(other)))
    columns = ["system", "model", "ratio", "low", "high", "kept", "kept_low", "kept_high"]
    return pd.DataFrame(rows, columns=columns)


def _range(values: np.ndarray) -> tuple[float, float, float]:
    if not len(values):
        return np.nan, np.nan, np.nan
    return float(np.median(values)), float(values.min()), float(values.max())

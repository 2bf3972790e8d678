"""MD and generated trajectories in memory: a study's numbers and statements, without its files.

The estimator, the error bars, the assessment of the MD and the rule for `reproduced` are those of a
study. With one set of generated trajectories a model's interval comes from resampled blocks of
them, as the MD's does; with several, as of several trainings, from their spread.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from raremd.analysis.assess import assess
from raremd.analysis.assessment import Assessment, Doubt
from raremd.analysis.cell_kinetics import Seen, md_rows, point_rows, tidy_rows
from raremd.analysis.cell_result import LOG2_CAP, MD, CellResult, Reading
from raremd.analysis.comparison import over_replicates
from raremd.analysis.given_md import GivenAssessment, GivenMD
from raremd.analysis.inspection import its_rows
from raremd.analysis.recommendation import (
    Outcome,
    ProcessComparison,
    compare_process,
    outcome_of,
)
from raremd.analysis.rows import as_table
from raremd.analysis.slow_process import SlowProcess
from raremd.analysis.yardstick import Yardstick
from raremd.data.state_copies import refuse_same
from raremd.data.state_numbers import StateNumbers, as_trajectories
from raremd.kinetics.bootstrap import bootstrap_blocks
from raremd.study.cell import Cell
from raremd.study.plans import AssessmentPlan
from raremd.study.settings.sections import RESERVED

SHOWN = (
    "timescale",
    "population",
    "mfpt",
    "residence_time",
    "crossing_rate",
    "transition_probability",
)
"""Quantities of the table, beside those of timescales in metastable states."""
NEVER = -math.log(0.025)
"""Where so many crossings are expected, none at all is seen in 2.5 % of cases."""
BY_STATE = ("population", "mfpt", "residence_time", "transition_probability")


def assess_md(md: GivenMD, plan: AssessmentPlan) -> GivenAssessment:
    """The assessment of a study, of all of this MD; states by the user's numbers."""
    named = replace(plan, names=tuple(map(str, md.names.tolist())))
    found = assess(md.metastable, md.finer, named)
    found = replace(found, connected=min(found.connected, md.connected))
    return GivenAssessment(**vars(found), frame_interval=plan.frame_interval)


def timescales_of(md: GivenMD, plan: AssessmentPlan) -> pd.DataFrame:
    """Implied timescales of the MD in metastable states against lag: i, lag, value, low, high."""
    coarse = md.metastable
    table = as_table(its_rows(coarse.md, coarse.n_states, plan))
    times = ["lag", "value", "low", "high"]
    table[times] *= plan.frame_interval
    return table[["i", *times]]


@dataclass(frozen=True)
class ModelOutcome:
    """One model against the slow processes of the MD, at the lag of comparison.

    Attributes
    ----------
    model : str
    processes : tuple of ProcessComparison
    doubts : tuple of Doubt
        Of the MD.
    """

    model: str
    processes: tuple[ProcessComparison, ...]
    doubts: tuple[Doubt, ...]

    @property
    def outcome(self) -> Outcome:
        """Reproduced, not, or not to be told."""
        return outcome_of(self.processes, self.doubts)


@dataclass(frozen=True, eq=False)
class Compared:
    """Models beside the MD.

    Attributes
    ----------
    md : GivenMD
    plan : AssessmentPlan
    assessment : Assessment
    outcomes : tuple of ModelOutcome
    rows : pandas.DataFrame
        All quantities of MD and models as in the comparison table of a study; replicate 0.
    table : pandas.DataFrame
        The models' of `SHOWN` beside the MD's: model, quantity, i, j, lag, value, low, high, md,
        md_low, md_high, ratio, verdict. i and j are the user's states, or number a timescale
        from 1; -1 where there is none.
    """

    md: GivenMD
    plan: AssessmentPlan
    assessment: Assessment
    outcomes: tuple[ModelOutcome, ...]
    rows: pd.DataFrame
    table: pd.DataFrame


def compare_models(md: GivenMD, generated: Mapping[str, Any], plan: AssessmentPlan) -> Compared:
    """All kinetics of MD and models, and whether each model reproduces the slow processes.

    Parameters
    ----------
    md : GivenMD
    generated : mapping
        Model -> its trajectories, or a list of such sets, one for each training.
    plan : AssessmentPlan

    Raises
    ------
    ValueError
        If something is no set of trajectories in the states of the MD, all are too short, or a
        name is one that tables use.
    """
    named = isinstance(generated, Mapping) and all(isinstance(name, str) for name in generated)
    if not named or not generated:
        raise ValueError(
            "generated: give the trajectories of each model by its name, {'LSTM': ...}"
        )
    for model in generated:
        if model.lower() in RESERVED:
            raise ValueError(f"'{model}' cannot be the name of a model: tables use it for the MD")
        if not model.strip() or not model.isprintable() or "|" in model:
            raise ValueError(f"{model!r} cannot be the name of a model in a table")
    assessment = assess_md(md, plan)
    yardstick = Yardstick.of(md.metastable.md, len(md.names), md.of_state, plan.yardstick_lag)

    def seen(dtrajs: list[np.ndarray]) -> Seen:
        how = len(md.states.labels), yardstick, plan.lags, plan.timescales
        return Seen(dtrajs, yardstick.map(dtrajs) if md.lumped else dtrajs, *how)

    def resampled(dtrajs: list[np.ndarray]) -> pd.DataFrame:
        lengths = [len(d) for d in dtrajs]
        blocks = bootstrap_blocks(lengths, plan.block)
        if len(blocks) < 2:  # a single one that is no longer than twice the longest lag
            return tidy_rows(point_rows(seen(dtrajs)), plan.frame_interval)
        rng = np.random.default_rng(plan.seed)
        rows, _ = md_rows(seen(dtrajs), blocks, plan.samples, rng)
        return tidy_rows(rows, plan.frame_interval)

    parts, once = [resampled(md.dtrajs).assign(model=MD, replicate=0)], {}
    for model, given in generated.items():
        sets = _sets(given, model, md.states, max(plan.lags))
        of_sets = [f"{model}[{k}]" for k, own in enumerate(sets) for _ in own]
        refuse_same([dtraj for own in sets for dtraj in own], of_sets)
        if len(sets) == 1:
            once[model] = plan.frame_interval * sum(map(len, sets[0]))
            whole = resampled(sets[0]).assign(model=model)
            parts += [whole.assign(replicate=replicate) for replicate in (0, 1)]
            continue
        each = [
            tidy_rows(point_rows(seen(own)), plan.frame_interval).assign(model=model, replicate=k)
            for k, own in enumerate(sets, start=1)
        ]
        parts += [*each, as_table(over_replicates(pd.concat(each)))]
    rows = pd.concat(parts, ignore_index=True)
    lag = plan.frame_interval * plan.yardstick_lag
    cell = CellResult(Cell(plan.system, "", plan.frame_interval, ""), lag, rows)
    every = {
        (model, reading): _processes(cell, model, reading, plan, once.get(model, 0.0))
        for model in generated
        for reading in Reading
    }
    outcomes = tuple(
        ModelOutcome(
            model,
            tuple(p for p in every[model, Reading.LONG_LAG] if p.i <= len(assessment.slow)),
            assessment.doubts,
        )
        for model in generated
    )
    shown = rows[rows["replicate"] == 0]
    table = _beside(shown, md, plan)
    table["verdict"] = [_verdict(row, every, md, plan, assessment) for row in table.itertuples()]
    return Compared(md, plan, assessment, outcomes, shown, table)


def _is_set(item: Any) -> bool:
    """Whether this is several trajectories: a list of numbers, or a column of them, is one."""
    if isinstance(item, list | tuple):
        return any(np.ndim(part) and np.size(part) > 1 for part in item)
    return np.ndim(item) == 2 and np.shape(item)[1] > 1


def _sets(given: Any, model: str, states: StateNumbers, longest: int) -> list[list[np.ndarray]]:
    """The generated trajectories of each training."""
    several = isinstance(given, list | tuple) and len(given) > 0 and all(map(_is_set, given))
    found = []
    for number, one in enumerate(given if several else [given]):
        name = f"{model}[{number}]" if several else model
        own = states.from_zero(as_trajectories(one, name), name)
        if max(map(len, own)) <= longest:
            raise ValueError(
                f"{name}: no trajectory is longer than the longest lag, {longest} frames; generate "
                "more frames, or leave out long lags"
            )
        found.append(own)
    return found


def _processes(
    cell: CellResult, model: str, reading: Reading, plan: AssessmentPlan, time: float
) -> list[ProcessComparison]:
    """All timescales of the MD that are longer than the lag of a reading.

    `time` is that of all trajectories where there is one set: if they never cross, the crossings
    that the MD would show in it bound the timescale. Half of these count: a side that makes up
    nearly all frames is left in half of all crossings.
    """
    t, found = cell.table, []
    crossed = t[(t["model"] == MD) & (t["quantity"] == "crossing_rate") & (t["replicate"] == 0)]
    expected = time * float(crossed["value"].iloc[-1]) / 2.0  # at the longer of two lags
    here = t[(t["quantity"] == reading.value) & (t["replicate"] == 0)]
    here = here[np.isclose(here["lag"], cell.lag(reading), rtol=1e-6, atol=0.0)]
    for i in range(1, plan.timescales + 1):
        md = cell.md_timescale(reading, i)
        if not md > 0:
            continue
        rows = here[here["i"] == i].set_index("model")[["low", "high"]]
        own = SlowProcess(i, md, *(float(x) for x in rows.loc[MD]))
        deviations = cell.deviations(model, reading, i)
        bounds = None
        if len(deviations) == 1:
            with np.errstate(divide="ignore", invalid="ignore"):
                low, high = np.log2(rows.loc[model].to_numpy(np.float64) / md)
            never = np.isnan(low) and deviations[0] >= LOG2_CAP
            if i == 1 and never and expected > NEVER:
                low = np.log2(expected / NEVER)
            low, high = (x if np.isfinite(x) else s * LOG2_CAP for x, s in ((low, -1), (high, 1)))
            bounds = float(low), float(high)
        found.append(compare_process(own, deviations, plan.tolerance, bounds))
    return found


def _beside(shown: pd.DataFrame, md: GivenMD, plan: AssessmentPlan) -> pd.DataFrame:
    """Each value of a model beside the MD's, with the user's numbers of states."""
    kept = [*SHOWN, *(["yardstick_timescale"] if md.lumped else [])]
    key = ["quantity", "i", "j", "lag"]
    shown = shown[shown["quantity"].isin(kept)]
    is_md = shown["model"] == MD
    reference = shown[is_md].rename(columns={"value": "md", "low": "md_low", "high": "md_high"})
    columns = [*key, "md", "md_low", "md_high"]
    # Lags are whole frames: as such they are the same number on both sides.
    models, reference = (
        part.assign(lag=(part["lag"] / plan.frame_interval).round().astype(np.int64))
        for part in (shown[~is_md], reference)
    )
    table = models.merge(reference[columns], on=key, how="left")
    table["lag"] = table["lag"] * plan.frame_interval
    with np.errstate(divide="ignore", invalid="ignore"):
        table["ratio"] = table["value"] / table["md"]
    for column in ("i", "j"):
        numbered = table["quantity"].isin(BY_STATE) & (table[column] > 0)
        table.loc[table[column] == 0, column] = -1
        table.loc[numbered, column] = md.names[table.loc[numbered, column] - 1]
    order = ["model", *key, "value", "low", "high", "md", "md_low", "md_high", "ratio"]
    return table[order].reset_index(drop=True)


def _verdict(
    row: Any,
    every: Mapping[tuple[str, Reading], list[ProcessComparison]],
    md: GivenMD,
    plan: AssessmentPlan,
    assessment: Assessment,
) -> str:
    """Of timescales at the two lags at which models are judged; else nothing is said."""
    long_lag = Reading.LONG_LAG if md.lumped else Reading.ONE_STEP
    frames = round(row.lag / plan.frame_interval)
    if row.quantity == long_lag.value and frames == plan.yardstick_lag:
        reading = Reading.LONG_LAG
    elif row.quantity == Reading.ONE_STEP.value and frames == 1:
        reading = Reading.ONE_STEP
    else:
        return ""
    own = [p for p in every[row.model, reading] if p.i == row.i]
    return str(outcome_of(own, assessment.doubts)) if own else ""

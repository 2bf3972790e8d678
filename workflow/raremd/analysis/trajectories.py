"""MD and generated trajectories in memory: a study's numbers and statements, without its files.

The estimator, the error bars, the assessment of the MD and the rule for `reproduced` are those of a
study. With one set of generated trajectories a model's interval comes from resampled blocks of
them, as the MD's does; with several, as of several trainings, from their spread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from raremd.analysis.assessment import Assessment, Doubt, SlowProcess, assess
from raremd.analysis.cell_kinetics import MAX_BLOCKS, Seen, md_rows, point_rows, tidy_rows
from raremd.analysis.cell_result import LOG2_CAP, MD, CellResult, Reading
from raremd.analysis.comparison import over_replicates
from raremd.analysis.inspection import its_rows
from raremd.analysis.recommendation import (
    Outcome,
    ProcessComparison,
    compare_process,
    outcome_of,
)
from raremd.analysis.verdicts import paired_effect
from raremd.analysis.yardstick import Yardstick
from raremd.data.state_numbers import StateNumbers, as_trajectories, refuse_overlaps
from raremd.kinetics.bootstrap import trajectory_blocks
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.partition_methods import GivenSettings, PCCASettings
from raremd.states.split import Segment, Split, check_lengths
from raremd.study.cell import Cell
from raremd.study.plans import AssessmentPlan
from raremd.study.settings.sections import RESERVED
from raremd.study.settings.study import Settings
from raremd.study.settings.systems import BLOCK_LAGS, TIMESCALES

FEW_STATES = 20
"""More states are lumped, if nothing is said, into so many metastable ones:"""
LUMPS = 4
LATER = 3
"""Lags should reach so many times beyond the one at which models are compared."""
SHOWN = (
    "timescale",
    "population",
    "mfpt",
    "residence_time",
    "crossing_rate",
    "transition_probability",
)
"""Quantities of the table, beside those of timescales in metastable states."""
BY_STATE = ("population", "mfpt", "residence_time", "transition_probability")


@dataclass(frozen=True, eq=False)
class GivenMD:
    """The MD of a user.

    Attributes
    ----------
    states : StateNumbers
    dtrajs : list of (n_frames,) int16
        States from 0.
    of_state : (n_states,) int16
        Metastable state of each.
    names : (n_metastable,) int64
        What the user calls these.
    lumped : bool
        Whether they are others than the states.
    """

    states: StateNumbers
    dtrajs: list[np.ndarray]
    of_state: np.ndarray
    names: np.ndarray
    lumped: bool

    @classmethod
    def of(cls, dtrajs: Any, macrostates: Any, lag: int) -> GivenMD:
        """Check and number.

        Parameters
        ----------
        dtrajs : array or list of arrays
        macrostates : None, int, mapping or sequence of int
            None takes the states themselves, or four metastable ones where there are more than
            twenty; a number asks PCCA+ for so many; else the macrostate of each state, by state
            or in the order of the states.
        lag : int
            Of PCCA+, in frames.

        Raises
        ------
        ValueError
            In one line.
        """
        of_user = as_trajectories(dtrajs, "dtrajs")
        refuse_overlaps(of_user, [f"dtrajs[{k}]" for k in range(len(of_user))])
        states = StateNumbers.of(of_user, "dtrajs")
        numbered, n = states.from_zero(of_user, "dtrajs"), len(states.labels)
        if macrostates is None and n <= FEW_STATES:
            return cls(states, numbered, np.arange(n, dtype=np.int16), states.labels, False)
        if macrostates is None or isinstance(macrostates, int | np.integer):
            wanted = LUMPS if macrostates is None else int(macrostates)
            pcca = PCCASettings(GivenSettings(labels=tuple(range(n))), wanted, lag)
            frames = [d[:, None].astype(np.float32) for d in numbered]
            partition = pcca.fit(frames, np.zeros(1), seed=0)
            of_state = partition.assign(np.arange(n, dtype=np.float32)[:, None])
            return cls(states, numbered, of_state, np.arange(partition.n_states), True)
        names, of_state = np.unique(_given(macrostates, states.labels), return_inverse=True)
        if len(names) < 2:
            raise ValueError("macrostates: all states are lumped into one; give at least two")
        return cls(states, numbered, of_state.astype(np.int16), names, True)

    @property
    def metastable(self) -> DiscreteSystem:
        """All of it as training data, in metastable states."""
        md = [self.of_state[dtraj] for dtraj in self.dtrajs]
        everything = tuple(Segment(k, 0, len(d)) for k, d in enumerate(md))
        return DiscreteSystem(len(self.names), 1, md, md, [], [], Split(everything, ()))


def _given(macrostates: Any, labels: np.ndarray) -> list[int]:
    """Macrostate of each state, in the order of the states."""
    if isinstance(macrostates, Mapping):
        missing = [label for label in labels.tolist() if label not in macrostates]
        if missing:
            raise ValueError(f"macrostates: state {missing[0]} of the trajectories is not in it")
        return [int(macrostates[label]) for label in labels.tolist()]
    if len(macrostates) != len(labels):
        raise ValueError(
            f"macrostates: {len(macrostates)} numbers for {len(labels)} states; give one for each, "
            f"in the order of the states: {labels.tolist()[:5]} ..."
        )
    return [int(m) for m in macrostates]


def plan_of(
    dtrajs: Any, lags: Sequence[int], lag: int | None, frame_interval: float, unit: str
) -> AssessmentPlan:
    """How the MD is looked at, with a study's defaults.

    Parameters
    ----------
    dtrajs : array or list of arrays
    lags : sequence of int
        In frames.
    lag : int or None
        At which models are compared, in frames; None takes the longest of `lags` that another is
        at least three times as long as, by which convergence with lag can be judged.
    frame_interval : float
    unit : str

    Raises
    ------
    ValueError
        If a lag is no whole number of frames, or none is shorter than a trajectory.
    """
    every = [*lags, *([] if lag is None else [lag])]
    wrong = [x for x in every if x != int(x) or x < 1]
    if wrong or not every:
        raise ValueError(f"lags: {wrong[0] if wrong else 'none'}: give whole numbers of frames")
    if not frame_interval > 0:
        raise ValueError(f"frame_interval: {frame_interval} must be more than 0")
    ordered = sorted({int(x) for x in every})
    early = [x for x in ordered if LATER * x <= ordered[-1]]
    chosen = int(lag) if lag is not None else (early or ordered)[-1]
    lengths = [len(dtraj) for dtraj in as_trajectories(dtrajs, "dtrajs")]
    check_lengths(lengths, ordered[-1])
    whole = Settings.model_fields
    return AssessmentPlan(
        system="MD",
        unit=unit,
        frame_interval=float(frame_interval),
        lags=tuple(ordered),
        yardstick_lag=chosen,
        block=min(BLOCK_LAGS * ordered[-1], max(lengths) // 2),
        timescales=TIMESCALES,
        samples=whole["bootstrap_samples"].default,
        seed=0,
        tolerance=whole["tolerance"].default,
        minimum_transitions=whole["minimum_transitions"].default,
    )


def assess_md(md: GivenMD, plan: AssessmentPlan) -> Assessment:
    """The assessment of a study, of all of this MD; states by the user's numbers."""
    found = assess(md.metastable, plan)
    one, other = (int(md.names[k]) for k in found.balance.states)
    return replace(found, balance=replace(found.balance, states=(one, other)))


def timescales_of(md: GivenMD, plan: AssessmentPlan) -> pd.DataFrame:
    """Implied timescales of the MD in metastable states against lag: i, lag, value, low, high."""
    coarse = md.metastable
    table = pd.DataFrame(its_rows(coarse.md, coarse.n_states, plan))
    table[["lag", "value", "low", "high"]] *= plan.frame_interval
    return table.drop(columns="quantity")


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
    wrong = [model for model in generated if model in RESERVED]
    if wrong:
        raise ValueError(f"'{wrong[0]}' cannot be the name of a model: tables use it for the MD")
    assessment = assess_md(md, plan)
    yardstick = Yardstick.of(md.metastable.md, len(md.names), md.of_state, plan.yardstick_lag)

    def seen(dtrajs: list[np.ndarray]) -> Seen:
        how = len(md.states.labels), yardstick, plan.lags, plan.timescales
        return Seen(dtrajs, yardstick.map(dtrajs), *how)

    def resampled(dtrajs: list[np.ndarray]) -> pd.DataFrame:
        lengths = [len(d) for d in dtrajs]
        blocks = trajectory_blocks(lengths, max(plan.block, sum(lengths) // MAX_BLOCKS))
        if len(blocks) < 2:  # a single one that is no longer than twice the longest lag
            return tidy_rows(list(point_rows(seen(dtrajs))), plan.frame_interval)
        rng = np.random.default_rng(plan.seed)
        rows, _ = md_rows(seen(dtrajs), blocks, plan.samples, rng)
        return tidy_rows(rows, plan.frame_interval)

    parts = [resampled(md.dtrajs).assign(model=MD, replicate=0)]
    for model, given in generated.items():
        sets = _sets(given, model, md.states, max(plan.lags))
        if len(sets) == 1:
            whole = resampled(sets[0]).assign(model=model)
            parts += [whole.assign(replicate=replicate) for replicate in (0, 1)]
            continue
        each = [
            tidy_rows(list(point_rows(seen(own))), plan.frame_interval).assign(
                model=model, replicate=k
            )
            for k, own in enumerate(sets, start=1)
        ]
        parts += [*each, pd.DataFrame(over_replicates(pd.concat(each)))]
    rows = pd.concat(parts, ignore_index=True)
    lag = plan.frame_interval * plan.yardstick_lag
    cell = CellResult(Cell(plan.system, "", plan.frame_interval, ""), lag, rows)
    every = {
        (model, reading): _processes(cell, model, reading, plan)
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


def _sets(given: Any, model: str, states: StateNumbers, longest: int) -> list[list[np.ndarray]]:
    """The generated trajectories of each training."""
    several = isinstance(given, list | tuple) and all(
        isinstance(one, list | tuple) or np.ndim(one) == 2 for one in given
    )
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
    cell: CellResult, model: str, reading: Reading, plan: AssessmentPlan
) -> list[ProcessComparison]:
    """All timescales of the MD that are longer than the lag of a reading."""
    t, found = cell.table, []
    here = t[(t["quantity"] == reading.value) & (t["replicate"] == 0)]
    here = here[np.isclose(here["lag"], cell.lag(reading), rtol=1e-6, atol=0.0)]
    for i in range(1, plan.timescales + 1):
        md = cell.md_timescale(reading, i)
        if not md > 0:
            continue
        rows = here[here["i"] == i].set_index("model")[["low", "high"]]
        own = SlowProcess(i, md, *(float(x) for x in rows.loc[MD]))
        deviations = cell.deviations(model, reading, i)
        bounds = paired_effect(deviations).interval()
        if len(deviations) == 1:
            with np.errstate(divide="ignore", invalid="ignore"):
                low, high = np.log2(rows.loc[model].to_numpy(np.float64) / md)
            low, high = (x if np.isfinite(x) else s * LOG2_CAP for x, s in ((low, -1), (high, 1)))
            bounds = float(low), float(high)
        found.append(compare_process(own, deviations, bounds, plan.tolerance))
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
    of_states = table["quantity"].isin(BY_STATE)
    for column in ("i", "j"):
        numbers = table[column].to_numpy()
        table[column] = np.where(of_states & (numbers > 0), md.names[numbers - 1], numbers)
        table.loc[numbers == 0, column] = -1
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

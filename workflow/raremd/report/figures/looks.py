"""What each kind of figure is drawn from, and what decides its look: functions of the study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from raremd.analysis.levels import (
    GRIDS,
    base_levels,
    base_models,
    factor_levels,
    grid_levels,
    map_partitions,
    microstates,
    recrossing_cells,
    shown_models,
)
from raremd.analysis.tidy import CELL, COLUMN, pick
from raremd.report.figures.style import Files, Look
from raremd.study import plan
from raremd.study.study import Study

CELL_FOLDER = "{system}/{coordinate}/dt_{interval}/{partition}"
"""Where the files of a cell are, below the results folder; with wildcards."""

# What figures are drawn from.


def comparison(study: Study, _: str) -> Files:
    """The comparison of the study."""
    return {"comparison": [f"{study.settings.results}/comparison.parquet"]}


def in_states(study: Study, system: str) -> Files:
    """The comparison, and the assessment, which knows how the metastable states are called."""
    assessment = f"{study.settings.results}/{system}/assessment.json"
    return {**comparison(study, system), "assessment": [assessment]}


def costs(study: Study, system: str) -> Files:
    """The comparison, and the computing time of each cell and model."""
    return {**comparison(study, system), "cost": [f"{study.settings.results}/cost.parquet"]}


def claims(study: Study, _: str) -> Files:
    """The verdicts."""
    return {"claims": [f"{study.settings.results}/claims.json"]}


def inspection(study: Study, _: str) -> Files:
    """What the inspection found."""
    return {"inspection": [f"{study.settings.results}/inspect.csv"]}


def differences(study: Study, _: str) -> Files:
    """Differences to another program in one cell."""
    return {"differences": [f"{study.settings.results}/{CELL_FOLDER}/crosscheck.csv"]}


def ranking(study: Study, _: str) -> Files:
    """The leaderboard."""
    return {"ranking": [f"{study.settings.results}/leaderboard.csv"]}


def histories(study: Study, system: str) -> Files:
    """The comparison, and histories of each model in each cell, in the order of the study."""
    folders = [f"{c.folder}/{m}" for c, ms in study.cells.items() if c.system == system for m in ms]
    return {
        **comparison(study, system),
        "histories": [f"{study.settings.results}/{f}/history.parquet" for f in folders],
    }


def maps(study: Study, system: str) -> Files:
    """States of the base cell and of the yardstick."""
    shown = map_partitions(study, system)
    return {"states": [plan.states_file(study, system, *at) for at in shown]}


def trajectories(study: Study, system: str) -> Files:
    """MD, kinetics and generated trajectories of the base cell."""
    base = study.base(system)
    folder = f"{study.settings.results}/{base.folder}"
    return {
        "states": [plan.states_file(study, system, base.coordinate, base.partition)],
        "kinetics": [f"{folder}/kinetics.h5"],
        "generated": [f"{folder}/{m}/generated.h5" for m in base_models(study, system)],
    }


# What decides their look.


def _lag(study: Study, system: str) -> float:
    return study.system(system).yardstick.lag


def _unit(study: Study, system: str) -> str:
    return study.system(system).time_unit


def nothing(study: Study, _: str) -> Look:
    """A figure that tells all by itself."""
    return Look()


def judged_models(study: Study, _: str) -> Look:
    """Networks that are judged, and the tolerance."""
    return Look(models=tuple(study.networks()), tolerance=study.settings.tolerance)


def tolerance(study: Study, _: str) -> Look:
    """Only what counts as right."""
    return Look(tolerance=study.settings.tolerance)


def timescales(study: Study, system: str) -> Look:
    """All cells of a system."""
    rows = ({"system": system},)
    return Look(
        rows=rows,
        models=shown_models(study, rows),
        controls=plan.controls(study),
        unit=_unit(study, system),
    )


def factor(factor: str) -> Callable[[Study, str], Look]:
    """Cells that differ from the base cell in one factor, and other numbers of microstates."""

    def look(study: Study, system: str) -> Look:
        base = {"system": system, **base_levels(study, system)._asdict()}
        levels = factor_levels(study, system, factor)
        rows = [base | {COLUMN[factor]: list(levels)}]
        states = microstates(study, system) if factor == "dimension" else {}
        if states:
            rows.append(base | {"coordinate": list(levels), "partition": list(states)})
        return Look(
            rows=tuple(rows),
            models=shown_models(study, rows),
            controls=plan.controls(study),
            unit=_unit(study, system),
            lag=_lag(study, system),
            tolerance=study.settings.tolerance,
            levels={factor: levels},
            states=states,
        )

    return look


def grid(grid: str) -> Callable[[Study, str], Look]:
    """Cells that differ from the base cell in two factors."""

    def look(study: Study, system: str) -> Look:
        base = {"system": system, **base_levels(study, system)._asdict()}
        free = [COLUMN[factor] for factor in GRIDS[grid]]
        rows = ({c: level for c, level in base.items() if c not in free},)
        return Look(
            rows=rows,
            models=shown_models(study, rows),
            controls=plan.controls(study),
            unit=_unit(study, system),
            lag=_lag(study, system),
            levels=grid_levels(study, system, grid),
        )

    return look


def recrossing(study: Study, system: str) -> Look:
    """Cells that differ in the removal of recrossings.

    Raises
    ------
    ValueError
        If no recrossings are removed in the system.
    """
    cells = recrossing_cells(study, system)
    if cells is None:
        raise ValueError(f"{system}: no recrossings are removed, so there is no such figure")
    levels = {"coordinate": cells.coordinate, "interval": cells.interval}
    rows = ({"system": system, **levels, "partition": list(cells.partitions)},)
    return Look(
        rows=rows,
        models=shown_models(study, rows),
        controls=plan.controls(study),
        unit=_unit(study, system),
        lag=_lag(study, system),
        interval=cells.interval,
    )


def base_cell(study: Study, system: str) -> Look:
    """The base cell."""
    base = base_levels(study, system)
    return Look(
        rows=({"system": system, **base._asdict()},),
        models=base_models(study, system),
        controls=plan.controls(study),
        unit=_unit(study, system),
        lag=_lag(study, system),
        interval=base.interval,
        names=study.system(system).yardstick.names or (),
    )


def controls(study: Study, system: str) -> Look:
    """Each model of the base cell beside its controls."""
    return replace(
        base_cell(study, system),
        models=tuple(study.with_controls()),
        controls=plan.controls(study),
        tolerance=study.settings.tolerance,
    )


def strips(study: Study, system: str) -> Look:
    """Trajectories of the base cell."""
    return replace(base_cell(study, system), stride=study.stride(study.base(system)))


def training(study: Study, system: str) -> Look:
    """All trainings of a system."""
    cells = pick(study.table(), system=system)[["system", *CELL, "model"]]
    return Look(
        rows=tuple(dict(row) for row in cells.to_dict("records")),
        models=tuple(study.settings.models),
        controls=plan.controls(study),
        unit=_unit(study, system),
    )


def predicted(study: Study, _: str) -> Look:
    """All trainings of the study; rows hold the yardstick's lag of each system."""
    lags = {name: system.yardstick.lag for name, system in study.settings.systems.items()}
    return Look(
        rows=tuple({"system": name, "lag": lag} for name, lag in lags.items()),
        models=tuple(study.settings.models),
        controls=plan.controls(study),
    )


def cost(study: Study, system: str) -> Look:
    """All cells of a system, with their controls."""
    return Look(
        rows=({"system": system},),
        models=tuple(study.settings.models),
        controls=plan.controls(study),
        lag=_lag(study, system),
        tolerance=study.settings.tolerance,
    )


def free_energy(study: Study, system: str) -> Look:
    """Partitions whose borders are drawn, and the names of the yardstick's states."""
    return Look(
        rows=({"system": system},),
        levels={"partition": tuple(name for _, name in map_partitions(study, system))},
        names=study.system(system).yardstick.names or (),
    )


def crosscheck(study: Study, system: str) -> Look:
    """All models."""
    return Look(models=tuple(study.settings.models), unit=_unit(study, system))

"""Which models and which levels of a study's factors the figures show, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from raremd.analysis.tidy import (
    COLUMN,
    Levels,
    Removals,
    full_grid,
    of_factor,
    of_grid,
    pick,
    removals,
)
from raremd.study.cell import Cell
from raremd.study.settings.partitions import KMeans
from raremd.study.study import Study

GRIDS = {
    "dimension_interval": ("dimension", "interval"),
    "interval_partition": ("interval", "partition"),
}
"""Pairs of factors that may span a grid."""


def base_levels(study: Study, system: str) -> Levels:
    """The cell that the sweeps of a system depart from."""
    base = study.base(system)
    return Levels(base.coordinate, base.interval, base.partition)


def base_models(study: Study, system: str) -> tuple[str, ...]:
    """Models of the base cell that are no controls, networks at their largest budget."""
    base = study.base(system)
    return tuple(m for m in study.longest_trained([base]) if m in study.cells[base])


def shown_models(study: Study, rows: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    """Models that are no controls, networks at the largest budget of the cells of a figure.

    Parameters
    ----------
    study : Study
    rows : iterable of mapping
        Column -> level, or list of levels, as in a look.
    """

    def fits(cell: Cell, row: Mapping[str, object]) -> bool:
        return all(
            getattr(cell, column) in (level if isinstance(level, list) else [level])
            for column, level in row.items()
        )

    each = list(rows)
    cells = [cell for cell in study.cells if any(fits(cell, row) for row in each)]
    return tuple(study.longest_trained(cells))


def _in_order(study: Study, system: str, factor: str, levels: set[Any]) -> tuple[Any, ...]:
    """Levels of a factor: names as declared, intervals by length."""
    if factor == "interval":
        return tuple(sorted(levels))
    settings = study.system(system)
    declared = settings.coordinates if factor == "dimension" else settings.partitions
    return tuple(name for name in declared if name in levels)


def factor_levels(study: Study, system: str, factor: str) -> tuple[Any, ...]:
    """Levels of one factor, all others as in the base cell, in the order of a figure's axis.

    Removals of recrossings have a figure of their own.
    """
    sweep = pick(study.table(), system=system)
    table = of_factor(sweep, factor, base_levels(study, system))
    if factor == "partition":
        table = pick(table, recrossing="none")
    return _in_order(study, system, factor, set(table[COLUMN[factor]]))


def grid_levels(study: Study, system: str, grid: str) -> dict[str, tuple[Any, ...]]:
    """Factor -> levels of which the sweep has every combination, in the order of its axis."""
    factors = GRIDS[grid]
    table = of_grid(pick(study.table(), system=system), factors, base_levels(study, system))
    found = full_grid(table, *(COLUMN[factor] for factor in factors))
    return {
        factor: _in_order(study, system, factor, set(levels))
        for factor, levels in zip(factors, found, strict=True)
    }


def recrossing_cells(study: Study, system: str) -> Removals | None:
    """The cells that differ in the removal of recrossings only; None without any."""
    sweep = pick(study.table(), system=system)
    return removals(sweep, study.built_on(system), base_levels(study, system))


def microstates(study: Study, system: str) -> dict[str, int]:
    """Partition -> number of states, of all by k-means but the base's."""
    return {
        name: partition.n_states
        for name, partition in sorted(study.system(system).partitions.items())
        if isinstance(partition, KMeans) and name != study.base(system).partition
    }


def map_partitions(study: Study, system: str) -> tuple[tuple[str, str], ...]:
    """Coordinate and states whose borders are drawn on the free energy: of base and yardstick."""
    shown = study.base(system), study.system(system).yardstick
    return tuple(
        dict.fromkeys((at.coordinate, study.states_name(system, at.partition)) for at in shown)
    )

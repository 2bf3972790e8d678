"""Levels of the factors that the cells of a study span: what figures have on their axes."""

from __future__ import annotations

from collections.abc import Callable

from raremd.analysis.tidy import COLUMN, full_grid, of_factor, of_grid, pick, removals
from raremd.study.settings.partitions import KMeans
from raremd.study.study import Study

GRIDS = {
    "dimension_interval": ("dimension", "interval"),
    "interval_partition": ("interval", "partition"),
}
"""Pairs of factors that may span a grid."""


def base_levels(study: Study, system: str) -> dict[str, str | float]:
    """Columns of the comparison table -> levels of the base cell."""
    return study.base(system).levels


def _declared_order(study: Study, system: str, factor: str) -> Callable[..., float]:
    """Sorts the levels of a factor: names as declared, intervals by length."""
    if factor == "interval":
        return float
    settings = study.system(system)
    declared = settings.coordinates if factor == "dimension" else settings.partitions
    return list(declared).index


def factor_levels(study: Study, system: str, factor: str) -> list[str | float]:
    """Levels of one factor, all others as in the base cell, in the order of a figure's axis.

    Removals of recrossings have a figure of their own.
    """
    table = pick(study.table(), system=system)
    table = of_factor(table, factor, base_levels(study, system))
    if factor == "partition":
        table = table[table["recrossing"] == "none"]
    return sorted(set(table[COLUMN[factor]]), key=_declared_order(study, system, factor))


def grid_levels(study: Study, system: str, grid: str) -> dict[str, list[str | float]]:
    """Factor -> levels of which the sweep has every combination, in the order of its axis."""
    factors = GRIDS[grid]
    table = pick(study.table(), system=system)
    table = of_grid(table, factors, base_levels(study, system))
    found = full_grid(table, *(COLUMN[factor] for factor in factors))
    return {
        factor: sorted(levels, key=_declared_order(study, system, factor))
        for factor, levels in zip(factors, found, strict=True)
    }


def recrossing_cells(study: Study, system: str) -> dict[str, str | float | list[str]]:
    """Levels of the cells that differ in the removal of recrossings only; empty without any."""
    table = pick(study.table(), system=system)
    return removals(table, study.built_on(system), base_levels(study, system))


def microstates(study: Study, system: str) -> dict[str, int]:
    """Partition -> number of states, of all by k-means but the base's."""
    return {
        name: partition.n_states
        for name, partition in sorted(study.system(system).partitions.items())
        if isinstance(partition, KMeans) and name != study.base(system).partition
    }

"""Rows of the comparison table, and of the sweep, that belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

CELL = ["coordinate", "interval", "partition"]
COLUMN = {"dimension": "coordinate", "interval": "interval", "partition": "partition"}
"""Column whose levels a factor figure has on its axis."""


class Levels(NamedTuple):
    """Levels of the three factors: a cell of a system as it stands in tables.

    Attributes
    ----------
    coordinate : str
    interval : float
        In the time unit of the system.
    partition : str
    """

    coordinate: str
    interval: float
    partition: str


def pick(table: pd.DataFrame, **levels: Any) -> pd.DataFrame:
    """Rows that hold these levels.

    Parameters
    ----------
    table : pandas.DataFrame
    **levels
        Column -> value, or a list of values; numbers agree within 1e-6 of themselves.

    Returns
    -------
    pandas.DataFrame
    """
    kept = np.ones(len(table), bool)
    for column, level in levels.items():
        values = table[column]
        if isinstance(level, list):
            kept &= values.isin(level).to_numpy()
        elif isinstance(level, str):
            kept &= (values == level).to_numpy()
        else:
            kept &= np.isclose(values.to_numpy(np.float64), level, rtol=1e-6, atol=0)
    return table[kept]


def without_sets(table: pd.DataFrame) -> pd.DataFrame:
    """Rows but those of single sets of the MD, which all replicates together stand for."""
    return table[(table["model"] != "md") | (table["replicate"] == 0)]


def of_factor(table: pd.DataFrame, factor: str, base: Levels) -> pd.DataFrame:
    """Rows of the base cell and of the cells that differ from it in one factor only.

    Parameters
    ----------
    table : pandas.DataFrame
        Of one system.
    factor : str
        ``dimension``, ``interval`` or ``partition``.
    base : Levels
        Of the base cell.
    """
    return pick(table, **{c: v for c, v in base._asdict().items() if c != COLUMN[factor]})


def of_grid(table: pd.DataFrame, factors: Iterable[str], base: Levels) -> pd.DataFrame:
    """Rows of the cells that agree with the base cell in all but these factors.

    Parameters
    ----------
    table : pandas.DataFrame
        Of one system.
    factors : iterable of str
        Two of ``dimension``, ``interval``, ``partition``.
    base : Levels
        Of the base cell.
    """
    free = {COLUMN[factor] for factor in factors}
    return pick(table, **{c: v for c, v in base._asdict().items() if c not in free})


def full_grid(cells: pd.DataFrame, x: str, y: str) -> tuple[list[Any], list[Any]]:
    """Levels of two columns of which every combination is there: the most combinations.

    Parameters
    ----------
    cells : pandas.DataFrame
        A row a cell.
    x, y : str
        Columns.

    Returns
    -------
    tuple of lists
        Levels of x and of y in the order of their appearance; empty where no 2 x 2 grid is full.
    """
    there = pd.crosstab(cells[y], cells[x]) > 0
    best: tuple[list[Any], list[Any]] = ([], [])
    for row in there.index:  # a full grid that contains this row and is as wide as another allows
        for other in there.index.drop(row):
            wide = there.columns[there.loc[row] & there.loc[other]]
            deep = there.index[there[wide].all(axis=1)]
            if len(wide) > 1 and len(wide) * len(deep) > len(best[0]) * len(best[1]):
                best = (list(wide), list(deep))
    wide, deep = best
    return [v for v in cells[x].unique() if v in wide], [v for v in cells[y].unique() if v in deep]


class Removals(NamedTuple):
    """Cells that differ in the removal of recrossings only."""

    coordinate: str
    interval: float
    partitions: tuple[str, ...]


def removals(cells: pd.DataFrame, of: Mapping[str, str], base: Levels) -> Removals | None:
    """The cells that differ in the removal of recrossings only: the largest group of them.

    Parameters
    ----------
    cells : pandas.DataFrame
        A row a cell of one system.
    of : mapping
        Partition without recrossings -> the partition that it is made of.
    base : Levels
        Of the base cell, whose group is taken before others of its size.

    Returns
    -------
    Removals or None
        None where there is no removal beside the same cell with its recrossings.
    """
    groups: dict[Levels, list[str]] = {}
    for coordinate, interval, partition in cells[CELL].drop_duplicates().itertuples(index=False):
        kept = Levels(coordinate, float(interval), of.get(partition, partition))
        groups.setdefault(kept, []).append(partition)
    full = {kept: found for kept, found in groups.items() if kept.partition in found}
    full = {kept: found for kept, found in full.items() if len(found) > 1}
    if not full:
        return None
    best = max(full, key=lambda kept: (len(full[kept]), kept[:2] == base[:2]))
    return Removals(best.coordinate, best.interval, tuple(sorted(full[best])))


def matrix(table: pd.DataFrame, quantity: str, model: str) -> np.ndarray:
    """Values (n_states, n_states) of a quantity with i and j; replicate 0.

    For models that is the mean over replicates. NaN where there is no row.
    """
    rows = pick(table, quantity=quantity, model=model, replicate=0)
    values = np.full((rows["i"].max(), rows["j"].max()), np.nan)
    values[rows["i"] - 1, rows["j"] - 1] = rows["value"]
    return values


def cells(table: pd.DataFrame) -> Iterator[tuple[Levels, pd.DataFrame]]:
    """Levels and rows of each cell, ordered by coordinate, partition, then interval."""
    by = ["coordinate", "partition", "interval"]
    for (coordinate, partition, interval), rows in table[table["coordinate"] != ""].groupby(by):
        yield Levels(coordinate, interval, partition), rows

"""Rows of the comparison table that a figure shows, and readable names for what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

CELL = ["coordinate", "interval", "partition"]
COLUMN = {"dimension": "coordinate", "interval": "interval", "partition": "partition"}
"""Column whose levels a factor figure has on its axis."""

_WORDS = {
    "kmeans": "k-means",
    "gru": "GRU",
    "hmm": "HMM",
    "igme": "IGME",
    "lstm": "LSTM",
    "markov": "Markov",
    "md": "MD",
    "phi": "φ",
    "pcca": "PCCA+",
    "psi": "ψ",
    "tau": "τ",
    "tica": "TICA",
    "transformer": "Transformer",
}


def pretty(name: str) -> str:
    """A name of the configuration as people write it, such as ``k-means 100``."""
    return " ".join(_WORDS.get(word, word) for word in name.split("_"))


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


def of_factor(table: pd.DataFrame, factor: str, base: dict[str, Any]) -> pd.DataFrame:
    """Rows of the base cell and of the cells that differ from it in one factor only.

    Parameters
    ----------
    table : pandas.DataFrame
        Of one system.
    factor : str
        ``dimension``, ``interval`` or ``partition``.
    base : dict
        coordinate, interval and partition of the base cell.
    """
    return pick(table, **{c: base[c] for c in CELL if c != COLUMN[factor]})


def of_grid(table: pd.DataFrame, factors: Iterable[str], base: dict[str, Any]) -> pd.DataFrame:
    """Rows of the cells that agree with the base cell in all but these factors.

    Parameters
    ----------
    table : pandas.DataFrame
        Of one system.
    factors : iterable of str
        Two of ``dimension``, ``interval``, ``partition``.
    base : dict
        coordinate, interval and partition of the base cell.
    """
    free = {COLUMN[factor] for factor in factors}
    return pick(table, **{c: base[c] for c in CELL if c not in free})


def full_grid(cells: pd.DataFrame, x: str, y: str) -> tuple[list, list]:
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
    best: tuple[list, list] = ([], [])
    for row in there.index:  # a full grid that contains this row and is as wide as another allows
        for other in there.index.drop(row):
            wide = there.columns[there.loc[row] & there.loc[other]]
            deep = there.index[there[wide].all(axis=1)]
            if len(wide) > 1 and len(wide) * len(deep) > len(best[0]) * len(best[1]):
                best = (list(wide), list(deep))
    return tuple(
        [level for level in cells[c].unique() if level in kept]
        for c, kept in zip((x, y), best, strict=True)
    )


def removals(cells: pd.DataFrame, of: dict[str, str], base: dict[str, Any]) -> dict[str, Any]:
    """The cells that differ in the removal of recrossings only: the largest group of them.

    Parameters
    ----------
    cells : pandas.DataFrame
        A row a cell of one system.
    of : dict
        Partition without recrossings -> the partition that it is made of.
    base : dict
        coordinate, interval and partition of the base cell, whose group is taken before others of
        its size.

    Returns
    -------
    dict
        coordinate, interval and list of partitions; empty where there is no removal beside the
        same cell with its recrossings.
    """
    groups: dict[tuple, list[str]] = {}
    for cell in cells[CELL].drop_duplicates().itertuples(index=False):
        parent = of.get(cell.partition, cell.partition)
        groups.setdefault((cell.coordinate, cell.interval, parent), []).append(cell.partition)
    full = {key: found for key, found in groups.items() if key[2] in found and len(found) > 1}
    if not full:
        return {}
    here = base["coordinate"], base["interval"]
    best = max(full, key=lambda key: (len(full[key]), key[:2] == here))
    return {"coordinate": best[0], "interval": float(best[1]), "partition": sorted(full[best])}


def matrix(table: pd.DataFrame, quantity: str, model: str) -> np.ndarray:
    """Values (n_states, n_states) of a quantity with i and j; replicate 0.

    For models that is the mean over replicates. NaN where there is no row.
    """
    rows = pick(table, quantity=quantity, model=model, replicate=0)
    values = np.full((rows["i"].max(), rows["j"].max()), np.nan)
    values[rows["i"] - 1, rows["j"] - 1] = rows["value"]
    return values


def cells(table: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Levels and rows of each cell, ordered by coordinate, partition, then interval."""
    by = ["coordinate", "partition", "interval"]
    for key, rows in table[table["coordinate"] != ""].groupby(by, sort=True):
        yield dict(zip(by, key, strict=True)), rows


def cell_title(levels: dict[str, Any], unit: str) -> str:
    """Two lines that name a cell: coordinate and saving interval, partition."""
    return (
        f"{pretty(levels['coordinate'])} · Δt {levels['interval']:g} {pretty(unit)}\n"
        f"{pretty(levels['partition'])}"
    )

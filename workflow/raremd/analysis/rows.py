"""Rows of the tables of kinetics: one value each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd


class Row(NamedTuple):
    """One value.

    Attributes
    ----------
    model : str
        ``md``, ``reference``, or the name of a model; empty where the table says it elsewhere.
    replicate : int
        0 for the MD, the reference, and all replicates together.
    quantity : str
    i, j : int
        Numbers of states or of a timescale, from 1; 0 where there is none.
    lag : float
        In the unit of the table; NaN where there is none.
    value, low, high : float
        NaN where there is no value, or no error bar.
    """

    model: str = ""
    replicate: int = 0
    quantity: str = ""
    i: int = 0
    j: int = 0
    lag: float = np.nan
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan


COLUMNS = list(Row._fields)
WHOLE = dict.fromkeys(("replicate", "i", "j"), np.int64)
REAL = dict.fromkeys(("lag", "value", "low", "high"), np.float64)


def as_table(rows: Iterable[Row]) -> pd.DataFrame:
    """One line per row, columns `COLUMNS`."""
    return pd.DataFrame(list(rows), columns=COLUMNS).astype({**WHOLE, **REAL})


def numbers(index: tuple[int, ...]) -> tuple[int, int]:
    """I and j, from 1, of a place in a vector or a matrix."""
    return index[0] + 1, index[1] + 1 if len(index) > 1 else 0


def rows_of(quantity: str, values: np.ndarray, lag: int) -> Iterator[Row]:
    """A row for each element; of passage times none for the diagonal."""
    for index in np.ndindex(values.shape):
        i, j = numbers(index)
        if quantity != "mfpt" or i != j:
            yield Row(quantity=quantity, i=i, j=j, lag=lag, value=float(values[index]))

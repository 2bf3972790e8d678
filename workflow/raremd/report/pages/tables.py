"""The comparison and its cost as pages of the report: one row for each model in each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from raremd.analysis.tidy import CELL, pick
from raremd.analysis.words import given, number, ratio
from raremd.report.names import named
from raremd.report.pages.markdown import as_table
from raremd.study.verdict_plans import Control

KEY = ["system", *CELL, "model"]
COMPARISON = """\
Slowest timescale of each model over that of the MD, mean over replicates with its 95 % interval: 1
is right, 0.5 a factor of two too fast. **Long lag**: in the metastable states and at the lag of the
yardstick; **one step**: in the cell's own states at its own saving interval. All quantities, lags
and replicates are in `comparison.csv`.
"""
COST = """\
Core time of all replicates of a model in a cell, in seconds, and the largest memory of one job. The
same numbers are in `cost.csv`.
"""
SORT = "Click a heading to sort."


def _name(row: Any, controls: Sequence[Control]) -> list[str]:
    """The cell and the model of a row."""
    cell = (f"`{row.system}`", row.coordinate, given(row.interval), row.partition)
    return [*cell, named(row.model, controls)]


def _ratio(row: Any) -> str:
    if not np.isfinite(row.value):
        return "–"
    return f"{ratio(row.value)} [{ratio(row.low)}, {ratio(row.high)}]"


def comparison(table: pd.DataFrame, lags: Mapping[str, float], controls: Sequence[Control]) -> str:
    """Both readings of the slowest timescale, as Markdown.

    Parameters
    ----------
    table : pandas.DataFrame
        The comparison of a study.
    lags : mapping
        System -> lag of its yardstick, in its time unit.
    controls : sequence of Control
    """
    means = pick(table, replicate=0, i=1)
    own = pick(means, quantity="log2_ratio")
    own = own[np.isclose(own["lag"], own["interval"], rtol=1e-6, atol=0)]
    one_step = {tuple(getattr(r, k) for k in KEY): _ratio(r) for r in own.itertuples()}
    rows = []
    for system, lag in lags.items():
        for row in pick(
            means, system=system, quantity="yardstick_log2_ratio", lag=lag
        ).itertuples():
            key = tuple(getattr(row, k) for k in KEY)
            rows.append([*_name(row, controls), _ratio(row), one_step.get(key, "–")])
    heading = ["system", "coordinate", "interval", "partition", "model", "long lag", "one step"]
    lines = ["# Model / MD in every cell", "", COMPARISON, SORT, "", *as_table(heading, rows), ""]
    return "\n".join(lines)


def cost(table: pd.DataFrame, controls: Sequence[Control]) -> str:
    """Computing time and memory, as Markdown.

    Parameters
    ----------
    table : pandas.DataFrame
        The cost of a study.
    controls : sequence of Control
    """
    rows = [
        [
            *_name(row, controls),
            *(number(s) for s in (row.training_seconds, row.generation_seconds, row.core_seconds)),
            f"{row.peak_memory_gib:.2f}",
        ]
        for row in table.itertuples()
    ]
    heading = [
        "system", "coordinate", "interval", "partition", "model",
        "training (s)", "generation (s)", "core time (s)", "memory (GiB)",
    ]  # fmt: skip
    return "\n".join(["# Cost", "", COST, SORT, "", *as_table(heading, rows), ""])

"""Networks beside each other at the same tokens, in the page of laws: sizes, and the two kinds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from raremd.analysis.cell_result import FACTORS
from raremd.analysis.words import count, number
from raremd.report.pages.markdown import as_table

FACTOR = 1.5
"""Of errors: what is within it counts as equal."""
_ONE_STEP, _LONG = "t1 at one step", "t1 at the yardstick's lag"


def beside_each_other(points: pd.DataFrame) -> list[str]:
    """The two sections.

    Parameters
    ----------
    points : pandas.DataFrame
        The trainings, see `law_points.points`.
    """
    return [
        "## Other sizes, and the networks of papers",
        "",
        *of_sizes(points),
        "",
        "## LSTM and Transformer at the same tokens",
        "",
        "t1 is generated over MD: mean, smallest and largest of the trainings.",
        "",
        *of_kinds(points),
        "",
    ]


def of_sizes(points: pd.DataFrame) -> list[str]:
    """Each network of another size or way of training, beside the small one of its kind."""
    others = points[~points["plain"] & points["variant"].isin(["", "two passes"])]
    rows, factors = [], []
    for key, small in _at_same_tokens(points):
        match = (others[list(key.index)] == key).all(axis=1)
        for network, own in others[match].groupby("network", sort=False):
            factors.append(_mean(own["error"]) / _mean(small["error"]))
            rows.append(
                [
                    f"`{key['system']}`",
                    f"`{network}`",
                    f"{own['parameters'].iloc[0]:,.0f}",
                    f"{key['budget']:,.0f}",
                    *(_range(part[of]) for of in ("ratio", "long_ratio") for part in (own, small)),
                    number(factors[-1], 2),
                ]
            )
    better, worse = (sum(f < 1 / FACTOR for f in factors), sum(f > FACTOR for f in factors))
    heading = [
        "system", "network", "parameters", "tokens", _ONE_STEP, "of the small one", _LONG,
        "of the small one", "error at one step / that of the small one",
    ]  # fmt: skip
    return [
        f"At the same tokens, in {better} of {count(len(rows), 'comparison')} the error at one "
        f"step is smaller than the small network's by more than a factor of {FACTOR:g}, and in "
        f"{worse} it is larger by more. t1 is generated over MD: mean, smallest and largest. "
        "`tsai_64`, `tsai_1024` and `gpt` are networks of papers, at learning rates of their own, "
        "`two_pass` is a paper's way of training; config/scaling.yaml has all settings.",
        "",
        *as_table(heading, rows),
    ]


def of_kinds(points: pd.DataFrame) -> list[str]:
    """LSTM and Transformer of about as many parameters, at each budget that both had."""
    rows = []
    by_cell: dict[tuple[object, ...], dict[str, pd.DataFrame]] = {}
    for key, small in _at_same_tokens(points):
        cell = tuple(key[[*FACTORS, "budget"]])
        by_cell.setdefault(cell, {})[key["kind"]] = small
    for cell, kinds in by_cell.items():
        if kinds.keys() >= {"lstm", "transformer"}:
            both = kinds["lstm"], kinds["transformer"]
            values = (_range(part[of]) for of in ("ratio", "long_ratio") for part in both)
            rows.append([f"`{cell[0]}`", f"{cell[-1]:,.0f}", *values])
    heading = [
        "system", "tokens", f"LSTM: {_ONE_STEP}", "Transformer", f"LSTM: {_LONG}", "Transformer",
    ]  # fmt: skip
    return as_table(heading, rows)


def _at_same_tokens(points: pd.DataFrame) -> Iterator[tuple[pd.Series, pd.DataFrame]]:
    """Trainings of the plain networks by cell, kind and budget, those of the map left out."""
    key = [*FACTORS, "kind", "budget"]
    several = points.groupby(FACTORS)["budget"].transform("nunique") > 1
    for values, small in points[points["plain"] & several].groupby(key, sort=False):
        yield pd.Series(values, key), small


def _mean(values: pd.Series) -> float:
    return float(np.exp(np.log(values).mean()))


def _range(values: pd.Series) -> str:
    low, high = number(values.min(), 2), number(values.max(), 2)
    return number(_mean(values), 2) + (f" [{low}, {high}]" if len(values) > 1 else "")

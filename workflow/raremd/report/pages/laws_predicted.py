"""How well timescales are known before anything is generated, on the page of laws."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from raremd.analysis import predicted
from raremd.analysis.predicted import WITHIN, Agreement, agreement
from raremd.analysis.words import listed, number
from raremd.report.names import pretty
from raremd.report.pages.markdown import as_table

READINGS = {"ratio": "one step", "long_ratio": "yardstick's lag"}
"""Column of the points -> where it is read."""
PREDICTORS = {
    "expected_ratio": predicted.PREDICTORS["expected"],
    "predicted_ratio": predicted.PREDICTORS["twice"],
}
"""Column of the points -> what it is."""
BETTER = "predicted_ratio"


def agreements(points: pd.DataFrame) -> dict[tuple[str, str, str], Agreement]:
    """How predictors agree with what is generated, by kind of network and reading."""
    return {
        (str(kind), reading, predictor): agreement(own[predictor], own[generated])
        for kind, own in points.groupby("kind")
        for generated, reading in READINGS.items()
        for predictor in PREDICTORS
    }


def before_generation(found: Mapping[tuple[str, str, str], Agreement]) -> list[str]:
    """Rows for each kind of network, reading and predictor."""
    rows = [
        [
            pretty(kind),
            reading,
            PREDICTORS[predictor],
            number(a.rms, 2),
            number(a.correlation, 2),
            f"{100 * a.within:.0f} %" if a.n else "–",
            f"{a.n}" + f" ({a.left_out} without a value)" * bool(a.left_out),
        ]
        for (kind, reading, predictor), a in found.items()
    ]
    heading = [
        "network", "read at", "predictor", "rms of ln", "correlation",
        f"within a factor {WITHIN:g}", "trainings",
    ]  # fmt: skip
    return as_table(heading, rows)


def correlations(found: Mapping[tuple[str, str, str], Agreement], reading: str) -> str:
    """Of the better predictor at one reading, in words, by kind of network where they differ."""
    by_kind = {
        kind: number(a.correlation, 2)
        for (kind, at, predictor), a in found.items()
        if (at, predictor) == (reading, BETTER)
    }
    if len(set(by_kind.values())) == 1:
        return next(iter(by_kind.values()))
    return listed([f"{value} for the {pretty(kind)}" for kind, value in by_kind.items()])

"""Our implied timescales over PyEMMA's, and the relative difference of both estimates."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from raremd.analysis.crosscheck import TOLERANCE
from raremd.analysis.words import units
from raremd.report.figures.style import (
    DOUBLE,
    MD,
    SMALL,
    Files,
    Look,
    Series,
    legend_above,
    log_ticks,
    new_figure,
)

SMALLEST = 1e-16
"""Smaller differences are drawn here: the precision of a 64-bit number."""


def read(files: Files, look: Look) -> pd.DataFrame:
    """Differences between the two programs in one cell."""
    return pd.read_csv(files["differences"][0])


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Left, slowest timescales of both; right, differences of timescales and matrices.

    Parameters
    ----------
    data : pandas.DataFrame
        Of `crosscheck.compare`.
    look : Look
        models, unit.
    """
    unit = units(look.unit)
    figure = new_figure(DOUBLE, 2.8)
    left, right = figure.subplots(1, 2)
    series = {"md": Series(MD, "x", "MD")} | look.series
    for model, rows in data.groupby("model", sort=False):
        own = series[model]
        times = rows[rows["quantity"] == "timescale"]
        first = times[times["replicate"] == times["replicate"].min()]
        for i, line in first.groupby("i"):
            label = own.label if i == 1 else None
            left.plot(line["lag"], line["other"], color=own.color, linewidth=0.8)
            left.plot(
                line["lag"], line["ours"], linestyle="none", marker=own.marker, color=own.color,
                label=label, fillstyle="none",
            )  # fmt: skip
        for quantity, filled in (("timescale", "none"), ("transition_probability", "full")):
            chosen = rows[rows["quantity"] == quantity]
            right.plot(
                chosen["lag"], np.maximum(chosen["difference"], SMALLEST), linestyle="none",
                marker=own.marker, color=own.color, fillstyle=filled,
            )  # fmt: skip
    right.axhline(TOLERANCE, color=MD, linestyle="--", linewidth=0.8)
    right.text(0.02, TOLERANCE, "allowed", fontsize=SMALL, va="bottom",
               transform=right.get_yaxis_transform())  # fmt: skip
    left.set(xscale="log", yscale="log", ylabel=f"implied timescale ({unit})")
    right.set(xscale="log", yscale="log", ylabel="relative difference", ylim=(SMALLEST / 3, 1e-4))
    for panel in (left, right):
        panel.set_xlabel(f"lag ({unit})")
        log_ticks(panel.xaxis, *panel.get_xlim())
        panel.tick_params(labelsize=SMALL)
    legend_above(figure, [left])
    return figure

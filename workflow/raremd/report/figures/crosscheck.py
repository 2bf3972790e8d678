"""Our implied timescales over PyEMMA's, and the relative difference of both estimates."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from raremd.analysis.crosscheck import TOLERANCE
from raremd.report.figures.style import DOUBLE, MD, SMALL, Series, legend_above, new_figure

SMALLEST = 1e-16
"""Smaller differences are drawn here: the precision of a 64-bit number."""


def draw(table: pd.DataFrame, looks: dict[str, Series], unit: str) -> Figure:
    """Left, slowest timescales of both; right, differences of timescales and matrices.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `crosscheck.compare`.
    looks : dict
        Model -> Series.
    unit : str
        Of lag and timescale.
    """
    figure = new_figure(DOUBLE, 2.8)
    left, right = figure.subplots(1, 2)
    looks = {"md": Series(MD, "x", "MD")} | looks
    for model, rows in table.groupby("model", sort=False):
        look = looks[model]
        times = rows[rows["quantity"] == "timescale"]
        first = times[times["replicate"] == times["replicate"].min()]
        for i, line in first.groupby("i"):
            label = look.label if i == 1 else None
            left.plot(line["lag"], line["other"], color=look.color, linewidth=0.8)
            left.plot(
                line["lag"], line["ours"], linestyle="none", marker=look.marker, color=look.color,
                label=label, fillstyle="none",
            )  # fmt: skip
        for quantity, filled in (("timescale", "none"), ("transition_probability", "full")):
            own = rows[rows["quantity"] == quantity]
            right.plot(
                own["lag"], np.maximum(own["difference"], SMALLEST), linestyle="none",
                marker=look.marker, color=look.color, fillstyle=filled,
            )  # fmt: skip
    right.axhline(TOLERANCE, color=MD, linestyle="--", linewidth=0.8)
    right.text(0.02, TOLERANCE, "allowed", fontsize=SMALL, va="bottom",
               transform=right.get_yaxis_transform())  # fmt: skip
    left.set(xscale="log", yscale="log", ylabel=f"implied timescale ({unit})")
    right.set(xscale="log", yscale="log", ylabel="relative difference", ylim=(SMALLEST / 3, 1e-4))
    for panel in (left, right):
        panel.set_xlabel(f"lag ({unit})")
        panel.tick_params(labelsize=SMALL)
    legend_above(figure, [left])
    return figure

"""Implied timescales of the MD against lag, before any model: one panel per partition."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from raremd.analysis.words import units
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import pretty

COLUMNS = 3


def read(files: Files, look: Look) -> pd.DataFrame:
    """What the inspection found."""
    return pd.read_csv(files["inspection"][0])


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Timescales with their bootstrap intervals; in the band they are shorter than the lag.

    Parameters
    ----------
    data : pandas.DataFrame
        Of `inspection.inspect_system`, one or several systems.
    look : Look
        Nothing of it is used: each system has its own unit.
    """
    its = data[data["quantity"] == "timescale"]
    panels = list(its.groupby(["system", "coordinate", "partition"], sort=False))
    figure, axes = style.grid(len(panels), COLUMNS, 1.9)
    for panel, ((system, coordinate, partition), rows) in zip(axes, panels, strict=True):
        for _, one in rows.groupby("i"):
            one = one.sort_values("lag")
            high = one["high"].replace(np.inf, style.HUGE)
            panel.fill_between(one["lag"], one["low"], high, color=style.MD, alpha=0.2, linewidth=0)
            panel.plot(
                one["lag"], one["value"], color=style.MD, marker="o", markersize=2.5, label="MD"
            )
        finite = rows["value"][np.isfinite(rows["value"])]
        edge = np.array([rows["lag"].min() / 1.5, rows["lag"].max() * 1.5])
        style.faster_than_lag(panel, edge)
        panel.set(xscale="log", yscale="log", xlim=edge)
        style.log_ticks(panel.xaxis, *edge)
        panel.set_ylim(min([*finite, edge[1]]) / 2, max([*finite, edge[1]]) * 3)
        panel.set_title(f"{system}: {pretty(coordinate)}, {pretty(partition)}")
        unit = units(rows["unit"].iloc[0])
        panel.set(xlabel=f"lag time ({unit})", ylabel=f"implied timescale ({unit})")
    style.legend_above(figure, axes[:1])
    return figure

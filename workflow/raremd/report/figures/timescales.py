"""Implied timescales against lag time, one panel per cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raremd.analysis.tidy import cells, pick
from raremd.analysis.words import units
from raremd.report.figures import style
from raremd.report.figures.style import Look
from raremd.report.names import cell_title

read = style.compared
SHOWN = 2
"""Slow processes in a panel; more would lie on top of each other."""
WIDTHS = 1.0, 0.5
"""Of the lines of t₁ and t₂; marks of t₂ are open."""
COLUMNS = 3
ABOVE = 15
"""The axis ends at so many times the slowest timescale of MD, reference or exact spectrum."""


def _lines(table: pd.DataFrame) -> list[tuple[pd.Series, ...]]:
    """lag, value, low and high of each slow process, by lag."""
    ordered = table.sort_values("lag")
    groups = [rows for _, rows in ordered[ordered["i"] <= SHOWN].groupby("i")]
    return [(g["lag"], g["value"], g["low"], g["high"].replace(np.inf, style.HUGE)) for g in groups]


def draw_timescales(
    axes: Axes, table: pd.DataFrame, exact: pd.DataFrame, looks: dict[str, style.Series]
) -> None:
    """Timescales of one cell.

    Parameters
    ----------
    axes : Axes
    table : pandas.DataFrame
        Rows with quantity `timescale` of one cell.
    exact : pandas.DataFrame
        Rows of model `exact`; may be empty.
    looks : dict
        Model -> Series.
    """
    for number, value in enumerate(exact.loc[exact["i"] <= SHOWN, "value"]):
        label = None if number else "exact"
        axes.axhline(value, color="0.35", linewidth=0.5, label=label, zorder=1)
    for number, (lag, value, low, high) in enumerate(_lines(pick(table, model="md"))):
        label = f"MD, t{'₁₂'[number]}"
        axes.fill_between(lag, low, high, color=style.MD, alpha=0.2, linewidth=0, zorder=1)
        axes.plot(lag, value, color=style.MD, label=label, linewidth=WIDTHS[number], zorder=3)
    for number, (lag, value, _, _) in enumerate(_lines(pick(table, model="reference"))):
        label = None if number else "reference"
        axes.plot(lag, value, "--", color=style.REFERENCE, label=label, zorder=2)
    for model, look in looks.items():
        for number, line in enumerate(_lines(pick(table, model=model, replicate=0))):
            lag, value, low, high = line
            label = None if number else look.label
            axes.vlines(lag, low, high, color=look.color, linewidth=0.8, alpha=0.7, zorder=4)
            axes.plot(
                lag, value, color=look.color, marker=look.marker, markersize=2.5, label=label,
                linewidth=WIDTHS[number], fillstyle=("full", "none")[number], zorder=5,
            )  # fmt: skip


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Implied timescales of every cell of one system, in the cell's own states.

    Parameters
    ----------
    data : pandas.DataFrame
        Comparison of one system.
    look : Look
        models, without controls; unit.
    """
    table = pick(data, quantity="timescale")
    exact, unit = pick(table, model="exact"), units(look.unit)
    panels = list(cells(table))
    figure, axes = style.grid(len(panels), COLUMNS, 2.1, sharex=True, sharey=True)
    times = table.loc[(table["i"] <= SHOWN) & np.isfinite(table["value"])]
    right = times.loc[times["model"].isin(["md", "reference", "exact"]), "value"].max()
    lags = table["lag"].dropna()
    for panel, (levels, rows) in zip(axes, panels, strict=True):
        draw_timescales(panel, rows, exact, look.series)
        panel.set(xscale="log", yscale="log", title=cell_title(levels, look.unit))
        panel.set_xlim(lags.min() / 1.5, lags.max() * 1.5)
        panel.set_ylim(min(times["value"].min(), lags.max()) / 2, right * ABOVE)
        edge = panel.get_xlim()
        style.faster_than_lag(panel, edge)
        panel.set_xlim(edge)
        style.log_ticks(panel.xaxis, *edge)
    figure.supxlabel(f"lag time ({unit})", fontsize=8)
    figure.supylabel(f"implied timescale ({unit})", fontsize=8)
    style.legend_above(figure, axes, title=look.system)
    return figure

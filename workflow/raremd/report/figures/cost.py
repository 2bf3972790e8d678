"""Accuracy of the slowest timescale against computing time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from raremd.analysis.tidy import CELL, pick
from raremd.report.figures import style


def draw_cost(
    axes: Axes, table: pd.DataFrame, looks: dict[str, style.Series], tolerance: float
) -> None:
    """One point a cell and model.

    Parameters
    ----------
    axes : Axes
    table : pandas.DataFrame
        model, core_seconds, log2_ratio.
    looks : dict
        Model -> Series.
    tolerance : float
        log2 deviation that counts as learned.
    """
    axes.axhspan(0, tolerance, color=style.BAND, linewidth=0, zorder=0)
    for model, look in looks.items():
        rows = pick(table, model=model)
        if len(rows):
            axes.plot(
                rows["core_seconds"], style.within(np.abs(rows["log2_ratio"])), linestyle="none",
                marker=look.marker, color=look.color, alpha=0.85, clip_on=False, label=look.label,
            )  # fmt: skip


def draw(
    table: pd.DataFrame,
    cost: pd.DataFrame,
    looks: dict[str, style.Series],
    lag: float,
    tolerance: float,
) -> Figure:
    """Deviation of every cell of one system against its cost.

    Parameters
    ----------
    table : pandas.DataFrame
        Comparison of one system.
    cost : pandas.DataFrame
        Of the same system, as `comparison.costs` makes it.
    looks : dict
        Model -> Series.
    lag : float
        Of the yardstick, in the system's time unit.
    tolerance : float
        log2 deviation that counts as learned.
    """
    key = [*CELL, "model"]
    ratios = pick(table, quantity="yardstick_log2_ratio", replicate=0, i=1, lag=lag)
    ratios = ratios[[*key, "value"]].rename(columns={"value": "log2_ratio"})
    joined = cost[[*key, "core_seconds"]].merge(ratios, on=key)
    figure = style.new_figure(style.SINGLE, 2.9)
    axes = figure.subplots()
    draw_cost(axes, joined, looks, tolerance)
    axes.set(
        xscale="log",
        xlabel="core time of a cell, all replicates (s)",
        ylabel="|log₂(t₁ model / t₁ MD)|",
        ylim=(0, None),
    )
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    style.legend_above(figure, [axes], columns=3)
    return figure

"""The base cell: every network beside the same network with one thing changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raremd.analysis.tidy import pick
from raremd.analysis.words import given
from raremd.report.figures import style
from raremd.report.figures.style import Look
from raremd.report.names import DIRECTED

read = style.compared
LINE = 0.2


def draw_rows(
    axes: Axes, table: pd.DataFrame, looks: dict[str, style.Series], tolerance: float
) -> None:
    """One row per model: mean with its interval, replicates as small dots.

    Parameters
    ----------
    axes : Axes
    table : pandas.DataFrame
        log2 ratios of the slowest timescale, one row per model and replicate.
    looks : dict
        Model -> Series, from top to bottom.
    tolerance : float
        log2 deviation that counts as learned.
    """
    style.tolerance_band(axes, tolerance, across=False)
    for y, (model, look) in enumerate(looks.items()):
        rows = pick(table, model=model)
        each, mean = rows[rows["replicate"] > 0], rows[rows["replicate"] == 0]
        dots = style.within(each["value"])
        axes.plot(
            dots, np.full(len(dots), y + 0.25), ".", color=look.color, markersize=2.5, alpha=0.6
        )
        axes.hlines(
            np.full(len(mean), y), style.within(mean["low"]), style.within(mean["high"]),
            color=look.color,
        )  # fmt: skip
        axes.plot(style.within(mean["value"]), np.full(len(mean), y), look.marker, color=look.color)
    axes.set_ylim(len(looks) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Two panels: metastable states at the yardstick's lag, own states at the own interval.

    Parameters
    ----------
    data : pandas.DataFrame
        Comparison of one cell.
    look : Look
        models, each followed by its controls; controls, unit, lag, interval, tolerance.
    """
    series = {m: own for m, own in look.series.items() if (data["model"] == m).any()}
    shown = {
        f"metastable states, lag {given(look.lag, look.unit)}": ("yardstick_log2_ratio", look.lag),
        f"own states, lag {given(look.interval, look.unit)}": ("log2_ratio", look.interval),
    }
    figure = style.new_figure(style.DOUBLE, LINE * len(series) + 1.2)
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for panel, (title, (quantity, at)) in zip(axes, shown.items(), strict=True):
        rows = pick(data, quantity=quantity, lag=at, i=1)
        draw_rows(panel, rows, series, look.tolerance)
        panel.set(title=title)
    figure.supxlabel(DIRECTED, fontsize=8)
    style.legend_above(figure, axes, title=look.system)
    axes[0].set_yticks(range(len(series)), [own.label for own in series.values()])
    return figure

"""The base cell: every network beside the same network with one thing changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raremd.analysis.tidy import pick, pretty
from raremd.report.figures import style

LINE = 0.2


def draw_rows(
    axes: Axes, table: pd.DataFrame, looks: dict[str, style.Series], tolerance: float
) -> None:
    """A row a model: mean with its interval, replicates as small dots.

    Parameters
    ----------
    axes : Axes
    table : pandas.DataFrame
        log2 ratios of the slowest timescale, one row a model and replicate.
    looks : dict
        Model -> Series, from top to bottom.
    tolerance : float
        log2 deviation that counts as learned.
    """
    axes.axvspan(-tolerance, tolerance, color=style.BAND, linewidth=0, zorder=0)
    axes.axvline(0, color=style.MD, linewidth=0.6, zorder=1)
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


def draw(
    table: pd.DataFrame, looks: dict[str, style.Series], lag: float, tolerance: float
) -> Figure:
    """Two panels: metastable states at the yardstick's lag, own states at the own interval.

    Parameters
    ----------
    table : pandas.DataFrame
        Comparison of one cell.
    looks : dict
        Model -> Series, controls below the model that they vary.
    lag : float
        Of the yardstick, in the system's time unit.
    tolerance : float
        log2 deviation that counts as learned.
    """
    unit, interval = pretty(pick(table, quantity="timescale")["unit"].iloc[0]), table["interval"]
    looks = {m: look for m, look in looks.items() if (table["model"] == m).any()}
    shown = {
        f"metastable states, lag {lag:g} {unit}": ("yardstick_log2_ratio", lag),
        f"own states, lag {interval.iloc[0]:g} {unit}": ("log2_ratio", interval.iloc[0]),
    }
    figure = style.new_figure(style.DOUBLE, LINE * len(looks) + 0.8)
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for panel, (title, (quantity, at)) in zip(axes, shown.items(), strict=True):
        draw_rows(panel, pick(table, quantity=quantity, lag=at, i=1), looks, tolerance)
        panel.set(title=title, xlabel="log₂(t₁ model / t₁ MD)")
    axes[0].set_yticks(range(len(looks)), [look.label for look in looks.values()])
    return figure

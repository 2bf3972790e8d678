"""How long metastable states are held, and how often the slow process is crossed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from raremd.analysis.tidy import pick
from raremd.analysis.words import units
from raremd.report.figures import style
from raremd.report.figures.style import Look
from raremd.report.names import state

read = style.compared
COLUMNS = 3
MOST = 8
"""States that have a panel: the first that the MD visits."""
FLOOR = 0.004
"""Rarer stays are not shown: a handful of events decides them."""
SPREAD = 0.5


def draw_survival(axes: Axes, table: pd.DataFrame, looks: dict[str, style.Series]) -> None:
    """Survival functions of one state: MD with its band, the mean of each model.

    Parameters
    ----------
    axes : Axes
    table : pandas.DataFrame
        Rows of ``survival`` of one state, replicate 0.
    looks : dict
        Model -> Series, without the MD.
    """
    md = pick(table, model="md").sort_values("lag")
    axes.fill_between(md["lag"], md["low"], md["high"], color="0.8", linewidth=0, zorder=1)
    axes.plot(md["lag"], md["value"], color=style.MD, linewidth=1.5, label="MD", zorder=2)
    for model, look in looks.items():
        rows = pick(table, model=model).sort_values("lag")
        axes.plot(
            rows["lag"], rows["value"].where(rows["value"] > 0), color=look.color,
            marker=look.marker, markersize=3, label=look.label, zorder=3,
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", ylim=(FLOOR, 1.3))


def draw_rates(
    axes: Axes, table: pd.DataFrame, lags: list[float], looks: dict[str, style.Series]
) -> None:
    """Crossing rates at each lag, one mark per model, side by side.

    Parameters
    ----------
    axes : Axes
    table : pandas.DataFrame
        Rows of ``crossing_rate``, replicate 0.
    lags : list of float
        In the order of the x axis.
    looks : dict
        Model -> Series, the MD among them.
    """
    for (model, look), offset in zip(looks.items(), style.dodge(len(looks), SPREAD), strict=True):
        for x, lag in enumerate(lags):
            row = pick(table, model=model, lag=lag)
            row = row[row["value"] > 0]  # a model that never crosses has no place on a log axis
            style.marks(axes, x + offset + np.zeros(len(row)), row, look)
    axes.set(yscale="log", xlim=(-0.5, len(lags) - 0.5))


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """A panel a metastable state, and one of crossing rates.

    Parameters
    ----------
    data : pandas.DataFrame
        Comparison of one cell.
    look : Look
        models, unit, names.
    """
    looks, unit = look.series, units(look.unit)
    rows = pick(data, replicate=0, model=["md", *looks])
    stays, rates = pick(rows, quantity="survival"), pick(rows, quantity="crossing_rate")
    visited = stays.loc[(stays["model"] == "md") & stays["value"].notna(), "i"]
    states = sorted(visited.unique())[:MOST]
    seen = stays.loc[stays["i"].isin(states) & (stays["value"] > FLOOR), "lag"]
    figure, axes = style.grid(len(states) + 1, COLUMNS, 1.9)
    for panel, i in zip(axes, states, strict=False):
        draw_survival(panel, pick(stays, i=int(i)), looks)
        panel.set(title=f"metastable state {state(i - 1, look.names)}", xlabel=f"time t ({unit})")
        panel.set_xlim(seen.min() / 1.5, seen.max() * 2.5)
        style.log_ticks(panel.xaxis, *panel.get_xlim())
        panel.set_ylabel("P(stay longer than t)", fontsize=style.SMALL)
    lags = sorted(rates["lag"].unique())
    draw_rates(axes[-1], rates, lags, {"md": style.MARKED_MD} | looks)
    axes[-1].set_xticks(range(len(lags)), [f"{lag:g}" for lag in lags])
    axes[-1].xaxis.set_minor_locator(NullLocator())
    axes[-1].set(title="slow process", xlabel=f"frames this far apart ({unit})")
    axes[-1].set_ylabel(f"crossings (1/{units(look.unit, 1)})", fontsize=style.SMALL)
    style.legend_above(figure, axes[:1], title=look.system)
    return figure

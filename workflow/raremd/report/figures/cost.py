"""Accuracy of the slowest timescale against computing time."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from raremd.analysis.plotted import cost_and_error
from raremd.analysis.tidy import pick
from raremd.io.storage import read_parquet
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import RATIO


def draw_cost(
    axes: Axes, table: pd.DataFrame, looks: dict[str, style.Series], tolerance: float
) -> None:
    """One point a cell and model.

    Parameters
    ----------
    axes : Axes
    table : pandas.DataFrame
        model, core_seconds, error.
    looks : dict
        Model -> Series.
    tolerance : float
        log2 deviation that counts as learned.
    """
    label = f"within a factor of {2**tolerance:.3g}"
    axes.axhspan(0, tolerance, color=style.BAND, linewidth=0, zorder=0, label=label)
    for model, look in looks.items():
        rows = pick(table, model=model)
        if len(rows):
            axes.plot(
                rows["core_seconds"], style.within(rows["error"]), linestyle="none",
                marker=look.marker, color=look.color, alpha=0.85, clip_on=False, label=look.label,
            )  # fmt: skip


def read(files: Files, look: Look) -> pd.DataFrame:
    """Computing time and error of every cell and model of one system."""
    cost = pd.concat([pick(read_parquet(files["cost"][0]), **levels) for levels in look.rows])
    return cost_and_error(style.compared(files, look), cost, look.lag)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Error of every cell of one system against its cost.

    Parameters
    ----------
    data : pandas.DataFrame
        As of `plotted.cost_and_error`.
    look : Look
        models, controls, tolerance.
    """
    figure = style.new_figure(style.SINGLE, 3.4)
    axes = figure.subplots()
    draw_cost(axes, data, look.grouped, look.tolerance)
    axes.set(
        xscale="log",
        xlabel="core time of a cell, all replicates (s)",
        ylabel=f"error |{RATIO}|",
        ylim=(0, None),
    )
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    style.legend_above(figure, [axes], columns=3, title=look.system)
    return figure

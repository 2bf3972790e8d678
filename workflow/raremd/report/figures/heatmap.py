"""Error of the slowest timescale over the levels of two factors at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from raremd.analysis.plotted import mean_errors
from raremd.analysis.tidy import COLUMN, pick
from raremd.analysis.words import given, units
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import RATIO, pretty

TOP = 3.0
"""log2 units at the end of the scale: beyond a factor of eight it does not matter by how much."""
ROW, CELL_HEIGHT = 0.35, 0.24
"""Inches: what a row of panels takes for titles and labels, and a row of cells."""


def grid_of(
    errors: pd.DataFrame, x: tuple[str, Sequence[Any]], y: tuple[str, Sequence[Any]]
) -> np.ndarray:
    """Errors of one model and quantity as (n_y, n_x); NaN where there is no such cell.

    Parameters
    ----------
    errors : pandas.DataFrame
    x, y : (column, levels)
    """
    values = np.full((len(y[1]), len(x[1])), np.nan)
    for row, column in np.ndindex(values.shape):
        found = pick(errors, **{x[0]: x[1][column], y[0]: y[1][row]})["error"]
        if len(found):
            values[row, column] = found.iloc[0]
    return values


def draw_grid(
    axes: Axes, values: np.ndarray, x_labels: list[str], y_labels: list[str]
) -> AxesImage:
    """Heat map of errors with their numbers; cells that were not computed are hatched.

    Parameters
    ----------
    axes : Axes
    values : (n_y, n_x) float array
        log2 units.
    x_labels, y_labels : list of str
    """
    norm = Normalize(0, TOP)
    image = axes.imshow(values, cmap="cividis_r", norm=norm, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            corner = (column - 0.5, row - 0.5)
            axes.add_patch(Rectangle(corner, 1, 1, fill=False, hatch="////", edgecolor="0.7", lw=0))
            continue
        luminance = np.dot(image.cmap(norm(value))[:3], [0.299, 0.587, 0.114])
        axes.text(
            column, row, f"{value:.1f}", ha="center", va="center", fontsize=style.SMALL,
            color="white" if luminance < 0.5 else "black",
        )  # fmt: skip
    axes.set_xticks(range(len(x_labels)), x_labels)
    axes.set_yticks(range(len(y_labels)), y_labels)
    axes.tick_params(length=0, labelsize=style.SMALL)
    return image


def _labels(factor: str, levels: Sequence[Any]) -> list[str]:
    return [f"{level:g}" if factor == "interval" else pretty(level) for level in levels]


def _title(factor: str, unit: str) -> str:
    titles = {"interval": f"saving interval ({units(unit)})", "dimension": "reaction coordinate"}
    return titles.get(factor, factor)


def read(files: Files, look: Look) -> pd.DataFrame:
    """Errors of each model in the cells of the grid."""
    return mean_errors(style.compared(files, look), look.lag)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """One row per model: metastable states at the yardstick's lag, own states at the own interval.

    Parameters
    ----------
    data : pandas.DataFrame
        As of `plotted.mean_errors`.
    look : Look
        models, of which those without a cell in the grid but the base are left out; unit, lag;
        levels of two factors, of which the interval comes to lie on the x axis.
    """
    x, y = sorted(look.levels, key=lambda factor: factor != "interval")
    across, down = ((COLUMN[factor], look.levels[factor]) for factor in (x, y))
    halves = {
        "yardstick_log2_ratio": f"metastable states\nlag {given(look.lag, look.unit)}",
        "log2_ratio": "own states\nlag = interval",
    }
    found = {
        model: {q: grid_of(pick(data, model=model, quantity=q), across, down) for q in halves}
        for model in look.models
    }
    shown = [
        m for m, values in found.items() if np.isfinite(values["yardstick_log2_ratio"]).sum() > 1
    ]
    height = len(shown) * (ROW + CELL_HEIGHT * len(down[1])) + 1.1
    figure = style.new_figure(style.SINGLE, height)
    panels = figure.subplots(len(shown), 2, squeeze=False, sharex=True, sharey=True)
    for of_model, model in zip(panels, shown, strict=True):
        for panel, (quantity, title) in zip(of_model, halves.items(), strict=True):
            labels = _labels(x, across[1]), _labels(y, down[1])
            image = draw_grid(panel, found[model][quantity], *labels)
            heading = look.label(model)
            panel.set_title(
                f"{title}\n{heading}" if model == shown[0] else heading, fontsize=style.SMALL
            )
    for panel in panels[-1]:
        panel.set_xlabel(_title(x, look.unit), fontsize=style.SMALL)
    figure.supylabel(
        "reaction coordinate" if y == "dimension" else _title(y, look.unit), fontsize=8
    )
    figure.suptitle(look.system, fontsize=8, weight="bold")
    bar = figure.colorbar(image, ax=panels, location="bottom", shrink=0.8, aspect=30, extend="max")
    bar.set_label(f"error of the slowest timescale\n|{RATIO}|", fontsize=style.SMALL)
    bar.ax.tick_params(labelsize=style.SMALL)
    return figure

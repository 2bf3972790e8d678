"""Error of the slowest timescale over the levels of two factors at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from raremd.analysis.tidy import COLUMN, of_grid, pick, pretty
from raremd.report.figures import style

TOP = 3.0
"""log2 units at the end of the scale: beyond a factor of eight it does not matter by how much."""
ROW, CELL_HEIGHT = 0.35, 0.24
"""Inches: what a row of panels takes for titles and labels, and a row of cells."""


def errors(
    table: pd.DataFrame, model: str, axes: list[tuple[str, list]], quantity: str
) -> np.ndarray:
    """Mean over replicates of |log2(model / MD)|, (n_y, n_x); NaN where there is no such cell.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of the grid, at the lag of the comparison.
    model : str
    axes : list of (column, levels)
        Of x and of y.
    quantity : str
        ``log2_ratio`` or ``yardstick_log2_ratio``.
    """
    (x, x_levels), (y, y_levels) = axes
    rows = pick(table, model=model, quantity=quantity, i=1)
    rows = rows[rows["replicate"] > 0]
    values = np.full((len(y_levels), len(x_levels)), np.nan)
    for (row, column), _ in np.ndenumerate(values):
        found = pick(rows, **{x: x_levels[column], y: y_levels[row]})["value"]
        if len(found):
            values[row, column] = found.abs().mean()
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


def _labels(factor: str, levels: list) -> list[str]:
    return [f"{level:g}" if factor == "interval" else pretty(level) for level in levels]


def _title(factor: str, unit: str) -> str:
    return f"saving interval ({pretty(unit)})" if factor == "interval" else pretty(factor)


def draw(
    table: pd.DataFrame,
    grid: dict[str, list],
    base: dict[str, Any],
    lag: float,
    looks: dict[str, style.Series],
) -> Figure:
    """A row a model: metastable states at the yardstick's lag, own states at the own interval.

    Parameters
    ----------
    table : pandas.DataFrame
        Comparison of one system.
    grid : dict
        Factor -> its levels, in order; two of ``dimension``, ``interval``, ``partition``. The
        interval comes to lie on the x axis.
    base : dict
        coordinate, interval and partition of the base cell.
    lag : float
        Of the yardstick.
    looks : dict
        Model -> Series; models without a cell in the grid but the base are left out.
    """
    x, y = sorted(grid, key=lambda factor: factor != "interval")
    axes_levels = [(COLUMN[factor], grid[factor]) for factor in (x, y)]
    rows = of_grid(table, grid, base)
    unit = rows.loc[rows["quantity"] == "timescale", "unit"].iloc[0]
    halves = (
        (
            f"metastable states\nlag {lag:g} {pretty(unit)}",
            "yardstick_log2_ratio",
            pick(rows, lag=lag),
        ),
        (
            "own states\nlag = interval",
            "log2_ratio",
            rows[np.isclose(rows["lag"], rows["interval"], rtol=1e-6, atol=0)],
        ),
    )
    found = {m: [errors(at, m, axes_levels, q) for _, q, at in halves] for m in looks}
    shown = [m for m in looks if np.isfinite(found[m][0]).sum() > 1]
    height = len(shown) * (ROW + CELL_HEIGHT * len(grid[y])) + 0.9
    figure = style.new_figure(style.SINGLE, height)
    panels = figure.subplots(len(shown), 2, squeeze=False, sharex=True, sharey=True)
    for of_model, model in zip(panels, shown, strict=True):
        for panel, values, (title, _, _) in zip(of_model, found[model], halves, strict=True):
            labels = _labels(x, grid[x]), _labels(y, grid[y])
            image = draw_grid(panel, values, *labels)
            heading = looks[model].label
            panel.set_title(
                f"{title}\n{heading}" if model == shown[0] else heading, fontsize=style.SMALL
            )
    for panel in panels[-1]:
        panel.set_xlabel(_title(x, unit), fontsize=style.SMALL)
    figure.supylabel("reaction coordinate" if y == "dimension" else _title(y, unit), fontsize=8)
    bar = figure.colorbar(image, ax=panels, location="bottom", shrink=0.8, aspect=30, extend="max")
    bar.set_label("error of the slowest timescale |log₂(t₁ model / t₁ MD)|", fontsize=style.SMALL)
    bar.ax.tick_params(labelsize=style.SMALL)
    return figure

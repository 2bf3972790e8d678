"""Transition matrices of MD and models between metastable states."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from raremd.analysis.plotted import Matrices, matrices
from raremd.analysis.words import given
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import state

MOST = 8
"""Above so many states the numbers in the cells could not be read."""
NAMED = 20
"""Above so many states their names would overlap; the axes then count states from 0."""


def draw_matrix(
    axes: Axes, values: np.ndarray, cmap: str, norm: Normalize, numbers: str
) -> AxesImage:
    """Heat map of a matrix with its numbers.

    Parameters
    ----------
    axes : Axes
    values : (n, n) float array
        Row i, column j: from state i to state j.
    cmap : str
    norm : Normalize
    numbers : str
        Format of the numbers in the cells.
    """
    image = axes.imshow(values, cmap=cmap, norm=norm)
    n = len(values)
    if n <= MOST:
        for (i, j), value in np.ndenumerate(values):
            known = np.isfinite(value)
            luminance = np.dot(image.cmap(norm(value))[:3], [0.299, 0.587, 0.114]) if known else 1
            text = format(round(value, 3) + 0.0, numbers).replace("-", "−") if known else "–"
            axes.text(
                j, i, text, ha="center", va="center", fontsize=style.SMALL if n <= 5 else 5,
                color="white" if luminance < 0.5 else "black",
            )  # fmt: skip
    axes.tick_params(length=0)
    return image


def read(files: Files, look: Look) -> Matrices:
    """Transition matrices in one cell."""
    return matrices(style.compared(files, look), look.models, look.lag)


def draw(data: Matrices, look: Look) -> Figure:
    """One row per model: MD, model, and their difference.

    Parameters
    ----------
    data : Matrices
    look : Look
        unit, lag, names.
    """
    probability = PowerNorm(0.35, 0, 1)
    differences = data.differences.values()
    largest = max(float(np.nanmax(np.abs(d), initial=1e-3)) for d in differences)
    difference = Normalize(-largest, largest)
    figure = style.new_figure(style.DOUBLE, 2.1 * len(data.models) + 0.8)
    axes = figure.subplots(len(data.models), 3, squeeze=False)
    for row, (model, values) in zip(axes, data.models.items(), strict=True):
        first = draw_matrix(row[0], data.md, "Blues", probability, ".3f")
        draw_matrix(row[1], values, "Blues", probability, ".3f")
        last = draw_matrix(row[2], data.differences[model], "RdBu_r", difference, "+.3f")
        row[0].set_title("MD")
        row[1].set_title(look.label(model))
        row[2].set_title(f"{look.label(model)} − MD")
        row[0].set_ylabel("from state")
    names = [state(k, look.names) for k in range(len(data.md))]
    for panel in axes.flat if len(names) <= NAMED else ():
        panel.set_xticks(range(len(names)), names)
        panel.set_yticks(range(len(names)), names)
    for panel in axes[-1]:
        panel.set_xlabel("to state")
    figure.suptitle(look.system, fontsize=8, weight="bold")
    figure.colorbar(
        first, ax=axes[:, :2], location="bottom", aspect=40, shrink=0.8,
        ticks=[0, 0.01, 0.1, 0.5, 1],
        label=f"transition probability in {given(look.lag, look.unit)}",
    )  # fmt: skip
    figure.colorbar(
        last, ax=axes[:, 2], location="bottom", aspect=20, shrink=0.9, label="difference"
    )
    return figure

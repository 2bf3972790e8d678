"""Where models are right over two dials of the hidden chains, and the boundary by the laws."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from raremd.analysis.cell_result import Reading
from raremd.analysis.kept_laws import WITHIN
from raremd.analysis.right_maps import DIALS, RightMap
from raremd.io.storage import read_typed
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import RATIO, pretty

TOP = 3.0
"""log2 units at the ends of the scale."""
READINGS = {Reading.ONE_STEP: "one step", Reading.LONG_LAG: "yardstick's lag"}


def read(files: Files, look: Look) -> tuple[RightMap, ...]:
    """As `fit_laws` wrote them."""
    return read_typed(tuple[RightMap, ...], files["maps"][0])


def _draw_map(axes: Axes, data: RightMap) -> AxesImage:
    values = np.array(data.log2, np.float64)
    norm = Normalize(-TOP, TOP)
    image = axes.imshow(values, cmap="RdBu", norm=norm, aspect="auto", origin="lower")
    for (row, column), value in np.ndenumerate(values):
        if math.isfinite(value):
            color = "white" if abs(value) > 0.6 * TOP else "black"
            text = f"{value:+.1f}" if abs(value) >= 0.05 else "0"
            axes.text(column, row, text, ha="center", va="center", fontsize=5, color=color)
    expected = np.array(data.expected, np.float64)
    if data.reading is Reading.ONE_STEP and min(expected.shape) > 1 and np.isfinite(expected).all():
        axes.contour(expected, levels=[math.log2(1.0 - WITHIN)], colors="black", linewidths=1.2)
    axes.set_xticks(range(len(data.at_x)), [f"{level:g}" for level in data.at_x], fontsize=5)
    axes.set_yticks(range(len(data.at_y)), [f"{level:g}" for level in data.at_y])
    axes.set_title(f"{pretty(data.model)}, {READINGS[data.reading]}")
    axes.set(xlabel=DIALS[data.x], ylabel=DIALS[data.y])
    return image


def draw(data: tuple[RightMap, ...], look: Look) -> Figure:
    """One panel a map: planes and readings in rows, models in columns.

    Parameters
    ----------
    data : tuple of RightMap
    look : Look
    """
    ordered = sorted(data, key=lambda m: (m.y, m.reading is Reading.LONG_LAG))
    columns = max(1, len({m.model for m in data}))
    figure, panels = style.grid(max(1, len(ordered)), columns, 1.5)
    image = None
    for axes, found in zip(panels, ordered, strict=False):
        image = _draw_map(axes, found)
        axes.title.set_fontsize(style.SMALL)
        axes.xaxis.label.set_fontsize(style.SMALL)
        axes.yaxis.label.set_fontsize(style.SMALL)
    if image is not None:
        figure.colorbar(image, ax=panels, label=RATIO, shrink=0.4)
    return figure

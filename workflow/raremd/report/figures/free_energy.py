"""Free energy over the reaction coordinate, with the borders of the states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from raremd.analysis.plotted import Landscape, free_energy
from raremd.io.storage import read_arrays, read_attributes
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import pretty, state

COLORS = ListedColormap(colormaps["viridis"](np.linspace(0.35, 1, 256)))
"""Without the dark end, on which borders could not be seen."""
SEEN = 6.0
"""kT above the minimum up to which a region decides the range of the axes."""
MOST = 12
"""States that are named, and have thick borders."""
NAME: dict[str, Any] = {
    "ha": "center", "va": "center", "weight": "bold", "color": "white",
    "path_effects": [withStroke(linewidth=2, foreground="black")],
}  # fmt: skip
BORDERS = 50
"""Above so many borders along one coordinate they would fill the panel; there are none then."""
HIGHEST = 8.0
"""kT above the minimum where the colours end."""


def _borders(states: np.ndarray, edges: list[np.ndarray]) -> list[list[tuple[float, float]]]:
    """Sides between bins of different states."""
    x, y = edges
    right = np.argwhere(states[1:] != states[:-1])
    above = np.argwhere(states[:, 1:] != states[:, :-1])
    lines = [[(x[i + 1], y[j]), (x[i + 1], y[j + 1])] for i, j in right]
    return lines + [[(x[i], y[j + 1]), (x[i + 1], y[j + 1])] for i, j in above]


def _label(shown: Landscape, dimension: int) -> str:
    unit = {360: " (°)", 6: " (rad)"}.get(int(shown.periods[dimension]), "")
    return pretty(shown.names[dimension]) + unit


def _window(shown: Landscape, dimension: int) -> tuple[float, float]:
    """Range of an axis: a whole period, else where the free energy is low, with a margin."""
    edges = shown.edges[dimension]
    if shown.periods[dimension] > 0:
        return edges[0], edges[-1]
    others = tuple(d for d in range(shown.energy.ndim) if d != dimension)
    low = np.flatnonzero((shown.energy < SEEN).any(axis=others))
    margin = len(edges) // 25
    return edges[max(low[0] - margin, 0)], edges[min(low[-1] + 1 + margin, len(edges) - 1)]


def _name_states(axes: Axes, shown: Landscape, names: Sequence[str]) -> None:
    """Each state by its name or number, where its free energy is lowest."""
    if shown.states is None:
        return
    x, y = (0.5 * (edges[1:] + edges[:-1]) for edges in shown.edges)
    numbers = [int(number) for number in np.unique(shown.states)]
    known = names if len(names) == len(numbers) else ()
    for number in numbers:
        energy = np.where(shown.states == number, shown.energy, np.inf)
        energy = np.where(np.isnan(energy), np.inf, energy)
        if np.isfinite(energy).any():
            i, j = np.unravel_index(np.argmin(energy), energy.shape)
            axes.text(x[i], y[j], state(number, known), **NAME)


def draw_plane(axes: Axes, shown: Landscape, width: float) -> QuadMesh:
    """Free energy in the plane of two coordinates, borders of `width` points on it."""
    mesh = axes.pcolormesh(
        *shown.edges, shown.energy.T, cmap=COLORS, vmin=0, vmax=HIGHEST,
        rasterized=True,
    )  # fmt: skip
    if shown.states is not None:
        axes.add_collection(
            LineCollection(
                _borders(shown.states, shown.edges), colors="black", linewidths=width,
                capstyle="projecting",
            )
        )  # fmt: skip
    axes.set(xlabel=_label(shown, 0), ylabel=_label(shown, 1))
    axes.set(xlim=_window(shown, 0), ylim=_window(shown, 1))
    return mesh


def draw_curve(axes: Axes, shown: Landscape) -> None:
    """Free energy along one coordinate, borders as vertical lines unless there are too many."""
    (edges,) = shown.edges
    axes.stairs(shown.energy, edges, color=style.MD, baseline=None)
    if shown.states is not None:
        borders = edges[1:-1][shown.states[1:] != shown.states[:-1]]
        for border in borders if len(borders) <= BORDERS else ():
            axes.axvline(border, color=style.REFERENCE, linewidth=0.5, linestyle=":")
    axes.set(xlabel=_label(shown, 0), ylabel="free energy (kT)", ylim=(0, None))
    axes.set_xlim(_window(shown, 0))


def read(files: Files, look: Look) -> list[Landscape]:
    """Landscapes of one system, with the states of each partition."""
    found = []
    for path, title in zip(files["states"], look.levels["partition"], strict=True):
        arrays = read_arrays(path, "map")
        edges = [arrays[f"edges_{d}"] for d in range(arrays["counts"].ndim)]
        names = [str(name) for name in read_attributes(path)["names"]]
        periods = read_arrays(path, "coordinate")["periods"]
        energy = free_energy(arrays["counts"])
        found.append(Landscape(title, names, periods, energy, edges, arrays.get("states")))
    return found


def draw(data: list[Landscape], look: Look) -> Figure:
    """One panel a partition; few states have thicker borders than many.

    Parameters
    ----------
    data : list of Landscape
    look : Look
        names, of the yardstick's states.
    """
    figure = style.new_figure(style.SINGLE if len(data) == 1 else style.DOUBLE, 2.9)
    axes = figure.subplots(1, len(data), squeeze=False)[0]
    mesh = None
    for panel, shown in zip(axes, data, strict=True):
        panel.set_title(pretty(shown.title))
        if len(shown.edges) == 1:
            draw_curve(panel, shown)
            continue
        many = shown.states is not None and len(np.unique(shown.states)) > MOST
        mesh = draw_plane(panel, shown, 0.4 if many else 1.2)
        if not many:
            _name_states(panel, shown, look.names)
    if mesh is not None:
        figure.colorbar(mesh, ax=axes, label="free energy (kT)", extend="max")
    figure.suptitle(look.system, fontsize=8, weight="bold")
    return figure

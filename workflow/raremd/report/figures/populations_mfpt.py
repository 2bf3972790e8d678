"""Populations and mean first-passage times of metastable states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from raremd.analysis.plotted import ratios
from raremd.analysis.tidy import pick
from raremd.analysis.words import units
from raremd.report.figures import style
from raremd.report.figures.style import Look
from raremd.report.names import state

read = style.compared
SPREAD = 0.6
BEYOND = 3
"""Times all values that bars may widen the axis."""
PAIRS = 20
"""With more pairs of states, first passages are matrices of model / MD."""
BORDERS = 60
"""Above so many places borders between them would fill the panel."""
NAMED = 12
"""Above so many states their names would not fit below an axis."""


def draw_states(
    axes: Axes, table: pd.DataFrame, places: list[tuple[int, int]], looks: dict[str, style.Series]
) -> None:
    """Value and interval of each model at each state or pair of states, side by side.

    Parameters
    ----------
    axes : Axes
    table : pandas.DataFrame
        Rows of one quantity and lag, replicate 0.
    places : list of (i, j)
        In the order of the x axis.
    looks : dict
        Model -> Series, MD among them.
    """
    order = {place: x for x, place in enumerate(places)}
    for (model, look), offset in zip(looks.items(), style.dodge(len(looks), SPREAD), strict=True):
        rows = pick(table, model=model)
        x = np.array([order[p] for p in zip(rows["i"], rows["j"], strict=True)]) + offset
        style.marks(axes, x, rows[["value", "low", "high"]].replace(np.inf, style.HUGE), look)
    for edge in range(1, len(places) if len(places) <= BORDERS else 0):
        axes.axvline(edge - 0.5, color=style.BAND, linewidth=0.6, zorder=0)
    axes.set_xlim(-0.5, len(places) - 0.5)


def draw_ratios(axes: Axes, values: np.ndarray, names: Sequence[str]) -> AxesImage:
    """First passages of a model over those of the MD, row i to column j; blank where unknown.

    Parameters
    ----------
    axes : Axes
    values : (n, n) float array
        log2.
    names : sequence of str
        Of the states.
    """
    image = axes.imshow(
        style.within(values), cmap="RdBu", vmin=-style.EDGE, vmax=style.EDGE, aspect="equal"
    )
    ticks = range(len(names)) if len(names) <= NAMED else []
    axes.set_xticks(ticks, names if ticks else [], rotation=90, fontsize=style.SMALL)
    axes.set_yticks(ticks, names if ticks else [], fontsize=style.SMALL)
    axes.set(xlabel="to state", ylabel="from state")
    return image


def _draw_matrices(figure: Figure, axes: Sequence[Axes], data: pd.DataFrame, look: Look) -> None:
    """A matrix for each model."""
    passages = ratios(data, look.models, look.lag)
    n = max(len(values) for values in passages.values())
    names = [state(k, look.names) for k in range(n)]
    for panel, (model, values) in zip(axes, passages.items(), strict=True):
        image = draw_ratios(panel, values, names)
        panel.set_title(look.label(model))
    label = "first passages, log₂(model / MD)    too slow →"
    figure.colorbar(image, ax=list(axes), location="bottom", label=label, aspect=40)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Populations on the left, mean first-passage times on the right, or below as matrices.

    Parameters
    ----------
    data : pandas.DataFrame
        Comparison of one cell.
    look : Look
        models, unit, lag, names.
    """
    looks = {"md": style.MARKED_MD} | look.series
    rows = pick(data, lag=look.lag, replicate=0, model=list(looks))
    populations, times = pick(rows, quantity="population"), pick(rows, quantity="mfpt")
    states = sorted(set(zip(populations["i"], populations["j"], strict=True)))
    pairs = sorted(set(zip(times["i"], times["j"], strict=True)))
    many = len(pairs) > PAIRS
    figure = style.new_figure(style.DOUBLE, 5.0 if many else 2.8)
    if many:
        places = figure.add_gridspec(2, len(look.models), height_ratios=[2, 3])
        left = figure.add_subplot(places[0, :])
    else:
        left, right = figure.subplots(1, 2, width_ratios=[1, 2])
    draw_states(left, populations, states, looks)
    if len(states) <= NAMED:
        left.set_xticks(range(len(states)), [state(i - 1, look.names) for i, _ in states])
    left.set(xlabel="metastable state", ylabel="population", ylim=(-0.03, None))
    style.legend_above(figure, [left], title=look.system)
    if many:
        panels = [figure.add_subplot(places[1, k]) for k in range(len(look.models))]
        _draw_matrices(figure, panels, rows, look)
        return figure
    draw_states(right, times, pairs, looks)
    ends = [[state(end - 1, look.names) for end in pair] for pair in pairs]
    right.set_xticks(range(len(pairs)), ["→".join(pair) for pair in ends])
    if len(pairs) > NAMED:
        right.tick_params(axis="x", rotation=90, labelsize=style.SMALL)
    right.set(
        xlabel="from state → to state",
        ylabel=f"mean first-passage time ({units(look.unit)})",
        yscale="log",
    )
    finite = times[np.isfinite(times["value"]) & (times["value"] > 0)]
    if len(finite):
        slowest = np.fmin(finite["high"].max(), BEYOND * finite["value"].max())
        fastest = np.fmax(finite["low"].min(), finite["value"].min() / BEYOND)
        right.set_ylim(fastest / 1.3, slowest * 1.3)
    return figure

"""Populations and mean first-passage times of metastable states."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raremd.analysis.tidy import pick
from raremd.report.figures import style
from raremd.report.figures.style import Look
from raremd.report.names import pretty, state

read = style.compared
SPREAD = 0.6


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
    for edge in range(1, len(places)):
        axes.axvline(edge - 0.5, color=style.BAND, linewidth=0.6, zorder=0)
    axes.set_xlim(-0.5, len(places) - 0.5)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Populations on the left, mean first-passage times on the right.

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
    figure = style.new_figure(style.DOUBLE, 2.8)
    left, right = figure.subplots(1, 2, width_ratios=[1, 2])
    draw_states(left, populations, states, looks)
    left.set_xticks(range(len(states)), [state(i - 1, look.names) for i, _ in states])
    left.set(xlabel="metastable state", ylabel="population", ylim=(-0.03, None))
    draw_states(right, times, pairs, looks)
    ends = [[state(end - 1, look.names) for end in pair] for pair in pairs]
    right.set_xticks(range(len(pairs)), ["→".join(pair) for pair in ends])
    if len(pairs) > 12:
        right.tick_params(axis="x", rotation=90, labelsize=style.SMALL)
    right.set(
        xlabel="from state → to state",
        ylabel=f"mean first-passage time ({pretty(look.unit)})",
        yscale="log",
    )
    finite = times["value"][np.isfinite(times["value"]) & (times["value"] > 0)]
    if len(finite):
        right.set_ylim(finite.min() / 3, finite.max() * 3)
    style.legend_above(figure, [left], title=look.system)
    return figure

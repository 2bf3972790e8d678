"""Error of the slowest timescale against the levels of one factor."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from raremd.analysis.tidy import COLUMN, pick
from raremd.analysis.words import given, units
from raremd.report.figures import style
from raremd.report.figures.style import Look
from raremd.report.names import UPWARD, pretty

read = style.compared
AXIS = {"dimension": "reaction coordinate", "partition": "partition"}
FILLINGS = ["none", "bottom", "left"]
"""Of marks with other numbers of microstates, in the order of the partitions."""
SPREAD = {"interval": 0.25}
"""Factor -> `spread` of `draw_factor`; names can be spread wider than numbers on an axis."""
WIDE = 0.6


def draw_factor(
    axes: Axes,
    table: pd.DataFrame,
    positions: dict[Any, float],
    column: str,
    looks: dict[str, style.Series],
    tolerance: float,
    states: Mapping[str, int],
    spread: float,
) -> None:
    """One series a model: mean with its interval, replicates as small dots.

    Beside them, in open and half open marks, the same with other numbers of microstates.

    Parameters
    ----------
    axes : Axes
    table : pandas.DataFrame
        log2 ratios of the slowest timescale, one row per cell, model and replicate.
    positions : dict
        Level -> place on the x axis.
    column : str
        Column that holds the levels.
    looks : dict
        Model -> Series, of all that have a place, also where they have no mark.
    tolerance : float
        log2 deviation that counts as learned.
    states : mapping
        Partition -> number of microstates, of those beside.
    spread : float
        Width that the models of one level share, as a part of the distance between levels.
    """
    style.tolerance_band(axes, tolerance)
    for place in positions.values():
        axes.axvline(place, color=style.BAND, linewidth=0.6, zorder=0)
    width = spread * min(np.diff(sorted(positions.values())), default=1.0)
    offsets = style.dodge(len(looks), width)
    beside = 0.3 * width / max(1, len(looks) - 1)
    for (model, look), offset in zip(looks.items(), offsets, strict=True):
        mine = pick(table, model=model)
        rows = mine[~mine["partition"].isin(list(states))]
        x = rows[column].map(positions) + offset
        mean = (rows["replicate"] == 0).to_numpy()
        axes.plot(
            x[~mean] + beside, style.within(rows["value"][~mean]), ".", color=look.color,
            markersize=2.5, alpha=0.6, zorder=2,
        )  # fmt: skip
        bars = rows.loc[mean, ["value", "low", "high"]].clip(-style.EDGE, style.EDGE)
        style.marks(axes, x[mean], bars, look)
        for partition, filling in zip(states, cycle(FILLINGS), strict=False):
            others = pick(mine, partition=partition, replicate=0)
            axes.plot(
                others[column].map(positions).astype(float) + offset - beside,
                style.within(others["value"]), look.marker, color=look.color, fillstyle=filling,
                markerfacecoloralt="white", zorder=3,
            )  # fmt: skip
    fillings = zip(states.items(), cycle(FILLINGS), strict=False)
    for (partition, n_states), filling in fillings:
        if (table["partition"] == partition).any():
            axes.plot(
                [], [], "o", color="0.4", fillstyle=filling, markerfacecoloralt="white",
                label=f"{n_states} states",
            )  # fmt: skip


def _as_factor(log2: float, _: int) -> str:
    return f"{2**log2:.3g}" if log2 >= 0 else f"1/{2**-log2:.3g}"


def _tick(factor: str, level: Any, table: pd.DataFrame) -> str:
    if factor == "interval":
        return f"{level:g}"
    if factor == "dimension":
        return f"{pretty(level)}\n({pick(table, coordinate=level)['dimension'].iloc[0]}-D)"
    return pretty(level)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Two panels: metastable states at the yardstick's lag, own states at the own interval.

    Parameters
    ----------
    data : pandas.DataFrame
        Comparison of the cells that differ from the base cell in the factor only, and of those
        with other numbers of microstates.
    look : Look
        models, unit, lag, tolerance; levels of the factor; states, of those that stand beside
        the base's.
    """
    ((factor, levels),) = look.levels.items()
    unit, column, rows = units(look.unit), COLUMN[factor], pick(data, i=1)
    places = np.log2(levels) if factor == "interval" else np.arange(len(levels))
    positions = dict(zip(levels, places.tolist(), strict=True))
    own = pick(rows, quantity="log2_ratio")
    panels = {
        f"metastable states, lag {given(look.lag, look.unit)}": pick(
            rows, quantity="yardstick_log2_ratio", lag=look.lag
        ),
        "own states, lag = saving interval": own[np.isclose(own["lag"], own["interval"])],
    }
    figure = style.new_figure(style.DOUBLE, 3.3 if factor == "partition" else 3.0)
    axes = figure.subplots(1, 2, sharey=True)
    every = set(pd.concat(panels.values())["model"])
    present = {model: own for model, own in look.series.items() if model in every}
    how = present, look.tolerance, look.states, SPREAD.get(factor, WIDE)
    for panel, (title, shown) in zip(axes, panels.items(), strict=True):
        draw_factor(panel, shown, positions, column, *how)
        panel.set(title=title, xlabel=AXIS.get(factor, f"saving interval ({unit})"))
        panel.xaxis.set_major_locator(FixedLocator(list(positions.values())))
        panel.xaxis.set_minor_locator(NullLocator())
        slanted = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
        panel.set_xticklabels(
            [_tick(factor, level, rows) for level in levels],
            **(slanted if factor == "partition" else {}),
        )
        edge = 0.5 * min(np.diff(places), default=1.0)
        panel.set_xlim(places[0] - edge, places[-1] + edge)
    axes[0].set_ylabel(UPWARD)
    factors = axes[1].secondary_yaxis("right")
    factors.yaxis.set_major_formatter(FuncFormatter(_as_factor))
    factors.set_ylabel("t₁ model / t₁ MD")
    style.legend_above(figure, axes, title=look.system)
    return figure

"""Slowest timescale against the time of the recrossing removal, for each way to remove."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raremd.analysis.plotted import RemovalTimes, removal_times
from raremd.analysis.tidy import pick
from raremd.analysis.words import given, units
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look

METHODS = {
    "none": ("o", "recrossings kept"),
    "minimum_dwell": ("v", "minimum dwell"),
    "dynamical_coring": ("D", "dynamical coring"),
    "core_sets": ("P", "core sets"),
}
"""Marker and name of each; the colour is that of the model."""
BESIDE = {"minimum_dwell": -0.12, "dynamical_coring": 0.12}
"""Two methods in one figure stand side by side."""
Color = str | tuple[float, float, float]
ALARM = "#AA1144"


def places(table: pd.DataFrame) -> dict[tuple[str, float], int]:
    """Place on the x axis of each removal: none first, then by time, core sets last."""
    found = set(zip(table["recrossing"], table["tau_c"], strict=True))
    timed = sorted({t for method, t in found if method not in ("none", "core_sets")})
    order = {time: n for n, time in enumerate(timed, start=1)}
    last = len(timed) + 1
    return {
        (method, t): {"none": 0, "core_sets": last}.get(method, order.get(t, 0))
        for method, t in found
    }


def draw_removals(
    axes: Axes,
    times: pd.DataFrame,
    x: dict[tuple[str, float], int],
    color: Color,
    beside: Mapping[str, float],
) -> None:
    """One line a method; rings where the MD itself is over-cored.

    Parameters
    ----------
    axes : Axes
    times : pandas.DataFrame
        Of one model, as in `plotted.RemovalTimes`.
    x : dict
        As of `places`.
    color : colour
        Of the model.
    beside : mapping
        Method -> how far beside its place it stands.
    """
    for method, (marker, _) in METHODS.items():
        rows = pick(times, recrossing=method).sort_values("tau_c")
        if rows.empty:
            continue
        at = np.array([x[method, time] for time in rows["tau_c"]]) + beside.get(method, 0.0)
        shown = rows[["value", "low", "high"]].clip(-style.EDGE, style.EDGE)
        axes.plot(at, shown["value"], color=color, linewidth=0.6, zorder=2)
        style.marks(axes, at, shown, style.Series(color, marker, ""))
        for place, y in zip(
            at[rows["over_cored"]], shown["value"][rows["over_cored"]], strict=True
        ):
            axes.plot(
                place, y, "o", markersize=9, markerfacecolor="none", markeredgecolor=ALARM,
                markeredgewidth=0.9, linestyle="none", label="over-cored", zorder=4,
            )  # fmt: skip


def read(files: Files, look: Look) -> RemovalTimes:
    """Timescales after each removal."""
    return removal_times(style.compared(files, look), look.lag)


def draw(data: RemovalTimes, look: Look) -> Figure:
    """A column MD and each model; rows at the own interval and at the yardstick's lag.

    All in the cell's own states; the band is the MD with its recrossings at the yardstick's lag. An
    MD above it after the removal is over-cored, and what was trained on it is marked too.

    Parameters
    ----------
    data : RemovalTimes
    look : Look
        models, unit, lag.
    """
    unit = units(look.unit)
    both = pd.concat([data.own, data.long])
    looks = {"md": style.MARKED_MD} | {
        m: own for m, own in look.series.items() if (both["model"] == m).any()
    }
    x = places(both)
    beside = BESIDE if set(BESIDE) <= set(both["recrossing"]) else {}
    figure = style.new_figure(style.DOUBLE, 3.6)
    panels = figure.subplots(2, len(looks), sharex=True, sharey=True, squeeze=False)
    rows = ((data.interval, data.own), (look.lag, data.long))
    for line, (at, times) in zip(panels, rows, strict=True):
        line[0].set_ylabel(f"lag {given(at, look.unit)}\nlog₂(t₁ / t₁ MD)")
        for panel, model in zip(line, looks, strict=True):
            within = {"color": style.BAND, "linewidth": 0, "zorder": 0}
            panel.axhspan(*data.band, **within, label="MD, 95 %")
            panel.axhline(0, color=style.MD, linewidth=0.6, zorder=1)
            draw_removals(panel, pick(times, model=model), x, looks[model].color, beside)
            panel.tick_params(labelsize=style.SMALL)
    for panel, own in zip(panels[0], looks.values(), strict=True):
        panel.set_title(own.label)
    labels = {place: f"{t:g}" for (_, t), place in x.items()} | {0: "none"}
    labels |= {place: "cores" for (method, _), place in x.items() if method == "core_sets"}
    ticks = sorted(labels)
    panels[0, 0].set_xticks(ticks, [labels[t] for t in ticks])
    panels[0, 0].set_xlim(ticks[0] - 0.4, ticks[-1] + 0.4)
    figure.supxlabel(rf"time $\tau_c$ of the removal ({unit})", fontsize=8)
    for method, (marker, label) in METHODS.items():
        if (both["recrossing"] == method).any():
            panels[0, 0].plot([], [], marker, color="0.4", label=label)
    style.legend_above(figure, panels.flat, title=look.system)
    return figure

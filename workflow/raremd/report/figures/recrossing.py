"""Slowest timescale against the time of the recrossing removal, for each way to remove."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raremd.analysis.tidy import pick, pretty
from raremd.report.figures import style

METHODS = {
    "minimum_dwell": style.Series((0.90, 0.62, 0.0), "v", "minimum dwell"),
    "dynamical_coring": style.Series((0.80, 0.47, 0.65), "D", "dynamical coring"),
    "core_sets": style.Series((0.34, 0.71, 0.91), "P", "core sets"),
}
"""Three more colours of Okabe and Ito's palette, none of which stands for a model."""
BESIDE = {"minimum_dwell": -0.12, "dynamical_coring": 0.12}
"""Two methods with the same time stand side by side."""
KEPT = style.Series((0.0, 0.0, 0.0), "o", "recrossings kept")
MD = style.Series((0.0, 0.0, 0.0), "_", "MD")
ALARM = "#D55E00"


def times_of(table: pd.DataFrame, model: str, lag: float) -> pd.DataFrame:
    """Slowest timescale of one model in each cell: recrossing, tau_c, value, low, high."""
    rows = pick(table, model=model, quantity="timescale", lag=lag, i=1, replicate=0)
    return rows[["recrossing", "tau_c", "value", "low", "high"]]


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
    axes: Axes, times: pd.DataFrame, x: dict[tuple[str, float], int], md: float, alarm: set
) -> None:
    """One line a method, log2 of time over `md`; rings where the MD itself is over-cored.

    Parameters
    ----------
    axes : Axes
    times : pandas.DataFrame
        As of `times_of`.
    x : dict
        As of `places`.
    md : float
        Slowest timescale of the MD with its recrossings.
    alarm : set of (recrossing, tau_c)
    """
    for method, look in {"none": KEPT, **METHODS}.items():
        rows = times[times["recrossing"] == method].sort_values("tau_c")
        at = np.array([x[method, time] for time in rows["tau_c"]]) + BESIDE.get(method, 0.0)
        if not len(rows):
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            value, low, high = (np.log2(rows[c] / md) for c in ("value", "low", "high"))
        axes.plot(at, style.within(value), color=look.color, linewidth=0.6, zorder=2)
        style.marks(axes, at, *map(style.within, (value, low, high)), look)
        for key, place, y in zip(rows["tau_c"], at, style.within(value), strict=True):
            if (method, key) in alarm:
                axes.plot(
                    place, y, "o", markersize=9, markerfacecolor="none", markeredgecolor=ALARM,
                    markeredgewidth=0.9, linestyle="none", label="over-cored", zorder=4,
                )  # fmt: skip


def draw(table: pd.DataFrame, lag: float, looks: dict[str, style.Series]) -> Figure:
    """A column MD and each model; rows at the own interval and at the yardstick's lag.

    All in the cell's own states; the band is the MD with its recrossings at the yardstick's lag. An
    MD above it after the removal is over-cored, and what was trained on it is marked too.

    Parameters
    ----------
    table : pandas.DataFrame
        Comparison of cells that differ in the removal of recrossings only.
    lag : float
        Of the yardstick, in the system's time unit.
    looks : dict
        Model -> Series.
    """
    kept = pick(times_of(table, "md", lag), recrossing="none")
    md, low, high = kept[["value", "low", "high"]].iloc[0]
    interval = float(table["interval"].iloc[0])
    unit = pretty(pick(table, quantity="timescale")["unit"].iloc[0])
    looks = {"md": MD} | {m: look for m, look in looks.items() if (table["model"] == m).any()}
    x = places(table)
    figure = style.new_figure(style.DOUBLE, 3.6)
    panels = figure.subplots(2, len(looks), sharex=True, sharey=True, squeeze=False)
    for line, at in zip(panels, (interval, lag), strict=True):
        removed = times_of(table, "md", at)
        over = removed[(removed["value"] > high) & (removed["recrossing"] != "none")]
        alarm = set(zip(over["recrossing"], over["tau_c"], strict=True))
        line[0].set_ylabel(f"lag {at:g} {unit}\nlog₂(t₁ / t₁ MD)")
        for panel, model in zip(line, looks, strict=True):
            panel.axhspan(*np.log2([low / md, high / md]), color=style.BAND, linewidth=0, zorder=0)
            panel.axhline(0, color=style.MD, linewidth=0.6, zorder=1)
            draw_removals(panel, times_of(table, model, at), x, md, alarm)
            panel.tick_params(labelsize=style.SMALL)
    for panel, look in zip(panels[0], looks.values(), strict=True):
        panel.set_title(look.label)
    labels = {place: f"{t:g}" for (_, t), place in x.items()} | {0: "none"}
    labels |= {place: "cores" for (method, _), place in x.items() if method == "core_sets"}
    ticks = sorted(labels)
    panels[0, 0].set_xticks(ticks, [labels[t] for t in ticks])
    panels[0, 0].set_xlim(ticks[0] - 0.4, ticks[-1] + 0.4)
    figure.supxlabel(rf"time $\tau_c$ of the removal ({unit})", fontsize=8)
    style.legend_above(figure, panels.flat)
    return figure

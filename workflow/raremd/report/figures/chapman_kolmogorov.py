"""Chapman-Kolmogorov test: T(lag)^k against T(k lag), one panel per metastable state."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raremd.analysis.tidy import pick
from raremd.analysis.words import given, units
from raremd.report.figures import style
from raremd.report.figures.style import Look
from raremd.report.names import state

read = style.compared
COLUMNS = 4
MOST = 8
"""Panels: the first states that have values; more could not be read."""
MD = style.Series((0.0, 0.0, 0.0), "x", "MD")


def draw_state(axes: Axes, table: pd.DataFrame, looks: dict[str, style.Series]) -> None:
    """Probability to be in a state again: dashed predicted, marks estimated.

    Parameters
    ----------
    axes : Axes
    table : pandas.DataFrame
        Rows of ``ck_predicted`` and ``ck_estimated`` of one state, replicate 0.
    looks : dict
        Model -> Series, the MD among them.
    """
    for model, own in looks.items():
        rows = pick(table, model=model).sort_values("lag")
        predicted = pick(rows, quantity="ck_predicted")
        estimated = pick(rows, quantity="ck_estimated")
        axes.plot(predicted["lag"], predicted["value"], "--", color=own.color, linewidth=0.8)
        axes.vlines(estimated["lag"], estimated["low"], estimated["high"], color=own.color)
        axes.plot(
            estimated["lag"], estimated["value"], linestyle="none", marker=own.marker,
            color=own.color, markersize=3, label=own.label,
        )  # fmt: skip
    axes.set_ylim(-0.03, 1.03)


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """A panel a metastable state that the MD or a model visits.

    Parameters
    ----------
    data : pandas.DataFrame
        Comparison of one cell.
    look : Look
        models, unit, lag, names.
    """
    looks, unit = {"md": MD} | look.series, units(look.unit)
    rows = pick(data, quantity=["ck_predicted", "ck_estimated"], replicate=0, model=list(looks))
    shown = sorted(rows.loc[rows["value"].notna(), "i"].unique())[:MOST]
    figure, axes = style.grid(max(1, len(shown)), COLUMNS, 1.6, sharex=True, sharey=True)
    for panel, i in zip(axes, shown, strict=False):
        draw_state(panel, pick(rows, i=int(i)), looks)
        panel.set_title(f"state {state(int(i) - 1, look.names)}")
    figure.supxlabel(f"lag ({unit})", fontsize=8)
    figure.supylabel("P(in the state again)", fontsize=8)
    predicted = f"predicted from lag {given(look.lag, look.unit)}"
    axes[0].plot([], [], "--", color=style.REFERENCE, label=predicted)
    style.legend_above(figure, axes, title=look.system)
    return figure

"""Errors, leak and excess loss against tokens, with the fitted power laws."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from raremd.analysis.cell_result import FACTORS
from raremd.analysis.law_points import ERRORS
from raremd.analysis.laws import Fit, Laws
from raremd.io.storage import read_parquet, read_typed
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look

MOST = 4
"""Systems beside each other: those with most fits."""
UNITS = {"leak": "per frame", "excess_loss": "nats per frame"}
"""Of the quantities that have one."""


class Fitted(NamedTuple):
    """Trainings, and the laws fitted to them."""

    points: pd.DataFrame
    laws: Laws


def read(files: Files, look: Look) -> Fitted:
    """As `fit_laws` wrote them."""
    return Fitted(read_parquet(files["points"][0]), read_typed(Laws, files["laws"][0]))


def _draw_fit(axes: Axes, fit: Fit, points: pd.DataFrame, own: style.Series) -> None:
    here = points[points["network"] == fit.network]
    for column in FACTORS:
        here = here[here[column] == getattr(fit, column)]
    axes.plot(
        here["tokens"], here[fit.quantity], own.marker, color=own.color, markersize=2.5,
        markerfacecolor="none", markeredgewidth=0.6, label=own.label,
    )  # fmt: skip
    x = np.geomspace(here["tokens"].min(), here["tokens"].max(), 60)
    drawn = np.array([[law.at(value) for value in x] for law in fit.fit.drawn])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    axes.fill_between(x, low, high, color=own.color, alpha=0.15, linewidth=0)
    axes.plot(x, [fit.fit.law.at(value) for value in x], color=own.color, linewidth=0.8)


def draw(data: Fitted, look: Look) -> Figure:
    """Quantities in rows, systems in columns; the first cell of each system that has fits.

    Parameters
    ----------
    data : Fitted
    look : Look
        models: the networks.
    """
    found = [fit for fit in data.laws.fits if fit.axis == "tokens"]
    systems = [name for name, _ in Counter(fit.system for fit in found).most_common(MOST)]
    figure, panels = style.grid(len(ERRORS) * max(1, len(systems)), max(1, len(systems)), 1.7)
    for axes, (quantity, system) in zip(
        panels, [(q, s) for q in ERRORS for s in systems], strict=False
    ):
        own = [fit for fit in found if (fit.quantity, fit.system) == (quantity, system)]
        cells = {tuple(getattr(fit, name) for name in FACTORS): len(own) for fit in own}
        for fit in own:
            at = tuple(getattr(fit, name) for name in FACTORS)
            if at == next(iter(cells)) and fit.network in look.series:
                _draw_fit(axes, fit, data.points, look.series[fit.network])
        axes.set(xscale="log", yscale="log")
        if not own:
            axes.text(0.5, 0.5, "not known", transform=axes.transAxes, ha="center", va="center")
            axes.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
        axes.xaxis.set_minor_formatter(NullFormatter())
        if system == systems[0]:
            unit = f" ({UNITS[quantity]})" if quantity in UNITS else ""
            axes.set_ylabel(ERRORS[quantity] + unit, fontsize=style.SMALL)
        if quantity == next(iter(ERRORS)):
            axes.set_title(system)
    figure.supxlabel("tokens of training (saved frames)", fontsize=8)
    style.legend_above(figure, panels)
    return figure

"""The effect behind each claim against the number of tokens that networks were trained on."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter, FixedLocator, FormatStrFormatter, NullLocator

from raremd.analysis.claim_records import BudgetFinding, ClaimRecord, Judgement
from raremd.io.storage import read_typed
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look, Series
from raremd.report.names import pretty

MARKERS = "osD^vP*X"
TITLE = 38
"""Letters in a line of a title."""
FILLING: dict[str, dict[str, Any]] = {
    "full": {},
    "not trained to the end": {"markerfacecolor": "white"},
    "overfit": {"fillstyle": "bottom", "markerfacecoloralt": "white"},
}
"""By mark, see `_mark`."""
EFFECTS = (-4.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0)
"""At the axis, which is linear up to 1."""
CLOSENESS = "log₂(model / MD): right within the band"
"""What C1 is about, other than the rest."""
SIDEWAYS = 1.05
"""Factor between the tokens of series that would hide each other."""


def _mark(at: BudgetFinding) -> str:
    """Open if a network is not trained to the end, half filled if all are and one overfits."""
    if not at.trained:
        return "not trained to the end"
    return "overfit" if at.overfit else "full"


def _draw_record(axes: Axes, record: ClaimRecord, look: Series, marker: str, shift: float) -> None:
    """One system and network: effect and interval at each budget; marked by `_mark`."""
    known = [at for at in record.budgets if at.tokens is not None]
    tokens = [at.tokens * shift for at in known if at.tokens is not None]
    effects = style.within([at.long_lag.effect for at in known])
    low, high = (style.within([getattr(at.long_lag, e) for at in known]) for e in ("low", "high"))
    axes.plot(tokens, effects, color=look.color, linewidth=0.6, alpha=0.6)
    axes.vlines(tokens, low, high, color=look.color, linewidth=0.6, alpha=0.6)
    for x, y, at in zip(tokens, effects, known, strict=True):
        axes.plot(x, y, marker, color=look.color, markersize=4, **FILLING[_mark(at)])


def read(files: Files, look: Look) -> Judgement:
    """Verdicts of a study."""
    return read_typed(Judgement, files["claims"][0])


def draw(data: Judgement, look: Look) -> Figure:
    """One panel per claim that was studied at several budgets, at the long lag.

    Parameters
    ----------
    data : Judgement
    look : Look
        models, tolerance.
    """
    several = {record.claim for record in data.records if len(record.budgets) > 1}
    claims = sorted(several or {record.claim for record in data.records})
    systems = list(dict.fromkeys(record.system for record in data.records))
    models = list(dict.fromkeys(record.model for record in data.records))
    seen = {at.tokens for record in data.records for at in record.budgets if at.tokens}
    budgets = sorted({float(f"{tokens:.2g}") for tokens in seen})
    marker = dict(zip(systems, MARKERS * len(systems), strict=False))
    figure, panels = style.grid(len(claims), 3, 1.9, sharex=True, sharey=True)
    for axes, claim in zip(panels, claims, strict=True):
        mine = [record for record in data.records if record.claim == claim]
        style.tolerance_band(axes, look.tolerance)
        shifts = SIDEWAYS ** (np.arange(len(mine)) - (len(mine) - 1) / 2)
        for record, shift in zip(mine, shifts, strict=True):
            series = look.series[record.model]
            _draw_record(axes, record, series, marker[record.system], float(shift))
        title = textwrap.fill(f"{claim} {mine[0].statement}", TITLE)
        axes.set_title(title, fontsize=style.SMALL)
        if claim == "C1":
            axes.text(0.04, 0.93, CLOSENESS, transform=axes.transAxes, va="top", fontsize=5.5)
        axes.set_yscale("symlog", linthresh=1.0, linscale=1.0)
        axes.yaxis.set_major_locator(FixedLocator(EFFECTS))
        axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(budgets))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.xaxis.set_minor_locator(NullLocator())
    figure.supxlabel("tokens that each replicate was trained on", fontsize=8)
    figure.supylabel("effect (log₂)\n← against    for C2 to C6 →", fontsize=8)
    handles: list[Artist] = [
        *(Line2D([], [], color=look.series[model].color, label=pretty(model)) for model in models),
        *(
            Line2D([], [], color="0.3", marker=m, linestyle="none", label=system)
            for system, m in marker.items()
        ),
    ]
    handles += [
        Line2D([], [], color="0.3", marker="o", linestyle="none", label=mark, **filling)
        for mark, filling in FILLING.items()
        if filling
    ]
    handles.append(Patch(color=style.BAND, label="tolerance"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure

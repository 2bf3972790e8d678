"""Forest plot of the verdicts on the claims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import blended_transform_factory

from raremd.analysis.claim_records import ClaimRecord, Finding, Judgement
from raremd.analysis.verdicts import Verdict
from raremd.io.storage import read_typed
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import pretty

VERDICTS = {
    Verdict.SUPPORTED: ("#332288", "o", "#332288"),
    Verdict.CONTRADICTED: ("#AA1144", "X", "#AA1144"),
    Verdict.NO_DIFFERENCE: ("#7A7A1F", "s", "#7A7A1F"),
    Verdict.UNDECIDED: ("0.45", "o", "white"),
}
"""Colour, marker and its filling; the colours stand for no model in any figure."""
CHANGED: dict[str, Any] = {
    "color": "0.45", "marker": "|", "markersize": 6, "markeredgewidth": 0.7, "linestyle": "none",
}  # fmt: skip
"""Look of the same effect with one thing changed."""
LINE = 0.2
UP = 0.2
"""Of a line, by which its two readings stand apart."""
LEFT, RIGHT, EVENTS, VERDICT = 0.27, 0.80, 0.86, 0.88


def lay_out(records: Sequence[ClaimRecord]) -> list[tuple[float, str | ClaimRecord]]:
    """Height of each line from the top: a heading before each claim, then its records."""
    lines: list[tuple[float, str | ClaimRecord]] = []
    claim = None
    for record in sorted(records, key=lambda r: (r.claim, r.system, r.model)):
        if record.claim != claim:
            claim = record.claim
            right = "; right within the band" * (claim == "C1")
            lines.append((float(len(lines)), f"{claim}  {record.statement}{right}"))
        lines.append((float(len(lines)), record))
    return lines or [(0.0, "no claim is declared in the configuration")]


def _draw_finding(axes: Axes, y: float, found: Finding, size: float) -> None:
    """Effect and interval of one reading."""
    color, marker, filling = VERDICTS[found.verdict]
    axes.hlines(y, *style.within([found.low, found.high]), color=color, zorder=2)
    axes.plot(
        style.within(found.effect), y, marker=marker, color=color, linestyle="none",
        markerfacecolor=filling, markersize=size, zorder=3,
    )  # fmt: skip


def draw_claims(
    axes: Axes, lines: Sequence[tuple[float, str | ClaimRecord]], tolerance: float
) -> None:
    """Effect and interval of each record: at the long lag, and smaller below it at one step.

    Parameters
    ----------
    axes : Axes
        Its figure's margins take names, events and verdicts.
    lines : list of (y, heading or record)
        From `lay_out`.
    tolerance : float
        log2 deviation that counts as none.
    """
    margin = blended_transform_factory(axes.figure.transFigure, axes.transData)
    style.tolerance_band(axes, tolerance, across=False)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.8}
    for y, record in lines:
        if isinstance(record, str):
            axes.text(0.01, y, record, transform=margin, va="center", weight="bold", bbox=paper)
            continue
        changed = [each.finding.effect for each in record.varied]
        axes.plot(style.within(changed), np.full(len(changed), y), **CHANGED)
        _draw_finding(axes, y - UP, record.long_lag, 5)
        _draw_finding(axes, y + UP, record.one_step, 2.5)
        name = f"{record.system}, {pretty(record.model)}"
        axes.text(0.03, y, name, transform=margin, va="center")
        axes.text(EVENTS, y, str(record.transitions), transform=margin, va="center", ha="right")
        for at, found in ((-UP, record.long_lag), (UP, record.one_step)):
            color = VERDICTS[found.verdict][0]
            axes.text(
                VERDICT, y + 1.2 * at, str(found.verdict),
                transform=margin, va="center", color=color, fontsize=5.5,
            )  # fmt: skip
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines[["left", "right", "top"]].set_visible(False)


def read(files: Files, look: Look) -> Judgement:
    """Verdicts of a study."""
    return read_typed(Judgement, files["claims"][0])


def draw(data: Judgement, look: Look) -> Figure:
    """All verdicts of a study.

    Parameters
    ----------
    data : Judgement
    look : Look
        tolerance.
    """
    lines = lay_out(data.records)
    height = LINE * len(lines) + 1.35
    figure = style.new_figure(style.DOUBLE, height, constrained=False)
    axes = figure.add_axes((LEFT, 0.9 / height, RIGHT - LEFT, 1 - 1.25 / height))
    draw_claims(axes, lines, look.tolerance)
    axes.set_xlabel(
        "← against C2 to C6    effect on the slowest timescale (log₂)    for C2 to C6 →"
    )
    top = 1 - 0.15 / height
    figure.text(EVENTS, top, "events", ha="right", va="center")
    figure.text(VERDICT, top, "at long lag\nat one step", va="center", fontsize=5.5)
    handles: list[Artist] = [
        Line2D([], [], color=c, marker=m, markerfacecolor=f, label=str(verdict))
        for verdict, (c, m, f) in VERDICTS.items()
    ]
    if any(record.varied for record in data.records):
        handles.append(Line2D([], [], **CHANGED, label="one thing changed"))
    readings: dict[str, Any] = {"color": "0.2", "linestyle": "none", "marker": "o"}
    handles += [
        Line2D([], [], **readings, markersize=5, label="long lag"),
        Line2D([], [], **readings, markersize=2.5, label="one step"),
        Patch(color=style.BAND, label="tolerance"),
    ]
    figure.legend(
        handles=handles, loc="lower center", ncols=4, columnspacing=1.2, fontsize=style.SMALL
    )
    return figure

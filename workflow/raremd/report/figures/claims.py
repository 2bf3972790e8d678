"""Forest plot of the verdicts on the claims."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from raremd.io.storage import read_json
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import pretty

VERDICTS = {
    "supported": ("#0072B2", "o", "#0072B2"),
    "contradicted": ("#D55E00", "X", "#D55E00"),
    "inconclusive": ("0.45", "o", "white"),
}
"""Colour, marker and its filling."""
CHANGED: dict[str, Any] = {
    "color": "0.45", "marker": "|", "markersize": 6, "markeredgewidth": 0.7, "linestyle": "none",
}  # fmt: skip
"""Look of the same effect with one thing changed."""
LINE = 0.17
LEFT, RIGHT, EVENTS, VERDICT = 0.27, 0.80, 0.86, 0.88


def lay_out(records: list[dict[str, Any]]) -> list[tuple[float, str | dict[str, Any]]]:
    """Height of each line from the top: a heading before each claim, then its records."""
    lines: list[tuple[float, str | dict[str, Any]]] = []
    claim = None
    for record in sorted(records, key=lambda r: (r["claim"], r["system"], r["model"])):
        if record["claim"] != claim:
            claim = record["claim"]
            lines.append((float(len(lines)), f"{claim}  {record['statement']}"))
        lines.append((float(len(lines)), record))
    return lines or [(0.0, "no claim is declared in the configuration")]


def draw_claims(
    axes: Axes, lines: list[tuple[float, str | dict[str, Any]]], tolerance: float
) -> None:
    """Effect and interval of each record.

    Parameters
    ----------
    axes : Axes
        Its figure's margins take names, events and verdicts.
    lines : list of (y, heading or record)
        From `lay_out`.
    tolerance : float
        log2 deviation that counts as learned.
    """
    margin = blended_transform_factory(axes.figure.transFigure, axes.transData)
    axes.axvspan(-tolerance, tolerance, color=style.BAND, linewidth=0, zorder=0)
    axes.axvline(0, color=style.MD, linewidth=0.6, zorder=1)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.8}
    for y, record in lines:
        if isinstance(record, str):
            axes.text(0.01, y, record, transform=margin, va="center", weight="bold", bbox=paper)
            continue
        color, marker, filling = VERDICTS[record["verdict"]]
        changed = [each["effect"] for each in record["control"]["varied"]]
        axes.plot(style.within(changed), np.full(len(changed), y), **CHANGED)
        axes.hlines(y, *style.within([record["low"], record["high"]]), color=color, zorder=2)
        axes.plot(
            style.within(record["effect"]), y, marker=marker, color=color, linestyle="none",
            markerfacecolor=filling, zorder=3,
        )  # fmt: skip
        name = f"{pretty(record['system'])}, {pretty(record['model'])}"
        axes.text(0.03, y, name, transform=margin, va="center")
        axes.text(EVENTS, y, str(record["n_events"]), transform=margin, va="center", ha="right")
        verdict = record["verdict"] + ("*" if record["doubts"] else "")
        axes.text(VERDICT, y, verdict, transform=margin, va="center", color=color)
    axes.set_ylim(len(lines) - 0.5, -0.4)
    axes.set_yticks([])
    axes.spines[["left", "right", "top"]].set_visible(False)


def read(files: Files, look: Look) -> list[dict[str, Any]]:
    """Verdicts of a study."""
    return read_json(files["claims"][0])


def draw(data: list[dict[str, Any]], look: Look) -> Figure:
    """All verdicts of a study.

    Parameters
    ----------
    data : list of dict
        claim, statement, system, model, verdict, effect, low, high, n_events, doubts,
        control.
    look : Look
        tolerance.
    """
    lines = lay_out(data)
    height = LINE * len(lines) + 1.0
    figure = style.new_figure(style.DOUBLE, height, constrained=False)
    axes = figure.add_axes((LEFT, 0.7 / height, RIGHT - LEFT, 1 - 1.0 / height))
    draw_claims(axes, lines, look.tolerance)
    axes.set_xlabel("effect on the slowest timescale (log₂ units)")
    top = 1 - 0.15 / height
    figure.text(EVENTS, top, "events", ha="right", va="center")
    figure.text(VERDICT, top, "verdict", va="center")
    handles = [
        Line2D([], [], color=c, marker=m, markerfacecolor=f, label=verdict)
        for verdict, (c, m, f) in VERDICTS.items()
    ]
    if any(record["control"]["varied"] for record in data):
        handles.append(Line2D([], [], **CHANGED, label="one thing changed"))
    figure.legend(handles=handles, loc="lower center", ncols=len(handles))
    return figure

"""Look of all figures: sizes, fonts, one colour and marker a model; and how they are saved."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from raremd.analysis.tidy import pretty
from raremd.io.storage import atomic_path

SINGLE, DOUBLE = 85 / 25.4, 178 / 25.4
"""Width of one and of two columns, in inches: 85 and 178 mm."""
SMALL = 7
"""Points, for ticks and numbers in small panels; all else is 8."""
LETTER, ENTRY = 0.066, 0.45
"""Width of a letter of a legend, and of an entry beside its letters, in inches."""
DPI = 200
EDGE = 5.0
"""log2 ratios beyond +-5 (a factor of 32) are drawn at the edge."""

MD, REFERENCE, BAND = "black", "0.5", "0.92"
# Okabe and Ito's palette, told apart with any colour vision.
MODELS = {"markov": ("#009E73", "s"), "lstm": ("#0072B2", "o"), "transformer": ("#D55E00", "^")}
OTHERS = [("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P"), ("#7F6000", "X")]
CONTROLS = [None, "v", "D", "P", "X", "*"]
"""Markers of the controls of one model, the first as the model itself."""
STATES = ["#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#BBBBBB", "#000000"]
"""Colours of metastable states (Tol's bright scheme); they repeat after eight."""

_SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.0,
    "lines.markersize": 4,
    "legend.frameon": False,
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class Series:
    """How one model is drawn: colour, marker and its name in legends."""

    color: tuple[float, float, float]
    marker: str
    label: str


def series(models: Iterable[str], controls: dict[str, str]) -> dict[str, Series]:
    """Look of every model of a study.

    Parameters
    ----------
    models : iterable of str
        In the order of legends.
    controls : dict
        Control -> the model that it varies, whose colour it takes in a lighter tone.

    Returns
    -------
    dict
        Model -> Series, in the order given.
    """
    own = [m for m in models if m not in controls]
    free = iter(OTHERS * len(own))
    looks = {m: MODELS.get(m) or next(free) for m in own}
    found = {}
    for model in models:
        color, marker = looks[controls.get(model, model)]
        tone = np.array(to_rgb(color))
        if model in controls:
            siblings = [c for c in controls if controls[c] == controls[model]]
            marker = CONTROLS[siblings.index(model) % len(CONTROLS)] or marker
            tone = tone + 0.55 * (1 - tone)
        found[model] = Series(tuple(map(float, tone)), marker, pretty(model))
    return found


def together(looks: dict[str, Series], controls: dict[str, str]) -> dict[str, Series]:
    """The same with one name and marker for all controls of a model, not told apart."""
    shared = {
        control: {"label": f"controls of {pretty(of)}", "marker": looks[of].marker}
        for control, of in controls.items()
        if of in looks
    }
    return {m: replace(look, **shared.get(m, {})) for m, look in looks.items()}


def new_figure(width: float, height: float, layout: str = "constrained") -> Figure:
    """An empty figure in inches, laid out so that labels do not overlap."""
    mpl.rcParams.update(_SETTINGS)
    return Figure(figsize=(width, height), layout=layout)


def grid(n: int, columns: int, height: float, **shared: bool) -> tuple[Figure, list[Axes]]:
    """A figure two columns wide with `n` panels, each `height` high, in rows of `columns`."""
    columns = min(n, columns)
    rows = math.ceil(n / columns)
    figure = new_figure(DOUBLE, rows * height + 0.5)
    axes = figure.subplots(rows, columns, squeeze=False, **shared)
    for spare in axes.flat[n:]:
        spare.set_visible(False)
    for panel in axes.flat[:n]:
        panel.tick_params(labelsize=SMALL)
    if shared.get("sharex"):
        for panel in axes.flat[max(0, n - columns) : n]:
            panel.tick_params(labelbottom=True)
    return figure, list(axes.flat[:n])


def legend_above(figure: Figure, axes: Iterable[Axes], columns: int = 6) -> None:
    """One legend for all panels: every label once, in the order of the panels."""
    entries = {}
    for panel in axes:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    widest = ENTRY + LETTER * max(map(len, entries), default=0)
    figure.legend(
        entries.values(), entries.keys(), loc="outside upper center",
        ncols=min(columns, max(1, int(figure.get_figwidth() / widest))),
        handlelength=1.5, columnspacing=1.5,
    )  # fmt: skip


def dodge(n: int, width: float) -> np.ndarray:
    """`n` offsets around 0 that span `width`, so that series stand side by side."""
    return np.linspace(-width / 2, width / 2, n) if n > 1 else np.zeros(1)


def within(values: np.ndarray, edge: float = EDGE) -> np.ndarray:
    """log2 ratios with those off the scale at its edge."""
    return np.clip(np.asarray(values, np.float64), -edge, edge)


def marks(
    axes: Axes,
    x: np.ndarray,
    value: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    look: Series,
    label: str | None = None,
) -> None:
    """Markers with 95 % intervals as vertical bars; NaN is left out."""
    axes.vlines(x, low, high, color=look.color, linewidth=1.0)
    axes.plot(
        x, value, linestyle="none", marker=look.marker, color=look.color, label=label or look.label
    )


def save(figure: Figure, pdf: Path | str, png: Path | str) -> None:
    """Write both formats; equal figures give equal bytes."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells every glyph
    with atomic_path(pdf) as temporary:
        figure.savefig(temporary, metadata={"CreationDate": None})
    with atomic_path(png) as temporary:
        figure.savefig(temporary, dpi=DPI)

"""Look of all figures: sizes, fonts, one colour and marker a model; and how they are saved."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike

from raremd.analysis.tidy import pick, without_sets
from raremd.analysis.words import number
from raremd.io.storage import atomic_path, read_parquet
from raremd.report.names import named, pretty
from raremd.study.verdict_plans import Control

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

_SETTINGS: dict[str, Any] = {
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


Files = Mapping[str, Sequence[str]]
"""What a figure is drawn from: name -> paths."""


@dataclass(frozen=True)
class Series:
    """How one model is drawn: colour, marker and its name in legends."""

    color: str | tuple[float, float, float]
    marker: str
    label: str


MARKED_MD = Series((0.0, 0.0, 0.0), "_", "MD")
"""The MD where it is a mark beside those of the models."""
HUGE = 1e30
"""For an infinite limit of an interval: far above any axis."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What decides a figure beside its files; each kind of figure is given what it uses.

    Attributes
    ----------
    rows : tuple of mappings
        Column -> level, or list of levels: the rows of the comparison that are shown, or the cell
        and model of each file.
    models : tuple of str
        In the order of legends.
    controls : tuple of Control
        Each takes the colour of the model that it varies; in a lighter tone beside it.
    unit : str
        Time unit of the system.
    lag : float
        Of the yardstick, in that unit.
    interval : float
        Between saved frames, in that unit.
    stride : int
        Frames of the source in the interval.
    tolerance : float
        log2 deviation that counts as learned.
    levels : mapping
        Factor -> its levels, in the order of its axis.
    states : mapping
        Partition -> number of its microstates, of those that stand beside the base's.
    names : tuple of str
        Of the metastable states, from state 0 on; empty where they have none.
    """

    rows: tuple[Mapping[str, Any], ...] = ()
    models: tuple[str, ...] = ()
    controls: tuple[Control, ...] = ()
    unit: str = ""
    lag: float = 0.0
    interval: float = 0.0
    stride: int = 1
    tolerance: float = 0.0
    levels: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    states: Mapping[str, int] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    @property
    def system(self) -> str:
        """Name of the system whose rows are shown, for titles; empty if there are none."""
        return str(self.rows[0]["system"]) if self.rows else ""

    def of(self, model: str) -> str:
        """The model that a control varies; any other model itself."""
        return next((c.of for c in self.controls if c.name == model), model)

    def label(self, model: str) -> str:
        """Name of a model in titles and legends."""
        return named(model, self.controls)

    @property
    def series(self) -> dict[str, Series]:
        """Model -> how it is drawn, in the order of legends."""
        own = list(dict.fromkeys(map(self.of, self.models)))
        free = iter(OTHERS * len(own))
        looks = {m: MODELS.get(m.lower()) or next(free) for m in own}
        found = {}
        for model in self.models:
            of = self.of(model)
            color, marker = looks[of]
            red, green, blue = to_rgb(color)
            if of != model and of in self.models:
                siblings = [m for m in self.models if m != of and self.of(m) == of]
                marker = CONTROLS[siblings.index(model) % len(CONTROLS)] or marker
                red, green, blue = (tone + 0.55 * (1 - tone) for tone in (red, green, blue))
            found[model] = Series((red, green, blue), marker, self.label(model))
        return found

    @property
    def grouped(self) -> dict[str, Series]:
        """The same with one name and marker for all controls of a model, not told apart."""
        series = self.series
        return {
            model: replace(
                own,
                label=f"controls of {pretty(self.of(model))}",
                marker=series[self.of(model)].marker,
            )
            if self.of(model) != model and self.of(model) in series
            else own
            for model, own in series.items()
        }


def compared(files: Files, look: Look) -> pd.DataFrame:
    """Rows of the comparison that are shown."""
    comparison = without_sets(read_parquet(files["comparison"][0]))
    return pd.concat([pick(comparison, **levels) for levels in look.rows])


class Shown(Figure):
    """A figure that a notebook shows, whether or not matplotlib was set up in it."""

    def _repr_png_(self) -> bytes:
        image = io.BytesIO()
        self.savefig(image, format="png", dpi=DPI / 2)
        return image.getvalue()


def new_figure(width: float, height: float, *, constrained: bool = True) -> Figure:
    """An empty figure in inches, laid out so that labels do not overlap."""
    matplotlib.style.use(_SETTINGS)
    return Shown(figsize=(width, height), layout="constrained" if constrained else None)


def grid(
    n: int, columns: int, height: float, *, sharex: bool = False, sharey: bool = False
) -> tuple[Figure, list[Axes]]:
    """A figure two columns wide with `n` panels, each `height` high, in rows of `columns`."""
    columns = min(n, columns)
    rows = math.ceil(n / columns)
    figure = new_figure(DOUBLE, rows * height + 0.5)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey)
    for spare in axes.flat[n:]:
        spare.set_visible(False)
    for panel in axes.flat[:n]:
        panel.tick_params(labelsize=SMALL)
    if sharex:
        for panel in axes.flat[max(0, n - columns) : n]:
            panel.tick_params(labelbottom=True)
    return figure, list(axes.flat[:n])


def legend_above(figure: Figure, axes: Iterable[Axes], columns: int = 6, title: str = "") -> None:
    """Title and one legend for all panels: every label once, in their order, areas at the end."""
    entries: dict[str, Artist] = {}
    for panel in axes:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    entries = dict(sorted(entries.items(), key=lambda entry: isinstance(entry[1], Patch)))
    widths = [ENTRY + LETTER * len(label) for label in entries]
    in_a_row = sum(widths) <= figure.get_figwidth() and len(widths) <= columns
    fit = len(widths) if in_a_row else int(figure.get_figwidth() / max(widths, default=1))
    figure.legend(
        list(entries.values()), list(entries), loc="outside upper center",
        ncols=min(columns, max(1, fit)),
        handlelength=1.5, columnspacing=1.5, title=title or None,
        title_fontproperties={"weight": "bold", "size": 8},
    )  # fmt: skip


def faster_than_lag(axes: Axes, lags: Sequence[float] | np.ndarray) -> None:
    """Shade where a timescale is shorter than its lag, from the first of two lags to the last."""
    axes.fill_between(lags, lags, 0, color=BAND, linewidth=0, zorder=0, label="faster than the lag")


def log_ticks(axis: Axis, low: float, high: float) -> None:
    """Labels that do not overlap on a logarithmic axis, also where it spans less than a decade."""
    if high >= 100 * low:
        axis.set_minor_formatter(NullFormatter())
        return
    axis.set_major_locator(MaxNLocator(4) if high < 5 * low else LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_locator(NullLocator())


def tolerance_band(axes: Axes, tolerance: float, *, across: bool = True) -> None:
    """Line where model and MD agree, and the band in which they do within the tolerance.

    Parameters
    ----------
    axes : Axes
    tolerance : float
        log2 deviation that counts as learned.
    across : bool
        Whether the ratio is on the y axis.
    """
    span, line = (axes.axhspan, axes.axhline) if across else (axes.axvspan, axes.axvline)
    label = f"within a factor of {2**tolerance:.3g}"
    span(-tolerance, tolerance, color=BAND, linewidth=0, zorder=0, label=label)
    line(0, color=MD, linewidth=0.6, zorder=1)


def dodge(n: int, width: float) -> np.ndarray:
    """`n` offsets around 0 that span `width`, so that series stand side by side."""
    return np.linspace(-width / 2, width / 2, n) if n > 1 else np.zeros(1)


def within(values: ArrayLike, edge: float = EDGE) -> np.ndarray:
    """log2 ratios with those off the scale at its edge."""
    return np.clip(np.asarray(values, np.float64), -edge, edge)


def marks(axes: Axes, x: np.ndarray, rows: pd.DataFrame, look: Series) -> None:
    """Markers at `value` with bars from `low` to `high`; NaN is left out."""
    axes.vlines(x, rows["low"], rows["high"], color=look.color, linewidth=1.0)
    axes.plot(
        x, rows["value"], linestyle="none", marker=look.marker, color=look.color, label=look.label
    )


def save(figure: Figure, pdf: Path | str, png: Path | str) -> None:
    """Write both formats; equal figures give equal bytes."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells every glyph
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # and this every fallback
    with atomic_path(pdf) as temporary:
        figure.savefig(temporary, metadata={"CreationDate": None})
    with atomic_path(png) as temporary:
        figure.savefig(temporary, dpi=DPI)

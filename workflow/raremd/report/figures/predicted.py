"""Slowest timescales predicted before generation, against those that are generated."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raremd.analysis.cell_result import Reading
from raremd.analysis.predicted import PREDICTORS, WITHIN, Agreement, Predictions, predictions
from raremd.io.storage import read_parquet
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look

READINGS = {
    Reading.ONE_STEP: "own states, one step",
    Reading.LONG_LAG: "metastable states, long lag",
}


def read(files: Files, look: Look) -> Predictions:
    """Predictions of a study; rows of the look give the yardstick's lag of each system."""
    lags = {str(row["system"]): float(row["lag"]) for row in look.rows}
    return predictions(read_parquet(files["comparison"][0]), lags)


def _words(found: Agreement) -> str:
    lost = f", {found.left_out} without" if found.left_out else ""
    return f"rms {found.rms:.2f}, r {found.correlation:.2f} (n = {found.n}{lost})"


def _band(axes: Axes) -> None:
    """Where prediction and outcome agree, and where within the factor."""
    ends = 2.0 ** np.array([-style.EDGE - 1, style.EDGE + 1])
    label = f"within a factor of {WITHIN:g}"
    axes.fill_between(
        ends, ends / WITHIN, ends * WITHIN, color=style.BAND, linewidth=0, zorder=0, label=label
    )
    axes.plot(ends, ends, color=style.MD, linewidth=0.6, zorder=1)


def _range(data: Predictions, columns: Iterable[str]) -> tuple[float, float]:
    """Of an axis: all values of these columns, and the ratio 1."""
    values = np.concatenate([data.ratios[r][list(columns)].to_numpy().ravel() for r in READINGS])
    known = np.append(values[np.isfinite(values) & (values > 0)], 1.0)
    low, high = style.within(np.log2([known.min(), known.max()]))
    return float(2 ** (low - 0.7)), float(2 ** (high + 0.7))


def draw(data: Predictions, look: Look) -> Figure:
    """Four panels: readings in rows, predictors in columns; one mark per training.

    Parameters
    ----------
    data : Predictions
    look : Look
        models, controls.
    """
    figure, axes = style.grid(4, 2, 2.6, sharex=True, sharey=True)
    panels = iter(axes)
    for reading, where in READINGS.items():
        table = data.ratios[reading]
        for name, words in PREDICTORS.items():
            panel = next(panels)
            _band(panel)
            for model, own in look.grouped.items():
                rows = table[table["model"] == model]
                if len(rows):
                    panel.plot(
                        *(2.0 ** style.within(np.log2(rows[c])) for c in (name, "generated")),
                        linestyle="none", marker=own.marker, color=own.color, label=own.label,
                        markersize=3,
                    )  # fmt: skip
            panel.set(xscale="log", yscale="log", xlim=_range(data, PREDICTORS))
            panel.set_ylim(_range(data, ["generated"]))
            panel.set_title(f"{words}\n{where}: {_words(data.agreement[reading, name])}")
    figure.supxlabel("t₁ predicted / t₁ MD", fontsize=8)
    figure.supylabel("t₁ generated / t₁ MD", fontsize=8)
    style.legend_above(figure, axes)
    return figure

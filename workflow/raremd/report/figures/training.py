"""Validation loss and expected timescale during training, two panels per cell."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from raremd.analysis.plotted import Trained, training_histories
from raremd.analysis.tidy import cells, pick
from raremd.analysis.words import units
from raremd.io.storage import read_parquet
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import cell_title

COLUMNS = 4
SHOWN = {
    "validation_loss": "loss (nats/frame)",
    "expected_timescale": "expected t₁ ({unit})",
}
"""Column -> its axis."""


def draw_history(
    axes: Axes, table: pd.DataFrame, looks: dict[str, style.Series], column: str
) -> None:
    """One line per replicate; a model that is not trained on batches is a dashed level.

    Parameters
    ----------
    axes : Axes
    table : pandas.DataFrame
        model, replicate, tokens and the column, of one cell.
    looks : dict
        Model -> Series, the first on top.
    column : str
        What is drawn; evaluations without it are left out.
    """
    for place, (model, look) in enumerate(looks.items()):
        of_model = pick(table, model=model).dropna(subset=column)
        if of_model.empty:
            continue
        if of_model["tokens"].max() == 0:
            level = of_model[column].median()  # of replicates, each of which may have its own MD
            axes.axhline(level, color=look.color, linestyle="--", label=look.label)
            continue
        for replicate, rows in of_model.groupby("replicate"):
            label = look.label if replicate == of_model["replicate"].min() else None
            axes.plot(
                rows["tokens"],
                rows[column],
                color=look.color,
                linewidth=0.8,
                label=label,
                zorder=2 - 0.01 * place,
            )


def read(files: Files, look: Look) -> pd.DataFrame:
    """All histories of one system, with the cell and model of each, and the MD's timescale."""
    return training_histories(
        [read_parquet(file) for file in files["histories"]],
        [Trained(**row) for row in look.rows],
        read_parquet(files["comparison"][0]),
    )


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Validation loss and expected timescale of every cell of one system, side by side.

    Parameters
    ----------
    data : pandas.DataFrame
        As `analysis.plotted.training_histories` makes it.
    look : Look
        models, controls, unit.
    """
    panels = [(*cell, column) for cell in cells(data) for column in SHOWN]
    figure, axes = style.grid(len(panels), COLUMNS, 1.6)
    for panel, (levels, rows, column) in zip(axes, panels, strict=True):
        draw_history(panel, rows, look.grouped, column)
        if column == "expected_timescale":
            panel.axhline(rows["md_timescale"].iloc[0], color=style.MD, linewidth=0.8, label="MD")
        panel.set(yscale="log", title=cell_title(levels, look.unit))
        panel.set_ylabel(SHOWN[column].format(unit=units(look.unit)), fontsize=style.SMALL)
        panel.set_xlim(0, 1.03 * rows["tokens"].max() or None)
        panel.xaxis.set_major_locator(MaxNLocator(3))
        panel.xaxis.set_major_formatter(EngFormatter(sep=""))
        style.log_ticks(panel.yaxis, *panel.get_ylim())
    figure.supxlabel("frames seen in training", fontsize=8)
    style.legend_above(figure, axes, title=look.system)
    return figure

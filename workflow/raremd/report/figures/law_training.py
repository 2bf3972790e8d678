"""The expected one-step timescale while networks train, over that of the MD."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from raremd.analysis.plotted import Trained, training_histories
from raremd.io.storage import read_parquet
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look


def read(files: Files, look: Look) -> pd.DataFrame:
    """All evaluations, with the network of each training."""
    table = training_histories(
        [read_parquet(file) for file in files["histories"]],
        [Trained(**row) for row in look.rows],
        read_parquet(files["comparison"][0]),
    )
    return table.assign(network=[look.of(m) for m in table["model"]])


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """One panel per system, one line per training; budgets of a network share a colour.

    Parameters
    ----------
    data : pandas.DataFrame
    look : Look
        models, the networks; controls, each of their other budgets.
    """
    seen = data.dropna(subset=["expected_timescale", "md_timescale"])
    seen = seen[seen["tokens"] > 0]
    systems = list(dict.fromkeys(seen["system"])) or list(dict.fromkeys(data["system"]))
    figure, panels = style.grid(len(systems), 3, 2.2, sharey=True)
    for axes, system in zip(panels, systems, strict=True):
        axes.axhline(1, color=style.MD, linewidth=0.6, zorder=1)
        of_system = seen[seen["system"] == system]
        for network, own in look.series.items():
            lines = of_system[of_system["network"] == network].groupby(["model", "replicate"])
            for number, (_, rows) in enumerate(lines):
                axes.plot(
                    rows["tokens"],
                    rows["expected_timescale"] / rows["md_timescale"],
                    color=own.color,
                    linewidth=0.6,
                    alpha=0.7,
                    label=None if number else own.label,
                )
        axes.set(xscale="log", yscale="log", title=system)
        axes.xaxis.set_minor_formatter(NullFormatter())
    figure.supxlabel("tokens seen (saved frames)", fontsize=8)
    figure.supylabel("expected t₁ / t₁ MD, at one step", fontsize=8)
    style.legend_above(figure, panels)
    return figure

"""Scores of the leaderboard, a panel a system."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raremd.analysis.leaderboard import NO_MODELS
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import pretty

LEAST = 0.03  # a score below is drawn here


def draw_ranking(axes: Axes, ranking: pd.DataFrame, tolerance: float) -> None:
    """Best on top, on a logarithmic scale; scores beyond it at its edge.

    Parameters
    ----------
    axes : Axes
    ranking : pandas.DataFrame
        Of one system: model, score, low, high.
    tolerance : float
        Score that counts as right.
    """
    axes.axvspan(LEAST, tolerance, color=style.BAND, linewidth=0, zorder=0)
    y = np.arange(len(ranking))
    score, low, high = (
        np.clip(ranking[name], LEAST, style.EDGE).to_numpy() for name in ("score", "low", "high")
    )
    axes.hlines(y, low, high, color="0.3", linewidth=1.0)
    fixed = ranking["model"].isin(NO_MODELS).to_numpy()
    for chosen, color in ((fixed, style.MD), (~fixed, "#0072B2")):
        axes.plot(score[chosen], y[chosen], linestyle="none", marker="o", color=color)
    axes.set(xscale="log", xlim=(LEAST, 1.1 * style.EDGE))
    ticks = [0.03, 0.14, 0.5, 2, 5]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(y, [pretty(m) for m in ranking["model"]])
    axes.invert_yaxis()


def read(files: Files, look: Look) -> pd.DataFrame:
    """Ranking of all systems."""
    return pd.read_csv(files["ranking"][0])


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """One panel a system.

    Parameters
    ----------
    data : pandas.DataFrame
        From `leaderboard.rank`, all systems.
    look : Look
        tolerance, the score that counts as right.
    """
    groups = list(data.groupby("system", sort=False))
    height = 0.6 + 0.17 * max(len(group) for _, group in groups)
    figure, panels = style.grid(len(groups), 3, height)
    for axes, (system, group) in zip(panels, groups, strict=True):
        draw_ranking(axes, group, look.tolerance)
        undecided = group["doubt"].fillna("").any()
        axes.set_title(f"{pretty(system)} (cannot decide)" if undecided else pretty(system))
    figure.supxlabel("worst |log₂(t model / t MD)| over lags and processes", fontsize=8)
    return figure

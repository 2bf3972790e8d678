"""Scores of the leaderboard, and scores against cost: two panels per system."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raremd.analysis.leaderboard import NO_MODELS, read_ranking
from raremd.report.figures import style
from raremd.report.figures.style import Files, Look
from raremd.report.names import pretty

LEAST = 0.03  # a score below is drawn here
TICKS = {LEAST: "≤0.03", 0.14: "0.14", 0.5: "0.5", 2: "2", 5: "5"}


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
    axes.axvspan(0, tolerance, color=style.BAND, linewidth=0, zorder=0)
    y = np.arange(len(ranking))
    score, low, high = (
        np.clip(ranking[name], LEAST, style.EDGE).to_numpy() for name in ("score", "low", "high")
    )
    axes.hlines(y, low, high, color="0.3", linewidth=1.0)
    fixed = ranking["model"].isin(NO_MODELS).to_numpy()
    for chosen, color in ((fixed, style.MD), (~fixed, "#0072B2")):
        axes.plot(score[chosen], y[chosen], linestyle="none", marker="o", color=color)
    axes.set(xscale="log", xlim=(LEAST / 1.2, 1.1 * style.EDGE))
    axes.set_xticks(list(TICKS), list(TICKS.values()))
    axes.set_xlabel("worst |log₂(t model / t MD)|")
    axes.minorticks_off()
    axes.set_yticks(y, [pretty(m) for m in ranking["model"]])
    axes.invert_yaxis()


def draw_front(axes: Axes, ranking: pd.DataFrame, tolerance: float) -> None:
    """Score against core-seconds, both logarithmic, with the names of the models on the front.

    Parameters
    ----------
    axes : Axes
    ranking : pandas.DataFrame
        Of one system: model, score, core_seconds, front.
    tolerance : float
        Score that counts as right.
    """
    axes.axhspan(0, tolerance, color=style.BAND, linewidth=0, zorder=0)
    known = ranking[ranking["core_seconds"] > 0].sort_values("core_seconds")
    score = known["score"].clip(LEAST, style.EDGE)
    axes.plot(known["core_seconds"], score, linestyle="none", marker="o", color="0.7")
    front = known[known["front"]]
    axes.step(front["core_seconds"], score[front.index], where="post", marker="o", color="#0072B2")
    middle = np.sqrt(known["core_seconds"].min() * known["core_seconds"].max())
    for n, (_, row) in enumerate(front.iterrows()):
        at = row["core_seconds"], np.clip(row["score"], LEAST, style.EDGE)
        side, shift = ("left", 4) if at[0] < middle else ("right", -4)
        axes.annotate(  # neighbours above and below, so that their names do not meet
            pretty(row["model"]), at, (shift, -9 if n % 2 else 4), textcoords="offset points",
            ha=side, fontsize=style.SMALL,
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", ylim=(LEAST / 1.6, 1.1 * style.EDGE))
    axes.set_yticks(list(TICKS), list(TICKS.values()))
    axes.minorticks_off()
    axes.set(xlabel="core-seconds", ylabel="score")


def read(files: Files, look: Look) -> pd.DataFrame:
    """Ranking of all systems."""
    return read_ranking(files["ranking"][0])


def draw(data: pd.DataFrame, look: Look) -> Figure:
    """Two panels per system, side by side.

    Parameters
    ----------
    data : pandas.DataFrame
        From `leaderboard.rank`, all systems.
    look : Look
        tolerance, the score that counts as right.
    """
    groups = list(data.groupby("system", sort=False))
    height = 0.6 + 0.17 * max(len(group) for _, group in groups)
    figure, panels = style.grid(2 * len(groups), 2, height)
    for axes, beside, (system, group) in zip(panels[::2], panels[1::2], groups, strict=True):
        draw_ranking(axes, group, look.tolerance)
        draw_front(beside, group, look.tolerance)
        undecided = group["doubt"].fillna("").any()
        axes.set_title(f"{system} (cannot decide)" if undecided else str(system))
    return figure

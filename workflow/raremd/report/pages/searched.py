"""The search for recipes, as it stands in docs/recipes.md between two marks."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from raremd.analysis.words import count, listed
from raremd.report.names import pretty
from raremd.report.pages.markdown import as_table
from raremd.study.verdict_plans import RecipeSearch, TriedRecipe

MARKS = "<!-- recipes: written by keep_recipes -->", "<!-- end of recipes -->"


def _described(tried: TriedRecipe, window: int) -> str:
    """A recipe in a few words; what is usual is left out."""
    parts = [f"{tried.batch}, {tried.learning_rate:g}, {tried.weight_decay:g}"]
    parts += [tried.schedule.replace("_", " ")] * (tried.schedule != "cosine")
    parts += [f"window {tried.window}"] * (tried.window != window)
    return "; ".join(parts)


def searched(ranking: pd.DataFrame, search: RecipeSearch, commits: Sequence[str]) -> str:
    """A table for each kind of network, the best recipe first, and where the numbers come from.

    Parameters
    ----------
    ranking : pandas.DataFrame
        Columns `leaderboard.COLUMNS`: the score of each recipe in each system.
    search : RecipeSearch
    commits : sequence of str
        Of the code that trained the networks.
    """
    systems = list(dict.fromkeys(ranking["system"]))
    rows = ranking.set_index(["model", "system"])
    total = ranking.groupby("model")["score"].sum()
    heading = ["batch, peak rate, weight decay", *(f"`{s}`" for s in systems), "sum"]
    lines = []
    for kind in dict.fromkeys(tried.kind for tried in search.tried):
        own = sorted((t for t in search.tried if t.kind == kind), key=lambda t: total[t.model])
        table = []
        for tried in own:
            at = [rows.loc[(tried.model, system)] for system in systems]
            scores = [f"{r['score']:.2f} [{r['low']:.2f}, {r['high']:.2f}]" for r in at]
            losses = " / ".join(f"{r['cross_entropy']:.4f}" for r in at)
            what = _described(tried, search.window)
            table.append([what, *scores, f"{total[tried.model]:.2f}", losses])
        lines += [f"## {pretty(kind)}", ""]
        lines += [*as_table([*heading, "held-out loss (nats)"], table), ""]
    return "\n".join(
        [
            *lines,
            f"{count(search.replicates, 'training')} of {search.tokens / 1e6:.1f} million tokens "
            f"for each number. Computed at commit {listed([f'`{c}`' for c in commits])}.",
        ]
    )

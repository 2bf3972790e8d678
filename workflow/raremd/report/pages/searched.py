"""The search for recipes, as it stands in docs/recipes.md between two marks."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from raremd.analysis.words import count, listed
from raremd.report.names import pretty
from raremd.report.pages.markdown import as_table
from raremd.study.verdict_plans import RecipeSearch, TriedRecipe

MARKS = "<!-- recipes: written by keep_recipes -->", "<!-- end of recipes -->"
RECIPE = "batch, peak rate, weight decay"


def _described(tried: TriedRecipe, window: int) -> str:
    """A recipe in a few words; what is usual is left out."""
    parts = [f"{tried.batch}, {tried.learning_rate:g}, {tried.weight_decay:g}"]
    parts += [tried.schedule.replace("_", " ")] * (tried.schedule != "cosine")
    parts += [f"window {tried.window}"] * (tried.window != window)
    return "; ".join(parts)


def sums(ranking: pd.DataFrame, search: RecipeSearch, kind: str) -> pd.DataFrame:
    """Scores of the recipes of one kind of network, added over systems.

    Returns
    -------
    pandas.DataFrame
        A row for each recipe in words, a column for each number of tokens; NaN where a recipe was
        not tried. What was tried at most budgets comes first, then what has the smallest sum.
    """
    total = ranking.groupby("model")["score"].sum()
    own = [tried for tried in search.tried if tried.kind == kind]
    rows = [(_described(t, search.window), t.tokens, total[t.model]) for t in own]
    table = pd.DataFrame(rows, columns=["recipe", "tokens", "sum"])
    table = table.pivot_table("sum", "recipe", "tokens")
    order = pd.DataFrame({"missing": table.isna().sum(axis=1), "sum": table.sum(axis=1)})
    return table.loc[order.sort_values(["missing", "sum"]).index]


def searched(ranking: pd.DataFrame, search: RecipeSearch, commits: Sequence[str]) -> str:
    """For each kind of network the sums by budget, then a table for each budget, best first.

    Parameters
    ----------
    ranking : pandas.DataFrame
        Columns `leaderboard.COLUMNS`: the score of each recipe in each system.
    search : RecipeSearch
    commits : sequence of str
        Of the code that trained the networks.
    """
    lines = []
    for kind in dict.fromkeys(tried.kind for tried in search.tried):
        table = sums(ranking, search, kind)
        heading = [RECIPE, *(_millions(tokens) for tokens in table)]
        body = [
            [recipe, *("–" if pd.isna(x) else f"{x:.2f}" for x in row)]
            for recipe, row in zip(table.index, table.to_numpy(), strict=True)
        ]
        lines += [f"## {pretty(kind)}", "", "Sums over the systems, by tokens:", ""]
        lines += [*as_table(heading, body), ""]
        for tokens in table:
            own = [t for t in search.tried if (t.kind, t.tokens) == (kind, tokens)]
            lines += [f"### {pretty(kind)}, {_millions(tokens)} tokens", ""]
            lines += [*_by_system(ranking, own, search.window), ""]
    return "\n".join(
        [
            *lines,
            f"{count(search.replicates, 'training')} for each number. "
            f"Computed at commit{'s' * (len(commits) > 1)} {listed([f'`{c}`' for c in commits])}.",
        ]
    )


def _millions(tokens: int) -> str:
    return f"{tokens / 1e6:.1f} million"


def _by_system(ranking: pd.DataFrame, tried: Sequence[TriedRecipe], window: int) -> list[str]:
    """Scores and losses of recipes with one budget, the smallest sum first."""
    systems = list(dict.fromkeys(ranking["system"]))
    rows = ranking.set_index(["model", "system"])
    table = []
    for own in tried:
        at = [rows.loc[(own.model, system)] for system in systems]
        scores = [f"{r['score']:.2f} [{r['low']:.2f}, {r['high']:.2f}]" for r in at]
        losses = " / ".join(f"{r['cross_entropy']:.4f}" for r in at)
        total = sum(r["score"] for r in at)
        table.append((total, [_described(own, window), *scores, f"{total:.2f}", losses]))
    heading = [RECIPE, *(f"`{s}`" for s in systems), "sum", "held-out loss (nats)"]
    return as_table(heading, [cells for _, cells in sorted(table)])

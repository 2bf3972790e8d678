"""The tables of docs/recipes.md."""

import pandas as pd

from raremd.report.pages.searched import searched
from raremd.study.verdict_plans import RecipeSearch, TriedRecipe

SEARCH = RecipeSearch(
    (
        TriedRecipe("lstm", "lstm", 50, 0.006, 0.01, "cosine", 64),
        TriedRecipe("lstm_late", "lstm", 100, 0.02, 0.0, "late_decay", 128),
        TriedRecipe("transformer", "transformer", 50, 0.006, 0.0, "cosine", 64),
    ),
    tokens=5_600_000,
    window=64,
    replicates=3,
)
SCORES = {"lstm": (1.0, 2.0), "lstm_late": (0.5, 1.25), "transformer": (3.0, 0.1), "markov": (9, 9)}


def test_the_best_recipe_of_each_kind_comes_first():
    rows = [
        {"system": s, "model": m, "score": x, "low": x - 0.1, "high": x + 0.2, "cross_entropy": 2.5}
        for m, both in SCORES.items()
        for s, x in zip("ab", both, strict=True)
    ]
    lines = searched(pd.DataFrame(rows), SEARCH, ["abc"]).splitlines()
    assert [line for line in lines if line.startswith("##")] == ["## LSTM", "## Transformer"]
    late = "| 100, 0.02, 0; late decay; window 128 | 0.50 [0.40, 0.70] | 1.25 [1.15, 1.45] | 1.75 |"
    first, second = lines[4:6]
    assert first == f"{late} 2.5000 / 2.5000 |"
    assert second.startswith("| 50, 0.006, 0.01 | 1.00") and "9" not in second.partition("|")[0]
    assert lines[-1] == (
        "3 trainings of 5.6 million tokens for each number. Computed at commit `abc`."
    )

"""The tables of docs/recipes.md."""

import pandas as pd

from raremd.report.pages.searched import searched, sums
from raremd.study.verdict_plans import RecipeSearch, TriedRecipe

SHORT, LONG = 1_400_000, 5_600_000
SEARCH = RecipeSearch(
    (
        TriedRecipe("lstm", "lstm", SHORT, 50, 0.006, 0.01, "cosine", 64),
        TriedRecipe("lstm_late", "lstm", SHORT, 100, 0.02, 0.0, "late_decay", 128),
        TriedRecipe("lstm_4", "lstm", LONG, 50, 0.006, 0.01, "cosine", 64),
        TriedRecipe("transformer", "transformer", SHORT, 50, 0.006, 0.0, "cosine", 64),
    ),
    window=64,
    replicates=3,
)
SCORES = {
    "lstm": (1.0, 2.0),
    "lstm_late": (0.5, 1.25),
    "lstm_4": (0.5, 0.5),
    "transformer": (3.0, 0.1),
    "markov": (9, 9),
}
RANKING = pd.DataFrame(
    [
        {"system": s, "model": m, "score": x, "low": x - 0.1, "high": x + 0.2, "cross_entropy": 2.5}
        for m, both in SCORES.items()
        for s, x in zip("ab", both, strict=True)
    ]
)
LATE = "100, 0.02, 0; late decay; window 128"


def test_each_budget_has_its_table_with_the_best_recipe_first():
    lines = searched(RANKING, SEARCH, ["abc"]).splitlines()
    assert [line for line in lines if line.startswith("##")] == [
        "## LSTM",
        "### LSTM, 1.4 million tokens",
        "### LSTM, 5.6 million tokens",
        "## Transformer",
        "### Transformer, 1.4 million tokens",
    ]
    at = lines.index("### LSTM, 1.4 million tokens") + 4
    late = f"| {LATE} | 0.50 [0.40, 0.70] | 1.25 [1.15, 1.45] | 1.75 |"
    assert lines[at] == f"{late} 2.5000 / 2.5000 |"
    assert lines[at + 1].startswith("| 50, 0.006, 0.01 | 1.00")
    assert f"| {LATE} | 1.75 | – |" in lines and "| 50, 0.006, 0.01 | 3.00 | 1.00 |" in lines
    assert lines[-1] == "3 trainings for each number. Computed at commit `abc`."


def test_what_was_tried_at_most_budgets_leads_the_sums():
    table = sums(RANKING, SEARCH, "lstm")
    assert list(table.index) == ["50, 0.006, 0.01", LATE]
    assert list(table.columns) == [SHORT, LONG]

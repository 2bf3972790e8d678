"""Networks of the page of laws beside each other, on made-up trainings."""

import pandas as pd

from raremd.report.pages.laws_networks import of_kinds, of_sizes

CELL = {"coordinate": "x", "interval": 1.0, "partition": "p", "recrossing": "none", "tau_c": 0.0}
COLUMNS = ("network", "kind", "plain", "variant", "budget", "parameters", "ratio", "long_ratio")
TRAININGS = [
    ("lstm", "lstm", True, "", 1e6, 10, 0.4, 1.0),
    ("lstm", "lstm", True, "", 1e6, 10, 0.5, 1.0),
    ("lstm", "lstm", True, "", 2e6, 10, 0.6, 1.0),
    ("transformer", "transformer", True, "", 1e6, 10, 0.2, 0.1),
    ("large", "lstm", False, "", 1e6, 99, 0.8, 1.1),
    ("twice", "transformer", False, "two passes", 1e6, 10, 0.2, 0.1),
    ("masked", "lstm", False, "prior seen_jumps", 1e6, 10, 0.9, 1.0),
    ("small", "lstm", False, "", 4e6, 5, 0.1, 1.0),  # nothing has as many tokens
]


def points():
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in TRAININGS]
    table = pd.DataFrame([{"system": "s", **CELL, **row} for row in rows])
    mapped = table[table["budget"] == 1e6].assign(system="map")  # one budget: no curve
    table = pd.concat([table, mapped])
    return table.assign(error=1 / table["ratio"] - 1)


def test_a_network_stands_beside_the_small_one_of_its_kind_with_as_many_tokens():
    sentence, _, *table = of_sizes(points())
    assert "in 1 of 2 comparisons" in sentence and "in 0 it is larger by more" in sentence
    large, twice = table[2:]
    assert "| `large` | 99 | 1,000,000 | 0.8 | 0.45 [0.4, 0.5] | 1.1 | 1 [1, 1] | 0.2 |" in large
    assert "`twice`" in twice and twice.endswith("| 1 |")


def test_both_kinds_stand_beside_each_other_where_both_had_the_budget():
    assert of_kinds(points())[2:] == [
        "| `s` | 1,000,000 | 0.45 [0.4, 0.5] | 0.2 | 1 [1, 1] | 0.1 |"
    ]

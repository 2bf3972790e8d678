"""The leaderboard for people: one table per system."""

from __future__ import annotations

import pandas as pd

from raremd.analysis.leaderboard import MD, picked
from raremd.analysis.words import given
from raremd.report.pages.markdown import as_table

HOW = """\
The score is the worst |log2(t model / t MD)| over all lags from one saving interval to the
yardstick's and over the slowest processes, in the states that the model was trained on: 0.14 is
10 %, 1 a factor of two. It is taken of the geometric mean over replicates, with a 95 % interval
over resampled replicates. `md_bootstrap` is the MD against its own resampled blocks (median and
95 % range), `reference` an independent MD of the same system, and `igme` extrapolates the MD's
timescales at lags of 5 to 20 intervals to the longer ones. Validation is the same score against
the MD that no model was trained on: it chooses a model without a look at the scores.
"""


def _choice(ranking: pd.DataFrame) -> str:
    """What one would take without a look at the scores, if the data suffice for that."""
    (doubt,) = set(ranking["doubt"])
    if doubt:
        return f"**No ranking**, because this MD cannot decide: {doubt}. Models stand by name."
    row = picked(ranking)
    (own,) = ranking.loc[ranking["model"] == MD, "validation"]
    text = (
        f"The validation data choose `{row['model']}` ({row['validation']:.2f}); its score is "
        f"{row['score']:.2f}, {row['low']:.2f} to {row['high']:.2f}."
    )
    if row["validation"] <= own:
        text += (
            f" They are too short to choose by: the MD of the training itself deviates from them "
            f"by {own:.2f}."
        )
    return text


def as_markdown(ranking: pd.DataFrame, cells: dict[str, str], units: dict[str, str]) -> str:
    """The page; `cells` and `units` by system."""
    lines = ["# Leaderboard", "", HOW]
    for system, group in ranking.groupby("system", sort=False):
        heading = [
            "model", "score", "95 %", f"worst at lag ({units[str(system)]})", "process",
            "validation", "cross-entropy (nats)", "core-seconds", "failed replicates",
        ]  # fmt: skip
        lines += ["", f"## {system}", "", f"Cell `{cells[str(system)]}`. {_choice(group)}", ""]
        lines += as_table(heading, [_cells(row) for _, row in group.iterrows()])
    return "\n".join([*lines, ""])


def _cells(row: pd.Series) -> list[str]:
    shown = [
        str(row["model"]),
        f"{row['score']:.2f}",
        f"{row['low']:.2f} to {row['high']:.2f}",
        given(row["lag"]),
        f"{row['process']:.0f}",
        f"{row['validation']:.2f}",
        f"{row['cross_entropy']:.4f}",
        f"{row['core_seconds']:.0f}",
        f"{row['failed']:.0f}",
    ]
    return ["" if "nan" in cell else cell for cell in shown]

"""The leaderboard for people: one table per system."""

from __future__ import annotations

import pandas as pd

from raremd.analysis import words
from raremd.analysis.leaderboard import MD_RESAMPLED, over_systems, picked
from raremd.analysis.leaderboard_cells import Board
from raremd.analysis.leaderboard_metrics import METRICS
from raremd.analysis.words import count, given, listed, number, ratio
from raremd.report.pages.markdown import as_table

HOW = """\
The score is the worst |log2(t model / t MD)| over all lags from one saving interval to the
yardstick's and over the slowest processes, in the states that the model was trained on: 0.14 is
10 %, 1 a factor of two. It is that of the geometric mean over replicates; the range is that over
resampled replicates, 95 % of it. With three replicates this is little more than the range of the
single trainings, and covers the true score in about two cases of three. `md_bootstrap` is the MD
against its own resampled blocks (median and 95 % range), and `reference` an independent MD of the
same system. `igme` extrapolates the MD's timescales at lags of 5 to 20 intervals to longer lags;
`qmsm` does so with the memory of the first 20 intervals. Validation is the same score against the
MD that no model was trained on: it chooses a model without a look at the scores. Rank is the
range of the model's place over the same resamplings. Front: no other model is both better and
cheaper. Core-seconds are those of training and generation, all replicates together.

A second table of each system shows other measures, with their ranges over resampled replicates.
There `qmsm` is one of the metastable states, with a memory of 20 intervals. `hummer_szabo` and
`micro_to_macro` take a Markov model of the microstates at the greatest divisor of the yardstick's
lag that is at most 20 intervals; the first keeps the time integral of each correlation of
the metastable states (Hummer and Szabo 2015), the second projects its matrix at the yardstick's lag
(Sartore, Teichmann, Stock 2024). They have no score, because scores are read in the microstates.

"""


def _choice(ranking: pd.DataFrame) -> str:
    """What one would take without a look at the scores, if the data suffice for that."""
    (doubt,) = set(ranking["doubt"])
    if doubt:
        return f"**No ranking**, because this MD cannot decide: {doubt}. Models are listed by name."
    row = picked(ranking)
    (own,) = ranking.loc[ranking["model"] == MD_RESAMPLED, "validation"]
    text = (
        f"The validation data choose `{row['model']}` ({row['validation']:.2f}); its score is "
        f"{row['score']:.2f}, {row['low']:.2f} to {row['high']:.2f}."
    )
    if row["validation"] <= own:
        text += (
            f" They are too short to choose by: even the MD of the training deviates from them by "
            f"{own:.2f}."
        )
    return text


def nearest(table: pd.DataFrame) -> str:
    """The entry with the smallest worst score of all systems; `leaderboard.over_systems`."""
    first = table[table["model"] == table["model"].iloc[0]]
    known = first["doubt"] == ""
    counted, others = (first[known], first[~known]) if known.any() else (first, first[known])
    text = (
        f"`{first['model'].iloc[0]}`: in {count(len(counted), 'system')} no timescale at any lag, "
        "averaged over its trainings, is off by more than a factor of "
        f"{ratio(counted['score'].max())} (resampled trainings: up to "
        f"{ratio(counted['high'].max())})"
    )
    if not known.any():
        return f"{text}, but their MD cannot decide what is right"
    text += f", and it is right in {counted['right'].sum()} of them"
    if others.empty:
        return text
    names = listed([f"`{system}`" for system in others["system"]])
    return (
        f"{text}. The MD of {names} cannot decide so finely; there it is off by up to a factor of "
        f"{ratio(others['score'].max())}"
    )


def _everywhere(ranking: pd.DataFrame, tolerance: float) -> list[str]:
    """The scores of all entries side by side, the nearest first."""
    table = over_systems(ranking)
    own = (
        ranking[ranking["model"] == MD_RESAMPLED].set_index("system")["high"].clip(lower=tolerance)
    )
    systems = list(dict.fromkeys(table["system"]))
    open_, rows = set(table.loc[table["doubt"] != "", "system"]), []
    limits = {s: "cannot decide" if s in open_ else f"{own[s]:.2f}" for s in systems}
    for model, group in table.groupby("model", sort=False):
        of = group.set_index("system")
        scores = [f"{of['score'][s]:.2f}" for s in systems]
        shown = [f"**{x}**" if of["right"][s] else x for s, x in zip(systems, scores, strict=True)]
        rows.append([f"`{model}`", *shown])
    return [
        f"The closest is {nearest(table)}. Right is within a factor of {ratio(tolerance)}, or "
        "within the MD's own error where that is larger (upper end of `md_bootstrap`), up to the "
        "score in each heading; such scores are bold. Entries are ordered by their worst score in "
        "systems whose MD can decide. `igme` and `qmsm` in the tables below are no entries: they "
        "start from the MD's own kinetics at short lags and generate nothing.",
        "",
        *as_table(["entry", *(f"`{s}` ({limits[s]})" for s in systems)], rows),
    ]


def as_markdown(
    board: Board, cells: dict[str, str], units: dict[str, str], tolerance: float
) -> str:
    """The page; `cells` and `units` by system, the tolerance in log2."""
    systems = board.ranking.groupby("system", sort=False)
    lines = [
        "# Leaderboard",
        "",
        *_everywhere(board.ranking, tolerance),
        "",
    ]
    lines += [
        f"- `{system}`, `{cells[str(system)]}`: {_choice(group)}" for system, group in systems
    ]
    lines += ["", "## Details", "", HOW.rstrip(), ""]
    lines += [f"- {_spoken(metric)}: {text}" for metric, text in METRICS.items()]
    for system, group in systems:
        unit = words.units(units[str(system)])
        heading = [
            "model", "score", "range", "rank", "front", f"worst at lag ({unit})",
            "process", "validation", "cross-entropy (nats)", "core-seconds", "failed replicates",
        ]  # fmt: skip
        lines += ["", f"## `{system}`", ""]
        lines += as_table(heading, [_cells(row) for _, row in group.iterrows()])
        own = board.metrics[board.metrics["system"] == system]
        lines += ["", *_measured(own, [str(model) for model in group["model"]])]
    return "\n".join([*lines, ""])


def _spoken(metric: str) -> str:
    return metric.replace("_", " ")


def _measured(own: pd.DataFrame, models: list[str]) -> list[str]:
    """The table of metrics: models in the order of the ranking, then what is not ranked."""
    shown = [metric for metric in METRICS if metric in set(own["metric"])]
    cells = {(row["model"], row["metric"]): _with_interval(row) for _, row in own.iterrows()}
    known = [model for model in models if model in set(own["model"])]
    known += sorted(set(own["model"]) - set(models))
    rows = [[model, *(cells.get((model, metric), "") for metric in shown)] for model in known]
    return as_table(["model", *map(_spoken, shown)], rows)


def _with_interval(row: pd.Series) -> str:
    value, *limits = (number(row[of]) for of in ("value", "low", "high"))
    plain = pd.isna(row["low"]) or set(limits) == {value}
    return value if plain else f"{value} ({' to '.join(limits)})"


def _cells(row: pd.Series) -> list[str]:
    shown = [
        str(row["model"]),
        f"{row['score']:.2f}",
        f"{row['low']:.2f} to {row['high']:.2f}",
        f"{row['rank_low']:.0f} to {row['rank_high']:.0f}",
        "yes" if row["front"] else "",
        given(row["lag"]),
        f"{row['process']:.0f}",
        f"{row['validation']:.2f}",
        f"{row['cross_entropy']:.4f}",
        f"{row['core_seconds']:.0f}",
        f"{row['failed']:.0f}",
    ]
    return ["" if "nan" in cell else cell for cell in shown]

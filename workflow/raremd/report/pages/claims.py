"""Verdicts for people: who won at a glance, a table a claim, and one table of controls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from raremd.analysis.claims import INCONCLUSIVE, as_number, control_name
from raremd.report.names import pretty
from raremd.report.pages.markdown import as_table

HOW = """\
Effects are in log2 units of the slowest implied timescale (1 is a factor of two), with 95 %
intervals from MD blocks and replicates; in the metastable states at the lag of the system's
yardstick (the verdict), and beside it in the cells' own states at their own interval. C1:
log2(model / MD). C2 to C5: error of the hard cell minus that of the easy one. C6: error of the LSTM
minus that of the Transformer. A verdict is `inconclusive` where the interval cannot tell,
transitions are few, or the reference has not levelled off with lag. Verdicts are not corrected for
multiplicity: of twenty intervals about one misses.

Where controls ran on all sides of a claim, a second table shows its effect for networks with one
thing changed (C6: the mean over the cells in which both networks were changed). What more budget
takes away was undertraining.
"""
VARIED = "The same effect with one thing changed:"
CONTROLS = """\
Error of the slowest timescale, mean over replicates of |log2(model / MD)|, in metastable states at
the yardstick's lag: of the network, and of the same network with one thing changed.
"""


def in_order(values: Iterable[str]) -> list[str]:
    """Each once, as they come."""
    return list(dict.fromkeys(values))


def scoreboard(records: list[dict[str, Any]]) -> list[str]:
    """A row a claim, a column a system, the verdict of each model."""
    systems = in_order(r["system"] for r in records)

    def told(claim: str, system: str) -> str:
        mine = [r for r in records if (r["claim"], r["system"]) == (claim, system)]
        return ", ".join(f"{pretty(r['model'])} {_told(r['verdict'])}" for r in mine) or "–"

    statements = {r["claim"]: r["statement"] for r in records}
    return as_table(
        ["claim", *systems],
        [[f"{c} {statements[c]}", *(told(c, s) for s in systems)] for c in statements],
    )


def _told(verdict: str) -> str:
    return verdict if verdict == INCONCLUSIVE else f"**{verdict}**"


def contrast(cells: list[str]) -> str:
    """Where cells differ: `hard against easy`; of one cell all levels, of many the number."""
    if len(cells) > 2:
        return f"{len(cells)} cells"
    levels = [name.split("/")[1:] for name in cells]
    kept = [len(set(column)) > 1 or len(cells) == 1 for column in zip(*levels, strict=True)]
    names = ["/".join(v for v, keep in zip(each, kept, strict=True) if keep) for each in levels]
    return " against ".join(f"`{name}`" for name in names)


def shown(summary: dict[str, Any]) -> str:
    """Effect with its interval, or a dash where something of it is not known."""
    numbers = [summary[name] for name in ("effect", "low", "high")]
    return as_number(summary) if None not in numbers and np.isfinite(numbers).all() else "–"


def _change(row: dict[str, Any]) -> str:
    return pretty(control_name(row["model"], row["of"]))


def _best_control(record: dict[str, Any]) -> str:
    """Error in the cell that has controls, and that of the best control there."""
    rows = [r for r in record["control"]["convergence"] if r["of"] == record["model"]]
    rows = [r for r in rows if r["cell"] == record["cells"][0]]
    if len(record["cells"]) > 2 or not rows:
        return "–"
    best = min(rows, key=lambda r: r["error_of_control"])
    return f"{best['error']:.2f} to {best['error_of_control']:.2f}, {_change(best)}"


def claim_table(records: list[dict[str, Any]]) -> list[str]:
    """The verdicts on one claim with effect, interval, controls, events and doubts."""
    heading = [
        "system", "model", "cells", "verdict", "effect (log2)", "at the own interval", "Markov",
        "its error, and with the best control", "events", "doubts",
    ]  # fmt: skip
    rows = []
    for r in records:
        control, own = r["control"], r["control"]["at_own_interval"]
        rows.append(
            [
                *(r["system"], pretty(r["model"]), contrast(r["cells"]), f"**{r['verdict']}**"),
                *(shown(r), f"{own['verdict']} {shown(own)}"),
                shown(control["markov"]) if "markov" in control else "–",
                *(_best_control(r), str(r["n_events"]), "; ".join(r["doubts"]) or "–"),
            ]
        )
    return as_table(heading, rows)


def varied_table(records: list[dict[str, Any]]) -> list[str]:
    """The verdicts on one claim, and those on the same networks with one thing changed.

    No lines where no control ran in all cells of a verdict.
    """
    varied = [{v["change"]: v for v in r["control"]["varied"]} for r in records]
    columns = in_order(name for changes in varied for name in changes)
    if not columns:
        return []

    def told(summary: dict[str, Any] | None) -> str:
        return "–" if summary is None else f"{summary['verdict']} {shown(summary)}"

    return [
        VARIED,
        "",
        *as_table(
            ["system", "model", "itself", *map(pretty, columns)],
            [
                [r["system"], pretty(r["model"]), told(r), *(told(v.get(c)) for c in columns)]
                for r, v in zip(records, varied, strict=True)
            ],
        ),
    ]


def control_table(records: list[dict[str, Any]]) -> list[str]:
    """Error of the slowest timescale in every cell that has controls, and of each control."""
    rows = [row for r in records for row in r["control"]["convergence"]]
    columns = in_order(_change(row) for row in rows)
    errors: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        mine = errors.setdefault((row["cell"], row["of"]), {"itself": row["error"]})
        mine[_change(row)] = row["error_of_control"]
    if not errors:
        return ["No cell has controls."]
    return as_table(
        ["cell", "model", "itself", *columns],
        [
            [f"`{cell}`", pretty(model)]
            + [f"{mine[c]:.2f}" if c in mine else "–" for c in ("itself", *columns)]
            for (cell, model), mine in errors.items()
        ],
    )


def as_markdown(records: list[dict[str, Any]]) -> str:
    """All verdicts of a study."""
    lines = ["# Claims", "", HOW]
    if records:
        lines += [*scoreboard(records), ""]
    for claim in in_order(r["claim"] for r in records):
        mine = [r for r in records if r["claim"] == claim]
        lines += [f"## {claim}: {mine[0]['statement']}", "", *claim_table(mine), ""]
        lines += [*varied_table(mine), ""]
    return "\n".join([*lines, "## Controls", "", CONTROLS, *control_table(records), ""])

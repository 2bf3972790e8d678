"""A finished study -> a small folder to keep: the story with its numbers, figures, tables.

Nothing on the page is typed: every number comes from the study's own files.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from raremd.claims import as_number
from raremd.figures.selection import pick, pretty
from raremd.storage import atomic_path

LARGEST = 100_000
"""Bytes of a figure."""
COLORS = 64
SHRINK = 0.85
EACH = ("timescale", "yardstick_timescale", "cross_entropy")
"""Quantities that are kept of each replicate; of the rest the summary is."""
SUMMARY = (
    *EACH, "log2_ratio", "yardstick_log2_ratio", "ceiling_log2", "yardstick_ceiling_log2",
    "crossing_rate", "residence_time", "slow_transitions", "population", "tokens", "parameters",
)  # fmt: skip
FIGURES = {
    "C1": ["claims"],
    "C2": ["dimension", "dimension_interval"],
    "C3": ["interval", "interval_partition"],
    "C4": ["partition"],
    "C5": [],
    "C6": ["residence_times"],
}
"""Which figures stand under which claim."""


def compress(source: Path, target: Path, largest: int = LARGEST) -> None:
    """A PNG with few colours, made smaller until it has at most `largest` bytes."""
    picture = Image.open(source).convert("RGB")
    size, factor = picture.size, 1.0
    while True:
        scaled = picture.resize([max(1, round(n * factor)) for n in size], Image.Resampling.LANCZOS)
        content = io.BytesIO()
        scaled.quantize(COLORS, dither=Image.Dither.NONE).save(content, "png", optimize=True)
        if content.tell() <= largest or max(scaled.size) < 200:
            break
        factor *= SHRINK
    with atomic_path(target) as temporary:
        temporary.write_bytes(content.getvalue())


def reduce(comparison: pd.DataFrame, lags: dict[str, float]) -> pd.DataFrame:
    """Rows of the comparison that the claims rest on and that a spot check compares.

    Parameters
    ----------
    comparison : pandas.DataFrame
    lags : dict
        System -> lag of its yardstick. Rows at that lag, at the cell's own interval, and without
        a lag are kept.
    """
    at = comparison["lag"].to_numpy()
    kept = np.isnan(at)
    for wanted in (comparison["system"].map(lags), comparison["interval"]):
        kept |= np.isclose(at, wanted.to_numpy(np.float64), rtol=1e-6, atol=0)
    single = comparison["quantity"].isin(EACH)
    summary = (comparison["replicate"] == 0) & comparison["quantity"].isin(SUMMARY)
    return comparison[kept & (single | summary)].reset_index(drop=True)


def _picture(name: str, present: Iterable[str]) -> list[str]:
    return [f"![{pretty(name)}](figures/{name}.png)", ""] if name in present else []


def _claim(claim: str, records: list[dict[str, Any]]) -> list[str]:
    counts = Counter(r["verdict"] for r in records)
    told = ", ".join(f"{verdict} {n}" for verdict, n in sorted(counts.items()))
    lines = [
        f"## {claim}: {records[0]['statement']}",
        "",
        f"Verdicts: {told}.",
        "",
        "| system | model | verdict | effect (log2) | at the own interval | Markov | events |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in records:
        control = r["control"]
        markov = _shown(control["markov"]) if "markov" in control else "–"
        lines.append(
            f"| {r['system']} | {pretty(r['model'])} | **{r['verdict']}** | {_shown(r)} "
            f"| {_shown(control['at_own_interval'])} | {markov} | {r['n_events']} |"
        )
    lines.append("")
    for r in records:
        name = f"{r['system']}, {pretty(r['model'])}"
        lines += [f"- {name}: not concluded, {doubt}" for doubt in r["doubts"]]
        if claim != "C6":
            lines += [
                f"- {name}: as `{c['model']}` the error in `{c['cell']}` goes from "
                f"{c['error']:.2f} to {c['error_of_control']:.2f}"
                for c in r["control"]["convergence"]
            ]
    return [*lines, ""]


def _shown(summary: dict[str, Any]) -> str:
    known = all(summary[name] is not None for name in ("effect", "low", "high"))
    return as_number(summary) if known else "–"


def _advice(recommendation: str) -> list[str]:
    """The recommendation without its long tables of all cells."""
    lines = recommendation.splitlines()[2:]
    kept, skipping = [], False
    for line in lines:
        if line.startswith("| interval |"):
            skipping = True
        elif not line.startswith("|"):
            skipping = False
        if not skipping:
            kept.append(line.replace("## ", "### ", 1) if line.startswith("## ") else line)
    return kept


def _speed(comparison: pd.DataFrame, bases: dict[str, dict], lags: dict[str, float]) -> list[str]:
    """Beside the timescale what no eigenvalue enters, and what the loss sees; base cells."""
    lines = [
        "## Beyond timescales, in the base cells",
        "",
        "Model over MD: the slowest timescale at the yardstick's lag, the rate of crossing the",
        "slow process there, and the same with every recrossing that frames show; and the",
        "cross-entropy on held-out frames (nats a frame), which hardly sees any of it.",
        "",
        "| system | model | t1 | crossings | with recrossings | cross-entropy |",
        "|---|---|---|---|---|---|",
    ]
    for system, base in bases.items():
        cell = pick(comparison, system=system, replicate=0, **base)
        every = float(base["interval"])
        quantities = [
            ("yardstick_timescale", lags[system]),
            ("crossing_rate", lags[system]),
            ("crossing_rate", every),
        ]
        for model in cell["model"].unique():
            if model in ("md", "reference"):
                continue
            ratios = []
            for quantity, lag in quantities:
                rows = pick(cell[cell["i"] <= 1], quantity=quantity, lag=lag)
                mine, md = (pick(rows, model=m)["value"] for m in (model, "md"))
                known = len(mine) and len(md) and np.isfinite(mine.iloc[0]) and md.iloc[0] > 0
                ratios.append(f"{mine.iloc[0] / md.iloc[0]:.2f}" if known else "–")
            loss = pick(cell, quantity="cross_entropy", model=model)["value"]
            ratios.append(f"{loss.iloc[0]:.4f}" if len(loss) else "–")
            lines.append(f"| {system} | {pretty(model)} | {' | '.join(ratios)} |")
    return [*lines, ""]


def _cost(cost: pd.DataFrame) -> list[str]:
    hours = cost.pivot_table("core_seconds", "model", "system", aggfunc="sum") / 3600.0
    lines = [
        "## Cost",
        "",
        f"{len(cost)} trainings of all replicates, {hours.to_numpy()[hours.notna()].sum():.1f} "
        "core-hours of training and generation:",
        "",
        f"| model | {' | '.join(hours.columns)} |",
        "|---|" + "---|" * len(hours.columns),
    ]
    for model, row in hours.iterrows():
        cells = " | ".join("–" if np.isnan(v) else f"{v:.2f}" for v in row)
        lines.append(f"| {pretty(model)} | {cells} |")
    return [*lines, ""]


def page(
    claims: list[dict[str, Any]],
    recommendation: str,
    diagnosis: str,
    comparison: pd.DataFrame,
    cost: pd.DataFrame,
    study: dict[str, Any],
    figures: list[str],
) -> str:
    """The page, in the order of the claims.

    Parameters
    ----------
    claims : list of dict
        From `claims.judge_study`.
    recommendation, diagnosis : str
        Markdown of the study.
    comparison, cost : pandas.DataFrame
    study : dict
        bases (system -> levels of its base cell), lags (system -> lag of the yardstick),
        replicates, commits (list of str), config (str).
    figures : list of str
        Names of the figures that are there.
    """
    cells = comparison[comparison["coordinate"] != ""]
    n_cells = len(cells.drop_duplicates(["system", "coordinate", "interval", "partition"]))
    models = cells["model"].nunique() - cells["model"].isin(["md", "reference"]).any() * 2
    lines = [
        "# Results of the study",
        "",
        "Written by the workflow from the study's files; do not edit.",
        "",
        f"{cells['system'].nunique()} systems, {n_cells} cells, {models} models and controls, "
        f"{study['replicates']} replicates. Configuration: [config.json](config.json); commit "
        f"{', '.join(f'`{c}`' for c in study['commits'])}; packages: "
        "[provenance.json](provenance.json). All numbers: [claims.json](claims.json), "
        "comparison.parquet, [cost.csv](cost.csv). What they mean: "
        "[method](../method.md).",
        "",
        "## Which interval and partition should I use, and how do I know?",
        "",
        *_advice(recommendation),
        "",
    ]
    for claim in sorted({r["claim"] for r in claims}):
        lines += _claim(claim, [r for r in claims if r["claim"] == claim])
        for kind in FIGURES[claim]:
            names = [kind] if kind == "claims" else [f"{s}_{kind}" for s in study["bases"]]
            lines += [line for name in names for line in _picture(name, figures)]
    lines += _speed(comparison, study["bases"], study["lags"])
    lines += ["## Why a network fails", ""]
    lines += [line.replace("## ", "### ", 1) for line in diagnosis.splitlines()[2:]] + [""]
    lines += _cost(cost)
    return "\n".join(lines).rstrip() + "\n"

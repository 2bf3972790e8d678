"""Why a network fails in the base cells: what its controls mend, and what they do not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from raremd.analysis.claims import DRAWS, CellResult, Rules, as_number
from raremd.kinetics.bootstrap import hierarchical_difference, hierarchical_ratio, interval
from raremd.report.names import pretty
from raremd.report.pages.markdown import as_table

MENDS = {
    "budget": "undertrained",
    "size": "too small a network",
    "window": "too short a window",
    "prior": "probability leaks onto jumps that never happen",
}
"""What it means when the control that varies this is closer to the MD."""
LEARNED, FAILED, UNCLEAR = "learned", "failed", "cannot tell"


def _summary(draws: np.ndarray) -> dict[str, float]:
    low, high = (float(bound) for bound in interval(draws))
    return {"effect": float(np.nanmean(draws)), "low": low, "high": high}


def _outcome(ratio: dict[str, float], tolerance: float) -> str:
    """From the interval of log2(model / MD)."""
    low, high = ratio["low"], ratio["high"]
    if -tolerance <= low and high <= tolerance:
        return LEARNED
    return FAILED if low > tolerance or high < -tolerance else UNCLEAR


def _ceiling(cell: CellResult, own: bool) -> float:
    quantity, lag = (
        ("ceiling_log2", cell.interval) if own else ("yardstick_ceiling_log2", cell.yardstick_lag)
    )
    return float(cell.values("md", quantity, lag)[0])


def diagnose_cell(
    cell: CellResult,
    model: str,
    varied: dict[str, str],
    own: bool,
    rules: Rules,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """What is known of one network in one cell, at one lag.

    Parameters
    ----------
    cell : CellResult
    model : str
    varied : dict
        Control of `model` -> a key of `MENDS`.
    own : bool
        In the cell's states at its interval; else in metastable states at the yardstick's lag.
    rules : Rules
    rng : numpy.random.Generator

    Returns
    -------
    dict
        outcome, effect, low, high (log2 of model over MD), ceiling (log2 between two MDs of
        this length), markov (as the effect), controls (each with the error that it takes away,
        paired in the MD), causes (sentences).
    """
    here = cell.slowest(model, own)
    ratio = _summary(hierarchical_ratio(*here, DRAWS, rng))
    outcome = _outcome(ratio, rules.tolerance)
    ceiling = _ceiling(cell, own)
    controls = []
    for control, what in varied.items():
        if control in cell.models:
            gain = _summary(hierarchical_difference(*here, *cell.slowest(control, own), DRAWS, rng))
            controls.append({"control": control, "varies": what, **gain})
    record = {
        "cell": cell.name,
        "model": model,
        "lag": cell.interval if own else cell.yardstick_lag,
        "states": "own" if own else "yardstick",
        "outcome": outcome,
        **ratio,
        "ceiling": ceiling,
        "controls": controls,
    }
    if "markov" in cell.models:
        record["markov"] = _summary(hierarchical_ratio(*cell.slowest("markov", own), DRAWS, rng))
    return record | {"causes": _causes(record, rules.tolerance)}


def _causes(record: dict[str, Any], tolerance: float) -> list[str]:
    if record["outcome"] != FAILED:
        return []
    helpful = [c for c in record["controls"] if c["low"] > 0]
    causes = [f"{MENDS[c['varies']]}: `{c['control']}` takes away {as_number(c)}" for c in helpful]
    if record["ceiling"] > tolerance:
        causes.append(
            f"too little data: two MDs of this length differ by {record['ceiling']:.2f}, more than "
            f"the tolerance of {tolerance:.2f}"
        )
    markov = record.get("markov")
    if markov is not None and _outcome(markov, tolerance) == FAILED:
        causes.append(
            "states that are not Markovian at this interval: the Markov baseline is off by "
            f"{as_number(markov)} too"
        )
    if record["controls"] and not helpful:
        causes.append("no control mends it: neither budget, size, window nor prior")
    return causes


def diagnose_study(
    cells: list[CellResult],
    bases: dict[str, int],
    controls: dict[str, str],
    varied: dict[str, str],
    networks: list[str],
    rules: Rules,
    seed: int,
) -> list[dict[str, Any]]:
    """The base cell of every system, for every network, at both lags.

    Parameters
    ----------
    cells : list of CellResult
    bases : dict
        System -> index of its base cell.
    controls : dict
        Control -> the model that it varies.
    varied : dict
        Control -> a key of `MENDS`.
    networks : list of str
    rules : Rules
    seed : int

    Returns
    -------
    list of dict
        As of `diagnose_cell`, with system.
    """
    rng = np.random.default_rng(seed)
    return [
        {"system": system}
        | diagnose_cell(
            cells[base],
            model,
            {c: varied[c] for c, of in controls.items() if of == model},
            own,
            rules,
            rng,
        )
        for system, base in bases.items()
        for model in networks
        if model in cells[base].models
        for own in (True, False)
    ]


HOW = """\
Each network in the cell that the sweeps depart from: log2 of its slowest timescale over the MD's
with a 95 % interval, at the saving interval in the cell's own states and at the lag of the
yardstick in metastable states. A control is the same network with one thing changed; under its
name stands the error that it takes away (of several the most), in bold where that is positive in
the 95 % interval, paired in the MD: then it counts as a cause. The Markov baseline is in bold where
it fails too (states that are not Markovian), the ceiling, how far two MDs of this length differ,
where it is above the tolerance (too little data).
"""


def _gain(record: dict[str, Any], what: str) -> str:
    gains = [c for c in record["controls"] if c["varies"] == what]
    if not gains:
        return "–"
    most = max(gains, key=lambda c: c["effect"])
    return _marked(f"{most['effect']:+.2f}", any(c["low"] > 0 for c in gains))


def _marked(text: str, bold: bool) -> str:
    return f"**{text}**" if bold else text


def as_markdown(records: list[dict[str, Any]], tolerance: float) -> str:
    """The diagnosis for people: one table."""
    rows = []
    for r in records:
        failed = r["outcome"] == FAILED
        markov = r.get("markov")
        beside = "–"
        if markov is not None:
            beside = _marked(as_number(markov), failed and _outcome(markov, tolerance) == FAILED)
        rows.append(
            [
                *(r["system"], pretty(r["model"]), f"{r['lag']:g}", r["outcome"], as_number(r)),
                *(_gain(r, what) for what in MENDS),
                beside,
                _marked(f"{r['ceiling']:.2f}", failed and r["ceiling"] > tolerance),
            ]
        )
    failures = [r for r in records if r["outcome"] == FAILED]
    heading = ["system", "model", "lag", "outcome", "log2(model / MD)", *MENDS, "Markov", "ceiling"]
    lines = ["# Why it fails where it fails", "", HOW]
    if failures:
        lines += [f"Of {len(failures)} failures ({len(records)} looked at):", ""]
        lines += [f"- {cause}: {n}" for cause, n in _tally(failures)] + [""]
    return "\n".join([*lines, *as_table(heading, rows), ""])


def _tally(failures: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Causes and how many failures have them, most frequent first."""
    named = [dict.fromkeys(c.partition(":")[0] for c in r["causes"]) for r in failures]
    return Counter(cause for causes in named for cause in causes).most_common()

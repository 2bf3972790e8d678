"""Cells -> verdicts on the claims of Zeng, Cao, Huang and Yao (2021)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from raremd.io.storage import read_arrays
from raremd.kinetics.bootstrap import (
    hierarchical_difference,
    hierarchical_ratio,
    interval,
    log2_deviation,
)
from raremd.study.cell import Cell

CLAIMS = {
    "C1": "a low-dimensional coordinate with a coarse partition can be learned",
    "C2": "high dimensionality hides rare events",
    "C3": "a well-chosen saving interval helps",
    "C4": "coarse graining into metastable states helps",
    "C5": "removing recrossings helps",
    "C6": "a Transformer is not superior to an LSTM",
}
FACTORS = ["system", "coordinate", "interval", "partition"]
DRAWS = 40_000
"""From 4,000 the limits of an interval scatter by 0.02 and more: enough to turn verdicts."""
SUPPORTED, CONTRADICTED, INCONCLUSIVE = "supported", "contradicted", "inconclusive"


@dataclass(frozen=True)
class Rules:
    """When a verdict is given.

    Attributes
    ----------
    tolerance : float
        log2 deviation of the slowest timescale that counts as learned.
    minimum_transitions : int
        Slow transitions in the training data below which nothing is concluded.
    """

    tolerance: float
    minimum_transitions: int


@dataclass(frozen=True)
class CellResult:
    """What the claims need of one cell.

    Attributes
    ----------
    name : str
    interval, yardstick_lag : float
        In the system's time unit.
    table : pandas.DataFrame
        Its rows of the comparison.
    bootstrap : dict of arrays
        lags (n_lags,), own and yardstick (n_lags, n_samples, n_timescales).
    """

    name: str
    interval: float
    yardstick_lag: float
    table: pd.DataFrame
    bootstrap: dict[str, np.ndarray]

    def values(self, model: str, quantity: str, lag: float) -> np.ndarray:
        """Slowest timescale, or the like, of each replicate; of MD and reference one value."""
        t = self.table
        # Lags are whole intervals, and 3 times 0.1 is not 0.3.
        at_lag = np.isclose(t["lag"], lag, rtol=1e-6, atol=0.0)
        chosen = t[(t["model"] == model) & (t["quantity"] == quantity) & (t["i"] <= 1) & at_lag]
        if model not in ("md", "reference"):
            chosen = chosen[chosen["replicate"] > 0]
        return chosen["value"].to_numpy()

    def slowest(self, model: str, own: bool) -> tuple[np.ndarray, np.ndarray]:
        """log2 t1 of the replicates, and of the MD's bootstrap samples.

        In metastable states at the yardstick's lag, or with `own` in the cell's states at its
        own interval.
        """
        quantity, states = ("timescale", "own") if own else ("yardstick_timescale", "yardstick")
        lag = self.interval if own else self.yardstick_lag
        at = int(np.argmin(abs(self.bootstrap["lags"] - lag)))
        with np.errstate(divide="ignore", invalid="ignore"):
            return (
                np.log2(self.values(model, quantity, lag)),
                np.log2(self.bootstrap[states][at, :, 0]),
            )

    @property
    def models(self) -> list[str]:
        """Models that ran in this cell."""
        return [m for m in self.table["model"].unique() if m not in ("md", "reference")]

    @property
    def n_events(self) -> int:
        """Slow transitions in the training data."""
        return int(self.values("md", "slow_transitions", self.yardstick_lag)[0])

    def levelled_off(self, tolerance: float) -> bool:
        """Whether the reference's slowest timescale stays put beyond the yardstick's lag.

        Without a longer lag that cannot be told, and it has not.
        """
        t = self.table
        times = t[
            (t["model"] == "reference") & (t["quantity"] == "yardstick_timescale") & (t["i"] == 1)
        ].set_index("lag")["value"]
        longer = times[times.index >= self.yardstick_lag * (1 - 1e-9)]
        if len(longer) < 2 or not np.isfinite(longer).all():
            return False
        return bool(np.ptp(np.log2(longer)) <= tolerance)


def read_cells(
    comparison: pd.DataFrame, kinetics: list[Path], cells: Sequence[Cell], lags: dict[str, float]
) -> list[CellResult]:
    """Results of all cells.

    Parameters
    ----------
    comparison : pandas.DataFrame
    kinetics : list of Path
        `kinetics.h5` of each cell.
    cells : sequence of Cell
    lags : dict
        System -> lag of its yardstick, in its time unit.
    """
    groups = dict(list(comparison.groupby(FACTORS)))
    return [
        CellResult(
            name=cell.folder,
            interval=cell.interval,
            yardstick_lag=lags[cell.system],
            table=groups[tuple(getattr(cell, factor) for factor in FACTORS)],
            bootstrap=read_arrays(path, "bootstrap"),
        )
        for cell, path in zip(cells, kinetics, strict=True)
    ]


def _contrast(hard: CellResult, easy: CellResult, model: str, own: bool, rng) -> np.ndarray:
    a, b = hard.slowest(model, own), easy.slowest(model, own)
    return hierarchical_difference(*a, *b, DRAWS, rng)


def _error(cell: CellResult, model: str) -> float:
    mine, _ = cell.slowest(model, own=False)
    md = np.log2(cell.values("md", "yardstick_timescale", cell.yardstick_lag)[0])
    return float(np.mean(np.abs(log2_deviation(mine, md))))


def _summary(
    claim: str, draws: np.ndarray, doubts: list[str], rules: Rules
) -> dict[str, str | float]:
    """Effect with its 95 % interval, and the verdict that follows where there is no doubt."""
    low, high = (float(bound) for bound in interval(draws))
    effect = float(np.nanmean(draws)) if np.isfinite(draws).any() else float("nan")
    verdict = INCONCLUSIVE if doubts else _verdict(claim, low, high, rules.tolerance)
    return {"verdict": verdict, "effect": effect, "low": low, "high": high}


def _verdict(claim: str, low: float, high: float, tolerance: float) -> str:
    """From a 95 % interval; C1 asks for closeness, C6 for no gain, the rest for a difference."""
    if not np.isfinite([low, high]).all():
        return INCONCLUSIVE
    if claim == "C1":
        if -tolerance <= low and high <= tolerance:
            return SUPPORTED
        return CONTRADICTED if low > tolerance or high < -tolerance else INCONCLUSIVE
    if claim == "C6":
        if low > 0:
            return CONTRADICTED
        return SUPPORTED if high < tolerance else INCONCLUSIVE
    if low > 0:
        return SUPPORTED
    return CONTRADICTED if high < 0 else INCONCLUSIVE


def _doubts(cells: list[CellResult], rules: Rules) -> list[str]:
    """Reasons for which nothing is concluded, whatever the interval."""
    doubts = []
    fewest = min(cell.n_events for cell in cells)
    if fewest < rules.minimum_transitions:
        doubts.append(f"only {fewest} slow transitions in the training data")
    for cell in cells:
        if not cell.levelled_off(rules.tolerance):
            doubts.append(f"the reference has not levelled off with lag in {cell.name}")
    return doubts


def _controls(cells: list[CellResult], model: str, controls: dict[str, str]) -> list[dict]:
    """Error of the same cell with one thing changed: budget, size, window, prior."""
    return [
        {
            "cell": cell.name,
            "of": model,
            "model": control,
            "error": _error(cell, model),
            "error_of_control": _error(cell, control),
        }
        for control, of in controls.items()
        for cell in cells
        if of == model and control in cell.models
    ]


def control_name(control: str, of: str) -> str:
    """What the control has more or less of, such as ``four_times``."""
    return control.removeprefix(f"{of}_")


def _judged(
    claim: str, system: str, model: str, draws: np.ndarray, cells: list[CellResult], rules: Rules
) -> dict[str, Any]:
    doubts = _doubts(cells, rules)
    if not np.isfinite(draws).any():
        doubts.append("one replicate shows no spread")
    return {
        "claim": claim,
        "statement": CLAIMS[claim],
        "system": system,
        "model": model,
        "cells": [cell.name for cell in cells],
        **_summary(claim, draws, doubts, rules),
        "unit": "log2",
        "n_events": min(cell.n_events for cell in cells),
        "doubts": doubts,
    }


def judge_contrast(
    claim: str,
    system: str,
    model: str,
    hard: CellResult | None,
    easy: CellResult,
    controls: dict[str, str],
    rules: Rules,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Verdict on C1 (only `easy`) or on one of C2 to C5 for one model."""
    cells = [cell for cell in (hard, easy) if cell is not None]

    def draws(name: str, own: bool) -> np.ndarray:
        if hard is None:
            return hierarchical_ratio(*easy.slowest(name, own), DRAWS, rng)
        return _contrast(hard, easy, name, own, rng)

    record = _judged(claim, system, model, draws(model, own=False), cells, rules)
    doubts = record["doubts"]
    beside: dict[str, Any] = {
        "at_own_interval": _summary(claim, draws(model, own=True), doubts, rules),
        "convergence": _controls(cells, model, controls),
        "varied": [
            {"change": control_name(control, model)}
            | _summary(claim, draws(control, own=False), doubts, rules)
            for control, of in controls.items()
            if of == model and all(control in cell.models for cell in cells)
        ],
    }
    if all("markov" in cell.models for cell in cells):
        beside["markov"] = _summary(claim, draws("markov", own=False), doubts, rules)
    return record | {"control": beside}


def judge_models(
    system: str,
    cells: list[CellResult],
    controls: dict[str, str],
    rules: Rules,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Verdict on C6: the mean over cells of error(LSTM) - error(Transformer)."""
    shared = [cell for cell in cells if {"lstm", "transformer"} <= set(cell.models)]
    sound = [cell for cell in shared if not _doubts([cell], rules)] or shared

    def draws(cells: list[CellResult], lstm: str, transformer: str, own: bool) -> np.ndarray:
        # All cells see the same MD: its error does not average out over them.
        n_samples = cells[0].bootstrap["own"].shape[1]
        index = rng.integers(n_samples, size=DRAWS)
        each = [
            hierarchical_difference(
                *cell.slowest(lstm, own), *cell.slowest(transformer, own), DRAWS, rng, index
            )
            for cell in cells
        ]
        return np.mean(each, axis=0)

    plain = "lstm", "transformer"
    record = _judged("C6", system, "transformer", draws(sound, *plain, own=False), sound, rules)
    doubts = record["doubts"]
    varied = []
    for name, pair in _varied_alike(controls).items():
        both = [cell for cell in sound if set(pair) <= set(cell.models)]
        if both:
            summary = _summary("C6", draws(both, *pair, own=False), doubts, rules)
            varied.append({"change": name} | summary)
    return record | {
        "control": {
            "at_own_interval": _summary("C6", draws(sound, *plain, own=True), doubts, rules),
            "convergence": [row for model in plain for row in _controls(sound, model, controls)],
            "varied": varied,
        }
    }


def _varied_alike(controls: dict[str, str]) -> dict[str, tuple[str, str]]:
    """What is varied -> the LSTM and the Transformer with that same change."""
    names = {(of, control_name(control, of)): control for control, of in controls.items()}
    return {
        name: (control, names["transformer", name])
        for (of, name), control in names.items()
        if of == "lstm" and ("transformer", name) in names
    }


def judge_study(
    cells: list[CellResult],
    systems: list[str],
    contrasts: list[dict[str, Any]],
    networks: list[str],
    controls: dict[str, str],
    rules: Rules,
    seed: int,
) -> list[dict[str, Any]]:
    """All verdicts of a study.

    Parameters
    ----------
    cells : list of CellResult
    systems : list of str
        System of each cell.
    contrasts : list of dict
        system, claim, easy and perhaps hard (indices into `cells`).
    networks : list of str
        Models that are judged; the others serve as controls.
    controls : dict
        Control -> the model that it varies.
    rules : Rules
    seed : int

    Returns
    -------
    list of dict
        claim, statement, system, model, cells, verdict, effect, low, high, unit, n_events,
        doubts, control.
    """

    def rng(*record: str) -> np.random.Generator:
        """Of its own for each verdict: none moves when others are added."""
        return np.random.default_rng((seed, zlib.crc32("/".join(record).encode())))

    records = []
    for contrast in contrasts:
        easy = cells[contrast["easy"]]
        hard = cells[contrast["hard"]] if "hard" in contrast else None
        for model in networks:
            if model in easy.models and (hard is None or model in hard.models):
                name = contrast["claim"], contrast["system"], model
                records.append(judge_contrast(*name, hard, easy, controls, rules, rng(*name)))
    for system in dict.fromkeys(systems):
        mine = [cell for cell, name in zip(cells, systems, strict=True) if name == system]
        if any({"lstm", "transformer"} <= set(cell.models) for cell in mine):
            records.append(judge_models(system, mine, controls, rules, rng("C6", system)))
    return sorted(records, key=lambda r: (r["claim"], r["system"], r["model"]))


def as_number(summary: dict[str, float]) -> str:
    """Effect with its interval, as text."""
    return f"{summary['effect']:+.2f} [{summary['low']:+.2f}, {summary['high']:+.2f}]"

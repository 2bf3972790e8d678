"""Made-up studies whose truth is known: assessments, cells with models, and records of claims."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from raremd.analysis.assessment import Assessment
from raremd.analysis.cell_result import CellResult
from raremd.analysis.claim_records import CLAIMS, ClaimRecord, Finding
from raremd.analysis.slow_process import SlowProcess
from raremd.analysis.stationarity import Drift, Stationarity
from raremd.analysis.verdicts import Verdict
from raremd.kinetics.equilibrium import DetailedBalance
from raremd.study.cell import Cell

LAG, INTERVAL = 10.0, 1.0
SLOW = (1000.0, 100.0)


def assessment(**changes) -> Assessment:
    """MD that leaves no doubts, with two slow processes."""
    sound = Assessment(
        system="toy",
        unit="ps",
        lag=LAG,
        slow=tuple(SlowProcess(i, t, t / 1.1, t * 1.1) for i, t in enumerate(SLOW, start=1)),
        fastest_left_out=4.0,
        transitions=200,
        by_set=(200,),
        by_trajectory=(100, 100),
        drift=Drift(Stationarity.STATIONARY, 0.0, -0.05, 0.05),
        converged_from=LAG,
        lags=(10.0, 20.0, 40.0),
        balance=DetailedBalance(0.5, 10.0, 10.0, (0, 1)),
        balance_in="",
        state_names=("0", "1", "2"),
        connected=1.0,
        reference=float("nan"),
        tolerance=0.32,
        minimum_transitions=20,
    )
    return replace(sound, **changes)


def cell_result(
    coordinate="x",
    interval=INTERVAL,
    partition="fine",
    system="toy",
    md=SLOW,
    md_error=0.1,
    losses=None,
    moved=None,
    tokens=None,
    best_tokens=None,
    **models,
) -> CellResult:
    """A cell in which each model deviates from the MD by log2 ratios, one a replicate.

    Both readings hold the same timescales, those of the MD with a relative `md_error`.
    `losses` are held-out losses, by model;
    `moved` are changes of the expected timescale over the last doubling, one a replicate;
    a model with a loss has seen a million `tokens` unless these say otherwise, and was best at the
    end unless `best_tokens` does.
    """
    rows = []

    def add(model, replicate, quantity, i, lag, value, error=0.1):
        low, high = value / (1 + error), value * (1 + error)
        rows.append((model, replicate, quantity, i, lag, value, low, high))

    for quantity, lag in (("yardstick_timescale", LAG), ("timescale", interval)):
        for i, time in enumerate(md, start=1):
            add("md", 0, quantity, i, lag, time, md_error)
            for model, deviations in models.items():
                add(model, 0, quantity, i, lag, 99.0)  # the summary must never be taken
                for replicate, deviation in enumerate(deviations, start=1):
                    add(model, replicate, quantity, i, lag, time * 2.0**deviation)
    for model, value in (losses or {}).items():
        for replicate in (1, 2, 3):
            add(model, replicate, "cross_entropy", 0, np.nan, value)
            seen = (tokens or {}).get(model, 1e6)
            add(model, replicate, "tokens", 0, np.nan, seen)
            best = (best_tokens or {}).get(model, seen)
            add(model, replicate, "best_tokens", 0, np.nan, best)
    for model, values in (moved or {}).items():
        for replicate, value in enumerate(values, start=1):
            add(model, replicate, "expected_timescale_moved_log2", 0, np.nan, value)
    columns = ["model", "replicate", "quantity", "i", "lag", "value", "low", "high"]
    table = pd.DataFrame(rows, columns=columns).assign(dimension=1, j=0)
    return CellResult(Cell(system, coordinate, interval, partition), LAG, table)


def finding(verdict=Verdict.SUPPORTED, effect=1.0, half=0.3) -> Finding:
    """A finding of five replicates."""
    low, high = effect - half, effect + half
    return Finding(verdict, effect, low, high, half / 2.776, 4, 0.95, 5, None, 0.32)


def claim_record(claim="C4", system="toy", model="lstm", **changes) -> ClaimRecord:
    """A record without doubts or controls."""
    record = ClaimRecord(
        claim=claim,
        statement=CLAIMS[claim],
        system=system,
        model=model,
        cells=(f"{system}/x/dt_1/fine", f"{system}/x/dt_1/coarse"),
        long_lag=finding(),
        one_step=finding(Verdict.NO_DIFFERENCE, 0.0, 0.1),
        markov=None,
        budget=1.0,
        budgets=(),
        varied=(),
        controls=(),
        transitions=200,
        sets=1,
        doubts=(),
        one_step_doubts=(),
    )
    return replace(record, **changes)

"""Two screens and then details, however many systems and cells a study has."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pandas as pd
import pytest
from judged import assessment, cell_result, claim_record, finding

from raremd.analysis.assessment import Cause, Doubt
from raremd.analysis.claim_records import CLAIMS, Judgement, PooledRecord
from raremd.analysis.diagnosis import diagnose_study
from raremd.analysis.inspection import CellInspection, RunningTime, SystemInspection
from raremd.analysis.kept_laws import Expectation, KeptLaws
from raremd.analysis.leaderboard import MD_RESAMPLED
from raremd.analysis.leaderboard_cells import Board
from raremd.analysis.leaderboard_metrics import COLUMNS
from raremd.analysis.power_law import Interval
from raremd.analysis.recommendation import recommend
from raremd.analysis.stationarity import UNKNOWN
from raremd.analysis.tidy import CELL
from raremd.analysis.verdicts import Verdict
from raremd.report.pages import (
    claims,
    diagnosis,
    inspection,
    leaderboard,
    recommendation,
    results,
)
from raremd.report.pages.markdown import MORE, TWO_SCREENS, before_details, height
from raremd.study.cell import Cell
from raremd.study.plans import Budget, InspectedCell, InspectionPlan, ModelPlan, Slicing
from raremd.study.verdict_plans import ResultsPagePlan

NETWORKS = ("lstm", "transformer")
SYSTEMS = [f"protein_with_a_name_{n}" for n in range(15)]
PARTITIONS = ("kmeans_100", "macrostates", "kmeans_20", "grid")
INTERVALS = (1.0, 2.0, 5.0)
FAULTS = (
    {},
    {"transitions": 5, "drift": UNKNOWN, "connected": 0.8},
    {"slow": (), "balance": replace(assessment().balance, p_value=1e-4)},
)


def judged(known):
    """Six claims on every system for both networks, one of which is never trained to the end."""
    records = []
    for system, of_md in known.items():
        budget = Doubt(
            Cause.BUDGET, f"`transformer` is not trained to the end in `{system}`", "go on"
        )
        for claim, model in itertools.product(CLAIMS, NETWORKS):
            doubts = of_md.doubts + (budget,) * (model == "transformer")
            verdict = Verdict.UNDECIDED if doubts else Verdict.NO_DIFFERENCE
            records.append(
                claim_record(claim, system, model, long_lag=finding(verdict), doubts=doubts)
            )
    pooled = [
        PooledRecord(c, CLAIMS[c], m, tuple(SYSTEMS), tuple(SYSTEMS), finding(), finding())
        for c, m in itertools.product(CLAIMS, NETWORKS)
    ]
    return Judgement(tuple(records), tuple(pooled))


@pytest.fixture(scope="module")
def pages():
    """Every page by name: sound MD, and MD with several doubts."""
    known = {s: assessment(system=s, **FAULTS[n % 3]) for n, s in enumerate(SYSTEMS)}
    wrong = (-2.0, -2.1, -1.9)
    cells = [
        cell_result(system=s, partition=PARTITIONS[0], md=(1000.0,), lstm=wrong, transformer=wrong)
        for s in SYSTEMS
    ]
    judgement = judged(known)
    answers = [
        recommend(of_md, [cell], [100], NETWORKS, ())
        for of_md, cell in zip(known.values(), cells, strict=True)
    ]
    why = diagnosis.as_markdown(diagnose_study(cells, NETWORKS, (), known))
    advice = recommendation.as_markdown(answers, judgement.records)
    return {
        "claims": claims.as_markdown(judgement),
        "diagnosis": why,
        "recommendation": advice,
        "results": kept(judgement, advice, why),
        "inspection": inspected(known),
        "leaderboard": ranked(known),
    }


def kept(judgement, advice, why):
    """The page of a study that is kept, with every figure."""
    columns = ["system", *CELL, "model", "quantity", "replicate", "i", "lag", "value"]
    spent = {"model": "lstm", "core_seconds": 1.0}
    spent |= {"system": SYSTEMS[0], "coordinate": "x", "interval": 1.0, "partition": "fine"}
    cost = pd.DataFrame([spent])
    study = ResultsPagePlan(
        tuple(Cell(s, "x", 1.0, PARTITIONS[0]) for s in SYSTEMS), dict.fromkeys(SYSTEMS, 10.0),
        NETWORKS, 5, {s: {} for s in SYSTEMS}, (),
    )  # fmt: skip
    shown = ["claims", "budgets", *(f"{s}_interval" for s in SYSTEMS)]
    return results.page(
        judgement, advice, why, pd.DataFrame(columns=columns), cost, study, ["0" * 40], shown
    )


def inspected(known):
    """The inspection, where every network needs more tokens than it gets."""
    wide = Interval(0.5, 0.1, 2.0)
    expected = dict.fromkeys(NETWORKS, Expectation(wide, wide, Interval(1e7, 1e6, 1e8), 1e6))
    budget = Budget(
        tokens=10**6, patience_tokens=10**6, evaluate_tokens=10**5,
        window=50, batch=4, learning_rate=1e-3,
    )  # fmt: skip
    models = tuple(ModelPlan(name, name, {}, budget) for name in NETWORKS)
    found = []
    for name, of_md in known.items():
        cells = tuple(
            CellInspection(
                InspectedCell("x", p, p, interval, Slicing(1, "none", 1), models, (5, 5)),
                100_000, 600.0, tuple(d.text for d in of_md.doubts), 100.0, expected,
            )
            for p in PARTITIONS
            for interval in INTERVALS
        )  # fmt: skip
        plan = InspectionPlan(
            system=name, unit="ps", frame_interval=1.0, lags=(1, 10, 30), yardstick_lag=10,
            block=500, timescales=2, samples=20, seed=0, tolerance=0.32, minimum_transitions=20,
            yardstick=("x", PARTITIONS[1]), walkers=8, generation_frames=100, crossings=0,
            generation_limit=100, states=(), cells=tuple(c.cell for c in cells),
        )  # fmt: skip
        none = pd.DataFrame(columns=["quantity", "coordinate", "partition", "lag", "i", "value"])
        found.append(SystemInspection(plan, of_md, (100_000,), 10, 100, none, cells))
    kept = KeptLaws("made up", ())
    return inspection.as_markdown(found, RunningTime(600.0, 60.0, 400), 2, kept)


def ranked(known):
    """The leaderboard."""
    columns = (
        "score", "low", "high", "rank_low", "rank_high", "process", "validation", "cross_entropy",
        "core_seconds", "failed", "lag",
    )  # fmt: skip
    rows = [
        {"system": name, "model": model, "front": True, "right": not found.doubts}
        | {"doubt": found.doubts[0].text if found.doubts else ""}
        | dict.fromkeys(columns, 1.0)
        for name, found in known.items()
        for model in (MD_RESAMPLED, *NETWORKS)
    ]
    board = Board(pd.DataFrame(rows), pd.DataFrame(columns=COLUMNS))
    cells = {name: f"{name}/x/dt_1/kmeans_100" for name in known}
    return leaderboard.as_markdown(board, cells, dict.fromkeys(known, "ps"), 0.14)


NAMES = ("claims", "diagnosis", "recommendation", "inspection", "leaderboard", "results")


@pytest.mark.parametrize("name", NAMES)
def test_two_screens_hold_what_comes_before_the_details(pages, name):
    start, heading, rest = pages[name].partition("## Details")
    assert heading and height(start.splitlines()) <= TWO_SCREENS
    assert rest.count("\n") > 20


@pytest.mark.parametrize("name", NAMES[1:-1])
def test_every_system_has_its_answer_before_the_details(pages, name):
    if name == "diagnosis":
        assert "Of 60 readings" in pages[name]
        return
    start = pages[name].partition("## Details")[0]
    assert all(system in start for system in SYSTEMS)


@pytest.mark.parametrize("name", ["claims", "recommendation", "inspection"])
def test_what_does_not_fit_follows_once(pages, name):
    assert pages[name].count(MORE) == 1
    for system in SYSTEMS[1::3]:
        told = {
            "claims": f"No claim can be judged at the long lag on `{system}`:",
            "recommendation": f"## `{system}`\n",
            "inspection": f"## What to change for `{system}`\n",
        }[name]
        assert len(pages[name].split(told)) - 1 == 1 + (name == "recommendation")


def test_short_pages_are_as_they_were():
    sections = [["one", ""], ["two", ""]]
    assert before_details(["# Title"], sections) == (["one", "", "two", ""], [])
    long = ["x" * 1000] * 20
    assert before_details(["# Title"], [["one", ""], long, ["two"]])[1] == [*long, "two"]

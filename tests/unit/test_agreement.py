"""Whatever a study finds, no two pages say what cannot both be true."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from judged import assessment, cell_result

from raremd.analysis.cell_result import Reading
from raremd.analysis.claims import judge_contrast, judge_models
from raremd.analysis.contrasts import Contrast
from raremd.analysis.diagnosis import diagnose
from raremd.analysis.inspection import CellInspection, SystemInspection
from raremd.analysis.leaderboard import FromMD, rank
from raremd.analysis.leaderboard_cells import Board
from raremd.analysis.leaderboard_metrics import COLUMNS
from raremd.analysis.recommendation import Outcome, recommend
from raremd.analysis.stationarity import UNKNOWN
from raremd.analysis.verdicts import Verdict
from raremd.report.pages import inspection, leaderboard, recommendation

STUDIES = 40
NETWORKS = ("lstm", "transformer")
OUTCOMES = {
    Verdict.SUPPORTED: Outcome.REPRODUCED,
    Verdict.CONTRADICTED: Outcome.NOT_REPRODUCED,
    Verdict.UNDECIDED: Outcome.CANNOT_TELL,
}
FAULTS = (
    {"transitions": 5},
    {"drift": UNKNOWN},
    {"connected": 0.8},
    {"reference": 9000.0},
    {"slow": ()},
    {"balance": replace(assessment().balance, p_value=1e-4)},
)

NO_METRICS = pd.DataFrame(columns=COLUMNS)


def random_study(seed):
    """An assessment, sound in two of three, and a cell with two networks that may be trained."""
    rng = np.random.default_rng(seed)
    known = replace(assessment(), slow=assessment().slow[:1])
    for fault in FAULTS:
        if rng.random() < 0.06:
            known = replace(known, **fault)
    centres, scatter = rng.normal(0, 0.6, 2), rng.choice([0.05, 0.3, 1.0])
    found = {m: tuple(rng.normal(c, scatter, 5)) for m, c in zip(NETWORKS, centres, strict=True)}
    losses = {"lstm": rng.choice([0.11, 0.5]), "markov": 0.1} if rng.random() < 0.3 else {}
    error = rng.choice([0.1, 0.6])  # the second is beyond the tolerance
    cell = cell_result(
        md=(1000.0,), md_error=error, losses=losses, markov=(0.0, 0.01, 0.02), **found
    )
    return known, cell


def ranking(known, cell):
    """The leaderboard of that cell."""
    own = {"lags": np.array([cell.cell.interval]), "own": np.full((1, 5, 1), 1000.0)}
    cost = pd.DataFrame({"model": list(NETWORKS), "core_seconds": [1.0, 1.0]})

    def near(lags, n):
        return np.full((len(lags), n), 990.0)

    return rank(known, cell.table, FromMD(own, near, near), cost, 0.14, 0)


def inspected(known):
    """The sentence that stands before the study."""
    cell = CellInspection(None, 1000, 1.0, tuple(d.text for d in known.doubts), 100.0, {})
    plan = SimpleNamespace(unit="ps")
    found = SystemInspection(plan, known, (1000,), 10, 100, pd.DataFrame(), (cell,))
    return inspection.headline(found)


@pytest.fixture(scope="module")
def studies():
    """Assessment, cell and answer of each."""
    each = [random_study(seed) for seed in range(STUDIES)]
    return [
        (known, cell, recommend(known, [cell], [10], NETWORKS, ("markov",))) for known, cell in each
    ]


def test_claims_recommendation_and_diagnosis_give_one_outcome(studies):
    seen = set()
    for known, cell, answer in studies:
        for candidate in answer.networks:
            contrast = Contrast("C1", "toy", easy=cell, hard=None)
            record = judge_contrast(contrast, candidate.model, (), known)
            assert OUTCOMES[record.long_lag.verdict] == candidate.outcome
            diagnosis = diagnose(cell, candidate.model, (), Reading.LONG_LAG, known)
            if diagnosis.cause is None:
                assert candidate.outcome in (diagnosis.outcome, Outcome.CANNOT_TELL)
            else:  # a failure for want of training is named, and not held against the network
                assert candidate.outcome != Outcome.REPRODUCED
            seen.add(candidate.outcome)
        if answer.outcome is not Outcome.CANNOT_TELL:
            word = {Outcome.REPRODUCED: "Yes", Outcome.NOT_REPRODUCED: "No"}[answer.outcome]
            assert recommendation.headline(answer).startswith(f"{word}: ")
    assert seen == set(Outcome)


def test_md_that_can_decide_nothing_is_silent_on_every_page(studies):
    silent = 0
    for known, cell, answer in studies:
        doubtful = bool(known.doubts)
        silent += doubtful
        assert inspected(known).startswith("Not yet: " if doubtful else "Yes, this MD can tell")
        page = recommendation.as_markdown([answer])
        assert ("Cannot tell: " in page) >= doubtful
        assert not doubtful or answer.markov_suffices == ()
        models = judge_models("toy", [cell], (), known)
        assert models.long_lag.verdict == Verdict.UNDECIDED or not doubtful
        ranked = leaderboard.as_markdown(
            Board(ranking(known, cell), NO_METRICS), {"toy": "toy/x"}, {"toy": "ps"}, 0.14
        )
        assert ("**No ranking**" in ranked) == doubtful
        for doubt in known.doubts:
            assert doubt.text in ranked
            assert doubt.remedy[1:] in page
    assert 0.1 < silent / STUDIES < 0.6

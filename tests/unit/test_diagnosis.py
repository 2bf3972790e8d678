"""Causes of failures, in cells where the cause is known."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from judged import assessment, cell_result

from raremd.analysis.cell_result import Reading
from raremd.analysis.diagnosis import MainCause, diagnose, diagnose_study
from raremd.analysis.recommendation import Outcome
from raremd.report.pages.diagnosis import as_markdown
from raremd.study.verdict_plans import Control

RIGHT = (-0.03, 0.0, 0.03, 0.02, -0.02)
WRONG = (-2.03, -2.0, -1.97, -1.98, -2.02)
CONTROLS = (
    Control("lstm_twice", "lstm", "budget", 2.0),
    Control("lstm_seen", "lstm", "prior", 1.0),
    Control("lstm_wide", "lstm", "size", 1.0),
    Control("lstm_long", "lstm", "window", 1.0),
)


def diagnosed(**models):
    cell = cell_result(**models)
    return diagnose(cell, "lstm", CONTROLS, Reading.LONG_LAG, assessment())


def test_what_is_right_has_no_cause():
    found = diagnosed(lstm=RIGHT)
    assert found.outcome == Outcome.REPRODUCED and found.cause is None


@pytest.mark.parametrize(
    ("control", "cause"),
    [
        ("lstm_seen", MainCause.LEAK),
        ("lstm_wide", MainCause.SIZE),
        ("lstm_long", MainCause.MEMORY),
    ],
)
def test_the_control_that_helps_names_the_cause(control, cause):
    others = {c.name: WRONG for c in CONTROLS if c.varies != "budget"} | {control: RIGHT}
    found = diagnosed(lstm=WRONG, **others)
    assert found.outcome == Outcome.NOT_REPRODUCED
    assert found.cause == cause
    assert f"`{control}` takes away 1.98" in found.evidence


def test_of_several_controls_that_help_the_one_that_helps_most_names_the_cause():
    found = diagnosed(lstm=WRONG, lstm_seen=tuple(d + 0.5 for d in WRONG), lstm_wide=RIGHT)
    assert found.cause is MainCause.SIZE and "`lstm_wide` takes away 1.98" in found.evidence


def test_the_largest_budget_is_judged():
    found = diagnosed(lstm=WRONG, lstm_twice=RIGHT)
    assert (found.budget, found.outcome) == (2.0, Outcome.REPRODUCED)
    assert "| LSTM, 2 x tokens |" in as_markdown([found])
    (gain,) = found.controls
    assert gain.helps and gain.gain == pytest.approx(1.98, abs=0.01)


def test_a_budget_at_which_it_overfits_is_not_judged_if_it_is_trained_at_a_smaller_one():
    scattered = (-1.2, 1.1, -0.9, 1.0, -1.1)
    found = diagnosed(
        lstm=RIGHT, lstm_twice=scattered, best_tokens={"lstm_twice": 1e5},
        losses={"markov": 0.1, "lstm": 0.1, "lstm_twice": 0.1},
    )  # fmt: skip
    assert (found.budget, found.outcome) == (1.0, Outcome.REPRODUCED)


def test_a_control_of_a_larger_budget_is_compared_with_that_budget():
    halfway = tuple(d + 1.0 for d in WRONG)
    controls = (*CONTROLS, Control("lstm_twice_seen", "lstm", "prior", 2.0))
    cell = cell_result(lstm=halfway, lstm_twice=halfway, lstm_twice_seen=RIGHT)
    found = diagnose(cell, "lstm", controls, Reading.LONG_LAG, assessment())
    assert found.cause is MainCause.LEAK and "takes away 0.98" in found.evidence


def test_a_budget_that_is_too_small_comes_first():
    found = diagnosed(lstm=WRONG, lstm_seen=RIGHT, losses={"lstm": 0.4, "markov": 0.1})
    assert found.cause == MainCause.BUDGET
    assert "0.400 nats" in found.evidence


def test_an_error_that_still_falls_with_the_tokens_is_one_of_the_budget():
    halfway = tuple(d + 0.3 for d in WRONG)  # too little a doubling to count as movement
    found = diagnosed(lstm=WRONG, lstm_twice=halfway, lstm_seen=RIGHT, markov=WRONG)
    assert found.cause == MainCause.BUDGET
    assert found.evidence == "from 1 to 2 x tokens its error fell by 0.30 [0.30, 0.30]"


def test_markov_models_that_fail_too_tell_of_the_states():
    assert diagnosed(lstm=WRONG, markov=WRONG, lstm_wide=WRONG).cause == MainCause.STATES


@pytest.mark.parametrize(
    ("reading", "ceiling", "cause"),
    [
        (Reading.LONG_LAG, 0.5, MainCause.DATA),
        (Reading.LONG_LAG, 0.2, MainCause.UNTRIED),
        (Reading.ONE_STEP, 0.4, MainCause.DATA),
    ],
)
def test_too_little_md_is_told_by_its_ceiling_at_the_lag_of_the_reading(reading, ceiling, cause):
    cell = cell_result(lstm=WRONG)
    rows = [
        {"model": "md", "replicate": 0, "quantity": quantity, "i": 1, "lag": lag, "value": value}
        for quantity, lag, value in (
            ("yardstick_ceiling_log2", cell.lag(Reading.LONG_LAG), ceiling),
            ("ceiling_log2", cell.lag(Reading.ONE_STEP), 0.4),
        )
    ]
    cell = replace(cell, table=pd.concat([cell.table, pd.DataFrame(rows)], ignore_index=True))
    found = diagnose(cell, "lstm", CONTROLS, reading, assessment())
    assert found.ceiling == (ceiling if reading is Reading.LONG_LAG else 0.4)
    assert found.cause is cause
    if cause is MainCause.DATA:
        assert found.evidence == f"two MDs of this length differ by {found.ceiling:.2f}"


def test_what_overfits_is_put_down_to_too_little_md():
    found = diagnosed(
        lstm=WRONG, moved={"lstm": (0.9, 1.0, 1.1)}, best_tokens={"lstm": 1e5},
        losses={"markov": 0.1, "lstm": 0.1},
    )  # fmt: skip
    assert found.outcome is Outcome.NOT_REPRODUCED and found.cause is MainCause.DATA
    assert "overfits" in found.evidence


def test_without_a_cause_what_was_tried_is_told():
    found = diagnosed(lstm=WRONG, markov=RIGHT, lstm_wide=WRONG)
    assert found.cause == MainCause.UNKNOWN
    assert found.evidence == "tried: size"


def test_where_no_control_ran_that_is_said():
    found = diagnosed(lstm=WRONG, markov=RIGHT)
    assert found.cause == MainCause.UNTRIED
    assert found.evidence == "no control of `lstm` ran in this cell"
    assert "tried: nothing" not in as_markdown([found])


def test_one_training_asks_for_more_of_them():
    found = diagnosed(lstm=(0.1,))
    assert found.outcome == Outcome.CANNOT_TELL
    assert "give at least 3 replicates" in as_markdown([found])
    assert "reaches across the tolerance" in as_markdown([diagnosed(lstm=(0.1, 1.4, -1.3))])


def test_lags_have_their_unit():
    page = as_markdown([diagnosed(lstm=WRONG)])
    assert "| 10 ps (long lag) |" in page


def test_the_page_counts_each_failure_once():
    cells = [cell_result(lstm=WRONG, lstm_seen=RIGHT, transformer=RIGHT)]
    found = diagnose_study(cells, ["lstm", "transformer"], CONTROLS, {"toy": assessment()})
    page = as_markdown(found)
    assert "Of 4 readings, 2 fail." in page
    assert f"- {MainCause.LEAK}: 2" in page

"""What a verdict would be with other cells or budgets than its own."""

from __future__ import annotations

import pytest
from judged import assessment, cell_result

from raremd.analysis.claim_records import ClaimRecord, Judgement
from raremd.analysis.claims import judge_contrast, judge_models, judge_study
from raremd.analysis.contrasts import Contrast
from raremd.analysis.findings import pooled_over_systems
from raremd.analysis.verdicts import Verdict
from raremd.report.pages.answers import answers
from raremd.report.pages.claims import claim_section, pooled_sentence
from raremd.study.verdict_plans import Control

RIGHT = (-0.03, 0.0, 0.03, 0.02, -0.02)
FOUR_TIMES = Control("lstm_4", "lstm", "budget", 4.0)
EQUAL = {"markov": 1.0, "lstm": 1.0, "lstm_4": 1.0}
WORSE_AFTER = EQUAL | {"lstm": 0.99}
"""Losses of a network that is past its best with four times the tokens, and of one that is not."""


def off(by):
    return tuple(by + x for x in RIGHT)


def sides(hard_losses, easy_losses, system="toy"):
    """The hard side is off by half a doubling at first, the easy one with four times the tokens."""
    hard = cell_result(
        partition="hard", markov=RIGHT, lstm=off(-0.5), lstm_4=RIGHT, losses=hard_losses
    )
    easy = cell_result(markov=RIGHT, lstm=RIGHT, lstm_4=off(-0.2), losses=easy_losses)
    return Contrast("C3", system, easy=easy, hard=hard)


def judged(contrast) -> ClaimRecord:
    return judge_contrast(contrast, "lstm", [FOUR_TIMES], assessment())


def bad(partition, **models):
    """A cell in which the Transformer is not trained to the end, and off by four doublings."""
    losses = {"lstm": 0.5, "transformer": 0.5, "markov": 0.1}
    return cell_result(partition=partition, **models, losses=losses)


@pytest.fixture
def c6():
    cells = [
        cell_result(partition="a", lstm=RIGHT, transformer=RIGHT),
        bad("b", lstm=RIGHT, transformer=off(-4.0)),
        cell_result(partition="c", lstm=RIGHT),
    ]
    return judge_models("toy", cells, (), assessment())


def test_sides_that_want_one_budget_have_no_other_choice():
    assert judged(sides(EQUAL, EQUAL)).otherwise is None


def test_each_side_is_compared_at_the_budget_that_suits_it():
    record = judged(sides(EQUAL, WORSE_AFTER))
    assert record.budget == 1  # at four times the easy side is past its best
    assert record.long_lag.effect == pytest.approx(0.5, abs=0.04)
    assert record.otherwise.budgets == (4, 1)
    assert record.otherwise.cells == record.cells
    assert record.otherwise.finding.effect == pytest.approx(0.0, abs=0.04)
    assert record.otherwise.finding.verdict is Verdict.NO_DIFFERENCE


def test_a_side_that_is_not_trained_to_the_end_decides_nothing():
    untrained = {"markov": 1.0, "lstm": 2.0, "lstm_4": 2.0}
    record = judged(sides(untrained, WORSE_AFTER))
    assert record.otherwise.budgets == (4, 1)
    assert record.otherwise.doubts and record.otherwise.finding.verdict is Verdict.UNDECIDED


def test_claims_about_one_cell_have_no_sides():
    cell = cell_result(markov=RIGHT, lstm=off(-0.5), lstm_4=RIGHT, losses=WORSE_AFTER)
    assert judged(Contrast("C1", "toy", easy=cell, hard=None)).otherwise is None


def test_networks_are_compared_in_all_cells_at_the_same_tokens(c6):
    assert c6.cells == ("toy/x/dt_1/a",) and c6.long_lag.verdict is Verdict.NO_DIFFERENCE
    assert c6.otherwise.cells == ("toy/x/dt_1/a", "toy/x/dt_1/b")
    assert c6.otherwise.finding.effect == pytest.approx(2.0, abs=0.04)
    assert c6.otherwise.finding.verdict is Verdict.SUPPORTED


def test_a_cell_whose_md_has_no_slow_process_is_in_neither():
    cells = [
        cell_result(partition="a", lstm=RIGHT, transformer=off(-1.0)),
        cell_result(partition="b", lstm=RIGHT, transformer=RIGHT, md=(8.0,)),
    ]
    record = judge_models("toy", cells, (), assessment())
    assert record.cells == ("toy/x/dt_1/a",) and record.otherwise is None


def test_pooled_they_stand_beside_verdicts_without_another_choice(c6):
    same = judge_models("other", [cell_result(lstm=RIGHT, transformer=off(-1.0))], (), assessment())
    (pooled,) = pooled_over_systems([c6, same], 0.3)
    assert same.otherwise is None
    assert pooled.long_lag.effect == pytest.approx(0.5, abs=0.02)
    assert pooled.otherwise.effect == pytest.approx(1.5, abs=0.02)
    assert "At the same tokens in all cells: undecided, +1.49" in pooled_sentence(pooled)
    (none,) = pooled_over_systems([same, same], 0.3)
    assert none.otherwise is None


def test_the_table_marks_what_says_something_else(c6):
    contrasts = [sides(EQUAL, WORSE_AFTER)]
    cells = [cell for contrast in contrasts for cell in contrast.cells]
    told = judge_study(contrasts, cells, ["lstm"], [FOUR_TIMES], {"toy": assessment()})
    page = "\n".join(claim_section(told, "C3", [FOUR_TIMES]))
    assert "each side at the budget that suits it" in page
    assert "| `toy` | LSTM | 4 x tokens against 1 x tokens | **no difference +0.00" in page
    page = "\n".join(claim_section(Judgement((c6,), ()), "C6", []))
    assert "| `toy` | Transformer | 2 cells | **supported +1.99" in page


def test_answers_name_systems_that_differ_from_all_together():
    def record(system, by):
        contrast = sides(EQUAL, EQUAL, system)
        hard = cell_result(partition="hard", markov=RIGHT, lstm=off(by), losses=EQUAL)
        easy = cell_result(markov=RIGHT, lstm=RIGHT, losses=EQUAL)
        return judge_contrast(
            Contrast(contrast.claim, system, easy, hard), "lstm", (), assessment()
        )

    records = [record("first", 0.0), record("second", 0.0), record("third", -0.5)]
    pooled = pooled_over_systems(records, 5.0)  # so wide a margin that all together are equal
    (told,) = answers(Judgement(tuple(records), tuple(pooled)))
    assert "3 systems, but yes in `third`)" in told.partition("At one step")[0]
    (told,) = answers(Judgement(tuple(records[:2] + 4 * records[2:]), tuple(pooled)))
    assert "3 systems, but yes in 4)" in told.partition("At one step")[0]

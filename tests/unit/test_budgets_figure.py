"""The figure of effects against budgets, from records whose numbers are known."""

import numpy as np
import pytest
from judged import claim_record, finding

from raremd.analysis.claim_records import BudgetFinding, Judgement
from raremd.analysis.verdicts import Verdict
from raremd.report.figures import budgets
from raremd.report.figures.style import Look

EFFECTS = {1.0: 2.0, 4.0: 1.0, 16.0: 0.1}


def at(budget, trained=True, overfit=False):
    found = finding(Verdict.SUPPORTED, EFFECTS[budget])
    return BudgetFinding(budget, 1e6 * budget, trained, overfit, False, found, found)


@pytest.fixture
def figure():
    ladder = (at(1.0), at(4.0, overfit=True), at(16.0, trained=False))
    records = tuple(
        claim_record(claim=claim, model=model, budgets=ladder)
        for claim in ("C3", "C4")
        for model in ("lstm", "transformer")
    )
    look = Look(models=("lstm", "transformer"), tolerance=0.32)
    return budgets.draw(Judgement(records, ()), look)


def test_a_panel_a_claim_and_a_mark_a_budget(figure):
    first, second = [axes for axes in figure.axes if axes.get_visible()]
    assert first.get_title().startswith("C3") and second.get_title().startswith("C4")
    marks = [line for line in first.lines if line.get_marker() not in ("None", "")]
    assert len(marks) == 6
    seen = {round(float(line.get_ydata()[0]), 3) for line in marks}
    assert seen == set(EFFECTS.values())


def test_a_network_that_is_not_trained_to_the_end_is_open_and_one_that_overfits_half(figure):
    marks = [line for line in figure.axes[0].lines if line.get_marker() not in ("None", "")]
    filled = {float(line.get_ydata()[0]): line.get_markerfacecolor() != "white" for line in marks}
    assert filled == {2.0: True, 1.0: True, 0.1: False}
    assert {float(line.get_ydata()[0]): line.get_fillstyle() for line in marks} == {
        2.0: "full",
        1.0: "bottom",
        0.1: "full",
    }


def test_series_that_would_hide_each_other_stand_apart(figure):
    marks = [line for line in figure.axes[0].lines if line.get_marker() not in ("None", "")]
    tokens = np.array([float(line.get_xdata()[0]) for line in marks])
    assert len(np.unique(tokens)) == 6
    np.testing.assert_allclose(np.sort(tokens), np.repeat([1e6, 4e6, 16e6], 2), rtol=0.06)


def test_the_long_lag_is_drawn():
    both = finding(Verdict.SUPPORTED, 1.0), finding(Verdict.SUPPORTED, -2.0)
    ladder = (BudgetFinding(1.0, 1e6, True, False, False, *both),)
    figure = budgets.draw(Judgement((claim_record(budgets=ladder),), ()), Look(models=("lstm",)))
    (mark,) = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert list(mark.get_ydata()) == [1.0]

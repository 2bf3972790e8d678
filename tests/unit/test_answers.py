"""What a study found, as sentences."""

from dataclasses import replace

from judged import claim_record, finding

from raremd.analysis.claim_records import BudgetFinding, Judgement, PooledRecord
from raremd.analysis.verdicts import Verdict
from raremd.report.pages.answers import answers


def record(claim, long_lag, one_step, tokens=5.6e6):
    found = {"long_lag": finding(long_lag), "one_step": finding(one_step)}
    same = claim_record(claim=claim)
    budgets = (BudgetFinding(same.budget, tokens, True, **found),)
    return replace(same, **found, budgets=budgets)


def test_one_answer_for_all_cases_is_said_once():
    yes = record("C4", Verdict.SUPPORTED, Verdict.SUPPORTED)
    (said,) = answers(Judgement((yes, yes), ()))
    assert said == (
        "- **Does coarse graining into metastable states help?** (C4) Yes, at the long lag and at "
        "one step. Trained on 5.6 million tokens."
    )


def test_different_answers_are_counted_most_frequent_first():
    cases = [
        record("C3", Verdict.SUPPORTED, Verdict.SUPPORTED),
        record("C3", Verdict.NO_DIFFERENCE, Verdict.SUPPORTED, 22.4e6),
        record("C3", Verdict.NO_DIFFERENCE, Verdict.CONTRADICTED),
    ]
    (said,) = answers(Judgement(tuple(cases), ()))
    assert (
        "At the long lag no difference in 2 of 3 cases; yes in 1; at one step yes in 2 of 3 "
        "cases; no, the opposite in 1. Trained on 5.6 to 22 million tokens."
    ) in said


def test_the_two_networks_are_named_and_the_pooled_effect_stands_beside():
    found = finding(Verdict.CONTRADICTED, effect=-0.5, half=0.25)
    pooled = PooledRecord("C6", "", "transformer", ("a", "b"), (), found, found)
    case = record("C6", Verdict.CONTRADICTED, Verdict.NO_DIFFERENCE)
    (said,) = answers(Judgement((case,), (pooled,)))
    assert "(C6) At the long lag: the Transformer (-0.50 [-0.75, -0.25] over 2 systems). " in said
    assert "Case by case: at the long lag the Transformer; at one step either." in said


def test_what_is_found_over_systems_is_said_of_each_network():
    none, yes = finding(Verdict.NO_DIFFERENCE, 0.0, 0.1), finding(Verdict.SUPPORTED, 0.9, 0.2)
    pooled = (
        PooledRecord("C4", "", "lstm", ("a", "b", "c"), (), none, none),
        PooledRecord("C4", "", "transformer", ("a", "b"), (), yes, yes),
        PooledRecord("C4", "", "gru", (), (), yes, yes),
    )
    case = record("C4", Verdict.UNDECIDED, Verdict.UNDECIDED)
    (said,) = answers(Judgement((case,), pooled))
    assert (
        "At the long lag: no difference for the LSTM (+0.00 [-0.10, +0.10] over 3 systems) and yes "
        "for the Transformer (+0.90 [+0.70, +1.10] over 2 systems). Case by case: cannot tell, at "
        "the long lag and at one step."
    ) in said

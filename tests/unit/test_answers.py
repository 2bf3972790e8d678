"""What a study found, as sentences."""

from dataclasses import replace

from judged import claim_record, finding

from raremd.analysis.claim_records import BudgetFinding, Judgement, PooledRecord
from raremd.analysis.verdicts import Verdict
from raremd.report.pages.answers import answers


def record(claim, long_lag, one_step, tokens=5.6e6):
    found = {"long_lag": finding(long_lag), "one_step": finding(one_step)}
    same = claim_record(claim=claim)
    budgets = (BudgetFinding(same.budget, tokens, True, False, False, **found),)
    return replace(same, **found, budgets=budgets)


def test_each_reading_is_a_sentence():
    (said,) = answers(Judgement((record("C4", Verdict.SUPPORTED, Verdict.SUPPORTED),), ()))
    assert said == (
        "- **Does coarse graining into metastable states help?** (C4) At the long lag: yes for the "
        "LSTM (2.00 [1.62, 2.46]). At one step: yes for the LSTM (2.00 [1.62, 2.46]). Trained on "
        "5.6 million tokens."
    )
    many = record("C4", Verdict.SUPPORTED, Verdict.SUPPORTED, 1.8e8)
    assert answers(Judgement((many,), ()))[0].endswith("Trained on 180 million tokens.")


def test_different_answers_of_systems_are_counted():
    cases = [
        record("C3", Verdict.SUPPORTED, Verdict.SUPPORTED),
        record("C3", Verdict.NO_DIFFERENCE, Verdict.SUPPORTED, 22.4e6),
        record("C3", Verdict.NO_DIFFERENCE, Verdict.UNDECIDED),
    ]
    (said,) = answers(Judgement(tuple(cases), ()))
    assert said.endswith(
        "At the long lag: yes in 1 and no difference in 2 of 3 systems for the LSTM. At one step: "
        "yes in 2 and undecided in 1 of 3 systems for the LSTM. Trained on 5.6 to 22 million "
        "tokens."
    )


def test_systems_that_decide_are_counted_where_all_together_do_not():
    cases = [
        record("C3", Verdict.SUPPORTED, Verdict.UNDECIDED),
        record("C3", Verdict.NO_DIFFERENCE, Verdict.UNDECIDED),
        record("C3", Verdict.UNDECIDED, Verdict.UNDECIDED),
    ]
    over = ("a", "b")
    open_one = finding(Verdict.UNDECIDED, 0.0, 1.0)
    pooled = PooledRecord("C3", "", cases[0].model, over, over, open_one, open_one)
    (said,) = answers(Judgement(tuple(cases), (pooled,)))
    assert (
        "At the long lag: yes in 1, no difference in 1 and undecided in 1 of 3 systems for the "
        "LSTM. At one step: undecided for the LSTM (1.00 [0.50, 2.00], 2 systems)."
    ) in said


def test_the_two_networks_are_named_and_the_pooled_effect_stands_beside():
    found = finding(Verdict.CONTRADICTED, effect=-0.5, half=0.25)
    pooled = PooledRecord("C6", "", "transformer", ("a", "b"), (), found, found)
    case = replace(record("C6", Verdict.CONTRADICTED, Verdict.NO_DIFFERENCE), model="transformer")
    (said,) = answers(Judgement((case,), (pooled,)))
    assert "(C6) At the long lag: the Transformer is better (0.71 [0.59, 0.84], 2 systems)." in said
    assert "At one step: they do equally well (2.00 [1.62, 2.46]). Trained" in said


def test_networks_that_tell_the_same_are_told_together():
    none, open_one = finding(Verdict.NO_DIFFERENCE, 0.0, 0.1), finding(Verdict.UNDECIDED, 1.0, 2.0)
    cases = [
        replace(record("C4", long_lag, Verdict.UNDECIDED), model=model)
        for model, long_lag in [
            ("lstm", Verdict.UNDECIDED),
            ("transformer", Verdict.UNDECIDED),
            ("gru", Verdict.NO_DIFFERENCE),
        ]
        for _ in range(2)
    ]
    pooled = (
        PooledRecord("C4", "", "lstm", ("a", "b"), (), open_one, open_one),
        PooledRecord("C4", "", "gru", ("a", "b"), ("a", "b"), none, open_one),
    )
    (said,) = answers(Judgement(tuple(cases), pooled))
    assert (
        "At the long lag: undecided for the LSTM and the Transformer (LSTM 2.00 [0.50, 8.00], "
        "2 systems); it makes no difference for the GRU (1.00 [0.93, 1.07], 2 systems). At one "
        "step: undecided for the LSTM, the Transformer and the GRU (GRU 2.00 [0.50, 8.00], 2 "
        "systems). Trained on"
    ) in said

"""What the README says was found."""

from dataclasses import replace

import pandas as pd
from judged import claim_record

from raremd.analysis.claim_records import Judgement
from raremd.analysis.kept_laws import DialLaw, KeptLaws, NetworkLaw
from raremd.analysis.recommendation import Outcome
from raremd.analysis.recommended import CellOutcome, Recommended
from raremd.report.pages.front import found

BOARD = pd.DataFrame(
    [
        {"system": system, "model": model, "score": 0.1, "high": 0.2}
        | {"right": right, "doubt": doubt}
        for system, doubt in (("a", ""), ("b", ""), ("c", "too few transitions"))
        for model, right in (("deep", system == "a"), ("flat", False))
    ]
)
LAW = DialLaw(scale=1e-3, tokens=1.0, states=0.0, spread=0.1)


def outcome(model, interval, result):
    return CellOutcome("xy", interval, "fine", model, 100, 1.0, result, 0.1)


def test_what_is_asked_first_is_answered_first():
    records = tuple(claim_record(claim=claim) for claim in ("C1", "C3", "C4"))
    markov = (
        outcome("markov", 1.0, Outcome.NOT_REPRODUCED),
        outcome("markov", 20.0, Outcome.REPRODUCED),
        outcome("markov", 5.0, Outcome.REPRODUCED),
    )
    lstm = replace(outcome("lstm", 5.0, Outcome.REPRODUCED), error=1.0)
    system = Recommended("toy", "ps", Outcome.REPRODUCED, True, lstm, (lstm,), markov)
    laws = KeptLaws("", (NetworkLaw("lstm", LAW, LAW, 10.0),))
    text = found(Judgement(records, ()), [system], laws, BOARD, "config/study.yaml", "abc1234")
    questions = [line.split("**")[1] for line in text.splitlines() if line.startswith("- **")]
    assert questions == [
        "Does a network learn the slow dynamics?",
        "Does a longer saving interval help?",
        "Does coarse graining into metastable states help?",
        "Which model is right at every lag, even with fine states and a short interval?",
        "How many frames must a network be trained on?",
        "When is a Markov model enough?",
    ]
    best = "2.00 in `toy` (LSTM; 100 states saved every 5 ps)."
    assert "every slow timescale of the MD that it was trained on, with 95 % confidence" in text
    assert f"to within a factor of {best}" in text
    assert "In 2 of 3 combinations of coordinate" in text
    assert "at least one in 1 of 1 system (" in text
    assert "closest is `deep`: in 2 systems no timescale" in text
    assert "at one step" not in text.partition("How many frames")[0]
    assert "9 [7, 11] million for the LSTM" in text  # 1e6 (1000 x 1e-3 / (1 / 0.9 - 1))
    assert (
        'at commit `abc1234` ([how it was run](docs/method.md)). "No difference" means that' in text
    )
    assert text.endswith("leaves out 1 and reaches beyond that factor.") and "of 1.25;" in text


def test_a_markov_model_that_is_right_nowhere_has_no_place():
    system = Recommended(
        "toy", "ps", Outcome.CANNOT_TELL, True, None, (), (outcome("markov", 1.0, "cannot tell"),)
    )
    text = found(Judgement((), ()), [system], KeptLaws("", ()), BOARD.assign(right=False), "a", "b")
    assert "and it is right in 0 of them. The MD of" in text
    assert "In 0 of 1 system." in text and "In 0 of 1 combination of coordinate" in text

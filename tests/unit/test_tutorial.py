"""What the tutorial quotes of its study."""

import pytest
from judged import claim_record, finding

from raremd.analysis.assessment import Cause, Doubt
from raremd.analysis.claim_records import BudgetFinding, Judgement
from raremd.report.pages.answers import answers
from raremd.report.pages.tutorial import QUOTED, filled, marks

RECOMMENDATION = """\
# Does a network learn?

Three sentences.

| system | answer |
| --- | --- |
| `toy` | Yes. |

## `toy`

The MD has 1 slow process.

More.
"""
PAGE = "\n".join(f"{marks(name)[0]}\nold\n{marks(name)[1]}" for name in QUOTED)


def between(page, name):
    first, last = marks(name)
    return page.split(first)[1].split(last)[0].strip().splitlines()


def judgement(*texts):
    doubts = tuple(Doubt(Cause.BUDGET, text, "train longer") for text in texts)
    budget = BudgetFinding(1.0, 1e6, True, False, False, finding(), finding())
    return Judgement((claim_record(one_step_doubts=doubts, budgets=(budget,)),), ())


def test_each_quotation_stands_between_its_marks():
    said = judgement("it still moved", "it still moved", "it is far off")
    page = filled(PAGE, RECOMMENDATION, said)
    assert between(page, "answer") == [
        "> | system | answer |", "> | --- | --- |", "> | `toy` | Yes. |"
    ]  # fmt: skip
    assert between(page, "evidence") == ["> The MD has 1 slow process."]
    assert between(page, "claims") == [f"> {line}" for line in answers(said)]
    assert between(page, "open") == ["> - It still moved.", "> - It is far off."]
    assert filled(page, RECOMMENDATION, said) == page


def test_a_page_without_a_mark_is_refused():
    with pytest.raises(ValueError, match="claims"):
        filled(PAGE.replace(marks("claims")[0], ""), RECOMMENDATION, judgement())

"""The tutorial says what the kept verdicts of its study say."""

from raremd.analysis.claim_records import Judgement
from raremd.io.provenance import ROOT
from raremd.io.storage import read_typed
from raremd.report.pages.answers import answers
from raremd.report.pages.tutorial import marks


def between(page, name):
    first, last = marks(name)
    return page.split(first)[1].split(last)[0].strip().splitlines()


def test_the_tutorial_says_what_its_kept_verdicts_say():
    kept = read_typed(Judgement, ROOT / "docs/tutorial/claims.json")
    page = (ROOT / "docs/tutorial.md").read_text()
    assert between(page, "claims") == [f"> {line}" for line in answers(kept)]
    assert between(page, "answer")[0] == "> | system | answer |"
    assert len(between(page, "evidence")) == 1
    texts = {doubt.text.lower() for r in kept.records for doubt in r.one_step_doubts}
    quoted = {line.removeprefix("> - ").rstrip(".").lower() for line in between(page, "open")}
    assert quoted == texts != set()

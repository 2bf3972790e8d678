"""The tutorial says what the kept verdicts of its study say."""

from raremd.analysis.claim_records import Judgement
from raremd.io.provenance import ROOT
from raremd.io.storage import read_typed
from raremd.report.pages.answers import answers
from raremd.report.pages.tutorial import marks


def test_the_tutorial_says_what_its_kept_verdicts_say():
    page = (ROOT / "docs/tutorial.md").read_text()
    kept = read_typed(Judgement, ROOT / "docs/tutorial/claims.json")
    first, last = marks("claims")
    quoted = "\n".join(f"> {line}" for line in answers(kept))
    assert f"{first}\n\n{quoted}\n\n{last}" in page
    reasons = {doubt.text for r in kept.records for doubt in r.one_step_doubts}
    assert reasons and all(f"> - {text}.\n" in page for text in reasons)

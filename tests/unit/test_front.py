"""What the README says was found is what the kept claims say."""

import pytest
from judged import claim_record

from raremd.analysis.claim_records import Judgement
from raremd.io.provenance import ROOT
from raremd.io.storage import read_typed
from raremd.report.pages.front import BEGIN, END, found, insert

PAGE = f"# Title\n{BEGIN}\nold\n{END}\nrest\n"


def test_only_what_is_between_the_marks_is_replaced():
    once = insert(PAGE, "new")
    assert once == f"# Title\n{BEGIN}\nnew\n{END}\nrest\n"
    assert insert(once, "new") == once


@pytest.mark.parametrize("page", ["# Title\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"])
def test_a_page_without_marks_is_refused(page):
    with pytest.raises(ValueError, match="the page has no <!-- found"):
        insert(page, "new")


def test_a_sentence_per_claim_and_where_it_comes_from():
    records = tuple(claim_record(claim=claim) for claim in ("C3", "C4"))
    text = found(Judgement(records, ()), "config.yaml", "abc1234")
    assert text.count("- **") == 2 and "(C3)" in text and "(C4)" in text
    assert text.endswith("From a run of `config.yaml` at commit `abc1234`.")


def test_the_readme_says_what_the_kept_claims_say():
    kept = read_typed(Judgement, ROOT / "docs/gallery/claims.json")
    readme = (ROOT / "README.md").read_text()
    said = readme.partition(BEGIN)[2].partition(END)[0].strip()
    commit = said.rpartition("commit `")[2].rstrip("`.")
    assert said == found(kept, "config.yaml", commit)

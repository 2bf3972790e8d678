"""What the default study found, as it stands in the README between two marks."""

from __future__ import annotations

from raremd.analysis.claim_records import Judgement
from raremd.report.pages.answers import answers

BEGIN, END = "<!-- found: written by make gallery -->", "<!-- end of found -->"


def found(judgement: Judgement, study: str, commit: str) -> str:
    """One sentence per claim, and where they come from.

    Parameters
    ----------
    judgement : Judgement
    study : str
        File of the configuration.
    commit : str
    """
    return "\n".join([*answers(judgement), "", f"From a run of `{study}` at commit `{commit}`."])


def insert(page: str, text: str) -> str:
    """A page with the text between its marks replaced.

    Raises
    ------
    ValueError
        If the page has no such marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no {BEGIN} before {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"

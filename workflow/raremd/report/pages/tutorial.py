"""What the tutorial quotes of its study, each between two marks in docs/tutorial.md."""

from __future__ import annotations

from itertools import takewhile

from raremd.analysis.claim_records import Judgement
from raremd.report.pages.answers import answers
from raremd.report.pages.markdown import insert

QUOTED = "answer", "evidence", "claims", "open"


def marks(name: str) -> tuple[str, str]:
    """Around a quotation in the tutorial."""
    return f"<!-- {name}: written by make tutorial -->", f"<!-- end of {name} -->"


def filled(page: str, recommendation: str, judgement: Judgement) -> str:
    """The tutorial with what its study says today.

    Parameters
    ----------
    page : str
        With the marks of all that is quoted.
    recommendation : str
        As of `recommendation.as_markdown`, the first system's section not under its details.
    judgement : Judgement

    Raises
    ------
    ValueError
        If the page lacks a mark.
    """
    _, heading, table = recommendation.partition("| system | answer |")
    _, _, section = recommendation.partition("\n## `")
    reasons = dict.fromkeys(d.text for r in judgement.records for d in r.one_step_doubts)
    lines = (
        list(takewhile(bool, (heading + table).splitlines())),
        section.splitlines()[2:3],
        answers(judgement),
        [f"- {text[:1].upper()}{text[1:]}." for text in reasons],
    )
    for name, quoted in zip(QUOTED, lines, strict=True):
        page = insert(page, "\n".join(["", *(f"> {line}" for line in quoted), ""]), marks(name))
    return page

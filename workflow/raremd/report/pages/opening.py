"""The first words of a report: the whole study in two or three sentences."""

from __future__ import annotations

from collections.abc import Sequence

from raremd.analysis.claim_records import ClaimRecord
from raremd.analysis.recommendation import Answer, Outcome
from raremd.analysis.verdicts import Verdict
from raremd.analysis.words import capital, count, given, listed, units
from raremd.report.names import pretty

OUTCOMES = {
    Outcome.REPRODUCED: "a network reproduces the slow processes of {}",
    Outcome.NOT_REPRODUCED: "no network reproduces those of {}",
    Outcome.CANNOT_TELL: "this study cannot tell for {}",
}
VERDICTS = {
    Verdict.SUPPORTED: ("{} supports the claim", "{} support the claim"),
    Verdict.CONTRADICTED: ("{} contradicts it", "{} contradict it"),
    Verdict.NO_DIFFERENCE: ("{} finds no difference", "{} find no difference"),
    Verdict.UNDECIDED: ("{} is undecided", "{} are undecided"),
}


def networks(answers: Sequence[Answer]) -> str:
    """Where a network reproduces the slow processes."""
    parts = []
    for outcome, words in OUTCOMES.items():
        systems = [f"`{a.assessment.system}`" for a in answers if a.outcome is outcome]
        if systems:
            parts.append(words.format(listed(systems)))
    return capital(f"{'; '.join(parts)}.")


def span(times: Sequence[float], unit: str) -> str:
    """Saving intervals with their unit."""
    return f"{listed([given(time) for time in times])} {units(unit, times[-1])}"


def intervals(answer: Answer) -> str:
    """The saving intervals at which networks, and Markov models, are right."""
    unit = answer.assessment.unit
    each = [f"{pretty(m)} at {span(t, unit)}" for m, t in answer.intervals_by_network.items()]
    if answer.markov_suffices and not answer.assessment.doubts:
        simple = "a Markov model" if answer.only_markov else "a model without a network"
        each.append(f"{simple} at {span(answer.markov_suffices, unit)}")
    if not each:
        return "No saving interval is known at which a model reproduces them."
    return f"They are reproduced at these saving intervals: {listed(each)}."


def claims(records: Sequence[ClaimRecord]) -> str:
    """How the verdicts are divided, and which claims are supported."""
    parts = []
    for verdict, (one, several) in VERDICTS.items():
        mine = [r for r in records if r.long_lag.verdict is verdict]
        names = listed(list(dict.fromkeys(r.claim for r in mine)))
        told = f" ({names})" * (verdict is not Verdict.UNDECIDED)
        if mine:
            parts.append((one if len(mine) == 1 else several).format(len(mine)) + told)
    return f"Of {count(len(records), 'verdict')} at the long lag, {listed(parts)}."


def opening(answers: Sequence[Answer], records: Sequence[ClaimRecord]) -> str:
    """What networks learn, at which intervals if there is one system, and how claims are judged.

    Parameters
    ----------
    answers : sequence of Answer
        One per system.
    records : sequence of ClaimRecord
    """
    told = [networks(answers), *(intervals(a) for a in answers if len(answers) == 1)]
    return " ".join([*told, *([claims(records)] if records else [])])

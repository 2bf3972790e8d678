"""What a study found: each claim as a question, with its answer in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raremd.analysis.claim_records import ClaimRecord, Finding, Judgement, PooledRecord
from raremd.analysis.claims import TRANSFORMER
from raremd.analysis.verdicts import Verdict
from raremd.analysis.words import listed, logarithm, number, ratio
from raremd.report.names import pretty

QUESTIONS = {
    "C1": "Can slow dynamics be learned in few dimensions with a coarse partition?",
    "C2": "Does high dimensionality hide rare events?",
    "C3": "Does a longer saving interval help?",
    "C4": "Does coarse graining into metastable states help?",
    "C5": "Does removing recrossings help?",
    "C6": "LSTM or Transformer?",
}
CANNOT_TELL = "undecided"
VERDICTS = {
    Verdict.SUPPORTED: "yes",
    Verdict.NO_DIFFERENCE: "it makes no difference",
    Verdict.CONTRADICTED: "it makes things worse",
    Verdict.UNDECIDED: CANNOT_TELL,
}
OTHERWISE = {
    ("C1", Verdict.CONTRADICTED): "no",
    ("C2", Verdict.NO_DIFFERENCE): "no, it makes no difference",
    ("C2", Verdict.CONTRADICTED): "no, the opposite",
    ("C6", Verdict.SUPPORTED): "the LSTM is better",
    ("C6", Verdict.NO_DIFFERENCE): "they do equally well",
    ("C6", Verdict.CONTRADICTED): "the Transformer is better",
}
"""Answers to questions that are put in another way than the rest."""
COUNTED = (
    OTHERWISE
    | {(claim, Verdict.NO_DIFFERENCE): "no difference" for claim in ("C2", "C3", "C4", "C5")}
    | {(claim, Verdict.CONTRADICTED): "worse" for claim in ("C3", "C4", "C5")}
    | {("C2", Verdict.CONTRADICTED): "the opposite"}
)
"""Shorter words, of so many systems."""
WIDEST = 4.0
"""An interval that is wider, in log2, says nothing as a number."""
NUMBERS = """\
The numbers are factors with 95 % intervals, averaged over the systems whose MD and training passed
all checks; systems whose own verdict differs are named. C1: the slowest timescale of the network
over that of the MD; 1 is exact. C2 to C6: the factor by which that timescale is off on the hard
side, divided by the factor on the side that the claim favours (off by 2 instead of 1.5 gives 1.33);
above 1 speaks for the claim. Where the systems together decide nothing, they are counted.
"""
NAMED = 3
"""As many systems with a verdict of their own are named, more are counted."""
SAME_TOKENS = "at the same tokens in all cells, trained to the end or not,"


@dataclass(frozen=True)
class _Said:
    """The answer of one network at one reading, and the number that it rests on, if any."""

    word: str
    number: str = ""


def shown(found: Finding) -> str:
    """Effect with its interval, or a dash where it is not known."""
    if not _known(found):
        return "–"
    return f"{logarithm(found.effect)} [{logarithm(found.low)}, {logarithm(found.high)}]"


def _known(found: Finding) -> bool:
    return bool(np.isfinite([found.effect, found.low, found.high]).all())


def _as_factor(found: Finding) -> str:
    """The same as a factor; nothing where it is not known, or hardly."""
    if not _known(found) or found.high - found.low > WIDEST:
        return ""
    return f"{ratio(found.effect)} [{ratio(found.low)}, {ratio(found.high)}]"


def _word(claim: str, verdict: Verdict) -> str:
    return OTHERWISE.get((claim, verdict), VERDICTS[verdict])


def _said(
    claim: str, found: list[tuple[str, Finding]], pooled: Finding | None, systems: int
) -> _Said:
    """What one network tells: over its systems where these together decide, or else one by one."""
    verdicts = [each.verdict for _, each in found]
    kinds = [verdict for verdict in Verdict if verdict in verdicts]
    none = kinds == [Verdict.UNDECIDED]
    if pooled and systems and _known(pooled) and (none or pooled.verdict != Verdict.UNDECIDED):
        parts = [_as_factor(pooled), f"{systems} systems", *_others(claim, found, pooled.verdict)]
        return _Said(_word(claim, pooled.verdict), ", ".join(parts) if parts[0] else "")
    if len(found) == 1:
        return _Said(_word(claim, verdicts[0]), _as_factor(found[0][1]))
    if len(kinds) == 1:
        return _Said(_word(claim, kinds[0]))
    told = [f"{_counted(claim, kind)} in {verdicts.count(kind)}" for kind in kinds]
    return _Said(f"{listed(told)} of {len(verdicts)} systems")


def _counted(claim: str, verdict: Verdict) -> str:
    return COUNTED.get((claim, verdict), VERDICTS[verdict])


def _others(claim: str, found: list[tuple[str, Finding]], pooled: Verdict) -> list[str]:
    """Systems whose own verdict says something else than all together."""
    told = []
    for kind in Verdict:
        names = [f"`{system}`" for system, each in found if each.verdict is kind]
        if names and kind not in (pooled, Verdict.UNDECIDED):
            where = listed(names) if len(names) <= NAMED else str(len(names))
            told.append(f"{_counted(claim, kind)} in {where}")
    return [f"but {listed(told)}"] if told else []


def _in_brackets(numbers: dict[str, str]) -> str:
    several = len(numbers) > 1
    told = [f"{pretty(m)} " * several + number for m, number in numbers.items() if number]
    return f" ({'; '.join(told)})" if told else ""


def _clauses(records: Sequence[ClaimRecord], pooled: Sequence[PooledRecord], one_step: bool) -> str:
    """One claim at one reading: all networks, those together that tell the same."""
    claim, over = records[0].claim, {record.model: record for record in pooled}
    alike: dict[str, dict[str, str]] = {}
    for model in dict.fromkeys(record.model for record in records):
        mine = [record for record in records if record.model == model]
        found = [(r.system, r.one_step if one_step else r.long_lag) for r in mine]
        pool, systems = None, 0
        if together := over.get(model):
            pool = together.one_step if one_step else together.long_lag
            systems = len(together.one_step_systems if one_step else together.systems)
        said = _said(claim, found, pool, systems)
        alike.setdefault(said.word, {})[model] = said.number
    clauses = []
    for word, numbers in alike.items():
        names = listed([f"the {pretty(model)}" for model in numbers])
        who = "" if claim == "C6" else f" for {names}"
        clauses.append(f"{word}{who}{_in_brackets(numbers)}")
    other = over[TRANSFORMER].otherwise if claim == "C6" and TRANSFORMER in over else None
    if other and not one_step and _known(other):
        clauses.append(f"{SAME_TOKENS} {_word(claim, other.verdict)} ({_as_factor(other)})")
    return "; ".join(clauses)


def tokens(records: Sequence[ClaimRecord]) -> str:
    """Tokens at which the verdicts are given; nothing if none are known."""
    seen = [at.tokens for r in records for at in r.budgets if at.budget == r.budget and at.tokens]
    if not seen:
        return ""
    low, high = (number(at / 1e6, 2) for at in (min(seen), max(seen)))
    return f"{low if low == high else f'{low} to {high}'} million tokens"


def overfitting(records: Sequence[ClaimRecord]) -> str:
    """How many verdicts rest on a network that overfits, as a sentence; nothing if none does."""
    rungs = [at for r in records for at in r.budgets if at.budget == r.budget]
    n = sum(at.overfit for at in rungs)
    if not n:
        return ""
    return (
        f"In {n} of {len(records)} verdicts a network overfits; its weights are those of "
        "the lowest held-out loss."
    )


def answer(
    records: Sequence[ClaimRecord], pooled: Sequence[PooledRecord], one_step: bool = True
) -> str:
    """One claim: what each network tells at the long lag and, if asked, at one step.

    Parameters
    ----------
    records, pooled : sequence
        Of one claim; at least one record.
    one_step : bool
    """
    claim = records[0].claim
    text = _clauses(records, pooled, one_step=False)
    if one_step:
        text = f"at the long lag: {text}. At one step: {_clauses(records, pooled, one_step=True)}"
    return f"**{QUESTIONS[claim]}** ({claim}) {text[0].upper()}{text[1:]}."


def _budget(records: Sequence[ClaimRecord]) -> str:
    seen = tokens(records)
    return seen and f" Trained on {seen}."


def answers(judgement: Judgement) -> list[str]:
    """Each claim of a study with its budget, as items of a Markdown list."""
    of = {
        claim: [r for r in judgement.records if r.claim == claim]
        for claim in dict.fromkeys(r.claim for r in judgement.records)
    }
    return [
        f"- {answer(records, [p for p in judgement.pooled if p.claim == claim])}{_budget(records)}"
        for claim, records in of.items()
    ]

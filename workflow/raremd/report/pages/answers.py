"""What a study found: each claim as a question, with its answer in a sentence or two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raremd.analysis.claim_records import ClaimRecord, Finding, Judgement, PooledRecord
from raremd.analysis.verdicts import Verdict
from raremd.analysis.words import count, listed, logarithm
from raremd.report.names import pretty

QUESTIONS = {
    "C1": "Can slow dynamics be learned in few dimensions with a coarse partition?",
    "C2": "Does high dimensionality hide rare events?",
    "C3": "Does a longer saving interval help?",
    "C4": "Does coarse graining into metastable states help?",
    "C5": "Does removing recrossings help?",
    "C6": "LSTM or Transformer?",
}
VERDICTS = {
    Verdict.SUPPORTED: "yes",
    Verdict.NO_DIFFERENCE: "no difference",
    Verdict.CONTRADICTED: "no, the opposite",
    Verdict.UNDECIDED: "cannot tell",
}
OTHERWISE = {
    ("C1", Verdict.CONTRADICTED): "no",
    ("C6", Verdict.SUPPORTED): "the LSTM",
    ("C6", Verdict.NO_DIFFERENCE): "either",
    ("C6", Verdict.CONTRADICTED): "the Transformer",
}
"""Answers to questions that are put in another way than the rest."""


def shown(found: Finding) -> str:
    """Effect with its interval, or a dash where it is not known."""
    if not np.isfinite([found.effect, found.low, found.high]).all():
        return "–"
    return f"{logarithm(found.effect)} [{logarithm(found.low)}, {logarithm(found.high)}]"


def _word(claim: str, verdict: Verdict) -> str:
    return OTHERWISE.get((claim, verdict), VERDICTS[verdict])


def _told(claim: str, verdicts: Sequence[Verdict]) -> str:
    """The answers, the most frequent first, with the number of cases."""
    counts = {verdict: verdicts.count(verdict) for verdict in Verdict if verdict in verdicts}
    order = sorted(counts, key=lambda verdict: -counts[verdict])
    words = [_word(claim, verdict) for verdict in order]
    if len(order) == 1:
        return words[0]
    first, *rest = (f"{word} in {counts[v]}" for word, v in zip(words, order, strict=True))
    return "; ".join([f"{first} of {len(verdicts)} cases", *rest])


def _over_systems(pooled: Sequence[PooledRecord]) -> str:
    """Verdict and effect of each network at the long lag, over its systems."""
    told = [
        _word(record.claim, record.long_lag.verdict)
        + f" for the {pretty(record.model)}" * (record.claim != "C6")
        + f" ({shown(record.long_lag)} over {count(len(record.systems), 'system')})"
        for record in pooled
    ]
    return f"At the long lag: {listed(told)}."


def _budget(records: Sequence[ClaimRecord]) -> str:
    """Tokens at which the verdicts are given."""
    seen = [at.tokens for r in records for at in r.budgets if at.budget == r.budget and at.tokens]
    if not seen:
        return ""
    low, high = (f"{tokens / 1e6:.2g}" for tokens in (min(seen), max(seen)))
    span = low if low == high else f"{low} to {high}"
    return f"Trained on {span} million tokens."


def answer(records: Sequence[ClaimRecord], pooled: Sequence[PooledRecord]) -> str:
    """One claim: both readings, the pooled effects and the budget.

    Parameters
    ----------
    records, pooled : sequence
        Of one claim; at least one record.
    """
    claim = records[0].claim
    long_lag, one_step = (
        _told(claim, [getattr(record, reading).verdict for record in records])
        for reading in ("long_lag", "one_step")
    )
    known = [record for record in pooled if record.systems]
    each = "Case by case: " * bool(known)
    both = f"{each}at the long lag {long_lag}; at one step {one_step}."
    if long_lag == one_step:
        both = f"{each}{long_lag}, at the long lag and at one step."
    parts = [_over_systems(known) if known else "", both[0].upper() + both[1:], _budget(records)]
    return f"**{QUESTIONS[claim]}** ({claim}) " + " ".join(part for part in parts if part)


def answers(judgement: Judgement) -> list[str]:
    """Each claim of a study, as items of a Markdown list."""
    return [
        "- "
        + answer(
            [r for r in judgement.records if r.claim == claim],
            [p for p in judgement.pooled if p.claim == claim],
        )
        for claim in dict.fromkeys(r.claim for r in judgement.records)
    ]

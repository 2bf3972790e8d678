"""From effects to verdicts, corrected within a claim and pooled over systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from raremd.analysis.assessment import Doubt
from raremd.analysis.claim_records import ClaimRecord, Finding, PooledRecord
from raremd.analysis.verdicts import (
    Decision,
    Effect,
    Verdict,
    decide,
    decide_closeness,
    holm_levels,
    pooled_effect,
    replicates_needed,
)


def _decide(claim: str, effect: Effect, margin: float, level: float) -> Decision:
    return (decide_closeness if claim == "C1" else decide)(effect, margin, level)


def _nearest_p(claim: str, effect: Effect, margin: float) -> float:
    """P value of the decision that an effect comes closest to."""
    if claim == "C1":
        outside = abs(effect.mean) > margin and np.isfinite(effect.standard_error)
        beyond = effect.p_beyond(np.copysign(margin, effect.mean)) if outside else 1.0
    else:
        beyond = effect.p_difference()
    return min(effect.p_equivalence(margin), beyond)


def finding(
    claim: str, effect: Effect, doubts: Sequence[Doubt], margin: float, level: float = 0.95
) -> Finding:
    """The verdict on an effect; undecided where there are doubts."""
    decision = _decide(claim, effect, margin, level)
    verdict = Verdict.UNDECIDED if doubts else decision.verdict
    undecided = decision.verdict is Verdict.UNDECIDED
    needed = replicates_needed(effect, margin, level, claim == "C1") if undecided else None
    return Finding(
        verdict=verdict,
        effect=effect.mean,
        low=decision.low,
        high=decision.high,
        standard_error=effect.standard_error,
        degrees=effect.degrees,
        level=level,
        replicates=effect.n,
        needed=needed,
        margin=margin,
    )


def corrected(family: list[ClaimRecord]) -> list[ClaimRecord]:
    """The verdicts on one claim after Holm's correction, for each reading by itself."""
    long_lag = _holm(family, [r.long_lag for r in family], [r.doubts for r in family])
    one_step = _holm(family, [r.one_step for r in family], [r.one_step_doubts for r in family])
    return [
        replace(record, long_lag=first, one_step=second)
        for record, first, second in zip(family, long_lag, one_step, strict=True)
    ]


def _holm(
    family: list[ClaimRecord], findings: list[Finding], doubts: list[tuple[Doubt, ...]]
) -> list[Finding]:
    """Findings at the levels that Holm's correction asks for; doubtful ones stay as they are.

    The correction takes decisions away and makes none: where the wider interval would say something
    else than the narrower one, such as a difference for none, nothing is decided.
    """
    judged = [n for n, why in enumerate(doubts) if not why]
    effects = {n: findings[n].as_effect for n in judged}
    p_values = [_nearest_p(family[n].claim, effects[n], findings[n].margin) for n in judged]
    after = list(findings)
    for n, level in zip(judged, holm_levels(p_values), strict=True):
        margin = findings[n].margin
        wider = finding(family[n].claim, effects[n], (), margin, level)
        if wider.verdict not in (findings[n].verdict, Verdict.UNDECIDED):
            needed = replicates_needed(effects[n], margin, level, closeness=True)
            wider = replace(wider, verdict=Verdict.UNDECIDED, needed=needed)
        after[n] = wider
    return after


def pooled_over_systems(family: list[ClaimRecord], margin: float) -> list[PooledRecord]:
    """Each network over the systems on which nothing speaks against a verdict."""
    found = []
    for model in dict.fromkeys(record.model for record in family):
        mine = [record for record in family if record.model == model]
        sound = [record for record in mine if not record.doubts]
        steps = [record for record in mine if not record.one_step_doubts]
        if len(sound) < 2:
            continue
        claim = sound[0].claim
        found.append(
            PooledRecord(
                claim,
                sound[0].statement,
                model,
                tuple(record.system for record in sound),
                tuple(record.system for record in steps),
                finding(claim, pooled_effect([r.long_lag.as_effect for r in sound]), (), margin),
                finding(claim, pooled_effect([r.one_step.as_effect for r in steps]), (), margin),
                _otherwise(mine, margin),
            )
        )
    return found


def _otherwise(records: Sequence[ClaimRecord], margin: float) -> Finding | None:
    """One network by other choices, with the verdict's own effect where there is no other."""
    if not any(record.otherwise for record in records):
        return None
    choices = [(r.otherwise.finding, r.otherwise.doubts) for r in records if r.otherwise]
    choices += [(r.long_lag, r.doubts) for r in records if not r.otherwise]
    effects = [found.as_effect for found, doubts in choices if not doubts]
    return finding(records[0].claim, pooled_effect(effects), (), margin)

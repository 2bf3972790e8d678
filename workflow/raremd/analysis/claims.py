"""Cells -> verdicts on the claims of Zeng, Cao, Huang and Yao (2021).

The error of a replicate is abs(log2(t1 of the model / t1 of the MD that it was trained on)). A
claim is judged from differences of errors between replicates of equal number, positive where they
speak for the claim. What they say holds for the MD at hand or, where each replicate has an MD of
its own, for any MD of that length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from raremd.analysis.assessment import Assessment, Cause, Doubt
from raremd.analysis.cell_result import LOG2_CAP, MARKOV, CellResult, Reading
from raremd.analysis.claim_records import (
    CLAIMS,
    ClaimRecord,
    ControlError,
    Finding,
    Judgement,
    PooledRecord,
    VariedFinding,
)
from raremd.analysis.training_check import budget_doubt
from raremd.analysis.verdicts import (
    Decision,
    Effect,
    Verdict,
    decide,
    decide_closeness,
    holm_levels,
    paired_effect,
    pooled_effect,
    replicates_needed,
)
from raremd.analysis.words import given
from raremd.study.verdict_plans import Control

LSTM, TRANSFORMER = "lstm", "transformer"


@dataclass(frozen=True)
class Contrast:
    """A declared claim about one system; `hard` is None where the claim is about one cell."""

    claim: str
    system: str
    easy: CellResult
    hard: CellResult | None

    @property
    def cells(self) -> list[CellResult]:
        """Hard before easy."""
        return [cell for cell in (self.hard, self.easy) if cell is not None]


def _paired(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Differences of replicates of equal number."""
    n = min(len(first), len(second))
    return first[:n] - second[:n]


def contrast_effect(contrast: Contrast, model: str, reading: Reading) -> Effect:
    """Effect of a claim C1 to C5 for one model."""
    if contrast.hard is None:
        return paired_effect(contrast.easy.deviations(model, reading))
    hard, easy = (cell.errors(model, reading) for cell in contrast.cells)
    return paired_effect(_paired(hard, easy))


def models_effect(
    cells: Sequence[CellResult], lstm: str, transformer: str, reading: Reading
) -> Effect:
    """Effect of C6: error(Transformer) - error(LSTM), each replicate's mean over cells."""
    each = [_paired(c.errors(transformer, reading), c.errors(lstm, reading)) for c in cells]
    n = min(map(len, each), default=0)
    with np.errstate(invalid="ignore"):
        return paired_effect(np.mean([d[:n] for d in each], axis=0) if n else np.array([]))


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
    )


def doubts_of(
    assessment: Assessment, cells: Sequence[CellResult], models: Sequence[str], reading: Reading
) -> tuple[Doubt, ...]:
    """Why nothing is concluded from these models in these cells.

    At one step convergence with lag and the yardstick's processes do not matter; all else does.
    """
    long_lag = reading is Reading.LONG_LAG
    found = [
        doubt
        for doubt in assessment.doubts
        if long_lag or doubt.cause not in (Cause.LAG, Cause.NO_PROCESS, Cause.REFERENCE)
    ]
    for cell in cells:
        if np.isnan(cell.md_timescale(reading)):
            lag = given(cell.lag(reading), assessment.unit)
            found.append(
                Doubt(
                    Cause.NO_PROCESS,
                    f"the MD has no process slower than {lag} in the states of {cell.name}",
                    "leave the cell out, or choose a shorter lag or interval",
                )
            )
        for model in models:
            doubt = budget_doubt(cell, model, assessment.tolerance)
            found += [doubt] if doubt else []
    errors = [cell.errors(model, reading) for cell in cells for model in models]
    if errors and all(len(e) and (e >= LOG2_CAP).all() for e in errors):
        found.append(
            Doubt(
                Cause.FAILED,
                "every replicate on every side fails altogether",
                "train longer, or begin with fewer states and a longer interval",
            )
        )
    return tuple(dict.fromkeys(found))


def control_name(control: str, of: str) -> str:
    """What the control has more or less of, such as ``four_times``."""
    return control.removeprefix(f"{of}_")


def _control_errors(
    cells: Sequence[CellResult], model: str, controls: Sequence[Control]
) -> tuple[ControlError, ...]:
    def mean(cell: CellResult, name: str) -> float:
        errors = cell.errors(name, Reading.LONG_LAG)
        return float(errors.mean()) if len(errors) else float("nan")

    return tuple(
        ControlError(c.name, model, k.name, k.varies, mean(c, model), mean(c, k.name))
        for k in controls
        for c in cells
        if k.of == model and k.name in c.models
    )


def judge_contrast(
    contrast: Contrast, model: str, controls: Sequence[Control], assessment: Assessment
) -> ClaimRecord:
    """Verdict on C1 (only `easy`) or on one of C2 to C5 for one network, uncorrected."""
    cells, margin = contrast.cells, assessment.tolerance
    doubts = {r: doubts_of(assessment, cells, [model], r) for r in Reading}

    def judged(name: str, reading: Reading, why: Sequence[Doubt]) -> Finding:
        return finding(contrast.claim, contrast_effect(contrast, name, reading), why, margin)

    of_md = doubts_of(assessment, cells, [], Reading.LONG_LAG)
    varied = tuple(
        VariedFinding(
            control_name(k.name, model),
            judged(
                k.name,
                Reading.LONG_LAG,
                doubts_of(assessment, cells, [k.name], Reading.LONG_LAG),
            ),
        )
        for k in controls
        if k.of == model and all(k.name in cell.models for cell in cells)
    )
    markov = all(MARKOV in cell.models for cell in cells)
    return ClaimRecord(
        claim=contrast.claim,
        statement=CLAIMS[contrast.claim],
        system=contrast.system,
        model=model,
        cells=tuple(cell.name for cell in cells),
        long_lag=judged(model, Reading.LONG_LAG, doubts[Reading.LONG_LAG]),
        one_step=judged(model, Reading.ONE_STEP, doubts[Reading.ONE_STEP]),
        markov=judged(MARKOV, Reading.LONG_LAG, of_md) if markov else None,
        varied=varied,
        controls=_control_errors(cells, model, controls),
        transitions=assessment.transitions,
        sets=len(assessment.by_set),
        doubts=doubts[Reading.LONG_LAG],
        one_step_doubts=doubts[Reading.ONE_STEP],
    )


def judge_models(
    system: str, cells: Sequence[CellResult], controls: Sequence[Control], assessment: Assessment
) -> ClaimRecord:
    """Verdict on C6, over the cells of a system that hold both networks, uncorrected.

    Cells in which one of the networks is not trained to the end, or the MD has no slow process,
    are left out unless no other is left.
    """
    margin = assessment.tolerance
    pairs = {"": (LSTM, TRANSFORMER)} | _varied_alike(controls)

    def judged(names: tuple[str, str], reading: Reading) -> tuple[Finding, tuple[Doubt, ...], list]:
        both = [cell for cell in cells if set(names) <= set(cell.models)]
        of_md = set(assessment.doubts)
        sound = [c for c in both if set(doubts_of(assessment, [c], names, reading)) <= of_md]
        chosen = sound or both
        doubts = doubts_of(assessment, chosen, names, reading)
        effect = models_effect(chosen, *names, reading)
        return finding("C6", effect, doubts, margin), doubts, chosen

    long_lag, doubts, chosen = judged(pairs[""], Reading.LONG_LAG)
    one_step, one_step_doubts, _ = judged(pairs[""], Reading.ONE_STEP)
    return ClaimRecord(
        claim="C6",
        statement=CLAIMS["C6"],
        system=system,
        model=TRANSFORMER,
        cells=tuple(cell.name for cell in chosen),
        long_lag=long_lag,
        one_step=one_step,
        markov=None,
        varied=tuple(
            VariedFinding(name, judged(pair, Reading.LONG_LAG)[0])
            for name, pair in pairs.items()
            if name and any(set(pair) <= set(cell.models) for cell in cells)
        ),
        controls=tuple(
            row for model in pairs[""] for row in _control_errors(chosen, model, controls)
        ),
        transitions=assessment.transitions,
        sets=len(assessment.by_set),
        doubts=doubts,
        one_step_doubts=one_step_doubts,
    )


def _varied_alike(controls: Sequence[Control]) -> dict[str, tuple[str, str]]:
    """What is varied -> the LSTM and the Transformer with that same change."""
    names = {(k.of, control_name(k.name, k.of)): k.name for k in controls}
    return {
        name: (control, names[TRANSFORMER, name])
        for (of, name), control in names.items()
        if of == LSTM and (TRANSFORMER, name) in names
    }


def judge_study(
    contrasts: Sequence[Contrast],
    cells: Sequence[CellResult],
    networks: Sequence[str],
    controls: Sequence[Control],
    assessments: dict[str, Assessment],
) -> Judgement:
    """All verdicts of a study, corrected within each claim and pooled over systems.

    Parameters
    ----------
    contrasts : sequence of Contrast
    cells : sequence of CellResult
        All cells; C6 is judged in those that hold both networks.
    networks : sequence of str
        Models that are judged; the others serve as controls.
    controls : sequence of Control
    assessments : dict
        By system.

    Returns
    -------
    Judgement
    """
    records = [
        judge_contrast(contrast, model, controls, assessments[contrast.system])
        for contrast in contrasts
        for model in networks
        if all(model in cell.models for cell in contrast.cells)
    ]
    for system, assessment in assessments.items():
        mine = [cell for cell in cells if cell.cell.system == system]
        if any({LSTM, TRANSFORMER} <= set(cell.models) for cell in mine):
            records.append(judge_models(system, mine, controls, assessment))
    records.sort(key=lambda r: (r.claim, r.system, r.model))
    margins = {system: a.tolerance for system, a in assessments.items()}
    by_claim = [[r for r in records if r.claim == claim] for claim in CLAIMS]
    corrected = [record for family in by_claim for record in _corrected(family, margins)]
    margin = max(margins.values(), default=0.0)
    pooled = [record for family in by_claim for record in _pooled(family, margin)]
    return Judgement(tuple(corrected), tuple(pooled))


def _corrected(family: list[ClaimRecord], margins: dict[str, float]) -> list[ClaimRecord]:
    """The verdicts on one claim after Holm's correction, for each reading by itself."""
    long_lag = _holm(family, margins, [r.long_lag for r in family], [r.doubts for r in family])
    one_step = _holm(
        family, margins, [r.one_step for r in family], [r.one_step_doubts for r in family]
    )
    return [
        replace(record, long_lag=first, one_step=second)
        for record, first, second in zip(family, long_lag, one_step, strict=True)
    ]


def _holm(
    family: list[ClaimRecord],
    margins: dict[str, float],
    findings: list[Finding],
    doubts: list[tuple[Doubt, ...]],
) -> list[Finding]:
    """Findings at the levels that Holm's correction asks for; doubtful ones stay as they are."""
    judged = [n for n, why in enumerate(doubts) if not why]
    margin = [margins[record.system] for record in family]
    effects = {n: findings[n].as_effect for n in judged}
    p_values = [_nearest_p(family[n].claim, effects[n], margin[n]) for n in judged]
    corrected = list(findings)
    for n, level in zip(judged, holm_levels(p_values), strict=True):
        corrected[n] = finding(family[n].claim, effects[n], (), margin[n], level)
    return corrected


def _pooled(family: list[ClaimRecord], margin: float) -> list[PooledRecord]:
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
            )
        )
    return found

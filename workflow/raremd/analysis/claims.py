"""Cells -> verdicts on the claims of Zeng, Cao, Huang and Yao (2021).

The error of a replicate is abs(log2(t1 of the model / t1 of the MD that it was trained on)). A
claim is judged from differences of errors between replicates of equal number, positive where they
speak for the claim. What they say holds for the MD at hand or, where each replicate has an MD of
its own, for any MD of that length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raremd.analysis.assessment import Assessment, Cause, Doubt
from raremd.analysis.cell_result import MARKOV, CellResult, Reading
from raremd.analysis.claim_records import (
    CLAIMS,
    BudgetFinding,
    ClaimRecord,
    ControlError,
    Finding,
    Judgement,
    VariedFinding,
)
from raremd.analysis.contrasts import Contrast, contrast_effect, doubts_of, models_effect
from raremd.analysis.findings import corrected, finding, pooled_over_systems
from raremd.analysis.ladder import Rung, best_rung, rungs
from raremd.analysis.other_choices import with_all_cells, with_own_budgets
from raremd.analysis.training_check import overfits, past_best
from raremd.study.verdict_plans import Control

LSTM, TRANSFORMER = "lstm", "transformer"


def control_name(control: str, of: str) -> str:
    """What the control has more or less of, such as ``four_times``."""
    return control.removeprefix(f"{of}_")


def _control_errors(
    cells: Sequence[CellResult], model: str, controls: Sequence[Control]
) -> tuple[ControlError, ...]:
    """Each control beside the network of the same budget, where that ran, or else itself."""

    def mean(cell: CellResult, name: str) -> float:
        errors = cell.errors(name, Reading.LONG_LAG)
        return float(errors.mean()) if len(errors) else float("nan")

    def beside(cell: CellResult, control: Control) -> str:
        alike = {rung.budget: rung.name for rung in rungs(model, controls, [cell])}
        return alike.get(control.budget, model) if control.varies != "budget" else model

    return tuple(
        ControlError(c.name, model, k.name, k.varies, mean(c, beside(c, k)), mean(c, k.name))
        for k in controls
        for c in cells
        if k.of == model and k.name in c.models
    )


@dataclass(frozen=True)
class _Judged:
    """One claim for one network, or for a pair of them, at one budget."""

    cells: Sequence[CellResult]
    tokens: float | None
    long_lag: Finding
    one_step: Finding
    doubts: tuple[Doubt, ...]
    one_step_doubts: tuple[Doubt, ...]
    overfit: bool
    past_best: bool

    @property
    def trained(self) -> bool:
        """Whether nothing speaks for longer training, or against so long a one."""
        return all(doubt.cause not in (Cause.BUDGET, Cause.OVERFIT) for doubt in self.doubts)


def _tokens(cells: Sequence[CellResult], names: Sequence[str]) -> float | None:
    """Median of what replicates of these models saw in these cells."""
    seen = [cell.values(name, "tokens") for cell in cells for name in names]
    known = np.concatenate(seen) if seen else np.array([])
    return float(np.median(known)) if len(known) else None


def _record(
    claim: str,
    system: str,
    model: str,
    ladder: Sequence[tuple[float, _Judged]],
    varied: Sequence[VariedFinding],
    markov: Finding | None,
    controls: Sequence[Control],
    assessment: Assessment,
) -> ClaimRecord:
    """The record of a claim, given at its best rung."""
    budget, chosen = best_rung(ladder, lambda at: at[1].trained, lambda at: at[1].past_best)
    of = (LSTM, TRANSFORMER) if claim == "C6" else (model,)
    return ClaimRecord(
        claim=claim,
        statement=CLAIMS[claim],
        system=system,
        model=model,
        cells=tuple(cell.name for cell in chosen.cells),
        long_lag=chosen.long_lag,
        one_step=chosen.one_step,
        markov=markov,
        budget=budget,
        budgets=tuple(
            BudgetFinding(
                budget=times,
                tokens=at.tokens,
                trained=at.trained,
                overfit=at.overfit,
                past_best=at.past_best,
                long_lag=at.long_lag,
                one_step=at.one_step,
            )
            for times, at in ladder
        ),
        varied=tuple(varied),
        controls=tuple(row for name in of for row in _control_errors(chosen.cells, name, controls)),
        transitions=assessment.transitions,
        sets=len(assessment.by_set),
        doubts=chosen.doubts,
        one_step_doubts=chosen.one_step_doubts,
    )


def judge_contrast(
    contrast: Contrast, model: str, controls: Sequence[Control], assessment: Assessment
) -> ClaimRecord:
    """Verdict on C1 (only `easy`) or on one of C2 to C5 for one network, uncorrected."""
    cells = contrast.cells

    def judged(name: str, reading: Reading, why: Sequence[Doubt]) -> Finding:
        margin = assessment.tolerance
        if contrast.hard is None:  # a model need not be closer to the MD than that knows itself
            margin = contrast.easy.closeness(reading, margin)
        return finding(contrast.claim, contrast_effect(contrast, name, reading), why, margin)

    def at_budget(rung: Rung) -> _Judged:
        name = rung.name
        doubts, steps = (doubts_of(assessment, cells, [rung], reading) for reading in Reading)
        return _Judged(
            cells=cells,
            tokens=_tokens(cells, [name]),
            long_lag=judged(name, Reading.LONG_LAG, doubts),
            one_step=judged(name, Reading.ONE_STEP, steps),
            doubts=doubts,
            one_step_doubts=steps,
            overfit=any(overfits(cell, name) for cell in cells),
            past_best=any(past_best(cell, rung) for cell in cells),
        )

    ladder = [(rung.budget, at_budget(rung)) for rung in rungs(model, controls, cells)]
    varied = [
        VariedFinding(control_name(k.name, model), at_budget(Rung(k.name)).long_lag)
        for k in controls
        if k.of == model and k.varies != "budget" and all(k.name in c.models for c in cells)
    ]
    markov = None
    if all(MARKOV in cell.models for cell in cells):
        of_md = doubts_of(assessment, cells, [], Reading.LONG_LAG)
        markov = judged(MARKOV, Reading.LONG_LAG, of_md)
    record = _record(
        contrast.claim, contrast.system, model, ladder, varied, markov, controls, assessment
    )
    return (
        record if contrast.hard is None else with_own_budgets(record, cells, controls, assessment)
    )


def judge_models(
    system: str, cells: Sequence[CellResult], controls: Sequence[Control], assessment: Assessment
) -> ClaimRecord:
    """Verdict on C6, over the cells of a system that hold both networks, uncorrected.

    Cells in which one of the networks is not trained to the end, or past its best, or the MD has no
    slow process, are left out unless no other is left.
    """

    def judged(pair: tuple[Rung, Rung]) -> _Judged:
        names = [rung.name for rung in pair]
        both = [cell for cell in cells if set(names) <= set(cell.models)]
        readings = [judged_in(pair, both, reading) for reading in Reading]
        (long_lag, doubts, chosen), (one_step, steps, _) = readings
        return _Judged(
            cells=chosen,
            tokens=_tokens(chosen, names),
            long_lag=long_lag,
            one_step=one_step,
            doubts=doubts,
            one_step_doubts=steps,
            overfit=any(overfits(cell, name) for cell in chosen for name in names),
            past_best=any(past_best(cell, rung) for cell in chosen for rung in pair),
        )

    def judged_in(
        pair: tuple[Rung, Rung], both: list[CellResult], reading: Reading
    ) -> tuple[Finding, tuple[Doubt, ...], list[CellResult]]:
        of_md = set(assessment.doubts)
        trained = [c for c in both if set(doubts_of(assessment, [c], pair, reading)) <= of_md]
        fitting = [c for c in trained if not any(past_best(c, rung) for rung in pair)]
        chosen = fitting or trained or both
        doubts = doubts_of(assessment, chosen, pair, reading)
        effect = models_effect(chosen, pair[0].name, pair[1].name, reading)
        return finding("C6", effect, doubts, assessment.tolerance), doubts, chosen

    def ran(pair: tuple[Rung, Rung]) -> bool:
        return any({rung.name for rung in pair} <= set(cell.models) for cell in cells)

    at = {rung.budget: rung for rung in rungs(TRANSFORMER, controls, [])}
    steps = [(rung, at[rung.budget]) for rung in rungs(LSTM, controls, []) if rung.budget in at]
    ladder = [(pair[0].budget, judged(pair)) for pair in steps if ran(pair)]
    varied = [
        VariedFinding(name, judged(pair).long_lag)
        for name, pair in _varied_alike(controls).items()
        if ran(pair)
    ]
    record = _record("C6", system, TRANSFORMER, ladder, varied, None, controls, assessment)
    pair = next(pair for pair in steps if pair[0].budget == record.budget)
    return with_all_cells(record, cells, pair, assessment)


def _varied_alike(controls: Sequence[Control]) -> dict[str, tuple[Rung, Rung]]:
    """What is varied -> the LSTM and the Transformer with that same change."""
    kept = [k for k in controls if k.varies != "budget"]
    names = {(k.of, control_name(k.name, k.of)): k.name for k in kept}
    return {
        name: (Rung(control), Rung(names[TRANSFORMER, name]))
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
    by_claim = [[r for r in records if r.claim == claim] for claim in CLAIMS]
    found = [record for family in by_claim for record in corrected(family)]
    margin = max((a.tolerance for a in assessments.values()), default=0.0)
    pooled = [record for family in by_claim for record in pooled_over_systems(family, margin)]
    return Judgement(tuple(found), tuple(pooled))

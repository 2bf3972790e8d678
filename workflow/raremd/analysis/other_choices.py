"""A claim by another choice of cells and budgets than that of its verdict: does it matter?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from raremd.analysis.assessment import Assessment, Doubt
from raremd.analysis.cell_result import CellResult, Reading
from raremd.analysis.claim_records import ClaimRecord, OtherChoice
from raremd.analysis.contrasts import doubts_of, models_effect, paired
from raremd.analysis.findings import finding
from raremd.analysis.ladder import Rung, rungs
from raremd.analysis.training_check import rung_to_judge
from raremd.analysis.verdicts import Effect, paired_effect
from raremd.study.verdict_plans import Control


def with_own_budgets(
    record: ClaimRecord,
    cells: Sequence[CellResult],
    controls: Sequence[Control],
    assessment: Assessment,
) -> ClaimRecord:
    """C2 to C5, also with each side at the budget that a network in its cell is judged by."""
    margin, reading = assessment.tolerance, Reading.LONG_LAG
    ladders = [rungs(record.model, controls, [cell]) for cell in cells]
    own = [
        rung_to_judge(c, ladder, margin, reading) for c, ladder in zip(cells, ladders, strict=True)
    ]
    sides = list(zip(cells, own, strict=True))
    hard, easy = (cell.errors(rung.name, reading) for cell, rung in sides)
    doubts = [d for cell, rung in sides for d in doubts_of(assessment, [cell], [rung], reading)]
    return _with_choice(record, sides, paired_effect(paired(hard, easy)), doubts, margin)


def _with_choice(
    record: ClaimRecord,
    chosen: Sequence[tuple[CellResult, Rung]],
    effect: Effect,
    doubts: Sequence[Doubt],
    margin: float,
) -> ClaimRecord:
    """The record with another choice of cells and budgets, unless that is the verdict's own."""
    cells = tuple(cell.name for cell, _ in chosen)
    budgets = tuple(rung.budget for _, rung in chosen)
    if cells == record.cells and set(budgets) == {record.budget}:
        return record
    found = finding(record.claim, effect, doubts, margin)
    why = tuple(dict.fromkeys(doubts))
    return replace(record, otherwise=OtherChoice(cells, budgets, found, why))


def with_all_cells(
    record: ClaimRecord,
    cells: Sequence[CellResult],
    pair: tuple[Rung, Rung],
    assessment: Assessment,
) -> ClaimRecord:
    """C6, also in all cells in which both networks saw the same tokens, trained to the end or not.

    Those in which the MD has no slow process are left out.
    """
    reading = Reading.LONG_LAG
    names = {rung.name for rung in pair}
    both = [c for c in cells if names <= set(c.models) and np.isfinite(c.md_timescale(reading))]
    effect = models_effect(both, pair[0].name, pair[1].name, reading)
    doubts = doubts_of(assessment, both, [], reading)
    return _with_choice(record, [(c, pair[0]) for c in both], effect, doubts, assessment.tolerance)

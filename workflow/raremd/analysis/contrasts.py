"""What a claim compares: effects from paired replicates, and doubts that keep a verdict open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raremd.analysis.assessment import Assessment, Cause, Doubt
from raremd.analysis.cell_result import LOG2_CAP, CellResult, Reading
from raremd.analysis.ladder import Rung
from raremd.analysis.training_check import budget_doubt
from raremd.analysis.verdicts import Effect, paired_effect
from raremd.analysis.words import given


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


def paired(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Differences of replicates of equal number."""
    n = min(len(first), len(second))
    return first[:n] - second[:n]


def contrast_effect(contrast: Contrast, model: str, reading: Reading) -> Effect:
    """Effect of a claim C1 to C5 for one model."""
    if contrast.hard is None:
        return paired_effect(contrast.easy.deviations(model, reading))
    hard, easy = (cell.errors(model, reading) for cell in contrast.cells)
    return paired_effect(paired(hard, easy))


def models_effect(
    cells: Sequence[CellResult], lstm: str, transformer: str, reading: Reading
) -> Effect:
    """Effect of C6: error(Transformer) - error(LSTM), each replicate's mean over cells."""
    each = [paired(c.errors(transformer, reading), c.errors(lstm, reading)) for c in cells]
    n = min(map(len, each), default=0)
    with np.errstate(invalid="ignore"):
        return paired_effect(np.mean([d[:n] for d in each], axis=0) if n else np.array([]))


def doubts_of(
    assessment: Assessment, cells: Sequence[CellResult], models: Sequence[Rung], reading: Reading
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
        if np.isnan(cell.md_timescale(reading)) and not (long_lag and not assessment.slow):
            lag = given(cell.lag(reading), assessment.unit)
            found.append(
                Doubt(
                    Cause.NO_PROCESS,
                    f"the MD has no process slower than {lag} in the states of {cell.name}",
                    "leave the cell out, or choose a shorter lag or interval",
                )
            )
        for model in models:
            doubt = budget_doubt(cell, model, assessment.tolerance, reading)
            found += [doubt] if doubt else []
    errors = [cell.errors(model.name, reading) for cell in cells for model in models]
    if errors and all(len(e) and (e >= LOG2_CAP).all() for e in errors):
        found.append(
            Doubt(
                Cause.FAILED,
                "every replicate on every side fails altogether",
                "train longer, or begin with fewer states and a longer interval",
            )
        )
    return tuple(dict.fromkeys(found))

"""Why a network fails in the base cells: one main cause each, with the number that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from raremd.analysis.assessment import Assessment, Cause
from raremd.analysis.cell_result import MARKOV, MD, CellResult, Reading
from raremd.analysis.claim_records import Finding
from raremd.analysis.contrasts import doubts_of
from raremd.analysis.findings import finding
from raremd.analysis.ladder import Rung, rungs
from raremd.analysis.recommendation import ONE_TRAINING, Outcome
from raremd.analysis.training_check import budget_doubt, rung_to_judge
from raremd.analysis.verdicts import Verdict, paired_effect
from raremd.io.storage import Number
from raremd.study.verdict_plans import Control


class MainCause(StrEnum):
    """What a failure is put down to."""

    BUDGET = "not trained to the end"
    LEAK = "probability leaks onto jumps that never happen"
    DATA = "too little MD"
    SIZE = "too small a network"
    MEMORY = "too short a window"
    STATES = "it has not learned the memory of these states"
    UNKNOWN = "none of the causes that were tried"
    UNTRIED = "not known, because no control ran"


VARIES = {
    "budget": MainCause.BUDGET,
    "prior": MainCause.LEAK,
    "size": MainCause.SIZE,
    "window": MainCause.MEMORY,
}
"""Cause that a control tells of which varies this."""


@dataclass(frozen=True)
class ControlGain:
    """Error that a control takes away, log2 with its 95 % interval."""

    control: str
    varies: str
    gain: Number
    low: Number
    high: Number

    @property
    def helps(self) -> bool:
        """Whether it takes error away beyond doubt."""
        return self.low > 0

    @property
    def shown(self) -> str:
        """The number with its interval."""
        return f"{self.gain:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class Diagnosis:
    """One network in one cell and one reading.

    Attributes
    ----------
    system, cell, model : str
    budget : float
        Multiple of the model's own tokens.
    lag : float
        In `unit`.
    reading : str
        ``long lag`` or ``one step``.
    outcome : Outcome
    ratio : Finding
        Of log2(model / MD).
    markov : Finding or None
        The same of the Markov baseline.
    ceiling : float
        log2 by which two MDs of this length differ.
    controls : tuple of ControlGain
    cause : MainCause or None
        Of a failure.
    evidence : str
        The number that shows the cause, or why nothing can be told.
    unit : str
    """

    system: str
    cell: str
    model: str
    budget: float
    lag: float
    reading: str
    outcome: Outcome
    ratio: Finding
    markov: Finding | None
    ceiling: Number
    controls: tuple[ControlGain, ...]
    cause: MainCause | None
    evidence: str
    unit: str


OUTCOMES = {
    Verdict.SUPPORTED: Outcome.REPRODUCED,
    Verdict.CONTRADICTED: Outcome.NOT_REPRODUCED,
    Verdict.UNDECIDED: Outcome.CANNOT_TELL,
}


def _gains(
    cell: CellResult, rung: Rung, controls: Sequence[Control], reading: Reading
) -> Iterator[ControlGain]:
    """Of each control, beside the network of its budget; of the budget, what its last step gave."""
    at = {above.budget: above.name for above in rungs(rung.of, controls, [cell])}
    for control in controls:
        if control.of != rung.of or control.name not in cell.models:
            continue
        if control.varies != "budget":
            beside = at.get(control.budget, rung.of)
            yield _gain(cell, beside, control.name, reading, control.varies)
        elif rung.below and control.name == rung.name:
            yield _gain(cell, rung.below.name, rung.name, reading)


def _gain(
    cell: CellResult, model: str, other: str, reading: Reading, varies: str = "budget"
) -> ControlGain:
    """Error of one network that another does not have, replicate by replicate."""
    errors, fewer = (cell.errors(name, reading) for name in (model, other))
    n = min(len(errors), len(fewer))
    effect = paired_effect(errors[:n] - fewer[:n])
    return ControlGain(other, varies, effect.mean, *effect.interval())


def diagnose(
    cell: CellResult,
    model: str,
    controls: Sequence[Control],
    reading: Reading,
    assessment: Assessment,
) -> Diagnosis:
    """What is known of one network in one cell, at the budget that `rung_to_judge` takes.

    Parameters
    ----------
    cell : CellResult
    model : str
    controls : sequence of Control
    reading : Reading
    assessment : Assessment
    """
    tolerance = assessment.tolerance
    # A budget that is too small is a cause here, and no reason to be silent.
    doubts = doubts_of(assessment, [cell], [], reading)

    def ratio(name: str) -> Finding:
        margin = cell.closeness(reading, tolerance)
        return finding("C1", paired_effect(cell.deviations(name, reading)), doubts, margin)

    rung = rung_to_judge(cell, rungs(model, controls, [cell]), tolerance, reading)
    mine = ratio(rung.name)
    markov = ratio(MARKOV) if MARKOV in cell.models else None
    long_lag = reading is Reading.LONG_LAG
    quantity = "yardstick_ceiling_log2" if long_lag else "ceiling_log2"
    ceilings = cell.values(MD, quantity, cell.lag(reading))
    ceiling = float(ceilings[0]) if len(ceilings) else float("nan")
    gains = tuple(_gains(cell, rung, controls, reading))
    outcome = OUTCOMES[mine.verdict]
    cause, evidence = None, doubts[0].text if doubts else ""
    if outcome is Outcome.CANNOT_TELL and not doubts:
        once = len(cell.deviations(rung.name, reading)) == 1
        evidence = ONE_TRAINING if once else "the interval reaches across the tolerance"
    if outcome is Outcome.NOT_REPRODUCED:
        cause, evidence = _main_cause(cell, rung, gains, ceiling, markov, tolerance, reading)
    return Diagnosis(
        system=cell.cell.system,
        cell=cell.name,
        model=model,
        budget=rung.budget,
        lag=cell.lag(reading),
        reading="long lag" if long_lag else "one step",
        outcome=outcome,
        ratio=mine,
        markov=markov,
        ceiling=ceiling,
        controls=gains,
        cause=cause,
        evidence=evidence,
        unit=assessment.unit,
    )


def _main_cause(
    cell: CellResult,
    rung: Rung,
    gains: Sequence[ControlGain],
    ceiling: float,
    markov: Finding | None,
    tolerance: float,
    reading: Reading,
) -> tuple[MainCause, str]:
    """The first cause that holds: too small a budget explains more than anything after it."""
    helpful = [gain for gain in gains if gain.helps and gain.varies != "budget"]
    most = max(helpful, key=lambda gain: gain.gain, default=None)
    budget = budget_doubt(cell, rung, tolerance, reading)
    if budget:
        overfits = budget.cause is Cause.OVERFIT
        return MainCause.DATA if overfits else MainCause.BUDGET, budget.text
    if rung.below and (last := _gain(cell, rung.below.name, rung.name, reading)).low > 0:
        text = f"from {rung.below.budget:g} to {rung.budget:g} x tokens its error fell by"
        return MainCause.BUDGET, f"{text} {last.shown}"
    if most:
        text = f"`{most.control}` takes away {most.shown}"
        return VARIES.get(most.varies, MainCause.UNKNOWN), text
    if ceiling > tolerance:
        return MainCause.DATA, f"two MDs of this length differ by {ceiling:.2f}"
    if markov is not None and markov.verdict is Verdict.CONTRADICTED:
        return MainCause.STATES, f"a Markov model is off by {markov.effect:+.2f}"
    if not gains:
        return MainCause.UNTRIED, f"no control of `{rung.name}` ran in this cell"
    return MainCause.UNKNOWN, f"tried: {', '.join(dict.fromkeys(gain.varies for gain in gains))}"


def diagnose_study(
    cells: Sequence[CellResult],
    networks: Sequence[str],
    controls: Sequence[Control],
    assessments: dict[str, Assessment],
) -> tuple[Diagnosis, ...]:
    """Every network in the given cells, for both readings.

    Parameters
    ----------
    cells : sequence of CellResult
        The base cell of each system.
    networks : sequence of str
    controls : sequence of Control
    assessments : dict
        By system.
    """
    return tuple(
        diagnose(cell, model, controls, reading, assessments[cell.cell.system])
        for cell in cells
        for model in networks
        if model in cell.models
        for reading in (Reading.ONE_STEP, Reading.LONG_LAG)
    )

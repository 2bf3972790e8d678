"""Recommendations as they are kept: one record per system, with every model in every cell."""

from __future__ import annotations

from dataclasses import dataclass

from raremd.analysis.recommendation import Answer, Candidate, Outcome
from raremd.io.storage import Number


@dataclass(frozen=True)
class CellOutcome:
    """One model in one cell.

    Attributes
    ----------
    coordinate, partition, model : str
    interval : float
        In the system's time unit.
    n_states : int
    budget : float
        Multiple of the model's own tokens.
    outcome : Outcome
    error : float
        Largest |log2(model / MD)| of a slow process that the intervals leave possible.
    """

    coordinate: str
    interval: float
    partition: str
    model: str
    n_states: int
    budget: float
    outcome: Outcome
    error: Number


@dataclass(frozen=True)
class Recommended:
    """What is recommended for one system.

    Attributes
    ----------
    system, unit : str
    outcome : Outcome
        Whether a network reproduces the slow processes anywhere.
    sound : bool
        Whether nothing speaks against the MD.
    best : CellOutcome or None
        The network and cell to take, or the nearest.
    networks, baselines : tuple of CellOutcome
        Finest interval first.
    """

    system: str
    unit: str
    outcome: Outcome
    sound: bool
    best: CellOutcome | None
    networks: tuple[CellOutcome, ...]
    baselines: tuple[CellOutcome, ...]


def _outcome(candidate: Candidate) -> CellOutcome:
    cell = candidate.result.cell
    return CellOutcome(
        coordinate=cell.coordinate,
        interval=cell.interval,
        partition=cell.partition,
        model=candidate.model,
        n_states=candidate.n_states,
        budget=candidate.budget,
        outcome=candidate.outcome,
        error=candidate.bound,
    )


def recommended(answer: Answer) -> Recommended:
    """The record of an answer."""
    return Recommended(
        system=answer.assessment.system,
        unit=answer.assessment.unit,
        outcome=answer.outcome,
        sound=not answer.assessment.doubts,
        best=_outcome(answer.best) if answer.best else None,
        networks=tuple(map(_outcome, answer.networks)),
        baselines=tuple(map(_outcome, answer.baselines)),
    )

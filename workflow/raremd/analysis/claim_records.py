"""Verdicts on the claims as data: what is written to claims.json and read by figures and pages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raremd.analysis.assessment import Doubt
from raremd.analysis.verdicts import Effect, Verdict
from raremd.io.storage import Number

CLAIMS = {
    "C1": "a low-dimensional coordinate with a coarse partition can be learned",
    "C2": "high dimensionality hides rare events",
    "C3": "a well-chosen saving interval helps",
    "C4": "coarse graining into metastable states helps",
    "C5": "removing recrossings helps",
    "C6": "a Transformer is not superior to an LSTM",
}


@dataclass(frozen=True)
class Finding:
    """A verdict with the effect that it follows from.

    Attributes
    ----------
    verdict : Verdict
    effect, low, high : float
        Mean and interval in log2; for C1 of log2(model / MD), else of the difference of errors.
    standard_error, degrees : float
        Of the effect.
    level : float
        Coverage of the interval: more than 0.95 where Holm's correction asks for it.
    replicates : int
    needed : int or None
        Replicates that would decide, where that is what is missing.
    margin : float
        Effect, in log2, that counts as none.
    """

    verdict: Verdict
    effect: Number
    low: Number
    high: Number
    standard_error: Number
    degrees: float
    level: float
    replicates: int
    needed: int | None
    margin: float

    @property
    def as_effect(self) -> Effect:
        """The effect alone."""
        error = self.standard_error if np.isfinite(self.standard_error) else np.inf
        return Effect(self.effect, error, self.degrees, self.replicates)


@dataclass(frozen=True)
class ControlError:
    """Mean error of a network in a cell, and of the same network with one thing changed."""

    cell: str
    of: str
    model: str
    varies: str
    error: Number
    error_of_control: Number


@dataclass(frozen=True)
class VariedFinding:
    """The same claim for networks with one thing changed."""

    change: str
    finding: Finding


@dataclass(frozen=True)
class BudgetFinding:
    """The same claim for networks that saw another number of tokens.

    Attributes
    ----------
    budget : float
        Multiple of the network's own.
    tokens : float or None
        Median over replicates and cells; None where it is not known.
    trained : bool
        Whether nothing speaks for longer training on any side, or against so long a one.
    overfit : bool
        Whether on some side the second half of the tokens no longer lowered the held-out loss.
    past_best : bool
        Whether on some side the held-out loss is, beyond doubt, above that on fewer tokens.
    long_lag, one_step : Finding
        Uncorrected.
    """

    budget: float
    tokens: float | None
    trained: bool
    overfit: bool
    past_best: bool
    long_lag: Finding
    one_step: Finding


@dataclass(frozen=True)
class OtherChoice:
    """A claim at the long lag with other cells or budgets than those of its verdict.

    Attributes
    ----------
    cells : tuple of str
        Hard before easy; for C6 all that were compared.
    budgets : tuple of float
        Of each cell, multiples of the network's own.
    finding : Finding
        Uncorrected.
    doubts : tuple of Doubt
        Why nothing is concluded.
    """

    cells: tuple[str, ...]
    budgets: tuple[float, ...]
    finding: Finding
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True)
class ClaimRecord:
    """The verdicts on one claim for one system and one network.

    Attributes
    ----------
    claim, statement, system, model : str
    cells : tuple of str
        Hard before easy; for C6 all that were compared.
    long_lag, one_step : Finding
        In metastable states at the yardstick's lag; in own states at the own interval.
    markov : Finding or None
        The same for the Markov baseline, at the long lag.
    budget : float
        Multiple of the network's own at which the verdict is given: the largest at which all sides
        are trained to the end, if possible one at which none is past its best; or where there is
        none the largest that ran.
    budgets : tuple of BudgetFinding
        Smallest first; more than one where budgets are varied.
    varied : tuple of VariedFinding
    controls : tuple of ControlError
    transitions : int
        Slow transitions in the training data.
    sets : int
        More than 1 where each replicate was trained on an MD of its own.
    doubts, one_step_doubts : tuple of Doubt
        Why no verdict is given, for either reading.
    otherwise : OtherChoice or None
        C2 to C5: each side at the budget that its own losses and timescales ask for. C6: all cells
        in which both networks saw the tokens of the verdict. None where that is the same.
    """

    claim: str
    statement: str
    system: str
    model: str
    cells: tuple[str, ...]
    long_lag: Finding
    one_step: Finding
    markov: Finding | None
    budget: float
    budgets: tuple[BudgetFinding, ...]
    varied: tuple[VariedFinding, ...]
    controls: tuple[ControlError, ...]
    transitions: int
    doubts: tuple[Doubt, ...]
    one_step_doubts: tuple[Doubt, ...]
    sets: int = 1
    otherwise: OtherChoice | None = None


@dataclass(frozen=True)
class PooledRecord:
    """One claim for one network over the systems on which it could be judged, by reading.

    `otherwise` is the long lag by the records' other choices, where any of them has one.
    """

    claim: str
    statement: str
    model: str
    systems: tuple[str, ...]
    one_step_systems: tuple[str, ...]
    long_lag: Finding
    one_step: Finding
    otherwise: Finding | None = None


@dataclass(frozen=True)
class Judgement:
    """All verdicts of a study."""

    records: tuple[ClaimRecord, ...]
    pooled: tuple[PooledRecord, ...]

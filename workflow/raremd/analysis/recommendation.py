"""Comparison -> an answer: which saving intervals and partition reproduce the slow processes.

A model reproduces a cell if the interval over its replicates of log2(model / MD), at the lag of the
yardstick in metastable states, lies within the tolerance, or the MD's own error where that is
larger, for every slow process, and no replicate fails. It does not if one of these intervals lies
outside. All else cannot be told, and so can nothing of a system whose MD leaves doubts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from raremd.analysis.assessment import Assessment, Doubt
from raremd.analysis.cell_result import LOG2_CAP, MARKOV, MD, CellResult, Reading
from raremd.analysis.ladder import rungs
from raremd.analysis.slow_process import SlowProcess
from raremd.analysis.training_check import budget_doubt, overfits, rung_to_judge
from raremd.analysis.verdicts import paired_effect, replicates_needed
from raremd.study.verdict_plans import Control

ONE_TRAINING = "one training has no error bar; give at least 3 replicates"
"""Why nothing can be told of it."""


class Outcome(StrEnum):
    """Whether a model reproduces the slow processes of a cell."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    CANNOT_TELL = "cannot tell"


def best_of(outcomes: Collection[Outcome]) -> Outcome:
    """What several cells or models say together: reproduced somewhere, nowhere, or unknown."""
    for outcome in (Outcome.REPRODUCED, Outcome.CANNOT_TELL):
        if outcome in outcomes:
            return outcome
    return Outcome.NOT_REPRODUCED if outcomes else Outcome.CANNOT_TELL


@dataclass(frozen=True)
class ProcessComparison:
    """One slow process of the MD beside that of a model.

    Attributes
    ----------
    i : int
        From 1, slowest first.
    md, md_low, md_high : float
        Timescale in the cell's states with its 95 % interval.
    ratio, low, high : float
        Mean of log2(model / MD) over replicates with its 95 % interval.
    failed, replicates : int
        Replicates that have no such timescale, and all.
    band : float
        log2 within which the model must lie.
    needed : int or None
        Replicates that would decide, where that is what is missing.
    """

    i: int
    md: float
    md_low: float
    md_high: float
    ratio: float
    low: float
    high: float
    failed: int
    replicates: int
    band: float
    needed: int | None

    @property
    def outcome(self) -> Outcome:
        """Within the band, outside, or neither."""
        if self.low > self.band or self.high < -self.band:
            return Outcome.NOT_REPRODUCED
        inside = -self.band <= self.low and self.high <= self.band and not self.failed
        return Outcome.REPRODUCED if inside else Outcome.CANNOT_TELL

    @property
    def bound(self) -> float:
        """Largest error in log2 that the interval leaves possible."""
        return max(abs(self.low), abs(self.high))


def outcome_of(processes: Sequence[ProcessComparison], doubts: Sequence[Doubt]) -> Outcome:
    """All processes within their bands, one outside, or neither; never beyond a doubt."""
    if doubts or not processes:
        return Outcome.CANNOT_TELL
    outcomes = {process.outcome for process in processes}
    if Outcome.NOT_REPRODUCED in outcomes:
        return Outcome.NOT_REPRODUCED
    return Outcome.REPRODUCED if outcomes == {Outcome.REPRODUCED} else Outcome.CANNOT_TELL


@dataclass(frozen=True)
class Candidate:
    """One model in one cell.

    Attributes
    ----------
    result : CellResult
    model : str
    budget : float
        Multiple of the model's own tokens, that of `training_check.rung_to_judge`.
    n_states, dimension : int
    processes : tuple of ProcessComparison
    missed : tuple of int
        Slow processes that the cell's own states do not show.
    doubts : tuple of Doubt
        Of the MD, and of the model's training.
    overfit : bool
        Whether the second half of its tokens no longer lowered its held-out loss.
    """

    result: CellResult
    model: str
    budget: float
    n_states: int
    dimension: int
    processes: tuple[ProcessComparison, ...]
    missed: tuple[int, ...]
    doubts: tuple[Doubt, ...]
    overfit: bool

    @property
    def outcome(self) -> Outcome:
        """All processes within their bands, one outside, or neither; never beyond a doubt."""
        outcome = outcome_of(self.processes, self.doubts)
        missed = self.missed and self.processes and not self.doubts
        return Outcome.NOT_REPRODUCED if missed else outcome

    @property
    def needed(self) -> int | None:
        """Replicates that would decide all processes; None where that is not what is missing."""
        needed = [process.needed for process in self.processes]
        known = [n for n in needed if n is not None]
        return max(known) if known and len(known) == len(needed) and not self.doubts else None

    @property
    def bound(self) -> float:
        """Largest error of a slow process in log2 that the intervals leave possible."""
        return max((process.bound for process in self.processes), default=np.inf)


def _intervals(candidates: Sequence[Candidate]) -> tuple[float, ...]:
    return tuple(sorted({c.result.cell.interval for c in candidates}))


@dataclass(frozen=True)
class Answer:
    """What is recommended for one system.

    Attributes
    ----------
    assessment : Assessment
    networks, baselines : tuple of Candidate
        In all cells, finest interval first.
    lost : tuple of float
        MD timescales at the finest interval that end below the longest recommended one.
    """

    assessment: Assessment
    networks: tuple[Candidate, ...]
    baselines: tuple[Candidate, ...]
    lost: tuple[float, ...]

    @property
    def reproduced(self) -> tuple[Candidate, ...]:
        """Networks that reproduce their cell, smallest error bound first; last, what overfits."""
        good = [c for c in self.networks if c.outcome is Outcome.REPRODUCED]
        good.sort(key=lambda c: (c.overfit, c.bound, c.n_states, c.dimension, c.model))
        return tuple(good)

    @property
    def best(self) -> Candidate | None:
        """The smallest error bound of the networks that the answer is about."""
        if self.reproduced:
            return self.reproduced[0]
        among = [c for c in self.networks if c.outcome is self.outcome]
        return min(among, key=lambda c: (c.bound, c.n_states, c.model), default=None)

    @property
    def intervals(self) -> tuple[float, ...]:
        """Saving intervals at which a network reproduces a cell, ascending."""
        return _intervals(self.reproduced)

    @property
    def intervals_by_network(self) -> dict[str, tuple[float, ...]]:
        """The same of each network that reproduces a cell, the one with the best cell first."""
        models = dict.fromkeys(c.model for c in self.reproduced)
        return {m: _intervals([c for c in self.reproduced if c.model == m]) for m in models}

    @property
    def outcome(self) -> Outcome:
        """Reproduced somewhere, nowhere, or not to be told."""
        return best_of({c.outcome for c in self.networks})

    @property
    def by_interval(self) -> dict[str, dict[float, Outcome]]:
        """Model -> saving interval -> outcome, over all cells with that interval."""
        every: dict[str, dict[float, list[Outcome]]] = {}
        for c in (*self.networks, *self.baselines):
            mine = every.setdefault(c.model, {})
            mine.setdefault(c.result.cell.interval, []).append(c.outcome)
        return {m: {t: best_of(each[t]) for t in sorted(each)} for m, each in every.items()}

    @property
    def only_markov(self) -> bool:
        """Whether no other model without a network ran."""
        return {c.model for c in self.baselines} <= {MARKOV}

    @property
    def markov_suffices(self) -> tuple[float, ...]:
        """Saving intervals at which a model without a network reproduces a cell too, ascending."""
        return _intervals([c for c in self.baselines if c.outcome is Outcome.REPRODUCED])


def _compare(
    cell: CellResult, model: str, process: SlowProcess, tolerance: float
) -> ProcessComparison:
    deviations = cell.deviations(model, Reading.LONG_LAG, process.i)
    return compare_process(cell.md_process(process.i), deviations, tolerance)


def compare_process(
    own: SlowProcess,
    deviations: np.ndarray,
    tolerance: float,
    bounds: tuple[float, float] | None = None,
) -> ProcessComparison:
    """One process of the MD beside that of a model.

    Parameters
    ----------
    own : SlowProcess
        Of the MD.
    deviations : (n_replicates,) float array
        See `CellResult.deviations`.
    tolerance : float
        log2 deviation that counts as none.
    bounds : tuple of float or None
        Interval of their mean, where it does not come from their scatter.
    """
    effect = paired_effect(deviations)
    low, high = bounds or effect.interval()
    band = own.band(tolerance)
    return ProcessComparison(
        i=own.i,
        md=own.value,
        md_low=own.low,
        md_high=own.high,
        ratio=effect.mean,
        low=low,
        high=high,
        failed=int((deviations >= LOG2_CAP).sum()),
        replicates=len(deviations),
        band=band,
        needed=replicates_needed(effect, band, closeness=True),
    )


def _misses(process: ProcessComparison, slow: SlowProcess, tolerance: float) -> bool:
    """Whether a cell's states show a process at another timescale than the yardstick's do."""
    near = process.md > 0 and abs(np.log2(process.md / slow.value)) <= tolerance
    return not (near or process.md_low <= slow.value <= process.md_high)


def candidate(
    cell: CellResult,
    model: str,
    n_states: int,
    assessment: Assessment,
    controls: Sequence[Control] = (),
) -> Candidate:
    """One model in one cell against all slow processes of the MD."""
    tolerance = assessment.tolerance
    judged = tolerance, Reading.LONG_LAG
    chosen = rung_to_judge(cell, rungs(model, controls, [cell]), *judged)
    budget = budget_doubt(cell, chosen, *judged)
    compared = tuple(_compare(cell, chosen.name, slow, tolerance) for slow in assessment.slow)
    missed = tuple(
        process.i
        for process, slow in zip(compared, assessment.slow, strict=True)
        if _misses(process, slow, tolerance)
    )
    return Candidate(
        result=cell,
        model=model,
        budget=chosen.budget * next((k.budget for k in controls if k.name == model), 1.0),
        n_states=n_states,
        dimension=int(cell.table["dimension"].iloc[0]),
        processes=compared,
        missed=missed,
        doubts=assessment.doubts + ((budget,) if budget else ()),
        overfit=overfits(cell, chosen.name),
    )


def recommend(
    assessment: Assessment,
    cells: Sequence[CellResult],
    n_states: Sequence[int],
    networks: Sequence[str],
    baselines: Sequence[str],
    controls: Sequence[Control] = (),
) -> Answer:
    """The recommendation for one system.

    Parameters
    ----------
    assessment : Assessment
    cells : sequence of CellResult
        Of that system.
    n_states : sequence of int
        States of each cell.
    networks, baselines : sequence of str
        Models that are looked at.
    controls : sequence of Control
        Networks may have run at other budgets, or with another prior: those are networks to
        recommend too.
    """
    priors = [k.name for k in controls if k.of in networks and k.varies == "prior"]

    def found(models: Sequence[str]) -> tuple[Candidate, ...]:
        every = [
            candidate(cell, model, n, assessment, controls)
            for cell, n in zip(cells, n_states, strict=True)
            for model in models
            if model in cell.models
        ]
        return tuple(sorted(every, key=lambda c: (c.result.cell.interval, c.n_states, c.model)))

    answer = Answer(assessment, found([*networks, *priors]), found(baselines), ())
    longest = answer.intervals[-1] if answer.intervals else 0.0
    return Answer(assessment, answer.networks, answer.baselines, _ended(cells, longest))


def _ended(cells: Sequence[CellResult], interval: float) -> tuple[float, ...]:
    """MD timescales, resolved at the finest interval, that end below an interval."""
    finest = min((cell.cell.interval for cell in cells), default=0.0)
    most: np.ndarray = np.array([])
    for cell in cells:
        if cell.cell.interval == finest:
            t = cell.table
            own = t[(t["model"] == MD) & (t["quantity"] == Reading.ONE_STEP.value)]
            own = own[np.isclose(own["lag"], finest) & (own["replicate"] == 0)]
            times = own["value"].dropna().to_numpy(np.float64)
            most = max(most, times, key=len)
    return tuple(float(time) for time in most if finest < time < interval)

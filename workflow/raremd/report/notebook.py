"""What the Python interface returns: objects that print, show and draw themselves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from raremd.analysis.assessment import Assessment
from raremd.analysis.given_md import GivenMD, plan_of
from raremd.analysis.recommendation import Outcome, outcome_of
from raremd.analysis.tidy import pick
from raremd.analysis.trajectories import (
    Compared,
    ModelOutcome,
    assess_md,
    compare_models,
    timescales_of,
)
from raremd.analysis.words import factor, listed, quantity, units
from raremd.report.figures import inspection, style
from raremd.report.figures.populations_mfpt import draw_states
from raremd.report.figures.style import Look
from raremd.report.figures.timescales import draw_timescales
from raremd.report.pages.inspection import answer, its_table, overview
from raremd.report.pages.markdown import as_table
from raremd.report.pages.recommendation import process_cells, remedies
from raremd.study.plans import AssessmentPlan

COLUMNS = ["model", "process", "MD [95 %]", "model / MD [95 %]", "allowed", "outcome"]


class _Shown(ABC):
    """Prints as text, and in a notebook as Markdown."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The answer, and the numbers behind it, in Markdown."""

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(_Shown):
    """Models beside the MD; what `raremd.compare` returns.

    Attributes
    ----------
    found : analysis.trajectories.Compared
    """

    found: Compared

    @property
    def table(self) -> pd.DataFrame:
        """Each quantity of each model beside the MD's, see `analysis.trajectories.Compared`."""
        return self.found.table

    @property
    def assessment(self) -> Assessment:
        """What the MD can decide."""
        return self.found.assessment

    @property
    def outcomes(self) -> dict[str, str]:
        """Model -> ``reproduced``, ``not reproduced`` or ``cannot tell``."""
        return {o.model: str(o.outcome) for o in self.found.outcomes}

    @property
    def text(self) -> str:
        """The answer for each model, and the numbers behind it."""
        found = self.found
        doubts = found.assessment.doubts
        if doubts:  # there may be no process to speak of
            lines = [f"Cannot tell: {doubts[0].text}.", "", *remedies(doubts)]
        else:
            lines = [f"- {sentence(o, found.assessment.unit)}" for o in found.outcomes]
        rows = [
            [o.model, *process_cells(p), outcome_of([p], doubts)]
            for o in found.outcomes
            for p in o.processes
        ]
        lag = f"{found.assessment.lag:g} {found.assessment.unit}"
        where = f"Implied timescales at a lag of {lag}, in {found.assessment.unit}:"
        return "\n".join([*lines, "", where, "", *as_table(COLUMNS, rows)])

    def plot(self) -> Figure:
        """Implied timescales against lag, and populations at the lag of comparison."""
        found, rows = self.found, self.found.rows
        unit, names = units(found.plan.unit), found.md.names
        look = Look(models=tuple(o.model for o in found.outcomes), unit=unit)
        kind = "yardstick_timescale" if found.md.lumped else "timescale"
        times = pick(rows, quantity=kind)
        populations = pick(rows, quantity="population")
        places = [(i + 1, 0) for i in range(len(names))]
        with mpl.rc_context():
            figure = style.new_figure(style.DOUBLE, 2.8)
            left, right = figure.subplots(1, 2)
            draw_timescales(left, times, pick(times, model="exact"), look.series)
            lags = times["lag"]
            edge = lags.min() / 1.5, lags.max() * 1.5
            left.fill_between(edge, edge, 0, color=style.BAND, linewidth=0, zorder=0)
            left.set(xscale="log", yscale="log", xlim=edge)
            style.log_ticks(left.xaxis, *edge)
            left.set(xlabel=f"lag time ({unit})", ylabel=f"implied timescale ({unit})")
            draw_states(right, populations, places, {"md": style.MARKED_MD} | look.series)
            right.set_xticks(range(len(names)), map(str, names))
            state = "metastable state" if found.md.lumped else "state"
            right.set(xlabel=state, ylabel="population", ylim=(0, None))
            style.legend_above(figure, [left])
        return figure


def sentence(found: ModelOutcome, unit: str) -> str:
    """Whether a model reproduces the slow processes, in one sentence; the MD leaves no doubt."""
    outside = [p for p in found.processes if p.outcome is Outcome.NOT_REPRODUCED]
    if found.outcome is Outcome.REPRODUCED:
        times = listed([quantity(p.md, unit) for p in found.processes])
        bound = factor(max(p.bound for p in found.processes))
        several = "es" * (len(found.processes) > 1)
        return (
            f"**{found.model} reproduces** the slow process{several} of the MD ({times}), at most "
            f"a factor of {bound} off."
        )
    if outside:
        far = max(outside, key=lambda p: abs(p.ratio))
        how = "slow" if far.ratio > 0 else "fast"
        return (
            f"**{found.model} does not reproduce** the MD: its t{far.i} is a factor of "
            f"{factor(far.ratio)} too {how}."
        )
    name, _, ratio, allowed = process_cells(max(found.processes, key=lambda p: p.bound))
    return (
        f"**{found.model}: cannot tell.** Its {name} is {ratio} times the MD's, and {allowed} is "
        "allowed; longer trajectories or more trainings would decide."
    )


@dataclass(frozen=True, eq=False, repr=False)
class Inspection(_Shown):
    """What the MD can decide; what `raremd.inspect` returns.

    Attributes
    ----------
    assessment : analysis.assessment.Assessment
    table : pandas.DataFrame
        Implied timescales in metastable states: i, lag, value, low, high.
    lengths : tuple of int
        Frames of each trajectory.
    plan : AssessmentPlan
    """

    assessment: Assessment
    table: pd.DataFrame
    lengths: tuple[int, ...]
    plan: AssessmentPlan

    @property
    def can_tell(self) -> bool:
        """Whether nothing keeps a comparison with this MD from being decided."""
        return not self.assessment.doubts

    @property
    def text(self) -> str:
        """The answer, what to change, and the numbers behind it."""
        found = self.assessment
        return "\n".join(
            [
                f"**{answer(found)}.**",
                "",
                *remedies(found.doubts),
                *[""] * bool(found.doubts),
                *overview(found, self.lengths, self.plan.frame_interval),
                f"Implied timescales against lag, in {found.unit}:",
                "",
                *its_table(self.plan.timescales, self.table),
            ]
        )

    def plot(self) -> Figure:
        """Implied timescales against lag with error bars."""
        rows = self.table.assign(
            quantity="timescale", system="MD", coordinate="metastable states", unit=self.plan.unit
        )
        with mpl.rc_context():
            return inspection.draw(rows.assign(partition=f"{len(self.lengths)} runs"), Look())


def compare(
    dtrajs: Any,
    generated: Mapping[str, Any],
    lags: Sequence[int],
    frame_interval: float = 1.0,
    unit: str = "frames",
    *,
    lag: int | None = None,
    macrostates: Any = None,
    samples: int = 200,
) -> Comparison:
    """Do models reproduce the slow processes of the MD, by the rules of a study?

    Parameters
    ----------
    dtrajs : array or list of arrays
        Discrete trajectories of the MD, (n_frames,) whole numbers each.
    generated : mapping
        Model -> its trajectories, or a list of such sets, one for each training with its own seed.
    lags : sequence of int
        In frames.
    frame_interval : float
        Time between two frames.
    unit : str
        Of times.
    lag : int, optional
        At which models are judged, in frames; if left out the longest of `lags` that another one
        is at least three times as long as.
    macrostates : int, mapping or sequence of int, optional
        Metastable states in which models are judged: so many by PCCA+, or that of each state. If
        left out, the states themselves, or four by PCCA+ where there are more than twenty.
    samples : int
        Resamplings of the trajectories behind each error bar.

    Returns
    -------
    Comparison
        Prints its answer; has `table`, `plot()`, `outcomes` and `assessment`.

    Raises
    ------
    ValueError
        In one line, if these are no trajectories that can be compared.

    Examples
    --------
    >>> from raremd.data.simulated.hidden_chain import HiddenChain
    >>> from raremd.data.simulated.hidden_chain_walk import simulate
    >>> chain = HiddenChain(t1=30, memory=0, positions=2)
    >>> md, same, other = (list(simulate(chain, 4, 5000, seed)) for seed in (0, 1, 2))
    >>> found = compare(md, {"same": same, "fast": [d[::2] for d in other]}, lags=[1, 15],
    ...                 lag=5, samples=40)
    >>> found.outcomes
    {'same': 'reproduced', 'fast': 'not reproduced'}
    """
    plan = plan_of(dtrajs, lags, lag, frame_interval, unit, samples)
    md = GivenMD.of(dtrajs, macrostates, plan.yardstick_lag)
    return Comparison(compare_models(md, generated, plan))


def inspect(
    dtrajs: Any,
    lag: int,
    lags: Sequence[int],
    frame_interval: float = 1.0,
    unit: str = "frames",
    *,
    macrostates: Any = None,
    samples: int = 200,
) -> Inspection:
    """What can be decided from this MD, before any training?

    Parameters
    ----------
    dtrajs, lags, frame_interval, unit, macrostates, samples
        As for `compare`.
    lag : int
        At which models will be judged, in frames.

    Returns
    -------
    Inspection
        Prints its answer; has `assessment`, `can_tell`, `table` and `plot()`.

    Raises
    ------
    ValueError
        In one line, if these are no trajectories of which this can be said.

    Examples
    --------
    >>> from raremd.data.simulated.hidden_chain import HiddenChain
    >>> from raremd.data.simulated.hidden_chain_walk import simulate
    >>> chain = HiddenChain(t1=500, memory=0, positions=2)
    >>> print(str(inspect(simulate(chain, 4, 500, 0), lag=10, lags=[1, 10, 30]))[:60])
    **Not yet: the training data hold only 2 slow transitions.**
    """
    plan = plan_of(dtrajs, lags, lag, frame_interval, unit, samples)
    md = GivenMD.of(dtrajs, macrostates, plan.yardstick_lag)
    lengths = tuple(map(len, md.dtrajs))
    return Inspection(assess_md(md, plan), timescales_of(md, plan), lengths, plan)

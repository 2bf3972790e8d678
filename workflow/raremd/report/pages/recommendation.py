"""The recommendation for people: the answer first, then how one knows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raremd.analysis.assessment import Assessment, Doubt
from raremd.analysis.claim_records import ClaimRecord
from raremd.analysis.recommendation import (
    ONE_TRAINING,
    Answer,
    Candidate,
    Outcome,
    ProcessComparison,
)
from raremd.analysis.words import (
    bounds,
    count,
    factor,
    given,
    listed,
    number,
    quantity,
    ratio,
    units,
)
from raremd.report.names import pretty, trained
from raremd.report.pages.markdown import as_table, before_details
from raremd.report.pages.opening import opening

DETAILS = "## Details"
"""Heading from which on the page is for looking things up."""


def headline(answer: Answer) -> str:
    """The answer in one or two sentences."""
    unit, best = answer.assessment.unit, answer.best
    if answer.outcome is Outcome.CANNOT_TELL or best is None:
        return f"Cannot tell: {_why(answer)}."
    cell = best.result.cell
    place = f"{given(cell.interval, unit)} with `{cell.coordinate}`, `{cell.partition}`"
    if answer.outcome is Outcome.NOT_REPRODUCED:
        return (
            "No: no network reproduces the slow processes in any cell. The nearest is the "
            f"{pretty(best.model)} at {place}."
        )
    any_overfits = not best.overfit and any(c.overfit for c in answer.reproduced)
    networks = [
        f"the {pretty(model)}{' reproduces the slow processes' * (model == best.model)} at "
        f"{_intervals(times, unit)}"
        for model, times in answer.intervals_by_network.items()
    ]
    return (
        f"Yes: {listed(networks)}. Among networks{' that do not overfit' * any_overfits} the error "
        f"is smallest at {place} ({count(best.n_states, 'state')}; "
        f"{trained(best.model, best.budget)}): the 95 % interval of its mean over trainings stays "
        f"within a factor of {factor(best.bound)} of the MD."
    )


def _intervals(times: Sequence[float], unit: str) -> str:
    several = "saving intervals" if len(times) > 1 else "a saving interval"
    return f"{several} of {listed([given(time) for time in times])} {units(unit, times[-1])}"


def _why(answer: Answer) -> str:
    doubts = answer.assessment.doubts
    if doubts:
        return doubts[0].text
    best = answer.best
    if best is None:
        return "no network ran"
    if best.doubts:
        return best.doubts[0].text
    replicates = max((p.replicates for p in best.processes), default=0)
    if replicates == 1:
        return ONE_TRAINING
    across = "the interval reaches across the tolerance"
    if best.needed is None:
        return f"{across}. Train longer"
    return f"{across}. About {best.needed} replicates, not {replicates}, would decide"


def _markov(answer: Answer) -> str:
    unit = answer.assessment.unit
    if not answer.baselines or answer.assessment.doubts:
        return ""
    simple = "Markov state model" if answer.only_markov else "model without a network"
    if not answer.markov_suffices:
        if any(c.outcome is Outcome.CANNOT_TELL for c in answer.baselines):
            return f"Whether a {simple} reproduces the slow dynamics cannot be told."
        return f"A {simple} reproduces the slow dynamics in no cell."
    times = _intervals(answer.markov_suffices, unit)
    return (
        f"A {simple} reproduces the slow dynamics at {times} in at least one cell, which then "
        "needs no network."
    )


def events(a: Assessment) -> str:
    """How many slow transitions a model can learn from."""
    if len(a.by_set) > 1:
        span = f"{min(a.by_set)} to {max(a.by_set)} slow transitions"
        return f"{span} in each of its {len(a.by_set)} training sets"
    return f"{count(a.transitions, 'slow transition')} in its training data"


def _how_known(assessment: Assessment) -> str:
    a = assessment
    if not a.slow:
        return ""
    times = listed([quantity(p.value, a.unit) for p in a.slow])
    return (
        f"The MD has {count(len(a.slow), 'slow process', 'slow processes')} ({times} at a lag of "
        f"{given(a.lag, a.unit)}) and {events(a)}."
    )


def remedies(doubts: Sequence[Doubt]) -> list[str]:
    """One line per doubt: what is wrong, and what to do."""
    return [f"- {doubt.sentences}" for doubt in doubts]


def process_cells(p: ProcessComparison) -> list[str]:
    """A process, its timescale in the MD, model / MD, and the range of that which is allowed."""
    return [
        f"t{p.i}",
        f"{number(p.md)} {bounds(p.md_low, p.md_high)}",
        f"{ratio(p.ratio)} [{ratio(p.low)}, {ratio(p.high)}]",
        f"{ratio(-p.band)} to {ratio(p.band)}",
    ]


def _processes(best: Candidate, unit: str) -> list[str]:
    return as_table(
        [
            "process",
            f"MD ({units(unit)}) [95 %]",
            "model / MD [95 %]",
            "allowed",
            "failed",
            "outcome",
        ],
        [
            [
                *process_cells(p),
                f"{p.failed} of {p.replicates}",
                Outcome.CANNOT_TELL if best.doubts else p.outcome,
            ]
            for p in best.processes
        ],
    )


def _section(answer: Answer) -> list[str]:
    assessment, best = answer.assessment, answer.best
    known = " ".join(filter(None, [_how_known(assessment), _markov(answer)]))
    lines = [f"## `{assessment.system}`", ""] + [known, ""] * bool(known)
    doubts = list(dict.fromkeys([*assessment.doubts, *(best.doubts if best else ())]))
    if doubts:
        lines += [*remedies(doubts), ""]
    if answer.networks and not assessment.doubts:
        lines += [*ranges(answer), ""]
    if answer.reproduced and answer.lost:
        times = listed([quantity(t, assessment.unit) for t in answer.lost])
        processes = "processes" if len(answer.lost) > 1 else "a process"
        lines += [
            f"At {given(answer.intervals[-1], assessment.unit)}, {processes} of {times} can no "
            "longer be resolved.",
            "",
        ]
    return lines


def ranges(answer: Answer) -> list[str]:
    """Which model is right at which saving interval, one row per model; bold is reproduced."""
    found, unit = answer.by_interval, answer.assessment.unit
    times = sorted({time for each in found.values() for time in each})

    def told(model: str, time: float) -> str:
        outcome = found[model].get(time)
        return f"**{outcome}**" if outcome is Outcome.REPRODUCED else str(outcome or "–")

    rows = [[pretty(model), *(told(model, time) for time in times)] for model in found]
    return as_table(["best outcome at", *(given(time, unit) for time in times)], rows)


def _misses(candidate: Candidate) -> bool:
    return bool(candidate.missed) and candidate.outcome is Outcome.NOT_REPRODUCED


def _all_cells(answer: Answer) -> list[str]:
    unit = answer.assessment.unit
    rows = [
        [
            given(c.result.cell.interval, unit),
            c.result.cell.coordinate,
            c.result.cell.partition,
            str(c.n_states),
            trained(c.model, c.budget),
            factor(c.bound) if np.isfinite(c.bound) else "–",
            str(max((p.failed for p in c.processes), default=0)),
            str(c.outcome) + ": its states miss a slow process" * _misses(c),
        ]
        for c in (*answer.networks, *answer.baselines)
    ]
    heading = [
        "interval", "coordinate", "partition", "states", "model", "error at most a factor of",
        "failed replicates", "outcome",
    ]  # fmt: skip
    return [*as_table(heading, rows), ""]


def _details(answer: Answer) -> list[str]:
    """The processes of the best cell, and all cells."""
    best, assessment = answer.best, answer.assessment
    lines = [f"### `{assessment.system}`", ""]
    if best is not None and best.processes:
        lines += [f"The {pretty(best.model)} in `{best.result.name}`:", ""]
        lines += [*_processes(best, assessment.unit), ""]
    summary = "<details><summary>Every model in every cell</summary>"
    return [*lines, summary, "", *_all_cells(answer), "</details>", ""]


def as_markdown(answers: Sequence[Answer], records: Sequence[ClaimRecord] = ()) -> str:
    """The page: three sentences, each system's answer, how one knows, and at the end all cells.

    Parameters
    ----------
    answers : sequence of Answer
    records : sequence of ClaimRecord
        Of all claims of the study.
    """
    lines = [
        "# Does a network learn the slow dynamics, and at which saving interval?",
        "",
        opening(answers, records),
        "",
        *as_table(
            ["system", "answer"], [[f"`{a.assessment.system}`", headline(a)] for a in answers]
        ),
        "",
    ]
    shown, left = before_details(lines, [_section(answer) for answer in answers])
    lines += [
        *shown,
        DETAILS,
        "",
        "A cell is reproduced if the 95 % interval over replicates of model / MD lies within",
        "the tolerance, or the MD's own error where that is larger, for every slow process, if no",
        "replicate fails, and if nothing speaks against the MD or the training. Claims are judged",
        "by wider intervals, because there are several: what is reproduced here may be undecided",
        "there, but not contradicted.",
        "",
        *left,
    ]
    for answer in answers:
        lines += _details(answer)
    return "\n".join(lines)

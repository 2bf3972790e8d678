"""What the study found, as it stands in the README between two marks."""

from __future__ import annotations

from collections.abc import Sequence

from raremd.analysis.claim_records import Judgement
from raremd.analysis.kept_laws import WITHIN, KeptLaws, expectation
from raremd.analysis.recommendation import Outcome
from raremd.analysis.recommended import Recommended
from raremd.analysis.words import count, factor, given, listed
from raremd.report.names import pretty, trained
from raremd.report.pages.answers import answer
from raremd.report.pages.opening import span

BEGIN, END = "<!-- found: written by make snapshot -->", "<!-- end of found -->"
ASKED = "C2", "C3", "C4", "C6"
"""The claims that people ask about first."""
FRAMES, STATES = 1000.0, 100
"""Timescale in saved frames and number of states of the example."""


def _learned(systems: Sequence[Recommended]) -> str:
    """Where a network is right, and in which of its cells the error is smallest."""
    where = [
        f"{factor(s.best.error)} in `{s.system}` ({trained(s.best.model, s.best.budget)}; "
        f"{count(s.best.n_states, 'state')}, saved every {given(s.best.interval, s.unit)})"
        for s in systems
        if s.outcome is Outcome.REPRODUCED and s.best
    ]
    best = (
        f"; the slowest timescale of the best is that of the MD within a factor of {listed(where)}"
        if where
        else ""
    )
    return (
        "**Does a network learn the slow dynamics?** At the long lag, in "
        f"{len(where)} of {count(len(systems), 'system')}{best}."
    )


def _training(laws: KeptLaws) -> str:
    """What it takes to learn a process of a certain timescale."""
    needs = []
    for law in laws.networks:
        tokens = expectation(law, 1e6, STATES, FRAMES).tokens
        low, high, about = (t / 1e6 for t in (tokens.low, tokens.high, tokens.value))
        needs.append(f"{about:.0f} [{low:.0f}, {high:.0f}] million for the {pretty(law.kind)}")
    return (
        "**How many frames must a network be trained on?** By the [fitted laws](docs/laws.md), "
        f"{listed(needs)} bring a timescale of {FRAMES:,.0f} frames in {STATES} states within "
        f"{100 * WITHIN:.0f} % of the MD's at one step. A frame is a token and counts each time "
        "it is seen. At the long lag fewer can be enough."
    )


def _markov(systems: Sequence[Recommended]) -> str:
    """Where counting does what a network does."""
    where, right, tried = [], 0, 0
    for system in systems:
        good = [c for c in system.baselines if c.outcome is Outcome.REPRODUCED]
        right, tried = right + len(good), tried + len(system.baselines)
        if good:
            intervals = sorted({c.interval for c in good})
            where.append(f"`{system.system}` saved every {span(intervals, system.unit)}")
    cells = f"{right} of {count(tried, 'cell')}"
    places = f": {listed(where)}" if where else ""
    return (
        "**When is a Markov model enough?** At the long lag it reproduces the slow processes in "
        f"{cells}{places}."
    )


def found(
    judgement: Judgement, systems: Sequence[Recommended], laws: KeptLaws, study: str, commit: str
) -> str:
    """The answers to what people ask first, and where they come from.

    Parameters
    ----------
    judgement : Judgement
    systems : sequence of Recommended
    laws : KeptLaws
    study : str
        File of the configuration.
    commit : str
    """
    told = [
        answer(records, [p for p in judgement.pooled if p.claim == claim])
        for claim in ASKED
        if (records := [r for r in judgement.records if r.claim == claim])
    ]
    items = [f"- {text}" for text in (_learned(systems), *told, _training(laws), _markov(systems))]
    return "\n".join([*items, "", f"From a run of `{study}` at commit `{commit}`."])


def insert(page: str, text: str) -> str:
    """A page with the text between its marks replaced.

    Raises
    ------
    ValueError
        If the page has no such marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no {BEGIN} before {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"

"""What the study found, as it stands in the README between two marks."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from raremd.analysis.claim_records import Judgement
from raremd.analysis.kept_laws import SHORT_STATES, SHORT_T1, WITHIN, KeptLaws, expectation
from raremd.analysis.leaderboard import over_systems
from raremd.analysis.recommendation import Outcome
from raremd.analysis.recommended import Recommended
from raremd.analysis.words import count, factor, given, listed, ratio
from raremd.report.names import pretty
from raremd.report.pages.answers import answer, overfitting, tokens
from raremd.report.pages.leaderboard import nearest

MARKS = "<!-- found: written by make snapshot -->", "<!-- end of found -->"
"""Around it in the README."""
ASKED = "C2", "C3", "C4", "C6"
"""The claims that people ask about first."""


def _learned(systems: Sequence[Recommended]) -> str:
    """Where a network is right, and in which of its cells the error is smallest."""
    where = [
        f"{factor(s.best.error)} in `{s.system}` ({pretty(s.best.model)}; "
        f"{count(s.best.n_states, 'state')} saved every {given(s.best.interval, s.unit)})"
        for s in systems
        if s.outcome is Outcome.REPRODUCED and s.best
    ]
    best = (
        ". Averaged over its trainings, the best network reproduces every slow timescale of the MD "
        f"that it was trained on, with 95 % confidence, to within a factor of {listed(where)}"
        if where
        else ""
    )
    return (
        f"**Does a network learn the slow dynamics?** In {len(where)} of "
        f"{count(len(systems), 'system')}{best}."
    )


def _training(laws: KeptLaws) -> str:
    """What it takes to learn a process of a certain timescale."""
    needs = []
    for law in laws.networks:
        tokens = expectation(law, 1e6, SHORT_STATES, SHORT_T1).tokens
        about, low, high = (
            f"{float(f'{t / 1e6:.2g}'):,.0f}" for t in (tokens.value, tokens.low, tokens.high)
        )
        needs.append(f"about {about} [{low}, {high}] million for the {pretty(law.kind)}")
    return (
        "**How many frames must a network be trained on?** By the [fitted laws](docs/laws.md), "
        f"extrapolated beyond most of their trainings, {listed(needs)} bring a timescale of "
        f"{SHORT_T1:,.0f} frames in {SHORT_STATES} states within {100 * WITHIN:.0f} % of the MD's "
        "at one step. At the long lag of the answers above fewer can be enough. A frame is a "
        "token and counts each time it is seen."
    )


def _everywhere(board: pd.DataFrame) -> str:
    """The entry of the leaderboard that is nearest at every lag, in the hardest cells."""
    return (
        "**Which model is right at every lag, even with fine states and a short interval?** Of "
        "those that generate trajectories, the closest is "
        f"{nearest(over_systems(board))}. [What it is](docs/models.md); the "
        "[leaderboard](docs/leaderboard/leaderboard.md) has all others; right there means "
        "within 10 %, or within the MD's own error where that is larger."
    )


def _markov(systems: Sequence[Recommended]) -> str:
    """Where counting does what a network does."""
    right = [sum(c.outcome is Outcome.REPRODUCED for c in s.baselines) for s in systems]
    tried = sum(len(s.baselines) for s in systems)
    return (
        "**When is a Markov model enough?** In "
        f"{sum(right)} of {count(tried, 'combination')} of coordinate, interval and partition it "
        f"reproduces the slow processes, with at least one in {sum(map(bool, right))} of "
        f"{count(len(systems), 'system')} ([which](docs/results/README.md))."
    )


def _no_difference(judgement: Judgement) -> str:
    """How near sides must be that are called equal; the same for all claims but C1."""
    margins = {r.long_lag.margin for r in judgement.records if r.claim != "C1"}
    within = listed(sorted(map(ratio, margins)))
    if not margins:
        return ""
    return (
        f'"No difference" means that the whole interval lies within a factor of {within}; "yes" '
        'and "better", that it leaves out 1 and reaches beyond that factor.'
    )


def found(
    judgement: Judgement,
    systems: Sequence[Recommended],
    laws: KeptLaws,
    board: pd.DataFrame,
    study: str,
    commit: str,
) -> str:
    """The answers to what people ask first, and where they come from.

    Parameters
    ----------
    judgement : Judgement
    systems : sequence of Recommended
    laws : KeptLaws
    board : pandas.DataFrame
        Columns `leaderboard.COLUMNS`, of the kept leaderboard.
    study : str
        File of the configuration.
    commit : str
    """
    told = [
        answer(records, [p for p in judgement.pooled if p.claim == claim], one_step=False)
        for claim in ASKED
        if (records := [r for r in judgement.records if r.claim == claim])
    ]
    told = [_learned(systems), *told, _everywhere(board), _training(laws), _markov(systems)]
    items = [f"- {text}" for text in told]
    seen = tokens([r for r in judgement.records if r.claim in ASKED])
    end = [
        f"From `{study}` at commit `{commit}` ([how it was run](docs/method.md)).",
        seen and f"The claims are judged by networks trained on {seen}.",
        overfitting(judgement.records),
        _no_difference(judgement),
    ]
    return "\n".join([*items, "", " ".join(filter(None, end))])

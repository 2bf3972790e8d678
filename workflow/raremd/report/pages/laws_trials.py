"""Whether laws hold on systems that they were not fitted to, as the page of laws says it."""

from __future__ import annotations

from collections.abc import Sequence

from raremd.analysis.laws import Trial
from raremd.analysis.predicted import WITHIN
from raremd.analysis.words import count, listed, number
from raremd.report.names import pretty
from raremd.report.pages.markdown import as_table

ASKED = 0.8
"""Share of the trainings that a law must tell."""


def trial_table(found: Sequence[Trial]) -> list[str]:
    """Systems that were never fitted, and those on which the law fails; the others are counted."""
    told = [trial for trial in found if trial.held_out or trial.within < ASKED]
    rows = [
        [
            f"`{trial.system}`",
            pretty(trial.kind),
            "never fitted" if trial.held_out else "left out of the fit",
            f"{100 * trial.within:.0f} %",
            number(trial.rms, 2),
            str(trial.n),
        ]
        for trial in sorted(told, key=lambda t: (not t.held_out, t.system, t.kind))
    ]
    heading = ["system", "network", "how", f"within a factor {WITHIN:g}", "rms of ln", "trainings"]
    others = [trial for trial in found if trial not in told]
    if not others:
        return as_table(heading, rows)
    kinds = [
        f"{sum(t.kind == kind for t in others)} for the {pretty(kind)}"
        for kind in sorted({trial.kind for trial in others})
    ]
    return [
        *as_table(heading, rows),
        "",
        f"On the other systems, each left out of the fit in turn, at least {100 * ASKED:.0f} % of "
        f"the trainings are within that factor: {listed(kinds)}.",
    ]


def _share(found: Sequence[Trial]) -> str:
    share = sum(trial.within * trial.n for trial in found) / sum(trial.n for trial in found)
    return f"{100 * share:.0f} %"


def trial_sentence(found: Sequence[Trial]) -> str:
    """How often the laws hold on systems that they were not fitted to."""
    if not found:
        return "No system could be left out of a fit."
    n = sum(trial.n for trial in found)
    each = [
        f"{_share([t for t in found if t.kind == kind])} for the {pretty(kind)}"
        for kind in sorted({trial.kind for trial in found})
    ]
    chains, others = ([t for t in found if t.chain is kind] for kind in (True, False))
    apart = ""
    if chains and others:
        apart = f" On hidden chains it is {_share(chains)}, elsewhere {_share(others)}."
    held_out = [trial for trial in found if trial.held_out]
    never = f" On the systems that no fit ever uses it is {_share(held_out)}." if held_out else ""
    return (
        "On a system that it was not fitted to (each was left out in turn) the law gives t1 at one "
        f"step within a factor of {WITHIN:g} for {_share(found)} of {count(n, 'training')} "
        f"({listed(each)}); we call a law good if that share is at least {100 * ASKED:.0f} %."
        f"{apart}{never}"
    )

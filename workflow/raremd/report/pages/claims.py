"""Verdicts for people: the answer to each claim, then tables of numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from raremd.analysis.assessment import Cause, Doubt
from raremd.analysis.claim_records import ClaimRecord, Finding, Judgement, PooledRecord
from raremd.analysis.claims import control_name
from raremd.analysis.verdicts import Verdict
from raremd.analysis.words import capital, count, listed
from raremd.report.names import change, pretty, tokens
from raremd.report.pages.answers import NUMBERS, answers, overfitting, shown
from raremd.report.pages.markdown import as_table, before_details
from raremd.study.verdict_plans import Control

T = TypeVar("T", bound=Hashable)
HOW = """\
The error of a replicate is |log2(model / MD)| of the slowest implied timescale; 1 is a factor of
two. The effect on C1 is log2(model / MD) itself, on C2 to C5 the error of the hard cell minus that
of the easy one, on C6 the error of the Transformer minus that of the LSTM: positive speaks for the
claim. Each claim is read twice: at the **long lag** of the yardstick in metastable states, and at
**one step** in the cells' own states. Intervals come from paired replicates and hold for the MD at
hand{except_own}; within a claim they are widened by Holm's correction. `no difference` means that
the interval lies within the tolerance; for `undecided` at the long lag, the last column
says what would decide it. Markov's effect is the same effect for a Markov model; events are slow
transitions in the training data. Replicates that are added because a verdict is open make wrong
decisions more likely than the intervals say (docs/method.md, Verdicts).
"""
DECIDES = {
    Cause.EVENTS: "more slow transitions",
    Cause.LAG: "another lag",
    Cause.EQUILIBRIUM: "a system at equilibrium",
    Cause.REFERENCE: "MD that agrees with its reference",
    Cause.CONNECTION: "connected MD",
    Cause.NO_PROCESS: "a slow process",
    Cause.BUDGET: "more tokens",
    Cause.OVERFIT: "more MD",
    Cause.FAILED: "a network that works",
}
"""What would decide a verdict, in a table; the whole sentences stand below all tables."""
VARIED = "The same effect at the long lag for networks with one thing changed, uncorrected:"
BUDGETS = """\
The same effect at other budgets, without Holm's correction, so that it can be decided where the
verdict is not. Bold is the budget of the verdict. `overfit`: the second half of a network's tokens
no longer lowered its held-out loss. `past its best`: that loss is, beyond doubt, above the one on
fewer tokens, so that another budget is taken if a network is trained there:"""
OWN_BUDGETS = """\
The same with each side at the budget that suits it by its own losses and timescales: a network that
overfits on one side only sees fewer tokens there. Uncorrected, and only where this is another
choice; bold where it says something else than the verdict:"""
ALL_CELLS = """\
The same in all cells in which both networks saw the tokens of the verdict, whether they are trained
to the end or not. Uncorrected, and only where this is another choice; bold where it says something
else than the verdict:"""
CONTROLS = """\
Mean error of the slowest timescale at the long lag: of each network, and of the same network with
one thing changed.
"""


def how(records: Sequence[ClaimRecord]) -> str:
    """How verdicts come about, and which MD they hold for."""
    own = listed([f"`{system}`" for system in in_order(r.system for r in records if r.sets > 1)])
    held = f" (on {own}, where each replicate has its own, for any MD of that length)"
    fitted = overfitting(records)
    return HOW.format(except_own=held if own else "") + f"\n{fitted}\n" * bool(fitted)


def in_order(values: Iterable[T]) -> list[T]:
    """Each once, as they come."""
    return list(dict.fromkeys(values))


def pooled_sentence(record: PooledRecord) -> str:
    """The verdict over all systems that can tell."""
    return (
        f"{pretty(record.model)}, over {count(len(record.systems), 'system')}: "
        f"**{record.long_lag.verdict}**, {shown(record.long_lag)}, at the long lag; over "
        f"{len(record.one_step_systems)}: {record.one_step.verdict}, {shown(record.one_step)}, "
        f"at one step.{_pooled_otherwise(record)}"
    )


def _pooled_otherwise(record: PooledRecord) -> str:
    found = record.otherwise
    if found is None:
        return ""
    how = (
        "At the same tokens in all cells" if record.claim == "C6" else "Each side at its own budget"
    )
    return f" {how}: {found.verdict}, {shown(found)}, at the long lag."


def scoreboard(records: Sequence[ClaimRecord]) -> list[str]:
    """One row per claim and network, one column per system: both readings."""
    systems = in_order(r.system for r in records)
    found = {(r.claim, r.model, r.system): r for r in records}

    def told(record: ClaimRecord | None) -> str:
        return f"**{record.long_lag.verdict}** / {record.one_step.verdict}" if record else "–"

    return as_table(
        ["claim (long lag / one step)", "network", *(f"`{system}`" for system in systems)],
        [
            [claim, pretty(model), *(told(found.get((claim, model, s))) for s in systems)]
            for claim, model in dict.fromkeys((r.claim, r.model) for r in records)
        ],
    )


def contrast(record: ClaimRecord) -> str:
    """Where cells differ, `hard against easy`; of one cell all levels, of many the number."""
    cells = record.cells
    if len(cells) > 2:
        return count(len(cells), "cell")
    levels = [name.split("/")[1:] for name in cells]
    kept = [len(set(column)) > 1 or len(cells) == 1 for column in zip(*levels, strict=True)]
    names = ["/".join(v for v, keep in zip(each, kept, strict=True) if keep) for each in levels]
    return (" and " if record.claim == "C6" else " against ").join(f"`{name}`" for name in names)


def shared_doubts(records: Sequence[ClaimRecord]) -> dict[str, list[Doubt]]:
    """System -> what keeps each of its claims from being judged; it is told once."""
    found: dict[str, list[Doubt]] = {}
    for system in in_order(r.system for r in records):
        first, *others = (r.doubts for r in records if r.system == system)
        found[system] = [doubt for doubt in first if all(doubt in other for other in others)]
    return found


def what_to_do(records: Sequence[ClaimRecord]) -> list[list[str]]:
    """What would let the claims be judged, a section for each system."""
    return [
        [
            f"No claim can be judged at the long lag on `{system}`:",
            "",
            *(f"- {d.sentences}" for d in doubts),
            "",
        ]
        for system, doubts in shared_doubts(records).items()
        if doubts
    ]


def what_decides(record: ClaimRecord) -> str:
    """What would decide a verdict, in a few words."""
    if record.long_lag.verdict is not Verdict.UNDECIDED:
        return "–"
    if record.doubts:
        return listed(in_order(DECIDES[doubt.cause] for doubt in record.doubts))
    needed = record.long_lag.needed
    if needed is None:
        return "more tokens"
    return f"{needed} replicates, not {record.long_lag.replicates}"


def reasons(records: Sequence[ClaimRecord]) -> list[str]:
    """What keeps verdicts at the long lag open, each reason once, by what to do about it."""
    told = [doubt for doubts in shared_doubts(records).values() for doubt in doubts]
    doubts = in_order(d for r in records for d in r.doubts if d not in told)
    if not doubts:
        return []
    lines = []
    for remedy in in_order(doubt.remedy for doubt in doubts):
        mine = [doubt.text for doubt in doubts if doubt.remedy == remedy]
        lines += [f"{capital(remedy)}:", "", *(f"- {capital(text)}." for text in mine), ""]
    return collapsed(f"{count(len(doubts), 'reason')} for open verdicts", lines[:-1])


def _best_control(record: ClaimRecord, controls: Sequence[Control]) -> str:
    """Error in the cell that has controls, and that of the best control there."""
    rows = [r for r in record.controls if r.of == record.model and r.cell == record.cells[0]]
    if record.claim == "C6" or not rows:
        return "–"
    best = min(rows, key=lambda r: r.error_of_control)
    name = _changed(best.model, best.of, controls)
    return f"{best.error:.2f} to {best.error_of_control:.2f}, {name}"


def _changed(name: str, of: str, controls: Sequence[Control]) -> str:
    """What a control has more or less of."""
    found = next((control for control in controls if control.name == name), None)
    return change(found) if found else pretty(control_name(name, of))


def claim_table(records: Sequence[ClaimRecord], controls: Sequence[Control]) -> list[str]:
    """The verdicts on one claim with effects, controls, events and what would decide."""
    heading = [
        "system", "model", "cells", "long lag", "effect (log2)", "one step", "effect (log2)",
        "Markov's effect", "error in the first cell, and its lowest in a control", "events",
        "what would decide it",
    ]  # fmt: skip
    rows = [
        [
            f"`{r.system}`",
            pretty(r.model),
            contrast(r),
            f"**{r.long_lag.verdict}**",
            shown(r.long_lag),
            str(r.one_step.verdict),
            shown(r.one_step),
            shown(r.markov) if r.markov else "–",
            _best_control(r, controls),
            f"{r.transitions:,}",
            what_decides(r),
        ]
        for r in records
    ]
    return as_table(heading, rows)


def varied_table(records: Sequence[ClaimRecord], controls: Sequence[Control]) -> list[str]:
    """The verdicts on one claim, and those on the same networks with one thing changed.

    No lines where no control ran in all cells of a verdict.
    """
    varied = [{v.change: v.finding for v in r.varied} for r in records]
    columns = in_order(name for changes in varied for name in changes)
    if not columns:
        return []

    def told(found: Finding | None) -> str:
        return "–" if found is None else f"{found.verdict} {shown(found)}"

    return [
        VARIED,
        "",
        *as_table(
            ["system", "model", "itself", *(_varied(name, controls) for name in columns)],
            [
                [
                    f"`{r.system}`",
                    pretty(r.model),
                    told(r.long_lag),
                    *(told(v.get(c)) for c in columns),
                ]
                for r, v in zip(records, varied, strict=True)
            ],
        ),
    ]


def _varied(name: str, controls: Sequence[Control]) -> str:
    """What is changed, by the name that controls of several networks share."""
    alike = [change(c) for c in controls if control_name(c.name, c.of) == name]
    return alike[0] if alike else pretty(name)


def budget_table(records: Sequence[ClaimRecord]) -> list[str]:
    """The effect at the long lag at every budget; no lines where budgets are not varied."""
    columns = sorted({at.budget for record in records for at in record.budgets})
    if len(columns) < 2:
        return []

    def told(record: ClaimRecord, budget: float) -> str:
        at = next((at for at in record.budgets if at.budget == budget), None)
        if at is None:
            return "–"
        marks = {
            "not trained": not at.trained,
            "overfit": at.overfit,
            "past its best": at.past_best,
        }
        told_of = "".join(f", {mark}" for mark, holds in marks.items() if holds)
        text = f"{at.long_lag.verdict} {shown(at.long_lag)}{told_of}"
        return f"**{text}**" if budget == record.budget else text

    return [
        BUDGETS,
        "",
        *as_table(
            ["system", "model", *map(tokens, columns)],
            [[f"`{r.system}`", pretty(r.model), *(told(r, b) for b in columns)] for r in records],
        ),
        "",
    ]


def otherwise_table(records: Sequence[ClaimRecord]) -> list[str]:
    """The effect at the long lag by another choice of cells and budgets; no lines without any."""
    rows = []
    for record in records:
        if other := record.otherwise:
            text = f"{other.finding.verdict} {shown(other.finding)}"
            same = other.finding.verdict is record.long_lag.verdict
            choice = count(len(other.cells), "cell")
            if record.claim != "C6":
                choice = " against ".join(map(tokens, other.budgets))
            rows.append(
                [
                    f"`{record.system}`",
                    pretty(record.model),
                    choice,
                    text if same else f"**{text}**",
                ]
            )
    if not rows:
        return []
    c6 = records[0].claim == "C6"
    heading = ["system", "model", "cells" if c6 else "budgets", "long lag"]
    return [ALL_CELLS if c6 else OWN_BUDGETS, "", *as_table(heading, rows), ""]


def control_table(records: Sequence[ClaimRecord], controls: Sequence[Control]) -> list[str]:
    """Error of the slowest timescale in every cell that has controls, and of each control."""
    budgets = {c.name: c.budget for c in controls if c.varies == "budget"}
    rows = [row for r in records for row in r.controls]
    by_budget = sorted(rows, key=lambda row: budgets.get(row.model, float("inf")))
    columns = in_order(_changed(row.model, row.of, controls) for row in by_budget)
    errors: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        mine = errors.setdefault((row.cell, row.of), {"itself": row.error})
        mine[_changed(row.model, row.of, controls)] = row.error_of_control
    if not errors:
        return ["No cell has controls."]
    return as_table(
        ["cell", "model", "itself", *columns],
        [
            [f"`{cell}`", pretty(model)]
            + [f"{mine[c]:.2f}" if c in mine else "–" for c in ("itself", *columns)]
            for (cell, model), mine in errors.items()
        ],
    )


def collapsed(summary: str, lines: Sequence[str]) -> list[str]:
    """Lines that a click shows."""
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>", ""]


def claim_section(
    judgement: Judgement, claim: str, controls: Sequence[Control], figures: Sequence[str] = ()
) -> list[str]:
    """The details of one claim: the pooled verdicts, figures, and its tables."""
    mine = [r for r in judgement.records if r.claim == claim]
    pooled = [f"- {pooled_sentence(p)}" for p in judgement.pooled if p.claim == claim]
    tables = [*claim_table(mine, controls), "", *budget_table(mine), *otherwise_table(mine)]
    tables += varied_table(mine, controls)
    lines = [f"### {claim}: {mine[0].statement}", "", *pooled, *[""] * bool(pooled), *figures]
    return [*lines, *collapsed("Each system and network", tables)]


def as_markdown(judgement: Judgement, controls: Sequence[Control] = ()) -> str:
    """All verdicts of a study."""
    records = judgement.records
    lines = ["# Claims", "", *answers(judgement), "", NUMBERS]
    sections = [[*scoreboard(records), ""], *what_to_do(records)] if records else []
    first, left = before_details(lines, sections)
    lines += [*first, "## Details", "", *left, how(records)]
    for claim in in_order(r.claim for r in records):
        lines += claim_section(judgement, claim, controls)
    lines += reasons(records)
    return "\n".join([*lines, "### Controls", "", CONTROLS, *control_table(records, controls), ""])

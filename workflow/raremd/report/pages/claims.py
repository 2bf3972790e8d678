"""Verdicts for people: the answer to each claim, then tables of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from raremd.analysis.assessment import Doubt
from raremd.analysis.claim_records import ClaimRecord, Finding, Judgement, PooledRecord
from raremd.analysis.claims import control_name
from raremd.analysis.verdicts import Verdict
from raremd.analysis.words import count, listed
from raremd.report.names import pretty
from raremd.report.pages.answers import answers, shown
from raremd.report.pages.markdown import as_table, before_details

HOW = """\
The error of a replicate is |log2(model / MD)| of the slowest implied timescale; 1 is a factor of
two. The effect on C1 is log2(model / MD) itself, on C2 to C5 the error of the hard cell minus that
of the easy one, on C6 the error of the Transformer minus that of the LSTM: positive speaks for the
claim. Each claim is read twice: at the **long lag** of the yardstick in metastable states, and at
**one step** in the cells' own states. Intervals come from paired replicates and hold for the MD at
hand{except_own}; within a claim they are widened by Holm's correction. `no difference` means that
the interval lies within the tolerance; `undecided` says what would decide it.
"""
VARIED = "The same effect at the long lag for networks with one thing changed, uncorrected:"
BUDGETS = "The same effect at other budgets, uncorrected; the verdict is given at the one in bold:"
CONTROLS = """\
Mean error of the slowest timescale at the long lag: of each network, and of the same network with
one thing changed.
"""


def how(records: Sequence[ClaimRecord]) -> str:
    """How verdicts come about, and which MD they hold for."""
    own = listed([f"`{system}`" for system in in_order(r.system for r in records if r.sets > 1)])
    held = f" (on {own}, where each replicate has its own, for any MD of that length)"
    return HOW.format(except_own=held if own else "")


def in_order(values: Iterable[str]) -> list[str]:
    """Each once, as they come."""
    return list(dict.fromkeys(values))


def pooled_sentence(record: PooledRecord) -> str:
    """The verdict over all systems that can tell."""
    return (
        f"{pretty(record.model)}, over {count(len(record.systems), 'system')}: "
        f"**{record.long_lag.verdict}**, {shown(record.long_lag)}, at the long lag; over "
        f"{len(record.one_step_systems)}: {record.one_step.verdict}, {shown(record.one_step)}, "
        "at one step."
    )


def scoreboard(records: Sequence[ClaimRecord]) -> list[str]:
    """One row per claim, one column per system: both readings of each network."""
    systems = in_order(r.system for r in records)

    def told(claim: str, system: str) -> str:
        mine = [r for r in records if (r.claim, r.system) == (claim, system)]
        each = [f"{pretty(r.model)}: **{r.long_lag.verdict}** / {r.one_step.verdict}" for r in mine]
        return "; ".join(each) or "–"

    statements = {r.claim: r.statement for r in records}
    return as_table(
        ["claim (long lag / one step)", *systems],
        [[f"{c} {statements[c]}", *(told(c, s) for s in systems)] for c in statements],
    )


def contrast(cells: Sequence[str]) -> str:
    """Where cells differ: `hard against easy`; of one cell all levels, of many the number."""
    if len(cells) > 2:
        return count(len(cells), "cell")
    levels = [name.split("/")[1:] for name in cells]
    kept = [len(set(column)) > 1 or len(cells) == 1 for column in zip(*levels, strict=True)]
    names = ["/".join(v for v, keep in zip(each, kept, strict=True) if keep) for each in levels]
    return " against ".join(f"`{name}`" for name in names)


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
        [f"No claim can be judged on {system}:", "", *(f"- {d.sentences}" for d in doubts), ""]
        for system, doubts in shared_doubts(records).items()
        if doubts
    ]


def what_decides(record: ClaimRecord, told: Sequence[Doubt]) -> str:
    """What keeps a verdict from being given, and what would decide it; `told` stands above."""
    if record.long_lag.verdict is not Verdict.UNDECIDED:
        return "–"
    if record.doubts:
        own = [doubt.sentences for doubt in record.doubts if doubt not in told]
        return " ".join(own) or "See above."
    needed = record.long_lag.needed
    if needed is None:
        return "The replicates scatter too much. Train longer."
    return f"Train about {needed} replicates in place of {record.long_lag.replicates}."


def _best_control(record: ClaimRecord) -> str:
    """Error in the cell that has controls, and that of the best control there."""
    rows = [r for r in record.controls if r.of == record.model and r.cell == record.cells[0]]
    if len(record.cells) > 2 or not rows:
        return "–"
    best = min(rows, key=lambda r: r.error_of_control)
    name = pretty(control_name(best.model, best.of))
    return f"{best.error:.2f} to {best.error_of_control:.2f}, {name}"


def claim_table(records: Sequence[ClaimRecord], told: dict[str, list[Doubt]]) -> list[str]:
    """The verdicts on one claim with effects, controls, events and what would decide.

    What `told` holds, by system, stands elsewhere on the page.
    """
    heading = [
        "system", "model", "cells", "long lag", "effect (log2)", "one step", "effect (log2)",
        "Markov", "its error, and with the best control", "events", "what would decide it",
    ]  # fmt: skip
    rows = [
        [
            r.system,
            pretty(r.model),
            contrast(r.cells),
            f"**{r.long_lag.verdict}**",
            shown(r.long_lag),
            str(r.one_step.verdict),
            shown(r.one_step),
            shown(r.markov) if r.markov else "–",
            _best_control(r),
            f"{r.transitions:,}",
            what_decides(r, told[r.system]),
        ]
        for r in records
    ]
    return as_table(heading, rows)


def varied_table(records: Sequence[ClaimRecord]) -> list[str]:
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
            ["system", "model", "itself", *map(pretty, columns)],
            [
                [r.system, pretty(r.model), told(r.long_lag), *(told(v.get(c)) for c in columns)]
                for r, v in zip(records, varied, strict=True)
            ],
        ),
    ]


def budget_table(records: Sequence[ClaimRecord]) -> list[str]:
    """The effect at the long lag at every budget; no lines where budgets are not varied."""
    columns = sorted({at.budget for record in records for at in record.budgets})
    if len(columns) < 2:
        return []

    def told(record: ClaimRecord, budget: float) -> str:
        at = next((at for at in record.budgets if at.budget == budget), None)
        if at is None:
            return "–"
        text = f"{at.long_lag.verdict} {shown(at.long_lag)}" + ", not trained" * (not at.trained)
        return f"**{text}**" if budget == record.budget else text

    return [
        BUDGETS,
        "",
        *as_table(
            ["system", "model", *(f"{budget:g} x tokens" for budget in columns)],
            [[r.system, pretty(r.model), *(told(r, b) for b in columns)] for r in records],
        ),
        "",
    ]


def control_table(records: Sequence[ClaimRecord]) -> list[str]:
    """Error of the slowest timescale in every cell that has controls, and of each control."""
    rows = [row for r in records for row in r.controls]
    columns = in_order(pretty(control_name(row.model, row.of)) for row in rows)
    errors: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        mine = errors.setdefault((row.cell, row.of), {"itself": row.error})
        mine[pretty(control_name(row.model, row.of))] = row.error_of_control
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


def claim_section(judgement: Judgement, claim: str, told: dict[str, list[Doubt]]) -> list[str]:
    """The details of one claim: its tables, and the pooled verdicts."""
    mine = [r for r in judgement.records if r.claim == claim]
    pooled = [f"- {pooled_sentence(p)}" for p in judgement.pooled if p.claim == claim]
    lines = [f"## {claim}: {mine[0].statement}", "", *claim_table(mine, told), ""]
    return [*lines, *pooled, *[""] * bool(pooled), *budget_table(mine), *varied_table(mine), ""]


def as_markdown(judgement: Judgement) -> str:
    """All verdicts of a study."""
    records = judgement.records
    lines = ["# Claims", "", *answers(judgement), ""]
    sections = [[*scoreboard(records), ""], *what_to_do(records)] if records else []
    first, left = before_details(lines, sections)
    told = shared_doubts(records)
    lines += [*first, "## Details", "", *left, how(records)]
    for claim in in_order(r.claim for r in records):
        lines += claim_section(judgement, claim, told)
    return "\n".join([*lines, "## Controls", "", CONTROLS, *control_table(records), ""])

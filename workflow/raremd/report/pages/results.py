"""A finished study -> a small folder to keep: the story with its numbers, figures, tables.

Nothing on the page is typed: every number comes from the study's own files.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, zip_longest

import numpy as np
import pandas as pd

from raremd.analysis.assessment import Cause
from raremd.analysis.cell_result import FACTORS
from raremd.analysis.claim_records import ClaimRecord, Judgement
from raremd.analysis.claims import LSTM, TRANSFORMER
from raremd.analysis.ladder import rungs
from raremd.analysis.tidy import CELL, pick
from raremd.analysis.verdicts import Verdict
from raremd.analysis.words import count, listed
from raremd.io.provenance import HASH
from raremd.report.names import named, pretty, tokens
from raremd.report.pages.answers import NUMBERS, answers
from raremd.report.pages.claims import (
    CONTROLS,
    claim_section,
    collapsed,
    control_table,
    how,
    reasons,
    scoreboard,
    what_to_do,
)
from raremd.report.pages.markdown import as_table, before_details
from raremd.report.pages.recommendation import DETAILS
from raremd.study.cell import Cell
from raremd.study.verdict_plans import Control, ResultsPagePlan

EACH = (
    "timescale", "yardstick_timescale", "cross_entropy", "cross_entropy_moved_log2",
    "expected_timescale", "expected_timescale_moved_log2", "tokens", "best_tokens",
)  # fmt: skip
"""Quantities that are kept of each replicate: those that verdicts rest on."""
SUMMARY = (
    *EACH, "log2_ratio", "yardstick_log2_ratio", "ceiling_log2", "yardstick_ceiling_log2",
    "crossing_rate", "residence_time", "slow_transitions", "population", "parameters",
)  # fmt: skip
"""Quantities of which the mean or median over replicates is kept."""
FIGURES = {
    "C1": [],
    "C2": ["dimension", "dimension_interval"],
    "C3": ["interval", "interval_partition"],
    "C4": ["partition"],
    "C5": ["recrossing"],
    "C6": ["residence_times"],
}
"""Which figures of each system stand under which claim."""
KEPT = ("claims", "budgets", *(kind for kinds in FIGURES.values() for kind in kinds), "controls")
"""Kinds of figure that are kept."""
NARROW = ("dimension_interval", "interval_partition")


def reduce(comparison: pd.DataFrame, lags: dict[str, float]) -> pd.DataFrame:
    """Rows of the comparison from which all verdicts follow, and that a spot check compares.

    Parameters
    ----------
    comparison : pandas.DataFrame
    lags : dict
        System -> lag of its yardstick. Rows at that lag, at the cell's own interval, and without
        a lag are kept.
    """
    at = comparison["lag"].to_numpy()
    kept = np.isnan(at)
    for wanted in (comparison["system"].map(lags), comparison["interval"]):
        kept |= np.isclose(at, wanted.to_numpy(np.float64), rtol=1e-6, atol=0)
    single = comparison["quantity"].isin(EACH)
    summary = (comparison["replicate"] == 0) & comparison["quantity"].isin(SUMMARY)
    return comparison[kept & (single | summary)].reset_index(drop=True)


def pictures(names: list[str]) -> list[str]:
    """Figures below each other; those of one column side by side, as a Markdown table."""
    shown = {n: f"![{n}](figures/{n}.png)" for n in names}
    narrow = [shown[n] for n in names if n.endswith(NARROW)]
    lines = [line for n in names if not n.endswith(NARROW) for line in (shown[n], "")]
    if narrow:
        pairs = zip_longest(narrow[::2], narrow[1::2], fillvalue="")
        lines += [*as_table([" ", " "], pairs), ""]
    return lines


def _of_systems(kinds: list[str], systems: list[str], present: list[str]) -> list[str]:
    """Those figures of each system that are there."""
    names = [f"{system}_{kind}" for kind in kinds for system in systems]
    return pictures([name for name in names if name in present])


def demoted(text: str) -> list[list[str]]:
    """Sections of a page below its title, with headings one level deeper."""
    lines = text.splitlines()[2:]
    begins = [0, *(n for n, line in enumerate(lines) if n and line.startswith("## "))]
    sections = [lines[begin:end] for begin, end in pairwise([*begins, len(lines)])]
    return [[f"#{x}" if x.startswith("##") else x for x in section] for section in sections]


def _sentence_first(sections: list[list[str]]) -> list[list[str]]:
    """What stands before the first table is a section of its own, so that it is always shown."""
    (first, *others) = sections
    n = next((n for n, line in enumerate(first) if line.startswith("|")), len(first))
    return [section for section in (first[:n], first[n:]) if section] + others


def _network(model: str, study: ResultsPagePlan) -> str:
    """The network that a model is, or that it is with more tokens."""
    of = {control.name: control.of for control in study.controls if control.varies == "budget"}
    return of.get(model, model)


def _judged(
    model: str, cell: Cell, records: Sequence[ClaimRecord], study: ResultsPagePlan
) -> tuple[str, str]:
    """A model at the budget of the verdicts on a cell, and that in words; those decided first."""
    network = _network(model, study)
    mine = [
        r
        for r in records
        if (r.model, r.claim != "C6") == (network, True) and cell.folder in r.cells
    ]
    decided = [r for r in mine if r.long_lag.verdict is not Verdict.UNDECIDED]
    budget = max((r.budget for r in decided or mine), default=None)
    ladder = rungs(network, study.controls, [])
    rung = next(r for r in ladder if (r.name == model if budget is None else r.budget == budget))
    return rung.name, tokens(rung.budget) if len(ladder) > 1 else ""


def removals(
    comparison: pd.DataFrame, records: Sequence[ClaimRecord], study: ResultsPagePlan
) -> list[str]:
    """What each removal of recrossings does to the slowest timescale of MD and models; a table.

    In the cell's own states, log2 over the MD of the same states with recrossings at the
    yardstick's lag. Bold is an MD that is over-cored: slower than the interval of that MD.
    Networks have the budget of the verdicts on the cell.
    """
    rows, over = [], []
    for system, built_on in study.built_on.items():
        mine = pick(comparison, system=system, quantity="timescale", i=1, replicate=0)
        at_lag = pick(mine, lag=study.yardstick_lags[system])
        removed = mine[mine["partition"].isin(built_on)]
        for (coordinate, interval, partition), cell in removed.groupby(CELL, sort=False):
            where = {"coordinate": coordinate, "interval": interval}
            kept = pick(at_lag, model="md", partition=built_on[partition], **where)
            if kept.empty:
                continue
            md, _, high = kept[["value", "low", "high"]].iloc[0]
            own = pick(cell, model="md", lag=interval)["value"].iloc[0]
            long = pick(cell, lag=study.yardstick_lags[system]).set_index("model")["value"]
            if long["md"] > high:
                over.append(f"`{partition}` of `{system}` (by a factor of {long['md'] / md:.2f})")
            cells = [_log2(own, md, high), _log2(long["md"], md, high)]
            for model in study.models:
                name, budget = _judged(
                    model, Cell(system, coordinate, interval, partition), records, study
                )
                told = _log2(long[name], md) if name in long else "–"
                cells.append(f"{told} ({budget})" if budget and told != "–" else told)
            rows.append([f"`{system}`", f"`{coordinate}/dt_{interval:g}/{partition}`", *cells])
    if not rows:
        return []
    models = [pretty(_network(model, study)) for model in study.models]
    return [
        "Slowest timescale after recrossings were removed: log2 over that of the MD in the same",
        "states with its recrossings, at the yardstick's lag. Bold: even the MD is now slower than",
        "the upper limit of the MD with recrossings, so real transitions were removed",
        "(over-coring).",
        "",
        *as_table(["system", "cell", "MD, own interval", "MD", *models], rows),
        "",
        *_over_cored(over),
    ]


def _over_cored(where: Sequence[str]) -> list[str]:
    if not where:
        return []
    return [
        f"At the long lag the removal slows the MD itself in {listed(where)}. Where a network is "
        "too fast, this offsets part of its error, so C5 can be supported although real "
        "transitions were lost.",
        "",
    ]


def _log2(value: float, md: float, high: float = np.inf) -> str:
    if not (np.isfinite(value) and value > 0):
        return "–"
    text = f"{np.log2(value / md):+.2f}"
    return f"**{text}**" if value > high else text


def _speed(
    comparison: pd.DataFrame, records: Sequence[ClaimRecord], study: ResultsPagePlan
) -> list[str]:
    """Crossing rates and loss beside the timescale, in the base cells."""
    rows = []
    for base in study.bases:
        system, every = base.system, base.interval
        cell = pick(comparison, system=system, replicate=0, **base.levels)
        lag = study.yardstick_lags[system]
        quantities = [
            ("yardstick_timescale", lag), ("crossing_rate", lag), ("crossing_rate", every),
        ]  # fmt: skip
        for model in (_judged(model, base, records, study)[0] for model in study.models):
            loss = pick(cell, quantity="cross_entropy", model=model)["value"]
            if loss.empty:
                continue
            ratios = [_over_md(cell, model, *what) for what in quantities]
            rows.append(
                [f"`{system}`", named(model, study.controls), *ratios, f"{loss.iloc[0]:.4f}"]
            )
    return [
        "### Beyond timescales, in the base cells",
        "",
        "Model over MD: the slowest timescale at the yardstick's lag, the rate of crossing the",
        "slow process there, and that rate with every recrossing that frames show. Beside them",
        "stands the cross-entropy on held-out frames (nats per frame), which hardly shows them.",
        "",
        *as_table(
            ["system", "model", "t1", "crossings", "with recrossings", "cross-entropy"], rows
        ),
        "",
    ]


def _over_md(cell: pd.DataFrame, model: str, quantity: str, lag: float) -> str:
    rows = pick(cell[cell["i"] <= 1], quantity=quantity, lag=lag)
    mine, md = (pick(rows, model=m)["value"] for m in (model, "md"))
    known = len(mine) and len(md) and np.isfinite(mine.iloc[0]) and md.iloc[0] > 0
    return f"{mine.iloc[0] / md.iloc[0]:.2f}" if known else "–"


def spent(cost: pd.DataFrame, controls: Sequence[Control]) -> list[str]:
    """Core-hours of each model in each system; a network's budgets from the smallest on."""
    hours = cost.pivot_table("core_seconds", "model", "system", aggfunc="sum") / 3600.0
    place = {c.name: (c.of, c.varies != "budget", c.budget) for c in controls}
    hours = hours.loc[sorted(hours.index, key=lambda name: place.get(name, (name, False, 1.0)))]
    rows = [
        [named(str(model), controls), *("–" if np.isnan(v) else f"{v:.2f}" for v in row)]
        for model, row in hours.iterrows()
    ]
    return [
        "### Cost",
        "",
        f"Training and generation of {len(cost)} pairs of model and cell, with all their "
        f"replicates, took {np.nansum(hours):.1f} core-hours:",
        "",
        *as_table(["model", *(f"`{system}`" for system in hours.columns)], rows),
    ]


def longer(
    records: Sequence[ClaimRecord], cost: pd.DataFrame, controls: Sequence[Control]
) -> list[str]:
    """What it would take to train those networks longer that leave verdicts undecided.

    No lines where there are none.
    """
    waiting = [r for r in records if any(doubt.cause is Cause.BUDGET for doubt in r.doubts)]
    trained: set[tuple[str, str]] = set()
    for record in waiting:
        for network in (LSTM, TRANSFORMER) if record.claim == "C6" else (record.model,):
            names = {rung.budget: rung.name for rung in rungs(network, controls, [])}
            trained |= {(names[record.budget], cell) for cell in record.cells}
    cells = [Cell(*levels).folder for levels in cost[FACTORS].itertuples(index=False, name=None)]
    mine = [pair in trained for pair in zip(cost["model"], cells, strict=True)]
    if not any(mine):
        return []
    return [
        "",
        f"{count(len(waiting), 'verdict')} at the long lag would need longer training. Four times "
        f"the tokens in the {count(sum(mine), 'pair')} of network and cell behind them would take "
        f"about {4 * cost.loc[mine, 'core_seconds'].sum() / 3600:.1f} core-hours.",
    ]


def page(
    judgement: Judgement,
    recommendation: str,
    diagnosis: str,
    comparison: pd.DataFrame,
    cost: pd.DataFrame,
    study: ResultsPagePlan,
    commits: list[str],
    figures: list[str],
) -> str:
    """The page: answers, what was tried, which cell to take, and then the details by claim.

    Parameters
    ----------
    judgement : Judgement
    recommendation, diagnosis : str
        Markdown of the study.
    comparison, cost : pandas.DataFrame
    study : ResultsPagePlan
    commits : list of str
        Of the code that made the results.
    figures : list of str
        Names of the figures that are there.
    """
    claims, controls = judgement.records, study.controls
    systems = [base.system for base in study.bases]
    head = [
        "# Results of the study",
        "",
        *answers(judgement),
        "",
        NUMBERS,
        *_made(comparison, study, commits),
        *pictures([name for name in ("budgets",) if name in figures]),
        "## Which interval and partition should I use, and how do I know?",
        "",
    ]
    shown, left = before_details(
        head, _sentence_first(demoted(recommendation.partition(DETAILS)[0]))
    )
    lines = [*head, *shown, DETAILS, "", *left]
    lines += ["### The claims at a glance", "", *scoreboard(claims), ""]
    lines += [line for section in what_to_do(claims) for line in section] + [how(claims)]
    lines += pictures([name for name in ("claims",) if name in figures])
    for claim in sorted({r.claim for r in claims}):
        of_claim = _of_systems(FIGURES[claim], systems, figures)
        of_claim += removals(comparison, claims, study) if claim == "C5" else []
        lines += claim_section(judgement, claim, controls, of_claim)
    lines += reasons(claims)
    lines += ["### Controls", "", CONTROLS, *_of_systems(["controls"], systems, figures)]
    lines += collapsed("Each cell", control_table(claims, controls))
    why, _, readings = diagnosis.partition(DETAILS)
    lines += ["### Why a network fails", "", *why.splitlines()[2:], ""]
    lines += collapsed("Each network", readings.strip().splitlines())
    lines += [
        *_speed(comparison, claims, study),
        *spent(cost, controls),
        *longer(claims, cost, controls),
    ]
    return "\n".join(lines) + "\n"


def _made(comparison: pd.DataFrame, study: ResultsPagePlan, commits: list[str]) -> list[str]:
    """How large the study is, and where it comes from."""
    cells = comparison[comparison["coordinate"] != ""]
    n_cells = len(cells.drop_duplicates(["system", *CELL]))
    models = set(cells["model"]) - {"md", "reference"}
    at = ", ".join(f"`{c[:HASH]}{'-dirty' * c.endswith('-dirty')}`" for c in commits)
    return [
        f"{count(len(study.bases), 'system')}, {count(n_cells, 'cell')}, {len(models)} models and "
        f"controls, up to {study.replicates} replicates of each. Written by the workflow at commit "
        f"{at}; the numbers behind verdicts: [claims.json](claims.json), comparison.parquet, "
        "[cost.csv](cost.csv); how they were made: [config.json](config.json), "
        "[provenance.json](provenance.json), [method](../method.md).",
        "",
    ]

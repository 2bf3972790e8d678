"""What the data can tell, before anything is trained.

Frames, states, implied timescales against lag with error bars, rare events, for every planned cell
whether it can give a verdict, and how long the study takes at most on this machine.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from raremd.analysis.cell_kinetics import MAX_BLOCKS
from raremd.kinetics.bootstrap import (
    bootstrap_timescales,
    bootstrap_weights,
    interval,
    trajectory_blocks,
)
from raremd.kinetics.timescales import (
    block_counts,
    count_matrix,
    count_transitions,
    estimate,
    slow_split,
    timescales,
)
from raremd.learning.training import TrainingSettings, make_optimiser, training_step
from raremd.models import build_model
from raremd.models.base import Stream
from raremd.states.discrete_trajectories import DiscreteSystem, read_states
from raremd.states.split import Windows, at_interval, check_lengths, take
from raremd.study.plans import InspectedCell, InspectionPlan, ModelPlan

COLUMNS = [
    "system", "coordinate", "partition", "interval", "model",
    "quantity", "i", "lag", "value", "low", "high", "unit",
]  # fmt: skip
PROBE_STEPS = 2
PROBE_FRAMES = 24
HEAVIEST = "raremd.learning.train_and_generate, raremd.analysis.cell_kinetics, matplotlib.figure"
"""What jobs import."""
FIGURE_JOBS = 12
"""For each system; they take little longer than their start."""
MANY_DIMENSIONS = 20
"""Of a coordinate; with so many k-means mostly sees noise."""
LISTED = 20
"""Trajectories that are listed one by one; of more only the extremes are told."""


@dataclass(frozen=True)
class Rates:
    """Measured speed of one model, in frames a second on one core."""

    training: float
    generation: float


def probe(plan: ModelPlan, n_states: int, walkers: int) -> Rates:
    """Core time of a few steps of training and of generation, with random states."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    how = TrainingSettings(**vars(plan.budget))
    model = build_model(plan.kind, n_states, plan.settings)
    states = rng.integers(n_states, size=max(how.batch, walkers) + how.window, dtype=np.int16)
    model.prepare([states])
    windows = Windows.of([model.encode(states)], how.window)
    rate = np.inf
    if any(p.requires_grad for p in model.parameters()):
        optimiser = make_optimiser(model, how)
        drawn = torch.from_numpy(windows.draw(how.batch, rng))
        batch = [(1.0, drawn[:, :-1], drawn[:, 1:])]
        for step in range(PROBE_STEPS + 1):
            if step == 1:  # the first one warms up
                started = time.process_time()
            training_step(model, optimiser, batch, how.gradient_norm)
        rate = PROBE_STEPS * how.batch * how.window / (time.process_time() - started)
    prompt = torch.from_numpy(windows.draw(walkers, rng)[:, :-1])
    with torch.inference_mode():
        state, tokens = model.initial_state(prompt), prompt[:, -1].clone()
        out = np.empty((PROBE_FRAMES, walkers), np.int16)
        tokens, state = model.generate(tokens, state, Stream(0, 0, 0), out[:1])  # warms up
        started = time.process_time()
        model.generate(tokens, state, Stream(0, 0, 1), out)
    return Rates(rate, PROBE_FRAMES * walkers / (time.process_time() - started))


def job_start() -> float:
    """Core seconds until a job on this machine has loaded what it needs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", f"import {HEAVIEST}"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _its(
    system: DiscreteSystem, dtrajs: list[np.ndarray], lags: list[int], n: int, plan: InspectionPlan
) -> Iterator[dict]:
    """Timescales of all the MD against lag, in frames, with bootstrap bars."""
    lengths = [len(d) for d in dtrajs]
    blocks = trajectory_blocks(lengths, max(plan.block, sum(lengths) // MAX_BLOCKS))
    if len(blocks) > 1:
        rng = np.random.default_rng(plan.seed)
        weights = bootstrap_weights(len(blocks), plan.samples, rng)
    for lag in lags:
        model = estimate(count_matrix(dtrajs, system.n_states, lag))
        values = timescales(model.transition_matrix, lag, n, model.stationary)
        low = high = np.full(n, np.nan)
        if len(blocks) > 1:
            counts = block_counts(dtrajs, system.n_states, lag, blocks)
            low, high = interval(bootstrap_timescales(counts, weights, lag, n))
        for i in range(n):
            yield {
                "quantity": "timescale", "i": i + 1, "lag": lag,
                "value": values[i], "low": low[i], "high": high[i],
            }  # fmt: skip


def state_rows(system: DiscreteSystem, lag: int) -> Iterator[dict]:
    """How much of a partition the MD visits and connects at one lag."""
    visits = sum(np.bincount(d, minlength=system.n_states) for d in system.md)
    jumps = sum(int(np.count_nonzero(d[1:] != d[:-1])) for d in system.md)
    model = estimate(count_matrix(system.md, system.n_states, lag))
    found = {
        "dimensions": system.dimension,
        "states": system.n_states,
        "visited_states": int((visits > 0).sum()),
        "active_states": len(model.active),
        "active_frames": visits[model.active].sum() / visits.sum(),
        "jumps": jumps,
    }
    for quantity, value in found.items():
        yield {"quantity": quantity, "lag": lag, "value": float(value)}


def _event_counts(system: DiscreteSystem, dtrajs: list[np.ndarray], lag: int) -> list[int]:
    """Slow transitions in each trajectory, in metastable states sliced at the yardstick's lag."""
    labels = slow_split(estimate(count_matrix(system.md, system.n_states, lag)))
    return [count_transitions([d[::lag]], labels) for d in dtrajs]


def _cell_rows(
    cell: InspectedCell, parts: list[list[int]], rates: dict[str, Rates], plan: InspectionPlan
) -> Iterator[dict]:
    """Frames and upper limits of the time that the models of a cell take.

    `parts` are the lengths of the trajectories of training and of validation.
    """
    training, validation = ([-(-n // cell.slicing.stride) for n in part] for part in parts)
    yield {"quantity": "training_frames", "value": float(sum(training))}
    # A window must fit into one trajectory at least of both parts.
    longest = min(max(training), max(validation))
    yield {"quantity": "longest_trajectory", "value": float(longest)}
    frames = plan.generation_frames // cell.slicing.stride
    for model in cell.models:
        rate = rates[model.name]
        once = model.budget.tokens / rate.training + plan.walkers * frames / rate.generation
        yield {"quantity": "core_seconds", "model": model.name, "value": once * plan.replicates}


def levelled_off(rows: list[dict], lag: int, tolerance: float) -> bool:
    """Whether t1 changes by no more than `tolerance` (log2) from the yardstick's lag on."""
    times = [r["value"] for r in rows if r["quantity"] == "timescale" and r["i"] == 1]
    lags = [r["lag"] for r in rows if r["quantity"] == "timescale" and r["i"] == 1]
    later = np.array([t for t, tau in zip(times, lags, strict=True) if tau >= lag])
    return bool(np.isfinite(later).all() and np.ptp(np.log2(later)) <= tolerance)


def _reasons(
    rows: list[dict], models: tuple[ModelPlan, ...], events: int, level: bool, plan: InspectionPlan
) -> list[str]:
    """Why a cell cannot give a verdict."""
    found = []
    if events < plan.minimum_transitions:
        found.append(f"only {_count(events, 'slow transition')} in the training data")
    if not level:
        found.append("the reference has not levelled off with lag")
    longest = next(r["value"] for r in rows if r["quantity"] == "longest_trajectory")
    window = max(model.budget.window for model in models)
    if longest <= window:
        found.append(
            f"its longest trajectory of training or validation has {longest:.0f} frames, the "
            f"window needs more than {window}"
        )
    return found


def _cannot_remove(system: DiscreteSystem, cell: InspectedCell) -> list[str]:
    """Why recrossings cannot be removed from training or validation: tau_c is too long."""
    labels, _ = system.labels(cell.slicing.recrossing)
    try:
        for part in (system.split.training, system.split.validation):
            at_interval(
                labels, part, cell.slicing.stride, cell.slicing.recrossing, cell.slicing.tau
            )
    except ValueError as error:
        return [f"the study stops there, {error}"]
    return []


def inspect_system(plan: InspectionPlan) -> tuple[pd.DataFrame, list[str]]:
    """Everything about one system, as a tidy table and as lines of Markdown.

    Parameters
    ----------
    plan : InspectionPlan

    Returns
    -------
    table : pandas.DataFrame
        Columns `COLUMNS`; times in the unit of the system.
    lines : list of str

    Raises
    ------
    ValueError
        If no trajectory is longer than the longest lag.
    """
    loaded = {(s.coordinate, s.partition): read_states(Path(s.path)) for s in plan.states}
    yardstick, lag = loaded[plan.yardstick], plan.yardstick_lag
    lengths = [len(d) for d in yardstick.md]
    check_lengths(lengths, max(plan.lags))
    rows: list[dict] = []
    for (coordinate, partition), system in loaded.items():
        at = {"coordinate": coordinate, "partition": partition}
        rows += [at | row for row in state_rows(system, lag)]
        rows += [at | row for row in _its(system, system.md, plan.lags, plan.timescales, plan)]
    at = dict(zip(("coordinate", "partition"), plan.yardstick, strict=True))
    mine = [r for r in rows if r.items() >= at.items()]
    level = levelled_off(mine, lag, plan.tolerance)
    per_trajectory = _event_counts(yardstick, yardstick.md, lag)
    training, held_out = take(yardstick.md, yardstick.split.training), yardstick.split.validation
    events = sum(_event_counts(yardstick, training, lag))
    rows += [
        at | {"quantity": "slow_transitions", "i": k, "value": float(n), "lag": lag}
        for k, n in enumerate(per_trajectory, start=1)
    ]
    parts = [[len(d) for d in part] for part in (training, take(yardstick.md, held_out))]
    n_blocks = len(trajectory_blocks(parts[0], plan.block))
    rows.append(at | {"quantity": "training_blocks", "value": float(n_blocks)})
    rates = _rates(plan, loaded)
    cells = []
    for cell in plan.cells:
        states = loaded[cell.coordinate, cell.states]
        of_models = {m.name: rates[m.name, states.n_states] for m in cell.models}
        own = list(_cell_rows(cell, parts, of_models, plan))
        reasons = _cannot_remove(states, cell)
        reasons += _reasons(own, cell.models, events, level, plan)
        own.append({"quantity": "can_tell", "value": float(not reasons)})
        where = {k: getattr(cell, k) for k in ("coordinate", "partition", "interval")}
        rows += [where | row for row in own]
        cells.append((cell, own, reasons))
    table = pd.DataFrame(rows, columns=COLUMNS).assign(system=plan.system)
    table["lag"] *= plan.frame_interval
    times = table["quantity"] == "timescale"
    table.loc[times, ["value", "low", "high"]] *= plan.frame_interval
    table["unit"] = np.where(times, plan.unit, "")
    return table, _page(plan, lengths, per_trajectory, events, level, table, cells)


def _rates(plan: InspectionPlan, loaded: dict[tuple, DiscreteSystem]) -> dict[tuple, Rates]:
    """Speed of every model with every number of states that occurs."""
    found: dict[tuple, Rates] = {}
    for cell in plan.cells:
        for model in cell.models:
            key = model.name, loaded[cell.coordinate, cell.states].n_states
            if key not in found:
                found[key] = probe(model, key[1], plan.walkers)
    return found


def running_time(table: pd.DataFrame, cores: int) -> list[str]:
    """How long the whole study takes at most on this machine, as lines of Markdown.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `inspect_system`, all systems.
    cores : int
        Jobs that run at once.
    """
    models = table[table["quantity"] == "core_seconds"]
    cells = models[["system", "coordinate", "partition", "interval"]].drop_duplicates()
    # One for each model of a cell, one for its kinetics.
    jobs = len(models) + len(cells) + FIGURE_JOBS * cells["system"].nunique()
    learning, starting = models["value"].sum() / 60, jobs * job_start() / 60
    total = learning + starting
    return [
        "## Running time",
        "",
        f"At most about **{_minutes(total / cores)} on {_count(cores, 'core')}**: training and "
        f"generation {_minutes(learning)} of one core (less where training stops early), "
        f"starting {jobs} jobs {_minutes(starting)}; by short timings on this machine, if nothing "
        "else runs on it.",
        "",
    ]


def _minutes(minutes: float) -> str:
    if minutes >= 120:
        return f"{minutes / 60:.1f} hours"
    return f"{minutes:.0f} min" if minutes >= 10 else f"{minutes:.1f} min"


def _advice(plan: InspectionPlan, table: pd.DataFrame, level: bool) -> Iterator[str]:
    """What to change in the configuration."""
    dimensions = table[table["quantity"] == "dimensions"].drop_duplicates("coordinate")
    for row in dimensions[dimensions["value"] > MANY_DIMENSIONS].itertuples():
        yield (
            f"`coordinates`: `{row.coordinate}` has {row.value:.0f} dimensions, of which k-means "
            "mostly sees the noise; add a coordinate of a few TICA components (`tica_dimension`, "
            "`tica_lag`)"
        )
    frame, unit, lag = plan.frame_interval, plan.unit, plan.yardstick_lag
    windows = [m.budget.window for cell in plan.cells for m in cell.models]
    shortest = table.loc[table["quantity"] == "longest_trajectory", "value"].min()
    if shortest <= max(windows):
        yield (
            f"`training.window` ({max(windows)} frames): the study stops at the cells that have no "
            f"so long trajectory; {max(2, int(shortest) // 2)} frames suit every interval, or "
            "leave the longest out of `sweeps`"
        )
    if table.loc[table["quantity"] == "training_blocks", "value"].item() < 2:
        yield (
            f"`block` ({plan.block * frame:g} {unit}): the study stops, because the training "
            "data are one trajectory that does not hold two of them; shorten it"
        )
    at = dict(zip(("coordinate", "partition"), plan.yardstick, strict=True))
    t1 = table[(table["quantity"] == "timescale") & (table["i"] == 1)]
    t1 = t1[(t1[list(at)] == pd.Series(at)).all(axis=1)].set_index("lag")["value"]
    if not np.isfinite(t1).any():
        yield "the yardstick's states are never left and entered again: more MD is needed"
        return
    flat = [tau for tau in t1.index if np.ptp(np.log2(t1[t1.index >= tau])) <= plan.tolerance]
    over = t1[lag * frame] < lag * frame
    if not level and not over:
        where = f"it does from {flat[0]:g} {unit} on" if len(flat) > 1 else "add longer `lags`"
        yield f"`yardstick.lag` ({lag * frame:g} {unit}): t1 has not levelled off there; {where}"
    slowest = t1.iloc[-1]
    if over:
        yield (
            f"`yardstick.lag` ({lag * frame:g} {unit}) is longer than t1, which is over within one "
            "lag: shorten it"
        )
    if np.isfinite(slowest) and plan.block * frame < slowest:
        yield (
            f"`block` ({plan.block * frame:g} {unit}) is shorter than t1: error bars will be "
            "too small; lengthen it if the trajectories allow"
        )
    generated = plan.walkers * plan.generation_frames * frame
    if np.isfinite(slowest) and generated < 100 * slowest:
        yield (
            f"`generation` makes {generated:g} {unit} a replicate, less than 100 times t1: raise "
            "its `time` or `walkers`"
        )


def _page(plan, lengths, per_trajectory, events, level, table, cells) -> list[str]:
    frame, unit = plan.frame_interval, plan.unit
    total = sum(lengths)
    lines = [
        f"## {plan.system}",
        "",
        f"{_count(len(lengths), 'trajectory', 'trajectories')}, "
        f"{total:,} frames of {frame:g} {unit}: "
        f"{total * frame:,.6g} {unit} in all{_range(lengths)}",
        "",
        "### States",
        "",
        "| coordinate | dimensions | partition | states | visited | connected | frames connected "
        "| jumps |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for pair in ((s.coordinate, s.partition) for s in plan.states):
        own = table[(table["coordinate"] == pair[0]) & (table["partition"] == pair[1])]
        v = own[own["interval"].isna()].drop_duplicates("quantity").set_index("quantity")["value"]
        lines.append(
            f"| {pair[0]} | {v['dimensions']:.0f} | {pair[1]} | {v['states']:.0f} "
            f"| {v['visited_states']:.0f} "
            f"| {v['active_states']:.0f} | {100 * v['active_frames']:.2f} % | {v['jumps']:,.0f} |"
        )
    lines += ["", f"### Implied timescales against lag ({unit})", ""]
    lines += _its_table(plan, table)
    lines += [
        "",
        f"At the yardstick's lag of {plan.yardstick_lag * frame:g} {unit} the slowest timescale "
        f"**has {'' if level else 'not '}levelled off**.",
        "",
        "### Rare events",
        "",
        f"{_count(sum(per_trajectory), 'slow transition')}, {events} of them in the training data. "
        + _spread(per_trajectory),
        "",
        "### Planned cells",
        "",
        "| coordinate | partition | interval | training frames | can tell | core-minutes |",
        "|---|---|---|---|---|---|",
    ]
    for cell, own, reasons in sorted(cells, key=lambda c: c[0].interval):
        cost = sum(r["value"] for r in own if r["quantity"] == "core_seconds")
        frames = next(r["value"] for r in own if r["quantity"] == "training_frames")
        answer = "yes" if not reasons else "no: " + "; ".join(reasons)
        lines.append(
            f"| {cell.coordinate} | {cell.partition} | {cell.interval:g} {unit} "
            f"| {frames:,.0f} | {answer} | {cost / 60:.1f} |"
        )
    lines.append("")
    advice = list(_advice(plan, table, level))
    return lines + (["### What to change", "", *(f"- {a}." for a in advice), ""] if advice else [])


def _its_table(plan: InspectionPlan, table: pd.DataFrame) -> list[str]:
    its = table[table["quantity"] == "timescale"]
    names = [f"t{i + 1} [95 %]" for i in range(plan.timescales)]
    lines = [
        "| coordinate | partition | lag | " + " | ".join(names) + " |",
        "|---|---|---|" + "---|" * len(names),
    ]
    for (coordinate, partition, lag), rows in its.groupby(
        ["coordinate", "partition", "lag"], sort=False
    ):
        times = " | ".join(map(_time, rows.itertuples()))
        lines.append(f"| {coordinate} | {partition} | {lag:g} | {times} |")
    return [*lines, "", "In parentheses: shorter than the lag, too fast to be told there."]


def _time(row) -> str:
    """A timescale with its interval, where it is one."""
    if not np.isfinite(row.value):
        return "none"
    if row.value < row.lag:
        return f"({_digits(row.value, 2)})"
    return f"{_digits(row.value, 4)} [{_digits(row.low, 3)}, {_digits(row.high, 3)}]"


def _digits(value: float, n: int) -> str:
    """Rounded to `n` digits, without an exponent where it can be avoided."""
    return f"{float(f'{value:.{n}g}'):.6g}"


def _count(n: int, one: str, several: str = "") -> str:
    """A number with its noun."""
    return f"{n:,} {one if n == 1 else several or one + 's'}"


def _range(lengths: list[int]) -> str:
    low, high = min(lengths), max(lengths)
    if len(lengths) == 1:
        return "."
    return f", {low:,} frames each." if low == high else f", from {low:,} to {high:,} frames."


def _spread(counts: list[int]) -> str:
    if len(counts) <= LISTED:
        return f"By trajectory: {', '.join(map(str, counts))}."
    none = sum(n == 0 for n in counts)
    return f"By trajectory: {min(counts)} to {max(counts)}; none in {none} of {len(counts)}."

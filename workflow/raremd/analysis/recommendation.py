"""Comparison -> an answer: which saving interval and partition to take, and what they cost.

A model reproduces a cell if, in the metastable states and at the lag of the yardstick, every
replicate has every slow timescale and their geometric mean lies within the MD's 95 % interval.
Slow is what the MD shows there to be longer than the yardstick's lag, seen in the yardstick's own
states; the rest is not compared. A cell whose own states, mapped to the metastable ones, no longer
show these timescales in the MD itself misses a slow process, and is not recommended however well
it is learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from raremd.analysis.claims import CellResult
from raremd.analysis.tidy import pick
from raremd.kinetics.bootstrap import log2_deviation, replicate_interval
from raremd.report.names import pretty

CELL = ["coordinate", "interval", "partition"]
COLUMNS = ["i", "md", "low", "high", "missed", "model", "failed", "spread", "error"]
WIDE = 2.0
"""An MD interval over more than this factor contains almost anything; replicates that differ by
more have not learned the same."""
MANY = 5
"""Cells of which one alone may be right by chance."""
ALL_CELLS = "## All cells"
"""Heading from which on the page is for looking things up."""


@dataclass(frozen=True)
class Candidate:
    """One model in one cell.

    Attributes
    ----------
    coordinate, partition, model : str
    interval : float
    dimension, n_states, replicates : int
    processes : pandas.DataFrame
        A row a slow timescale: i, md, low, high, model (geometric mean of the replicates that
        have it), failed (number of those that do not), spread (largest over smallest of those
        that do), error (mean over all replicates of |log2(model / MD)|, a failure counting as
        10), missed (bool).
    """

    coordinate: str
    partition: str
    model: str
    interval: float
    dimension: int
    n_states: int
    replicates: int
    processes: pd.DataFrame

    @property
    def within(self) -> pd.Series:
        """Of each slow timescale, whether all replicates have it and their mean is the MD's."""
        p = self.processes
        return (p["low"] <= p["model"]) & (p["model"] <= p["high"]) & (p["failed"] == 0)

    @property
    def reproduces(self) -> bool:
        """Whether every slow timescale lies within the MD's interval."""
        return len(self.processes) > 0 and bool(self.within.all()) and not self.misses

    @property
    def error(self) -> float:
        """Largest error of a slow timescale, in log2 units."""
        worst = self.processes["error"].to_numpy().max(initial=0.0)
        return float(worst) if np.isfinite(worst) else np.inf

    @property
    def misses(self) -> bool:
        """Whether the states of this cell do not show a slow process of the MD."""
        return bool(self.processes["missed"].any())

    @property
    def preference(self) -> tuple:
        """Sorts coarse before fine intervals, few before many states and dimensions."""
        return -self.interval, self.n_states, self.dimension, self.error, self.model

    @property
    def cell(self) -> tuple:
        """Levels of its cell."""
        return self.coordinate, self.interval, self.partition


def slow_timescales(times: pd.DataFrame, yardstick: dict[str, str], lag: float) -> pd.Series:
    """What the MD shows to be longer than the lag, by i.

    In the yardstick's own states, at the finest interval at which a cell has them; without such
    a cell the longest of all cells, as timescales of other states can only be too short.

    Parameters
    ----------
    times : pandas.DataFrame
        yardstick_timescale of all cells at the yardstick's lag.
    yardstick : dict
        Its coordinate and partition.
    lag : float
    """
    md = pick(times, model="md")
    own = pick(md, **yardstick)
    md = own[own["interval"] == own["interval"].min()] if len(own) else md
    longest = md.groupby("i")["value"].max()
    return longest[longest > lag]


def candidates(
    table: pd.DataFrame,
    n_states: dict[tuple, int],
    models: list[str],
    settings: dict[str, Any],
) -> list[Candidate]:
    """Every model in every cell of a system, best to have first.

    Parameters
    ----------
    table : pandas.DataFrame
        Comparison of one system.
    n_states : dict
        (coordinate, interval, partition) -> number of states.
    models : list of str
        Those that are looked at.
    settings : dict
        coordinate, partition and lag of the yardstick; tolerance, the log2 by which a cell's MD
        may differ from the yardstick's where its 95 % interval does not hold the latter.
    """
    lag, tolerance = settings["lag"], settings["tolerance"]
    times = pick(table[table["coordinate"] != ""], lag=lag, quantity="yardstick_timescale")
    yardstick = {name: settings[name] for name in ("coordinate", "partition")}
    slow = slow_timescales(times, yardstick, lag)
    found = []
    for key, rows in times.groupby(CELL, sort=False):
        md = pick(rows, model="md").set_index("i")[["value", "low", "high"]]
        md = md.rename(columns={"value": "md"}).reindex(slow.index)
        near = np.abs(np.log2(md["md"] / slow)) <= tolerance
        md["missed"] = ~(near | ((md["low"] <= slow) & (slow <= md["high"])))
        for model in models:
            mine = pick(rows, model=model)
            mine = mine[mine["replicate"] > 0]
            if mine.empty:
                continue
            processes = [
                dict(of_md) | _learned(of_md, pick(mine, i=i)["value"].to_numpy()) | {"i": i}
                for i, of_md in md.iterrows()
            ]
            found.append(
                Candidate(
                    *(key[0], key[2], model, float(key[1])),
                    dimension=int(rows["dimension"].iloc[0]),
                    n_states=n_states[key],
                    replicates=mine["replicate"].nunique(),
                    processes=pd.DataFrame(processes, columns=COLUMNS),
                )
            )
    return sorted(found, key=lambda c: c.preference)


def _learned(md: pd.Series, replicates: np.ndarray) -> dict[str, Any]:
    """One timescale of the MD beside that of the replicates, (n_replicates,)."""
    mean = replicate_interval(replicates)
    good = replicates[np.isfinite(replicates) & (replicates > 0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = log2_deviation(np.log2(replicates), np.log2(md["md"]))
    return {
        "model": mean.mean,
        "failed": mean.n_failed,
        "spread": good.max() / good.min() if len(good) else np.nan,
        "error": float(np.abs(deviation).mean()),
    }


def lost_processes(table: pd.DataFrame, chosen: Candidate) -> list[float]:
    """MD timescales, resolved at the finest interval, that end below the chosen one.

    They are those of the cell with the finest interval and most timescales, in its own states at
    its own interval, slowest first.
    """
    md = pick(table, model="md", quantity="timescale", interval=float(table["interval"].min()))
    md = md[np.isclose(md["lag"], md["interval"])].dropna(subset=["value"])
    if md.empty:
        return []
    cells = md.groupby(CELL, sort=False)["value"]
    times = max((values.to_numpy() for _, values in cells), key=len)
    return [float(t) for t in times if t < chosen.interval]


def evidence(
    table: pd.DataFrame, chosen: Candidate, lag: float, tolerance: float, minimum_transitions: int
) -> tuple[list[str], list[str]]:
    """What the recommendation rests on, and what weakens it."""
    levels = {name: getattr(chosen, name) for name in CELL}
    cell = CellResult("", chosen.interval, lag, pick(table, **levels), {})
    known, weak = [f"{chosen.replicates} trainings that differ in the seed"], []
    events = f"{cell.n_events} slow transitions in the training data"
    if cell.n_events < minimum_transitions:
        weak.append(f"only {events}: more MD is worth more than a better model")
    else:
        known.append(events)
    if cell.levelled_off(tolerance):
        known.append("a reference whose slowest timescale has levelled off with lag")
    else:
        weak.append(
            "the reference's slowest timescale still changes with lag beyond the yardstick's: "
            "longer lags, a better coordinate or a finer yardstick may change the answer"
        )
    wide = chosen.processes["high"] > WIDE * chosen.processes["low"]
    if wide.any():
        weak.append(
            f"the MD's own error of {_which(chosen, wide)} is more than a factor of {WIDE:g}"
        )
    scattered = chosen.processes["spread"] > WIDE
    if scattered.any():
        most = chosen.processes["spread"].max()
        weak.append(
            f"the replicates' {_which(chosen, scattered)} differ by a factor of up to {most:.2g}"
        )
    return known, weak


@dataclass(frozen=True)
class Answer:
    """What is recommended for one system.

    Attributes
    ----------
    system, unit : str
    lag : float
        Of the yardstick.
    found : list of Candidate
        Networks in all cells, best to have first.
    markov : dict
        Cell -> the plain Markov model there.
    chosen : Candidate or None
        None where there is no slow timescale to compare.
    lost : list of float
        Timescales that end below the chosen interval.
    known, weak : list of str
        What speaks for the recommendation, and against it.
    """

    system: str
    unit: str
    lag: float
    found: list[Candidate]
    markov: dict[tuple, Candidate]
    chosen: Candidate | None
    lost: list[float]
    known: list[str]
    weak: list[str]


def recommend(
    system: str,
    table: pd.DataFrame,
    n_states: dict[tuple, int],
    settings: dict[str, Any],
) -> Answer:
    """The recommendation for one system.

    Parameters
    ----------
    system : str
    table : pandas.DataFrame
        Its rows of the comparison.
    n_states : dict
        As in `candidates`.
    settings : dict
        coordinate, partition, lag and unit of the system's yardstick; networks, baselines,
        tolerance, minimum_transitions.
    """
    lag, tolerance = settings["lag"], settings["tolerance"]
    found = candidates(table, n_states, settings["networks"], settings)
    markov = candidates(table, n_states, settings["baselines"], settings)
    chosen, lost, known, weak = None, [], [], []
    if any(len(c.processes) for c in found):
        good = [c for c in found if c.reproduces]
        chosen = good[0] if good else min(found, key=lambda c: (c.misses, c.error, c.preference))
        lost = lost_processes(table, chosen)
        known, weak = evidence(table, chosen, lag, tolerance, settings["minimum_transitions"])
        weak += _luck(chosen, found)
    by_cell = {c.cell: c for c in markov}
    return Answer(system, settings["unit"], lag, found, by_cell, chosen, lost, known, weak)


def _luck(chosen: Candidate, found: list[Candidate]) -> list[str]:
    """A model that is right in one of many cells may be so by chance."""
    cells = [c.reproduces for c in found if c.model == chosen.model]
    if chosen.reproduces and len(cells) >= MANY and sum(cells) == 1:
        return [
            f"of {len(cells)} cells this is the only one in which the {pretty(chosen.model)} is "
            "right, which may be chance"
        ]
    return []


def _which(candidate: Candidate, rows: pd.Series) -> str:
    return ", ".join(f"t{i}" for i in candidate.processes.loc[rows, "i"])


def _time(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}" if np.isfinite(value) else "none"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "–"


def _where(chosen: Candidate, unit: str) -> str:
    return (
        f"**{chosen.interval:g} {unit}** and `{chosen.coordinate}`, `{chosen.partition}` "
        f"({chosen.n_states} states) with the {pretty(chosen.model)}"
    )


def _process_table(candidate: Candidate, unit: str) -> list[str]:
    name = pretty(candidate.model)
    lines = [
        f"| process | MD [95 %] | {name} | {name} / MD | replicates without it "
        "| within the MD's error |",
        "|---|---|---|---|---|---|",
    ]
    for p, within in zip(candidate.processes.itertuples(), candidate.within, strict=True):
        lines.append(
            f"| t{p.i} | {_time(p.md, unit)} [{p.low:.3g}, {p.high:.3g}] | {_time(p.model, unit)} "
            f"| {_ratio(p.model / p.md)} | {p.failed} of {candidate.replicates} "
            f"| {'yes' if within else 'no'} |"
        )
    return lines


def _summary_row(answer: Answer) -> str:
    c = answer.chosen
    if c is None:
        return f"| {answer.system} | – | – | – | no slow timescale to compare | – |"
    name = pretty(c.model)
    outcome = f"yes, the {name}" if c.reproduces else f"no; nearest is the {name}"
    doubts = len(answer.weak)
    sure = "no doubts" if not doubts else f"{doubts} doubt{'s' * (doubts > 1)}, see below"
    return (
        f"| {answer.system} | {c.interval:g} {answer.unit} | `{c.coordinate}` | `{c.partition}` "
        f"({c.n_states} states) | {outcome} | {sure} |"
    )


def _section(answer: Answer) -> list[str]:
    """What to take, how one knows, what is lost."""
    chosen, unit = answer.chosen, answer.unit
    lines = [f"## {answer.system}", ""]
    if chosen is None:
        return [
            *lines,
            f"No cell does: the MD has no timescale longer than the yardstick's lag of "
            f"{answer.lag:g} {unit}; choose a shorter one.",
            "",
        ]
    where = _where(chosen, unit)
    if chosen.reproduces:
        lines += [
            f"Take {where}: the coarsest interval, and there the simplest partition, at which a "
            f"model's slow timescales lie within the MD's error (at a lag of {answer.lag:g} "
            f"{unit}).",
        ]
    else:
        learned = _which(chosen, chosen.within) or "none"
        capped = (
            " (one without a timescale counts as 10)" if chosen.processes["failed"].any() else ""
        )
        lines += [
            f"No cell does: nowhere do all slow timescales lie within the MD's error (at a lag of "
            f"{answer.lag:g} {unit}). The nearest is {where}: {learned} within the MD's "
            f"error, the worst off by {chosen.error:.2f} log2 units in the mean over replicates"
            f"{capped}.",
        ]
    lines += ["", *_process_table(chosen, unit), ""]
    lines.append(f"- How one knows: {'; '.join(answer.known)}.")
    if answer.lost:
        times = ", ".join(_time(t, unit) for t in answer.lost)
        lines.append(f"- Lost: processes faster than the interval ({times} at the finest one).")
    else:
        lines.append("- Lost: no process that the finest interval resolves.")
    markov = answer.markov.get(chosen.cell)
    if markov is not None:
        verdict = "does: no network is needed there" if markov.reproduces else "does not"
        lines.append(f"- A plain Markov model of that cell {verdict} (error {markov.error:.2f}).")
    lines.append(
        f"- Over the sweep, cells in which all slow timescales are right: {_tally(answer)}."
    )
    lines += [f"- Beware: {doubt}." for doubt in answer.weak]
    return [*lines, ""]


def _tally(answer: Answer) -> str:
    """In how many of its cells each model reproduces the slow timescales."""
    models = dict.fromkeys(c.model for c in [*answer.found, *answer.markov.values()])
    everything = [*answer.found, *answer.markov.values()]
    counts = {m: [c.reproduces for c in everything if c.model == m] for m in models}
    return ", ".join(f"{pretty(m)} {sum(yes)} of {len(yes)}" for m, yes in counts.items())


def _lookup(answer: Answer) -> list[str]:
    """Every network in every cell."""
    lines = [
        f"### {answer.system}",
        "",
        "| interval | coordinate | partition | states | model | largest error (log2) "
        "| replicates without a timescale | reproduced |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for c in answer.found:
        verdict = "yes" if c.reproduces else "its states miss a slow process" if c.misses else "no"
        lines.append(
            f"| {c.interval:g} {answer.unit} | {c.coordinate} | {c.partition} | {c.n_states} "
            f"| {pretty(c.model)} | {_ratio(c.error)} | {c.processes['failed'].max()} of "
            f"{c.replicates} | {verdict} |"
        )
    return [*lines, ""]


def as_markdown(answers: list[Answer]) -> str:
    """The page: the answer of each system, why, and at the end all cells."""
    lines = [
        "# Recommendation",
        "",
        "Which saving interval and partition to take, by the slow implied timescales in the",
        "yardstick's metastable states: the mean over replicates against the 95 % interval of the",
        "MD that was trained on. Coarser intervals and fewer states are preferred.",
        "",
        "| system | saving interval | coordinate | partition | reproduced? | how sure |",
        "|---|---|---|---|---|---|",
        *map(_summary_row, answers),
        "",
    ]
    for answer in answers:
        lines += _section(answer)
    lines += [
        ALL_CELLS,
        "",
        "<details><summary>Every network in every cell</summary>",
        "",
        "Coarse before fine intervals, few before many states. The error is that of the worst slow",
        "timescale: mean over replicates of |log2(model / MD)|, 1 is a factor of two, and a",
        "replicate that has no such timescale counts as 10.",
        "",
    ]
    for answer in answers:
        lines += _lookup(answer)
    return "\n".join([*lines, "</details>", ""])

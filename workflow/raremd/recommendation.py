"""Comparison -> an answer: which saving interval and partition to take, and what they cost.

A model reproduces a cell if, in the metastable states and at the lag of the yardstick, the mean of
its replicates lies within the MD's 95 % interval for every slow timescale. Slow is what the MD
shows, in any cell, to be longer than the yardstick's lag; the rest is not compared there at all.
A cell whose own MD no longer shows a slow process at its full length hides it (timescales of
states can only be too short), and is not recommended however well it is learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from raremd.claims import CellResult
from raremd.figures.selection import pick, pretty

CELL = ["coordinate", "interval", "partition"]
WIDE = 2.0
"""An MD interval over more than this factor contains almost anything."""


@dataclass(frozen=True)
class Candidate:
    """One model in one cell.

    Attributes
    ----------
    coordinate, partition, model : str
    interval : float
    dimension, n_states : int
    processes : pandas.DataFrame
        A row a slow timescale: i, md, low, high, model (time), log2 (ratio), hidden (bool).
    """

    coordinate: str
    partition: str
    model: str
    interval: float
    dimension: int
    n_states: int
    processes: pd.DataFrame

    @property
    def reproduces(self) -> bool:
        """Whether every slow timescale lies within the MD's interval."""
        p = self.processes
        within = (p["low"] <= p["model"]) & (p["model"] <= p["high"]) & ~p["hidden"]
        return len(p) > 0 and bool(within.all())

    @property
    def error(self) -> float:
        """Largest deviation of a slow timescale, in log2 units."""
        worst = np.abs(self.processes["log2"].to_numpy()).max(initial=0.0)
        return float(worst) if np.isfinite(worst) else np.inf

    @property
    def hides(self) -> bool:
        """Whether the states of this cell no longer resolve a slow process of the MD."""
        return bool(self.processes["hidden"].any())

    @property
    def preference(self) -> tuple:
        """Sorts coarse before fine intervals, few before many states and dimensions."""
        return -self.interval, self.n_states, self.dimension, self.error, self.model

    @property
    def name(self) -> str:
        """For people."""
        return f"`{self.coordinate}`, `{self.partition}` ({self.n_states} states)"


def candidates(
    table: pd.DataFrame,
    n_states: dict[tuple, int],
    lag: float,
    models: list[str],
    tolerance: float,
) -> list[Candidate]:
    """Every model in every cell of a system, best to have first.

    Parameters
    ----------
    table : pandas.DataFrame
        Comparison of one system.
    n_states : dict
        (coordinate, interval, partition) -> number of states.
    lag : float
        Of the yardstick.
    models : list of str
        Those that may be recommended.
    tolerance : float
        log2 by which a cell's own MD may fall short of the longest of all cells.
    """
    at_lag = pick(table, lag=lag)
    longest = pick(at_lag, model="md", quantity="yardstick_timescale").groupby("i")["value"].max()
    found = []
    for key, rows in at_lag[at_lag["coordinate"] != ""].groupby(CELL, sort=False):
        times = pick(rows, quantity="yardstick_timescale")
        md = times[times["model"] == "md"].set_index("i")[["value", "low", "high"]]
        md = md.rename(columns={"value": "md"}).reindex(longest.index[longest > lag])
        hidden = ~(md["md"] >= longest.reindex(md.index) * 2**-tolerance)
        for model in models:
            mine = times[(times["model"] == model) & (times["replicate"] == 0)].set_index("i")
            if mine.empty:
                continue
            ratio = pick(rows, quantity="yardstick_log2_ratio", model=model)
            ratio = ratio[ratio["replicate"] == 0].set_index("i")["value"]
            values = {"model": mine["value"], "log2": ratio}
            aligned = {name: column.reindex(md.index) for name, column in values.items()}
            processes = md.assign(**aligned, hidden=hidden).reset_index()
            found.append(
                Candidate(
                    coordinate=key[0],
                    interval=float(key[1]),
                    partition=key[2],
                    model=model,
                    dimension=int(rows["dimension"].iloc[0]),
                    n_states=n_states[key],
                    processes=processes,
                )
            )
    return sorted(found, key=lambda c: c.preference)


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


def doubts(
    table: pd.DataFrame, chosen: Candidate, lag: float, tolerance: float, minimum_transitions: int
) -> list[str]:
    """What weakens the recommendation."""
    levels = {name: getattr(chosen, name) for name in CELL}
    cell = CellResult(chosen.name, chosen.interval, lag, pick(table, **levels), {})
    found = []
    if cell.n_events < minimum_transitions:
        found.append(
            f"only {cell.n_events} slow transitions in the training data: more MD is worth more "
            "than a better model"
        )
    if not cell.levelled_off(tolerance):
        found.append(
            "the reference's slowest timescale still changes with lag beyond the yardstick's: "
            "longer lags, a better coordinate or a finer yardstick may change the answer"
        )
    wide = chosen.processes["high"] > WIDE * chosen.processes["low"]
    if wide.any():
        i = ", ".join(f"t{i}" for i in chosen.processes.loc[wide, "i"])
        found.append(f"the MD's own error of {i} is more than a factor of {WIDE:g}")
    return found


def _time(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}" if np.isfinite(value) else "none"


def _process_table(candidate: Candidate, unit: str) -> list[str]:
    lines = [
        "",
        f"| process | MD [95 %] | {pretty(candidate.model)} | ratio |",
        "|---|---|---|---|",
    ]
    for p in candidate.processes.itertuples():
        lines.append(
            f"| t{p.i} | {_time(p.md, unit)} [{p.low:.3g}, {p.high:.3g}] "
            f"| {_time(p.model, unit)} | {2**p.log2:.2f} |"
        )
    return [*lines, ""]


def _all_cells(found: list[Candidate], unit: str) -> list[str]:
    lines = [
        "",
        "| interval | coordinate | partition | model | largest error (log2) | reproduced |",
        "|---|---|---|---|---|---|",
    ]
    for c in found:
        answer = "yes" if c.reproduces else "hides a slow process" if c.hides else "no"
        lines.append(
            f"| {c.interval:g} {unit} | {c.coordinate} | {c.partition} | {pretty(c.model)} "
            f"| {c.error:.2f} | {answer} |"
        )
    return lines


def recommend(
    system: str,
    table: pd.DataFrame,
    n_states: dict[tuple, int],
    settings: dict[str, Any],
) -> list[str]:
    """The recommendation for one system, as lines of Markdown.

    Parameters
    ----------
    system : str
    table : pandas.DataFrame
        Its rows of the comparison.
    n_states : dict
        As in `candidates`.
    settings : dict
        lag and unit of the system's yardstick; networks, tolerance, minimum_transitions.
    """
    lag, unit = settings["lag"], settings["unit"]
    lines = [f"## {system}", ""]
    found = candidates(table, n_states, lag, settings["networks"], settings["tolerance"])
    if not any(len(c.processes) for c in found):
        return [
            *lines,
            f"No cell does: the MD has no timescale longer than the yardstick's lag of "
            f"{lag:g} {unit}; choose a shorter one.",
        ]
    good = [c for c in found if c.reproduces]
    chosen = good[0] if good else min(found, key=lambda c: (c.hides, c.error, c.preference))
    where = f"**{chosen.interval:g} {unit}** and {chosen.name} with the {pretty(chosen.model)}"
    if good:
        lines += [
            f"Take {where}: the coarsest interval, and there the simplest partition, at which a "
            f"model's slow timescales lie within the MD's error (at a lag of {lag:g} {unit}).",
        ]
    else:
        lines += [
            f"No cell does: nowhere do all slow timescales lie within the MD's error (at a lag of "
            f"{lag:g} {unit}). The nearest is {where}, off by {chosen.error:.2f} log2 units.",
        ]
    lines += _process_table(chosen, unit)
    lost = lost_processes(table, chosen)
    if lost:
        times = ", ".join(_time(t, unit) for t in lost)
        lines.append(f"- Lost: processes faster than the interval ({times} at the finest one).")
    else:
        lines.append("- Lost: no process that the finest interval resolves.")
    markov = candidates(table, n_states, lag, settings["baselines"], settings["tolerance"])
    same = [c for c in markov if all(getattr(c, n) == getattr(chosen, n) for n in CELL)]
    if same:
        verdict = "does: no network is needed there" if same[0].reproduces else "does not"
        lines.append(f"- A plain Markov model of that cell {verdict} (error {same[0].error:.2f}).")
    weak = doubts(table, chosen, lag, settings["tolerance"], settings["minimum_transitions"])
    lines += [f"- Beware: {doubt}." for doubt in weak]
    return [*lines, *_all_cells(found, unit)]


def as_markdown(sections: list[list[str]]) -> str:
    """The page."""
    head = [
        "# Recommendation",
        "",
        "Which saving interval and partition to take, by the slow implied timescales in the",
        "yardstick's metastable states: the mean over replicates against the 95 % interval of the",
        "MD that was trained on. Coarser intervals and fewer states are preferred.",
        "",
    ]
    return "\n".join([*head, *(line for section in sections for line in [*section, ""])])

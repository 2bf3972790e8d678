"""Where models are right, over two dials of the hidden chains at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from raremd.analysis.cell_result import LOG2_CAP, Reading
from raremd.analysis.kept_laws import KeptLaws, expectation
from raremd.analysis.tidy import full_grid, pick
from raremd.io.storage import Number
from raremd.study.laws_plan import LawsPlan

DIALS = {"t1": "t₁ (frames)", "n_states": "states", "memory": "memory (frames)"}
"""Property of a chain -> what it is."""
PLANES = (("t1", "n_states"), ("t1", "memory"))


@dataclass(frozen=True)
class RightMap:
    """One model over two dials.

    Attributes
    ----------
    model : str
    reading : Reading
    x, y : str
        Of `DIALS`.
    at_x, at_y : tuple of float
        n and m levels, ascending.
    log2 : (m, n) floats
        log2(t1 model / t1 MD), mean over replicates; NaN where nothing ran.
    expected : (m, n) floats
        The same at one step by the laws; NaN where they say nothing.
    """

    model: str
    reading: Reading
    x: str
    y: str
    at_x: tuple[float, ...]
    at_y: tuple[float, ...]
    log2: tuple[tuple[Number, ...], ...]
    expected: tuple[tuple[Number, ...], ...]


def _chains(plan: LawsPlan) -> pd.DataFrame:
    """Dials of the chains with two basins, by system."""
    return pd.DataFrame(
        [
            {"system": name, "t1": c.t1, "memory": c.memory, "n_states": float(c.n_states)}
            for name, c in plan.chains.items()
            if c.basins == 2
        ],
        columns=["system", *DIALS],
    )


def _plane(chains: pd.DataFrame, x: str, y: str) -> pd.DataFrame:
    """The largest full grid over two dials, the third the same; empty without any."""
    (third,) = set(DIALS) - {x, y}
    best = chains[:0]
    for _, level in chains.groupby(third):
        at_x, at_y = full_grid(level, x, y)
        chosen = level[level[x].isin(at_x) & level[y].isin(at_y)]
        best = max(best, chosen, key=len)
    return best.drop_duplicates([x, y])


def _expected(chosen: pd.DataFrame, own: pd.DataFrame, kind: str, kept: KeptLaws) -> pd.Series:
    """log2 ratio at one step by the laws, by system."""
    law = kept.of(kind)
    tokens = pick(own, quantity="tokens").query("replicate > 0").groupby("system")["value"].median()
    times = pick(own, model="md", quantity="timescale", i=1, replicate=0)
    times = times[np.isclose(times["lag"], times["interval"], rtol=1e-6, atol=0)]
    t1 = (times["value"] / times["interval"]).set_axis(times["system"])
    found = {}
    for row in chosen.itertuples():
        if law is not None and tokens.get(row.system, 0) > 0 and row.system in t1:
            ratio = expectation(law, tokens[row.system], row.n_states, t1[row.system]).ratio
            found[row.system] = np.log2(ratio.value)
    return pd.Series(found, dtype=np.float64)


def right_maps(comparison: pd.DataFrame, plan: LawsPlan, kept: KeptLaws) -> Iterator[RightMap]:
    """Maps over every plane of dials of which the study has a full grid of chains.

    Each chain is taken in its own states, frame by frame; models are those that ran in all.

    Parameters
    ----------
    comparison : pandas.DataFrame
    plan : LawsPlan
    kept : KeptLaws
        Whose expectation stands beside what came out.
    """
    frames = comparison["system"].map({s.name: s.frame_interval for s in plan.systems})
    own = comparison[(comparison["partition"] == "given")]
    own = own[np.isclose(own["interval"], frames[own.index])]
    lags = {s.name: s.lag for s in plan.systems}
    kinds = {m.name: m.kind for m in plan.models}
    for x, y in PLANES:
        chosen = _plane(_chains(plan), x, y)
        here = own[own["system"].isin(list(chosen["system"]))]
        for model in kinds:
            of_model = here[(here["model"] == model)]
            if chosen.empty or of_model["system"].nunique() < len(chosen):
                continue
            of_both = here[here["model"].isin([model, "md"])]
            expected = _expected(chosen, of_both, kinds[model], kept)
            for reading in Reading:
                at_step = reading is Reading.ONE_STEP
                quantity = "log2_ratio" if at_step else "yardstick_log2_ratio"
                rows = pick(of_model, quantity=quantity, i=1).query("replicate > 0")
                lag = rows["interval"] if at_step else rows["system"].map(lags)
                rows = rows[np.isclose(rows["lag"], lag, rtol=1e-6, atol=0)]
                mean = rows.groupby("system")["value"].mean().clip(-LOG2_CAP, LOG2_CAP)
                grids = [
                    chosen.assign(value=chosen["system"].map(values)).pivot_table(
                        index=y, columns=x, values="value", dropna=False
                    )
                    for values in (mean, expected)
                ]
                yield RightMap(
                    model, reading, x, y, tuple(grids[0].columns), tuple(grids[0].index),
                    *(tuple(map(tuple, grid.to_numpy(np.float64).tolist())) for grid in grids),
                )  # fmt: skip

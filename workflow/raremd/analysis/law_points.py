"""What laws are fitted to: one row for each training, taken from the comparison of a study."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from raremd.analysis.cell_result import FACTORS, MD, Reading
from raremd.analysis.predicted import with_md
from raremd.analysis.tidy import pick
from raremd.data.simulated.hidden_chain_exact import Answers
from raremd.kinetics.leak import predicted_timescale
from raremd.study.laws_plan import LawsPlan

ERRORS = {
    "error": "error at one step",
    "long_error": "error at the yardstick's lag",
    "leak": "leak",
    "excess_loss": "excess loss",
}
"""Column of `points` -> what it is."""


def points(
    comparison: pd.DataFrame, plan: LawsPlan, answers: Mapping[str, Answers]
) -> pd.DataFrame:
    """One row for each training of a network.

    Parameters
    ----------
    comparison : pandas.DataFrame
    plan : LawsPlan
    answers : mapping
        Hidden chain -> what is known exactly of it.

    Returns
    -------
    pandas.DataFrame
        system, coordinate, interval, partition, model, replicate; network, kind, variant, plain,
        family, held_out; tokens, budget (tokens to two digits), parameters, states,
        frames (unique ones of the training data); cross_entropy; t1, the
        MD's slowest timescale at one step in saved frames; ratio and long_ratio, of what is
        generated over the MD at one step and at the yardstick's lag, expected_ratio and
        predicted_ratio before generation; excess, the rate that a model adds a frame at one step;
        error, abs(t1 MD / t1 model - 1) at one step; long_error, abs(ln long_ratio); leak;
        excess_loss over the lowest possible loss of a hidden chain seen frame by frame, NaN where
        that is not known.
    """
    key = [*FACTORS, "model", "replicate"]
    trained = pick(comparison, quantity="tokens").query("value > 0 and replicate > 0")
    table = trained[[*key, "value"]].rename(columns={"value": "tokens"})
    one_step = np.isclose(comparison["lag"], comparison["interval"], rtol=1e-6, atol=0)
    lags = comparison["system"].map({s.name: s.lag for s in plan.systems})
    at_yardstick = np.isclose(comparison["lag"], lags, rtol=1e-6, atol=0)
    shared = ("parameters", "states", "training_frames")
    for name in shared:
        rows = pick(comparison, quantity=name)[[*FACTORS, "model", "value"]]
        table = table.merge(rows.rename(columns={"value": name}), on=[*FACTORS, "model"])
    for name in ("leak", "cross_entropy"):
        table = _with(table, pick(comparison, quantity=name), name)
    for name, quantity, where in (
        ("own", Reading.ONE_STEP.value, one_step),
        ("long", Reading.LONG_LAG.value, at_yardstick),
        ("expected", "expected_timescale", one_step),
    ):
        rows = pick(comparison[where], quantity=quantity, i=1)
        table = _with(table, rows[rows["model"] != MD], name)
        if name != "expected":
            table = with_md(table, rows).rename(columns={"md": f"{name}_md"})
    table = _labelled(table.rename(columns={"training_frames": "frames"}), plan)
    return _derived(table, answers)


def _with(table: pd.DataFrame, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    key = [*FACTORS, "model", "replicate"]
    return table.merge(rows[[*key, "value"]].rename(columns={"value": name}), on=key, how="left")


def _labelled(table: pd.DataFrame, plan: LawsPlan) -> pd.DataFrame:
    models = {model.name: model for model in plan.models}
    systems = {system.name: system for system in plan.systems}
    of_model = table["model"].map(models)
    of_system = table["system"].map(systems)
    return table.assign(
        network=[m.network for m in of_model],
        kind=[m.kind for m in of_model],
        variant=[m.variant for m in of_model],
        plain=[m.plain for m in of_model],
        family=[s.family for s in of_system],
        held_out=[s.held_out for s in of_system],
        frame=[s.frame_interval for s in of_system],
        budget=[float(f"{tokens:.2g}") for tokens in table["tokens"]],
    )


def _derived(table: pd.DataFrame, answers: Mapping[str, Answers]) -> pd.DataFrame:
    ratio, long_ratio = table["own"] / table["own_md"], table["long"] / table["long_md"]
    t1 = table["own_md"] / table["interval"]
    pairs = zip(table["own_md"], table["expected"], strict=True)
    lowest = pd.Series(np.nan, table.index)
    # Hidden chains are solved in their own states, frame by frame.
    solved = (table["partition"] == "given") & np.isclose(table["interval"], table["frame"])
    for system, known in answers.items():
        lowest = lowest.mask(solved & (table["system"] == system), known.entropies.rate)
    with np.errstate(divide="ignore", invalid="ignore"):
        return table.assign(
            t1=t1,
            ratio=ratio,
            long_ratio=long_ratio,
            expected_ratio=table["expected"] / table["own_md"],
            predicted_ratio=[predicted_timescale(*pair) for pair in pairs] / table["own_md"],
            excess=(1.0 / ratio - 1.0) / t1,
            error=abs(1.0 / ratio - 1.0),
            long_error=abs(np.log(long_ratio)),
            excess_loss=table["cross_entropy"] - lowest,
        ).drop(columns=["own", "own_md", "long", "long_md", "expected", "frame"])

"""How well a model's expected one-step timescale predicts what it generates, over all cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from raremd.analysis.cell_result import FACTORS, MD, Reading
from raremd.analysis.tidy import pick
from raremd.kinetics.leak import predicted_timescale

WITHIN = 1.5
"""A prediction within this factor is a good one."""
PREDICTORS = {"expected": "expected matrix", "twice": "expected matrix, excess twice"}
"""Column of `Predictions.ratios` -> what it is."""


@dataclass(frozen=True)
class Agreement:
    """Of one predictor with what is generated, at one reading.

    Attributes
    ----------
    n, left_out : int
        Trainings, and those without a prediction or without a generated timescale.
    correlation : float
        Of the logarithms of predicted and generated over the MD's timescale; NaN for fewer than
        three trainings.
    rms : float
        Of ln(predicted / generated).
    within : float
        Share of the trainings whose prediction is within a factor of `WITHIN`.
    """

    n: int
    left_out: int
    correlation: float
    rms: float
    within: float


@dataclass(frozen=True)
class Predictions:
    """Predicted and generated slowest timescales of all trainings of a study.

    Attributes
    ----------
    ratios : mapping
        Reading -> frame with a row for each training: system, coordinate, interval, partition,
        model, replicate; expected, twice and generated over the MD's slowest timescale at the
        same lag.
    agreement : mapping
        Reading and predictor -> how they agree.
    """

    ratios: Mapping[Reading, pd.DataFrame]
    agreement: Mapping[tuple[Reading, str], Agreement]


def agreement(predicted: np.ndarray, generated: np.ndarray) -> Agreement:
    """How predictions (n,) agree with what is generated (n,); both over the MD's timescale."""
    good = np.isfinite(predicted) & np.isfinite(generated) & (predicted > 0) & (generated > 0)
    x, y = np.log(predicted[good]), np.log(generated[good])
    error = x - y
    spread = len(x) > 2 and x.std() > 0 and y.std() > 0
    return Agreement(
        n=len(x),
        left_out=int(np.sum(~good)),
        correlation=float(np.corrcoef(x, y)[0, 1]) if spread else np.nan,
        rms=float(np.sqrt(np.mean(error**2))) if len(x) else np.nan,
        within=float(np.mean(abs(error) < np.log(WITHIN))) if len(x) else np.nan,
    )


def predictions(comparison: pd.DataFrame, lags: Mapping[str, float]) -> Predictions:
    """Predictions beside outcomes of all trained models of a study.

    What is predicted is one step in the cell's own states; as the same ratio to the MD it is also
    held against the yardstick's lag, where it is known to fail: leaks that return at once are not
    seen there.

    Parameters
    ----------
    comparison : pandas.DataFrame
        Models that were not trained on tokens are left out.
    lags : mapping
        System -> lag of its yardstick, in its time unit.
    """
    key = [*FACTORS, "model", "replicate"]
    tokens = pick(comparison, quantity="tokens")
    trained = tokens.loc[tokens["value"] > 0, key]
    of_lag = {
        Reading.ONE_STEP: comparison["interval"],
        Reading.LONG_LAG: comparison["system"].map(lags),
    }
    rates = _at(comparison, "expected_timescale", of_lag[Reading.ONE_STEP])
    times = _at(comparison, Reading.ONE_STEP.value, of_lag[Reading.ONE_STEP])
    expected = with_md(trained.merge(rates[[*key, "value"]], on=key), times).dropna(subset="md")
    pairs = zip(expected["md"], expected["value"], strict=True)
    expected["twice"] = [predicted_timescale(*pair) for pair in pairs] / expected["md"]
    expected["expected"] = expected["value"] / expected["md"]
    ratios = {}
    for reading, lag in of_lag.items():
        times = _at(comparison, reading.value, lag)
        both = with_md(times[[*key, "value"]].reset_index(drop=True), times).dropna(subset="md")
        both["generated"] = both["value"] / both["md"]
        ratios[reading] = expected[[*key, *PREDICTORS]].merge(both[[*key, "generated"]], on=key)
    found = {
        (reading, name): agreement(table[name].to_numpy(), table["generated"].to_numpy())
        for reading, table in ratios.items()
        for name in PREDICTORS
    }
    return Predictions(ratios, found)


def _at(comparison: pd.DataFrame, quantity: str, lag: pd.Series) -> pd.DataFrame:
    """Slowest times at a lag that depends on the row."""
    here = np.isclose(comparison["lag"], lag, rtol=1e-6, atol=0) & (comparison["i"] == 1)
    return comparison[here & (comparison["quantity"] == quantity)]


def with_md(table: pd.DataFrame, times: pd.DataFrame) -> pd.DataFrame:
    """A table with the MD's slowest timescale of each row's cell as column md.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns of the cell and replicate.
    times : pandas.DataFrame
        Timescales at the wanted lag, those of the MD among them. Where it consists of sets, the one
        counts that the replicate was trained on. NaN where it has none.
    """
    own = pick(times, model=MD)
    own = own[own["value"] > 0][[*FACTORS, "replicate", "value"]].rename(columns={"value": "md"})
    whole = own[own["replicate"] == 0].drop(columns="replicate")
    by_set = table.merge(own, on=[*FACTORS, "replicate"], how="left")["md"]
    return table.assign(md=by_set.fillna(table.merge(whole, on=FACTORS, how="left")["md"]))

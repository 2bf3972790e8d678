"""Was a training still moving at its end, or past its best? What its history says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class LastDoubling:
    """log2 of the value at the end over that at half of the tokens; NaN where it is unknown.

    Attributes
    ----------
    timescale : float
        Of the expected one-step timescale.
    loss : float
        Of the validation loss.
    """

    timescale: float
    loss: float


def last_doubling(history: pd.DataFrame) -> LastDoubling:
    """What the last doubling of a training's tokens changed.

    Between evaluations values are interpolated, both axes logarithmic.

    Parameters
    ----------
    history : pandas.DataFrame
        Of one replicate, see `checkpoint.Evaluation`.
    """
    changes = (_change(history, name) for name in ("expected_timescale", "validation_loss"))
    return LastDoubling(*changes)


def best_tokens(history: pd.DataFrame) -> int:
    """Tokens after which the validation loss was lowest: the weights of then are kept.

    Parameters
    ----------
    history : pandas.DataFrame
        Of one replicate, see `checkpoint.Evaluation`.
    """
    return int(history["tokens"].iloc[history["validation_loss"].to_numpy().argmin()])


def _change(history: pd.DataFrame, column: str) -> float:
    end, read = history["tokens"].iloc[-1], history[history[column] > 0]
    tokens, values = (read[name].to_numpy(np.float64) for name in ("tokens", column))
    if not len(read) or tokens[-1] < end or not 0 < tokens[0] <= end / 2:
        return np.nan
    log = np.log2(values)
    return float(log[-1] - np.interp(np.log2(end / 2), np.log2(tokens), log))

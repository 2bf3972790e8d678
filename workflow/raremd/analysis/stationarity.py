"""Does the slowest timescale still depend on the lag? The one answer that all pages share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from raremd.io.storage import Number
from raremd.kinetics.bootstrap import interval

SPAN = 3.0
"""Lags must reach from the yardstick's to this many times as far."""


class Stationarity(StrEnum):
    """Whether a timescale has converged with lag."""

    STATIONARY = "converged with lag"
    DRIFTING = "still changes with lag"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Drift:
    """How the slowest timescale changes with lag.

    Attributes
    ----------
    outcome : Stationarity
    slope, low, high : float
        log2 of t1 per doubling of the lag, with its 95 % interval; NaN where lags are too few.
    """

    outcome: Stationarity
    slope: Number
    low: Number
    high: Number


UNKNOWN = Drift(Stationarity.CANNOT_TELL, np.nan, np.nan, np.nan)


def _slope(log_lags: np.ndarray, log_times: np.ndarray) -> np.ndarray:
    """Least-squares slope along the first axis."""
    x = log_lags - log_lags.mean()
    return np.tensordot(x, log_times, axes=1) / (x @ x)


def drift_with_lag(
    lags: np.ndarray, times: np.ndarray, samples: np.ndarray, lag: float, tolerance: float
) -> Drift:
    """Slope of the slowest timescale from the yardstick's lag on.

    Parameters
    ----------
    lags : (n_lags,) float array
        Ascending, in any unit.
    times : (n_lags,) float array
        Slowest implied timescale at each lag.
    samples : (n_lags, n_samples) float array
        The same in bootstrap samples, paired between lags.
    lag : float
        Of the yardstick.
    tolerance : float
        Largest |log2 change| of t1 per doubling of the lag that counts as none.

    Returns
    -------
    Drift
        Undecided where lags reach less than three times the yardstick's, where the MD holds no
        finite timescale, and where the interval of the slope holds a limit of the tolerance.
    """
    later = lags >= lag * (1 - 1e-9)
    lags, times, samples = lags[later], times[later], samples[later]
    if len(lags) < 2 or lags[-1] < SPAN * lags[0] * (1 - 1e-9) or not (times > 0).all():
        return UNKNOWN
    samples = samples[:, (samples > 0).all(axis=0) & np.isfinite(samples).all(axis=0)]
    if not np.isfinite(times).all() or samples.shape[1] < 2:
        return UNKNOWN
    # Up to three times the lag, and over all lags: a long flat tail must not hide a steep start.
    near = int(np.argmax(lags >= SPAN * lags[0] * (1 - 1e-9))) + 1
    found = [
        _drift(np.log2(lags[:n]), np.log2(times[:n]), np.log2(samples[:n]), tolerance)
        for n in (near, len(lags))
    ]
    for outcome in (Stationarity.DRIFTING, Stationarity.CANNOT_TELL):
        for drift in found:
            if drift.outcome is outcome:
                return drift
    return found[0]


def _drift(
    log_lags: np.ndarray, log_times: np.ndarray, log_samples: np.ndarray, tolerance: float
) -> Drift:
    """Drift over one range of lags."""
    slope = float(_slope(log_lags, log_times))
    low, high = (float(bound) for bound in interval(_slope(log_lags, log_samples)))
    if -tolerance <= low and high <= tolerance:
        outcome = Stationarity.STATIONARY
    elif low > tolerance or high < -tolerance:
        outcome = Stationarity.DRIFTING
    else:
        outcome = Stationarity.CANNOT_TELL
    return Drift(outcome, slope, low, high)


def converged_from(
    lags: np.ndarray, times: np.ndarray, samples: np.ndarray, tolerance: float
) -> float | None:
    """Shortest lag from which the slowest timescale has converged; None if there is none.

    Parameters as in :func:`drift_with_lag`.
    """
    for lag in lags:
        drift = drift_with_lag(lags, times, samples, lag, tolerance)
        if drift.outcome is Stationarity.STATIONARY:
            return float(lag)
    return None

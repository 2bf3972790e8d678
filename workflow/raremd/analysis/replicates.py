"""Timescales of a few replicates: their mean, and how far it is from the MD's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from raremd.kinetics.bootstrap import RATIO_CAP, log2_deviation


@dataclass(frozen=True)
class ReplicateInterval:
    """Centre and Student interval of a positive quantity over replicates.

    Attributes
    ----------
    mean : float
        Geometric mean of the replicates that have a value; NaN if none has.
    low, high : float
        Limits of the interval for the geometric mean. NaN with fewer than two replicates, and
        whenever one failed: the survivors say nothing about the spread of all.
    n_failed : int
        Replicates without a finite positive value.
    """

    mean: float
    low: float
    high: float
    n_failed: int


def replicate_interval(values: Sequence[float], level: float = 0.95) -> ReplicateInterval:
    """Geometric mean and Student interval of a timescale over a few replicates.

    Parameters
    ----------
    values : sequence of float
        One value a replicate, such as a timescale; NaN and inf are failures.
    level : float
        Coverage of the interval, mean +- t_(n-1) s / sqrt(n) of the logarithms.

    Returns
    -------
    ReplicateInterval
    """
    times = np.asarray(values, np.float64)
    good = np.log(times[np.isfinite(times) & (times > 0)])
    n_failed = len(times) - len(good)
    if not len(good):
        return ReplicateInterval(np.nan, np.nan, np.nan, n_failed)
    mean = good.mean()
    half = np.nan
    if n_failed == 0 and len(good) > 1:
        error = good.std(ddof=1) / np.sqrt(len(good))
        half = error * stats.t.ppf((1.0 + level) / 2.0, len(good) - 1)
    low, high = np.exp(mean - half), np.exp(mean + half)
    return ReplicateInterval(float(np.exp(mean)), float(low), float(high), n_failed)


def _mean_draws(deviations: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws of the mean over replicates, one a row of `deviations` (n_samples, n_replicates)."""
    n_samples, n_replicates = deviations.shape
    if n_replicates < 2:
        return np.full(n_samples, np.nan)
    error = deviations.std(axis=1, ddof=1) / np.sqrt(n_replicates)
    return deviations.mean(axis=1) + error * rng.standard_t(n_replicates - 1, n_samples)


def hierarchical_ratio(
    model: np.ndarray, md: np.ndarray, n_samples: int, rng: np.random.Generator
) -> np.ndarray:
    """Draws of the mean over replicates of log2(model / MD), for one cell.

    Parameters
    ----------
    model : (n_replicates,) array
        log2 timescale of each replicate; failures as in :func:`log2_deviation`.
    md : (n_bootstrap,) array
        log2 timescale of the MD in each bootstrap sample.
    n_samples : int
        Number of draws.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    (n_samples,) float64 array
        NaN with one replicate, whose spread is unknown, and where the MD sample is NaN.

    Notes
    -----
    Each draw takes one MD sample and, over it, one value of the mean over replicates:
    mean + s t_(n-1) / sqrt(n), t a Student variate. Resampling the replicates instead does not
    work for few of them: with n = 3 normal values a 95 % interval covers the truth in 74 % of
    cases, in 80 % once scaled by sqrt(n/(n-1)), because three values have no tails. The Student
    draw covers 95 %; wide intervals are the price of three replicates.
    """
    drawn = np.asarray(md)[rng.integers(len(md), size=n_samples)]
    deviations = log2_deviation(np.asarray(model)[None, :], drawn[:, None])
    return np.clip(_mean_draws(deviations, rng), -RATIO_CAP, RATIO_CAP)

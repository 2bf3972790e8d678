"""From differences between replicates to a verdict, its interval, and what would decide it.

Errors are in log2, so that a difference of 1 is a factor of two. Everything here is arithmetic
on numbers that are already paired; what they are and whether they may be judged at all is decided
in :mod:`raremd.analysis.claims`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import stdtr, stdtrit

TRIMMED = 0.1
"""Share of the replicates that is trimmed at either end: one of ten that failed decides nothing."""
MOST_REPLICATES = 1000
"""Where more than this would be needed, more replicates are not the answer."""


class Verdict(StrEnum):
    """What the data say about a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NO_DIFFERENCE = "no difference"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Effect:
    """An estimate with its standard error.

    Attributes
    ----------
    mean : float
        In log2; NaN without any number.
    standard_error : float
        Infinite where it cannot be estimated.
    degrees : float
        Degrees of freedom of the standard error.
    n : int
        Replicates, or systems where effects were pooled.
    """

    mean: float
    standard_error: float
    degrees: float
    n: int

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Student interval of the given coverage; infinite where there is no standard error."""
        if not np.isfinite([self.mean, self.standard_error]).all() or self.degrees <= 0:
            return -np.inf, np.inf
        half = float(stdtrit(self.degrees, (1 + level) / 2)) * self.standard_error
        return self.mean - half, self.mean + half

    def p_difference(self) -> float:
        """Two-sided p value of no effect."""
        return self.p_beyond(0.0) if np.isfinite(self.standard_error) else 1.0

    def p_equivalence(self, margin: float) -> float:
        """P value of an effect of at least the margin: two one-sided tests, twice the larger.

        It is below 1 - level exactly where the interval lies within the margin (Schuirmann 1987).
        """
        if not np.isfinite(self.standard_error) or abs(self.mean) >= margin:
            return 1.0
        return max(self.p_beyond(margin), self.p_beyond(-margin))

    def p_beyond(self, value: float) -> float:
        """Two-sided p value of the effect being just this value."""
        distance = abs(self.mean - value)
        if self.standard_error == 0:
            return 0.0 if distance else 1.0
        return float(2 * stdtr(self.degrees, -distance / self.standard_error))


@dataclass(frozen=True)
class Decision:
    """A verdict and the interval from which it follows.

    Attributes
    ----------
    verdict : Verdict
    low, high : float
        Interval of the effect at `level`.
    level : float
        Coverage; 0.95, or more where several verdicts on one claim stand side by side.
    """

    verdict: Verdict
    low: float
    high: float
    level: float


def paired_effect(differences: np.ndarray) -> Effect:
    """Trimmed mean of paired differences with its standard error (Yuen 1974).

    Parameters
    ----------
    differences : (n_replicates,) float array
        Hard minus easy, or the like; NaN where a pair is missing.

    Returns
    -------
    Effect
        Below ten replicates nothing is trimmed, and this is the mean with Student's error.
    """
    values = np.sort(differences[np.isfinite(differences)])
    n, trimmed = len(values), int(TRIMMED * len(values))
    kept = n - 2 * trimmed
    if n == 0:
        return Effect(float("nan"), float("inf"), 0, 0)
    mean = float(values[trimmed : n - trimmed].mean())
    if kept < 2:
        return Effect(mean, float("inf"), 0, n)
    winsorised = np.clip(values, values[trimmed], values[n - trimmed - 1])
    spread = winsorised.var(ddof=1) * (n - 1) / (kept * (kept - 1))
    return Effect(mean, float(np.sqrt(spread)), kept - 1, n)


def decide(effect: Effect, margin: float, level: float = 0.95) -> Decision:
    """The verdict on a difference.

    Parameters
    ----------
    effect : Effect
        Positive where it speaks for the claim.
    margin : float
        log2 difference below which two errors count as equal.
    level : float
        Coverage of the interval.

    Returns
    -------
    Decision
        No difference where the interval lies within the margin; supported or contradicted where
        it leaves out zero and reaches beyond the margin; else undecided.
    """
    low, high = effect.interval(level)
    if -margin <= low and high <= margin:
        verdict = Verdict.NO_DIFFERENCE
    elif low > 0:
        verdict = Verdict.SUPPORTED
    elif high < 0:
        verdict = Verdict.CONTRADICTED
    else:
        verdict = Verdict.UNDECIDED
    return Decision(verdict, low, high, level)


def decide_closeness(effect: Effect, margin: float, level: float = 0.95) -> Decision:
    """The verdict on a ratio that should be one: within the margin, outside, or undecided.

    Parameters and result as in :func:`decide`; the effect is log2(model / MD), of either sign.
    """
    low, high = effect.interval(level)
    if -margin <= low and high <= margin:
        verdict = Verdict.SUPPORTED
    elif low > margin or high < -margin:
        verdict = Verdict.CONTRADICTED
    else:
        verdict = Verdict.UNDECIDED
    return Decision(verdict, low, high, level)


def holm_levels(p_values: Sequence[float], alpha: float = 0.05) -> list[float]:
    """Coverage of each interval so that one wrong decision among all is rarer than alpha.

    Parameters
    ----------
    p_values : sequence of float
        Of the decision that each effect comes closest to.
    alpha : float

    Returns
    -------
    list of float
        1 - alpha / m for the smallest of m, 1 - alpha / (m - 1) for the next, and so on up to the
        first that is not significant; that level then holds for all that follow (Holm 1979).
    """
    levels = [0.0] * len(p_values)
    left, stopped = len(p_values), False
    for index in np.argsort(p_values, kind="stable"):
        levels[index] = 1 - alpha / left
        stopped = stopped or p_values[index] > alpha / left
        left -= not stopped
    return levels


def pooled_effect(effects: Sequence[Effect]) -> Effect:
    """Mean effect over systems that differ: random effects with Hartung and Knapp's error.

    Parameters
    ----------
    effects : sequence of Effect
        One per system; those without a standard error are left out.

    Returns
    -------
    Effect
        DerSimonian and Laird (1986) for the spread between systems, Hartung and Knapp (2001)
        for the standard error. A single system gives its own effect.
    """
    sound = [e for e in effects if np.isfinite([e.mean, e.standard_error]).all()]
    if not sound:
        return Effect(float("nan"), float("inf"), 0, 0)
    if len(sound) == 1:
        return sound[0]
    means = np.array([e.mean for e in sound])
    variances = np.array([e.standard_error**2 for e in sound])
    variances = np.maximum(variances, 1e-12)
    weights = 1 / variances
    k = len(sound)
    fixed = np.average(means, weights=weights)
    heterogeneity = weights @ (means - fixed) ** 2
    scale = weights.sum() - (weights**2).sum() / weights.sum()
    between = max(0.0, (heterogeneity - (k - 1)) / scale)
    weights = 1 / (variances + between)
    mean = float(np.average(means, weights=weights))
    # The factor is not let below one: few systems that agree by chance prove little.
    factor = max(1.0, float(weights @ (means - mean) ** 2) / (k - 1))
    return Effect(mean, float(np.sqrt(factor / weights.sum())), k - 1, k)


def replicates_needed(
    effect: Effect, margin: float, level: float = 0.95, closeness: bool = False
) -> int | None:
    """Replicates that would decide an undecided effect if it stays where it is.

    Parameters
    ----------
    effect : Effect
    margin, level : float
        As in :func:`decide`.
    closeness : bool
        To be decided by :func:`decide_closeness` instead.

    Returns
    -------
    int or None
        None where no reasonable number would do, or nothing is known of the scatter.
    """
    if not np.isfinite([effect.mean, effect.standard_error]).all() or effect.n < 2:
        return None
    room = margin - abs(effect.mean)
    room = abs(room) if closeness else max(abs(effect.mean), room)
    scatter = effect.standard_error * np.sqrt(effect.n)
    n = np.arange(effect.n, MOST_REPLICATES + 1)
    degrees = effect.degrees + (n - effect.n)  # of trimmed means fewer than n - 1
    half = stdtrit(degrees, (1 + level) / 2) * scatter / np.sqrt(n)
    enough = n[half < room]
    return int(enough[0]) if len(enough) else None

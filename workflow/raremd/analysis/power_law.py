"""Power laws with a floor, y = scale x^-exponent + floor, and their intervals.

Fits are least squares in ln y. Whether there is a floor is decided by the corrected Akaike
criterion (Hurvich and Tsai, Biometrika 76, 297, 1989). Intervals are from a bootstrap over
trainings: deviations of single trainings from the fit are drawn with replacement.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from raremd.io.storage import Number

LEVELS_OF_FLOOR = 4
"""Values of x below which a floor is not told from curvature."""
BETTER = 2.0
"""By which the criterion of a fit with a floor must be lower."""
STEEPEST = 4.0


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval; NaN where there is none."""

    value: Number
    low: Number
    high: Number


@dataclass(frozen=True)
class PowerLaw:
    """y = scale x^-exponent + floor."""

    scale: float
    exponent: float
    floor: float

    def at(self, x: float) -> float:
        """Y."""
        return float(self.scale * x**-self.exponent + self.floor)

    def reach(self, y: float) -> float:
        """The x from which on the law is below `y`; inf if it never is."""
        if y <= self.floor or self.exponent <= 0:
            return math.inf
        return float((self.scale / (y - self.floor)) ** (1.0 / self.exponent))


@dataclass(frozen=True)
class PowerFit:
    """A fitted law.

    Attributes
    ----------
    law : PowerLaw
    drawn : tuple of PowerLaw
        Of the bootstrap.
    n : int
        Trainings.
    spread : float
        Standard deviation of ln y around the law.
    """

    law: PowerLaw
    drawn: tuple[PowerLaw, ...]
    n: int
    spread: float

    def interval(self, of: Callable[[PowerLaw], float]) -> Interval:
        """A number that follows from the law, with its interval."""
        low, high = np.quantile([of(law) for law in self.drawn], [0.025, 0.975], method="nearest")
        return Interval(of(self.law), float(low), float(high))


def _straight(x: np.ndarray, y: np.ndarray) -> PowerLaw:
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    return PowerLaw(math.exp(intercept), -float(slope), 0.0)


def _bent(x: np.ndarray, y: np.ndarray) -> PowerLaw:
    """With a floor; x and y are scaled so that all numbers are near one."""
    middle, top = math.exp(np.log(x).mean()), math.exp(np.log(y).mean())
    log_x, log_y = np.log(x / middle), np.log(y / top)
    start = _straight(x / middle, y / top)

    def off(numbers: np.ndarray) -> np.ndarray:
        log_scale, exponent, log_floor = numbers
        return np.logaddexp(log_scale - exponent * log_x, log_floor) - log_y

    best = least_squares(
        off,
        [math.log(start.scale), float(np.clip(start.exponent, 0.01, 3.9)), log_y.min() - 1.0],
        bounds=([-50.0, 0.0, -50.0], [50.0, STEEPEST, log_y.max() + 1.0]),
    ).x
    scale = top * math.exp(best[0]) * middle ** best[1]
    return PowerLaw(float(scale), float(best[1]), float(top * math.exp(best[2])))


def _off(law: PowerLaw, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.log(y) - np.log([law.at(value) for value in x])


def _criterion(law: PowerLaw, x: np.ndarray, y: np.ndarray, k: int) -> float:
    n = len(x)
    if n < k + 3:
        return math.inf
    # Deviations below a millionth are rounding.
    squares = float(np.mean(_off(law, x, y) ** 2)) + 1e-12
    return n * math.log(squares) + 2 * (k + 1) * n / (n - k - 2)


def fit_power_law(x: np.ndarray, y: np.ndarray, samples: int, seed: int) -> PowerFit | None:
    """The law of one quantity against one other.

    Parameters
    ----------
    x, y : (n,) arrays
        One training each; those without a positive finite y are left out.
    samples, seed : int
        Of the bootstrap.

    Returns
    -------
    PowerFit or None
        None where fewer than three values of x are left.
    """
    good = np.isfinite(y) & (y > 0) & (x > 0)
    x, y = np.asarray(x[good], np.float64), np.asarray(y[good], np.float64)
    levels = len(np.unique(x))
    if levels < 3:
        return None
    fit, law, k = _straight, _straight(x, y), 2
    if levels >= LEVELS_OF_FLOOR and law.exponent > 0:
        bent = _bent(x, y)
        if _criterion(bent, x, y, 3) < _criterion(law, x, y, 2) - BETTER:
            fit, law, k = _bent, bent, 3
    off = _off(law, x, y)
    off = (off - off.mean()) * math.sqrt(len(x) / max(1, len(x) - k))
    rng = np.random.default_rng(seed)
    smooth = y * np.exp(-_off(law, x, y))
    drawn = [fit(x, smooth * np.exp(rng.choice(off, len(x)))) for _ in range(samples)]
    return PowerFit(law, tuple(drawn), len(x), float(off.std()))

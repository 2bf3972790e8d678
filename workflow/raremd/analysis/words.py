"""Numbers and lists as words, the same in every sentence and on every page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from raremd.analysis.cell_result import LOG2_CAP

UNITS = {"tau": "τ", "frame": "frames"}
"""Time units that are written in another way than in the configuration."""
MEASURED, GIVEN = 3, 10
"""Digits of a number that was measured, and of one that stands in the configuration."""


def number(value: float, digits: int = MEASURED) -> str:
    """A measured number of so many digits: ``64,000``, ``0.0000123``, ``<0.000001``."""
    if 0 < abs(value) < 1e-6:
        return "<0.000001" if value > 0 else ">-0.000001"
    return _decimal(value, digits)


def _decimal(value: float, digits: int) -> str:
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    text = f"{Decimal(f'{value:.{digits}g}'):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def units(unit: str, value: float = 0) -> str:
    """A time unit as it stands after a value: ``τ``, ``20 frames``, ``1 frame``."""
    return unit if (unit, value) == ("frame", 1) else UNITS.get(unit, unit)


def given(value: float, unit: str = "") -> str:
    """A number of the configuration, with all its digits."""
    return f"{_decimal(value, GIVEN)} {units(unit, value)}".rstrip()


def bounds(low: float, high: float) -> str:
    """The limits of an interval: ``[935, ∞]``."""
    return f"[{number(low)}, {number(high)}]"


def capital(text: str) -> str:
    """The same with a capital letter first."""
    return text[:1].upper() + text[1:]


def count(n: int, one: str, several: str = "") -> str:
    """A number with its noun."""
    return f"{n:,} {one if n == 1 else several or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def quantity(value: float, unit: str) -> str:
    """A measured value with its unit."""
    return f"{number(value)} {units(unit, value)}"


def factor(log2: float) -> str:
    """A deviation in log2 as a factor above one; nothing is told from the cap of errors on."""
    return ratio(abs(log2))


def ratio(log2: float) -> str:
    """A ratio from its log2, such as ``0.97``; ``<0.03`` and ``>32`` from the cap of errors on."""
    if abs(log2) >= LOG2_CAP:
        return f"{'<>'[log2 > 0]}{number(2.0 ** np.copysign(LOG2_CAP, log2), 2)}"
    return f"{2**log2:.2f}"


def logarithm(log2: float) -> str:
    """A log2 with its sign, such as ``+0.12``; ``>+5`` from the cap of errors on."""
    if abs(log2) >= LOG2_CAP:
        return f"{'<>'[log2 > 0]}{np.copysign(LOG2_CAP, log2):+g}"
    return f"{log2:+.2f}"

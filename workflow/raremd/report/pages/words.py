"""Numbers and lists as words, the same on every page."""

from __future__ import annotations

from collections.abc import Sequence


def count(n: int, one: str, several: str = "") -> str:
    """A number with its noun."""
    return f"{n:,} {one if n == 1 else several or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def quantity(value: float, unit: str) -> str:
    """A value of three digits with its unit, without an exponent where it can be avoided."""
    return f"{float(f'{value:.3g}'):,.6g} {unit}"


def factor(log2: float) -> str:
    """A deviation in log2 as a factor above one."""
    return f"{2 ** abs(log2):.2f}"

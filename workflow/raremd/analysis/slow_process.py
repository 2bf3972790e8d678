"""One slow process of the MD, and how well the MD knows it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from raremd.io.storage import Number


@dataclass(frozen=True)
class SlowProcess:
    """An implied timescale of the MD at the yardstick's lag with its 95 % interval."""

    i: int
    value: float
    low: Number
    high: Number

    @property
    def own_error(self) -> float:
        """Half the interval, the larger half, in log2; infinite where it has no upper end."""
        if not (self.low > 0 and self.high < math.inf):
            return math.inf
        return max(math.log2(self.high / self.value), math.log2(self.value / self.low))

    def band(self, tolerance: float) -> float:
        """Deviation, in log2, that counts as none: no closer than the MD knows itself."""
        return max(tolerance, self.own_error) if math.isfinite(self.own_error) else tolerance

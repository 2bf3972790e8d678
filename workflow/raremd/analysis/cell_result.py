"""What verdicts need of one cell: its rows of the comparison, read by model, quantity and lag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import pandas as pd

from raremd.study.cell import Cell

FACTORS = ["system", "coordinate", "interval", "partition"]
MD, REFERENCE, MARKOV = "md", "reference", "markov"
LOG2_CAP = 5.0
"""Error of a replicate that has no such timescale, and the largest that any can have."""


class Reading(Enum):
    """How a cell is read: each as the quantity that is compared."""

    LONG_LAG = "yardstick_timescale"
    """In metastable states at the yardstick's lag."""
    ONE_STEP = "timescale"
    """In the cell's own states at its own interval."""


@dataclass(frozen=True)
class CellResult:
    """One cell of a finished study.

    Attributes
    ----------
    cell : Cell
    yardstick_lag : float
        In the system's time unit.
    table : pandas.DataFrame
        Its rows of the comparison.
    """

    cell: Cell
    yardstick_lag: float
    table: pd.DataFrame

    @property
    def name(self) -> str:
        """As its folder."""
        return self.cell.folder

    @property
    def models(self) -> list[str]:
        """Models that ran in this cell."""
        return [m for m in self.table["model"].unique() if m not in (MD, REFERENCE)]

    def lag(self, reading: Reading) -> float:
        """Lag at which timescales are compared."""
        return self.cell.interval if reading is Reading.ONE_STEP else self.yardstick_lag

    def values(self, model: str, quantity: str, lag: float | None = None, i: int = 1) -> np.ndarray:
        """A quantity of each replicate, or the one value of the MD; (n,) float64.

        Without a lag: of quantities that have none.
        """
        t = self.table
        chosen = t[(t["model"] == model) & (t["quantity"] == quantity) & t["i"].isin([0, i])]
        if lag is not None:  # lags are whole intervals, and 3 times 0.1 is not 0.3
            chosen = chosen[np.isclose(chosen["lag"], lag, rtol=1e-6, atol=0.0)]
        if model not in (MD, REFERENCE):
            chosen = chosen[chosen["replicate"] > 0].sort_values("replicate")
        return chosen["value"].to_numpy(np.float64)

    def md_timescale(self, reading: Reading, i: int = 1) -> float:
        """The MD's timescale; NaN where there is none longer than the lag."""
        found = self.values(MD, reading.value, self.lag(reading), i)
        longer = len(found) and np.isfinite(found[0]) and found[0] > self.lag(reading)
        return float(found[0]) if longer else float("nan")

    def deviations(self, model: str, reading: Reading, i: int = 1) -> np.ndarray:
        """log2(model / MD) of each replicate, (n_replicates,), within +-LOG2_CAP.

        A replicate without the timescale never crossed: +LOG2_CAP. NaN where the MD has none
        that is longer than the lag.
        """
        times = self.values(model, reading.value, self.lag(reading), i)
        md = self.md_timescale(reading, i)
        crossed = np.isfinite(times) & (times > 0)
        found = np.full(len(times), LOG2_CAP if md > 0 else np.nan)
        if md > 0:
            found[crossed] = np.clip(np.log2(times[crossed] / md), -LOG2_CAP, LOG2_CAP)
        return found

    def errors(self, model: str, reading: Reading) -> np.ndarray:
        """|log2(model / MD)| of the slowest timescale of each replicate, (n_replicates,)."""
        return np.abs(self.deviations(model, reading))


def cell_results(
    comparison: pd.DataFrame, cells: Sequence[Cell], yardstick_lags: dict[str, float]
) -> list[CellResult]:
    """Results of all cells, in their order.

    Parameters
    ----------
    comparison : pandas.DataFrame
    cells : sequence of Cell
    yardstick_lags : dict
        By system, in its time unit.
    """
    groups = dict(list(comparison.groupby(FACTORS)))
    return [
        CellResult(
            cell,
            yardstick_lags[cell.system],
            groups[cell.system, cell.coordinate, cell.interval, cell.partition],
        )
        for cell in cells
    ]

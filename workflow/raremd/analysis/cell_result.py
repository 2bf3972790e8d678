"""What verdicts need of one cell: its rows of the comparison, read by model, quantity and lag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
import pandas as pd

from raremd.analysis.slow_process import SlowProcess
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

    @cached_property
    def _rows(self) -> dict[tuple[str, str], pd.DataFrame]:
        """Rows by model and quantity: verdicts ask for them many times."""
        return {
            (str(m), str(q)): rows for (m, q), rows in self.table.groupby(["model", "quantity"])
        }

    def rows(self, model: str, quantity: str, lag: float | None = None, i: int = 1) -> pd.DataFrame:
        """The rows of a quantity, of all replicates; of the MD, 0 stands for all of it."""
        chosen = self._rows.get((model, quantity), self.table[:0])
        chosen = chosen[chosen["i"].isin([0, i])]
        if lag is not None:  # lags are whole intervals, and 3 times 0.1 is not 0.3
            chosen = chosen[np.isclose(chosen["lag"], lag, rtol=1e-6, atol=0.0)]
        return chosen

    def values(self, model: str, quantity: str, lag: float | None = None, i: int = 1) -> np.ndarray:
        """A quantity of each replicate, or the one value of all MD; (n,) float64.

        Without a lag: of quantities that have none.
        """
        found = self._series(model, quantity, lag, i)
        alone = model in (MD, REFERENCE)
        return found[(found.index == 0) if alone else (found.index > 0)].to_numpy(np.float64)

    def _series(self, model: str, quantity: str, lag: float | None, i: int) -> pd.Series:
        """A quantity by replicate."""
        return self.rows(model, quantity, lag, i).set_index("replicate")["value"].sort_index()

    def md_timescale(self, reading: Reading, i: int = 1) -> float:
        """The MD's timescale; NaN where there is none longer than the lag."""
        found = self.values(MD, reading.value, self.lag(reading), i)
        return self._slow(float(found[0]) if len(found) else np.nan, reading)

    def md_process(self, i: int = 1) -> SlowProcess:
        """A process of all MD at the long lag; NaN where it has none."""
        rows = self.rows(MD, Reading.LONG_LAG.value, self.yardstick_lag, i)
        rows = rows[rows["replicate"] == 0]
        md, low, high = rows[["value", "low", "high"]].iloc[0] if len(rows) else (np.nan,) * 3
        return SlowProcess(i, float(md), float(low), float(high))

    def closeness(self, reading: Reading, tolerance: float) -> float:
        """Deviation, in log2, of the slowest timescale that counts as none."""
        return self.md_process().band(tolerance) if reading is Reading.LONG_LAG else tolerance

    def _slow(self, time: float, reading: Reading) -> float:
        """A timescale that can be compared, else NaN."""
        return time if np.isfinite(time) and time > self.lag(reading) else float("nan")

    def deviations(self, model: str, reading: Reading, i: int = 1) -> np.ndarray:
        """log2(model / MD) of each replicate, (n_replicates,), within +-LOG2_CAP.

        The MD is the set that a replicate was trained on. A replicate without the timescale never
        crossed: +LOG2_CAP. NaN where the MD has none that is longer than the lag.
        """
        of_model, of_md = (
            self._series(name, reading.value, self.lag(reading), i) for name in (model, MD)
        )
        replicates = of_model.index[of_model.index > 0]
        times = of_model[replicates].to_numpy(np.float64)
        md = np.full(len(times), self.md_timescale(reading, i))
        if (of_md.index > 0).any():
            md = np.array([self._slow(of_md[replicate], reading) for replicate in replicates])
        found = np.where(md > 0, LOG2_CAP, np.nan)
        crossed = (md > 0) & np.isfinite(times) & (times > 0)
        found[crossed] = np.clip(np.log2(times[crossed] / md[crossed]), -LOG2_CAP, LOG2_CAP)
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

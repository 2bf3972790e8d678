"""The metastable states and the lag at which all cells of a system are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raremd.kinetics.timescales import slow_split, timescales
from raremd.kinetics.transition_matrix import count_matrix, estimate

SURVIVAL_TIMES = 12
SURVIVAL_SPAN = 4
"""Survival functions end at so many times the slowest timescale."""


@dataclass(frozen=True)
class Yardstick:
    """The metastable states and the lag at which all cells are compared.

    Attributes
    ----------
    n_states : int
    of_state : (n,) int16
        Metastable state of each state of the cell.
    lag : int
        In saved frames.
    sides : (n_states,) int8
        Of the slowest process, by `timescales.slow_split`: the same for MD and all models.
    times : (n,) int64
        Of the survival functions, in saved frames, ascending.
    """

    n_states: int
    of_state: np.ndarray
    lag: int
    sides: np.ndarray
    times: np.ndarray

    @classmethod
    def of(
        cls, coarse: list[np.ndarray], n_states: int, of_state: np.ndarray, lag: int
    ) -> Yardstick:
        """Sides and times from the MD in its own metastable states at the saving interval."""
        model = estimate(count_matrix(coarse, n_states, lag))
        slowest = timescales(model.transition_matrix, lag, 1, model.stationary)[0]
        longest = max(map(len, coarse))
        end = min(SURVIVAL_SPAN * slowest, longest) if np.isfinite(slowest) else longest
        times = np.unique(np.geomspace(1, max(1, end), SURVIVAL_TIMES).round().astype(np.int64))
        return cls(n_states, of_state, lag, slow_split(model), times)

    def map(self, dtrajs: list[np.ndarray]) -> list[np.ndarray]:
        """Trajectories of metastable states."""
        return [self.of_state[d] for d in dtrajs]

    @property
    def crossing_lags(self) -> list[int]:
        """Lags at which crossings are counted: every frame, and the yardstick's."""
        return sorted({1, self.lag})


def majority_map(
    fine: list[np.ndarray], coarse: list[np.ndarray], n_fine: int, n_coarse: int
) -> np.ndarray:
    """For each fine state the coarse state in which most of its frames lie.

    Parameters
    ----------
    fine, coarse : list of (n_frames,) int arrays
        The same frames in both partitions.
    n_fine, n_coarse : int

    Returns
    -------
    (n_fine,) int16
        A state without frames takes the most populated coarse state.
    """
    joint = np.zeros(n_fine * n_coarse, np.int64)
    for a, b in zip(fine, coarse, strict=True):
        joint += np.bincount(a.astype(np.int64) * n_coarse + b, minlength=len(joint))
    table = joint.reshape(n_fine, n_coarse)
    table[table.sum(axis=1) == 0] = table.sum(axis=0)
    return table.argmax(axis=1).astype(np.int16)

"""Cores of states in coordinate space: where a visit counts for the removal by `core_sets`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from raremd.states.geometry import Rows, blocks, embed_periodic
from raremd.states.partition import Partition


@dataclass(frozen=True, eq=False)
class Cores:
    """Balls round the mean of each state, in the space of `geometry.embed_periodic`.

    Attributes
    ----------
    states : Partition
    means : (n_states, k) float64
    radii : (n_states,) float64
        In coordinate units.
    """

    states: Partition
    means: np.ndarray
    radii: np.ndarray

    def label(self, coordinate: Rows) -> np.ndarray:
        """State of each frame in the core of its state, -1 outside: labels for `core_sets`.

        Parameters
        ----------
        coordinate : (n, d) float array
            One trajectory, in memory or memory-mapped.

        Returns
        -------
        (n,) int16
        """
        states = self.states.assign(coordinate)
        for start, block in blocks(coordinate, len(self.states.periods)):
            own = states[start : start + len(block)]
            points = embed_periodic(block, self.states.periods)
            outside = np.linalg.norm(points - self.means[own], axis=1) > self.radii[own]
            own[outside] = -1
        return states


def fit_cores(states: Partition, coordinates: Sequence[Rows], fraction: float) -> Cores:
    """The ball round the mean of each state that holds this fraction of its training frames.

    Parameters
    ----------
    states : Partition
    coordinates : sequence of (n, d) float arrays
        Training frames.
    fraction : float
        Above 0, below 1.

    Raises
    ------
    ValueError
        If no training frame is in some state.
    """
    assigned = np.concatenate([states.assign(c) for c in coordinates])
    visits = np.bincount(assigned, minlength=states.n_states)
    if not visits.all():
        raise ValueError(f"core_sets: no training frame is in state {visits.argmin()}")
    means: np.ndarray | float = 0.0
    for first, points in _points(states, coordinates):
        own = assigned[first : first + len(points)]
        sums = [np.bincount(own, column, states.n_states) for column in points.T]
        means = means + np.stack(sums, axis=1)
    means = means / visits[:, None]
    distances = np.empty(len(assigned))
    for first, points in _points(states, coordinates):
        rows = slice(first, first + len(points))
        distances[rows] = np.linalg.norm(points - means[assigned[rows]], axis=1)
    by_state = np.split(distances[np.argsort(assigned, kind="stable")], np.cumsum(visits)[:-1])
    radii = [np.quantile(own, fraction) for own in by_state]
    return Cores(states, means, np.array(radii))


def _points(states: Partition, coordinates: Sequence[Rows]) -> Iterator[tuple[int, np.ndarray]]:
    """Frames in the space of `embed_periodic`, chunk by chunk, with the number of the first."""
    passed = 0
    for coordinate in coordinates:
        for start, block in blocks(coordinate, len(states.periods)):
            yield passed + start, embed_periodic(block, states.periods)
        passed += len(coordinate)

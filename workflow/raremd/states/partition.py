"""States of the coordinate space: what `partition.fit_partition` makes and any stage can apply."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

from raremd.states.geometry import (
    Rows,
    blocks,
    embed_periodic,
    grid_cells,
    nearest,
    nearest_box,
    unembed_periodic,
    wrap,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Partition(ABC):
    """States of the coordinate space, numbered 0 .. n_states - 1.

    Attributes
    ----------
    method : str
        Key of `partition.METHODS`.
    periods : (d,) float64
        0 for not periodic.
    centers : (n_states, d) float64
        A representative point of each state, for figures.
    """

    method: ClassVar[str]
    periods: np.ndarray
    centers: np.ndarray

    @property
    def n_states(self) -> int:
        """Number of states."""
        return len(self.centers)

    @property
    def called(self) -> np.ndarray:
        """What the user calls each state, (n_states,): its number from 0 where nothing else."""
        return np.arange(self.n_states)

    def assign(self, coordinate: Rows) -> np.ndarray:
        """State of each frame, computed in chunks of bounded memory.

        Parameters
        ----------
        coordinate : (n, d) float array
            One trajectory, in memory or memory-mapped.

        Returns
        -------
        (n,) int16

        Raises
        ------
        ValueError
            If the dimension is not that of the fit, or a frame is not finite.
        """
        states = np.empty(len(coordinate), dtype=np.int16)
        for start, block in blocks(coordinate, len(self.periods)):
            states[start : start + len(block)] = self._assign_block(block)
        return states

    @abstractmethod
    def _assign_block(self, block: np.ndarray) -> np.ndarray:
        """States (m,) of an (m, d) float64 block of finite values."""

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Method name (bytes) and fields as a flat dict of plain arrays."""
        arrays = {"method": np.array(self.method.encode())}
        for one in (f for f in fields(self) if f.init):
            value = getattr(self, one.name)
            if isinstance(value, Partition):
                arrays |= {f"{one.name}.{k}": v for k, v in value.to_arrays().items()}
            else:
                arrays[one.name] = value
        return arrays

    @staticmethod
    def from_arrays(arrays: dict[str, np.ndarray]) -> Partition:
        """Inverse of `to_arrays`."""
        arguments: dict[str, Any] = {}
        nested: dict[str, dict[str, np.ndarray]] = {}
        for key, value in arrays.items():
            name, _, rest = key.partition(".")
            if rest:
                nested.setdefault(name, {})[rest] = value
            else:
                arguments[key] = np.asarray(value)
        method = bytes(arguments.pop("method").item()).decode()
        arguments |= {name: Partition.from_arrays(inner) for name, inner in nested.items()}
        return PARTITIONS[method](**arguments)


@dataclass(frozen=True, eq=False, kw_only=True)
class KMeansPartition(Partition):
    """Nearest k-means centre in the space of `embed_periodic`; `means` are (n_states, k)."""

    method = "kmeans"
    means: np.ndarray
    centers: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Centres: the means, each circle read as the angle of its point."""
        object.__setattr__(self, "centers", unembed_periodic(self.means, self.periods))

    def _assign_block(self, block: np.ndarray) -> np.ndarray:
        points = embed_periodic(block, self.periods)
        return nearest(points, self.means, np.zeros(points.shape[1]))


@dataclass(frozen=True, eq=False, kw_only=True)
class NearestCenterPartition(Partition):
    """Voronoi cells of given centres (n_states, d), each angle taken the short way round."""

    method = "nearest_center"

    def _assign_block(self, block: np.ndarray) -> np.ndarray:
        return nearest(block, self.centers, self.periods)


@dataclass(frozen=True, eq=False, kw_only=True)
class GridPartition(Partition):
    """Regular grid; `lookup` gives the state of each cell, in C order over `bins` (d,)."""

    method = "grid"
    low: np.ndarray
    width: np.ndarray
    bins: np.ndarray
    lookup: np.ndarray

    def _assign_block(self, block: np.ndarray) -> np.ndarray:
        return self.lookup[grid_cells(block, self.low, self.width, self.bins, self.periods)]


@dataclass(frozen=True, eq=False, kw_only=True)
class BoxesPartition(Partition):
    """Nearest box; box k spans `low[k]` to `low[k] + length[k]`, both (n_states, d)."""

    method = "boxes"
    low: np.ndarray
    length: np.ndarray
    centers: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Centres: the middles of the boxes."""
        object.__setattr__(self, "centers", wrap(self.low + self.length / 2, self.periods))

    def _assign_block(self, block: np.ndarray) -> np.ndarray:
        return nearest_box(block, self.low, self.length, self.periods)


@dataclass(frozen=True, eq=False, kw_only=True)
class GivenPartition(Partition):
    """States that the data come with: `labels` (n_labels,) ascending, `lookup` the state of each.

    `numbers` (n_states,) are the states as the user numbers them, in the data or in a map. A value
    between labels, as it occurs on the axis of a figure, counts as the nearest.
    """

    method = "given"
    labels: np.ndarray
    lookup: np.ndarray
    numbers: np.ndarray

    @property
    def called(self) -> np.ndarray:
        """The user's own numbers."""
        return self.numbers

    def _assign_block(self, block: np.ndarray) -> np.ndarray:
        middles = 0.5 * (self.labels[1:] + self.labels[:-1])
        return self.lookup[np.searchsorted(middles, block[:, 0])]


@dataclass(frozen=True, eq=False, kw_only=True)
class LumpedPartition(Partition):
    """Macrostates: `macrostates` (n_micro,) int16 lumps the states of `microstates`.

    `active` (n_micro,) bool tells the microstates that the lumping was computed on.
    """

    method = "pcca"
    microstates: Partition
    macrostates: np.ndarray
    active: np.ndarray

    @property
    def called(self) -> np.ndarray:
        """As the microstates are where none was lumped, else their number from 0."""
        kept = np.array_equal(self.macrostates, np.arange(self.microstates.n_states))
        return self.microstates.called if kept else super().called

    def _assign_block(self, block: np.ndarray) -> np.ndarray:
        return self.macrostates[self.microstates._assign_block(block)]


PARTITIONS: dict[str, type[Partition]] = {
    cls.method: cls
    for cls in (
        KMeansPartition,
        GridPartition,
        NearestCenterPartition,
        BoxesPartition,
        GivenPartition,
        LumpedPartition,
    )
}
"""Kinds by method name."""

"""Reaction coordinate to micro- or macrostates: one small settings class a method.

`fit_partition` turns settings (see `METHODS`) and training frames into a `Partition`, whose
`assign` then discretises any frames. Periodic dimensions wrap.

Distances are in the units of the coordinate, without standardisation: it would stretch the plane
of two angles and undo the kinetic map of TICA, where the scale of a component is meant. Features
of different units in one coordinate (degrees and nm, say) need TICA or rescaling first.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from raremd.states.geometry import (
    Rows,
    blocks,
    boxes_overlap,
    embed_periodic,
    gather,
    grid_cells,
    nearest,
    unembed_periodic,
)
from raremd.states.partition import (
    BoxesPartition,
    GivenPartition,
    GridPartition,
    KMeansPartition,
    LumpedPartition,
    NearestCenterPartition,
    Partition,
)
from raremd.states.pcca import lump
from raremd.states.state_map import read_map

log = logging.getLogger(__name__)

MAX_STATES = int(np.iinfo(np.int16).max)
"""Discrete trajectories are int16."""
MAX_CELLS = 1_000_000
"""Cells of a regular grid, visited or not."""
KMEANS_FRAMES = 50_000
"""Training frames, evenly strided, on which k-means is fitted."""


@dataclass(frozen=True)
class KMeansSettings:
    """k-means with k-means++ seeding (deeptime, one thread) in the space of `embed_periodic`."""

    n_states: int

    def fit(self, coordinates: Sequence[Rows], periods: np.ndarray, seed: int) -> Partition:
        """Fit on at most `KMEANS_FRAMES` frames (or `n_states`, if more)."""
        n_frames = sum(map(len, coordinates))
        _check_count("kmeans", self.n_states, n_frames)
        size = min(n_frames, max(KMEANS_FRAMES, self.n_states))
        sample = gather(coordinates, np.arange(size) * n_frames // size)
        n_distinct = len(np.unique(sample, axis=0))
        if n_distinct < self.n_states:
            raise ValueError(
                f"kmeans: {self.n_states} states of {n_distinct} distinct frames: ask for fewer"
            )
        from deeptime.clustering import KMeans  # takes seconds to import, and few methods need it

        # Beyond 32 bits deeptime would take a random seed instead.
        estimator = KMeans(self.n_states, fixed_seed=int(seed) % 2**32, n_jobs=1)
        model = estimator.fit_fetch(embed_periodic(sample, periods))
        return KMeansPartition(means=np.array(model.cluster_centers), periods=periods)


@dataclass(frozen=True)
class NearestCenterSettings:
    """Voronoi cells of the given centres, (n_states, d) in the units of the coordinate."""

    centers: tuple[tuple[float, ...], ...]

    def fit(self, coordinates: Sequence[Rows], periods: np.ndarray, seed: int) -> Partition:
        """Check the centres; nothing is learned from the frames."""
        centers = _table("centers", self.centers, (len(periods),))
        return NearestCenterPartition(centers=centers, periods=periods)


@dataclass(frozen=True)
class GridSettings:
    """Regular grid of `bins` cells in each dimension (one number, or one a dimension).

    It spans the training range, or the period; frames beyond the range fall into the edge cells.
    A cell without training frames belongs to the state of the nearest visited cell, in units of
    cell widths, the first of equals.
    """

    bins: int | tuple[int, ...]

    def fit(self, coordinates: Sequence[Rows], periods: np.ndarray, seed: int) -> Partition:
        """Number the visited cells in C order."""
        d = len(periods)
        bins = np.array([self.bins] * d if np.ndim(self.bins) == 0 else self.bins, dtype=np.int64)
        if len(bins) != d or bins.min() < 1:
            raise ValueError(f"grid: bins is {self.bins}: give one number from 1 up, or {d}")
        n_cells = np.prod(bins.astype(float))
        if n_cells > MAX_CELLS:
            raise ValueError(f"grid: {n_cells:.0f} cells, more than {MAX_CELLS}: lower bins")
        n_cells = int(n_cells)

        filled = [c for c in coordinates if len(c)]
        low, high = np.full(d, np.inf), np.full(d, -np.inf)
        for coordinate in filled:
            for _, block in blocks(coordinate, d):
                low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
        low = np.where(periods > 0, -periods / 2, low)
        width = np.where(periods > 0, periods, high - low) / bins
        if (width <= 0).any():
            k = int(np.flatnonzero(width <= 0)[0])
            raise ValueError(f"grid: dimension {k + 1} is constant in the training frames")

        counts = np.zeros(n_cells, dtype=np.int64)
        for coordinate in filled:
            for _, block in blocks(coordinate, d):
                cells = grid_cells(block, low, width, bins, periods)
                counts += np.bincount(cells, minlength=n_cells)
        visited = np.flatnonzero(counts)
        _check_count("grid", len(visited), counts.sum())
        indices = np.stack(np.unravel_index(np.arange(n_cells), bins), axis=1).astype(np.float64)
        rounds = np.where(periods > 0, bins, 0).astype(np.float64)
        return GridPartition(
            low=low,
            width=width,
            bins=bins,
            lookup=nearest(indices, indices[visited], rounds).astype(np.int16),
            centers=low + (indices[visited] + 0.5) * width,
            periods=periods,
        )


@dataclass(frozen=True)
class BoxesSettings:
    """Boxes of one [low, high] a dimension; low > high wraps round a period.

    A frame in no box goes to the nearest one; on a shared edge, to the first.
    """

    boxes: tuple[tuple[tuple[float, float], ...], ...]

    def fit(self, coordinates: Sequence[Rows], periods: np.ndarray, seed: int) -> Partition:
        """Check the boxes; nothing is learned from the frames."""
        table = _table("boxes", self.boxes, (len(periods), 2))
        low, length = table[..., 0], table[..., 1] - table[..., 0]
        length = np.where((length < 0) & (periods > 0), length + periods, length)
        invalid = (length <= 0) | ((periods > 0) & (length > periods))
        if invalid.any():
            i, k = np.argwhere(invalid)[0]
            raise ValueError(
                f"boxes: box {i + 1} has {table[i, k].tolist()} in dimension {k + 1}: low must be "
                "below high, or wrap round a period"
            )
        for i in range(len(low)):
            for j in range(i):
                if boxes_overlap(low[i], length[i], low[j], length[j], periods):
                    raise ValueError(f"boxes: {j + 1} and {i + 1} overlap: make them disjoint")
        return BoxesPartition(low=low, length=length, periods=periods)


@dataclass(frozen=True)
class GivenSettings:
    """The states that discrete trajectories come with, or a given lumping of them.

    Attributes
    ----------
    map : str or None
        File for `state_map.read_map`; None leaves the states as they are.
    labels : tuple of int
        All that occur in the data, ascending; they need be neither contiguous nor from 0. See
        `with_labels`.
    states_per_macrostate : int or None
        Lumps label s into macrostate ``s // states_per_macrostate``, instead of a map.
    """

    map: str | None = None
    labels: tuple[int, ...] = ()
    states_per_macrostate: int | None = None

    def fit(self, coordinates: Sequence[Rows], periods: np.ndarray, seed: int) -> Partition:
        """Number the states from 0 in the order of their labels; nothing is learned."""
        labels = np.array(self.labels, dtype=np.float64)
        if not len(labels):
            raise ValueError(
                "given: the data hold no states; it needs a dtraj or hidden_chain source"
            )
        numbers, lookup = np.unique(self._macrostates(), return_inverse=True)
        _check_count("given", len(numbers), len(labels))
        if len(numbers) < 2:
            raise ValueError("given: all states are lumped into one macrostate")
        first = np.array([np.flatnonzero(lookup == k)[0] for k in range(len(numbers))])
        return GivenPartition(
            labels=labels,
            lookup=lookup.astype(np.int16),
            numbers=numbers,
            centers=labels[first][:, None],
            periods=periods,
        )

    def _macrostates(self) -> Sequence[int]:
        """Macrostate of each label."""
        if self.map is not None:
            return read_map(self.map, self.labels)
        return [label // (self.states_per_macrostate or 1) for label in self.labels]


@dataclass(frozen=True)
class PCCASettings:
    """PCCA+ (Roeblitz and Weber, Adv. Data Anal. Classif. 7, 147, 2013) of a reversible MSM.

    Attributes
    ----------
    microstates : settings of another partition
    n_states : int
        Macrostates, numbered by falling stationary population; fewer, with a warning, where PCCA+
        leaves some of so many without a microstate. If there are no more microstates than that,
        each of them stays a state of its own, with its number.
    lag : int
        Lag time of the MSM in frames.
    """

    microstates: PartitionSettings
    n_states: int
    lag: int

    def fit(self, coordinates: Sequence[Rows], periods: np.ndarray, seed: int) -> Partition:
        """Lump the connected set, then give each other microstate to the nearest in it."""
        micro = fit_partition(self.microstates, coordinates, periods, seed)
        if micro.n_states <= self.n_states:
            log.warning("pcca: %d microstates are lumped no further", micro.n_states)
            each = np.arange(micro.n_states, dtype=np.int16)
            return LumpedPartition(
                microstates=micro,
                macrostates=each,
                active=np.ones(len(each), dtype=bool),
                centers=micro.centers,
                periods=periods,
            )
        dtrajs = [micro.assign(c) for c in coordinates]
        active, lumping = lump(dtrajs, micro.n_states, self.n_states, self.lag)
        # A connected microstate is its own nearest.
        substitutes = nearest(micro.centers, micro.centers[active], periods)
        macrostates = lumping[substitutes].astype(np.int16)

        frames = np.sum([np.bincount(d, minlength=micro.n_states) for d in dtrajs], axis=0)
        if not active.all():
            log.warning(
                "pcca: %d of %d microstates with %.2g %% of the frames are outside the connected "
                "set at a lag of %d frames; each takes the macrostate of the nearest connected one",
                (~active).sum(),
                micro.n_states,
                100 * frames[~active].sum() / frames.sum(),
                self.lag,
            )
        # A macrostate's centre is the mean of its microstates' centres, weighted by frames.
        weights = np.zeros((lumping.max() + 1, micro.n_states))
        weights[macrostates, np.arange(micro.n_states)] = frames
        weights /= weights.sum(axis=1, keepdims=True)
        centers = unembed_periodic(weights @ embed_periodic(micro.centers, periods), periods)
        return LumpedPartition(
            microstates=micro,
            macrostates=macrostates,
            active=active,
            centers=centers,
            periods=periods,
        )


PartitionSettings = (
    KMeansSettings
    | NearestCenterSettings
    | GridSettings
    | BoxesSettings
    | GivenSettings
    | PCCASettings
)

METHODS: dict[str, type[PartitionSettings]] = {
    "kmeans": KMeansSettings,
    "nearest_center": NearestCenterSettings,
    "grid": GridSettings,
    "boxes": BoxesSettings,
    "given": GivenSettings,
    "pcca": PCCASettings,
}
"""Settings by method name."""


def with_labels(settings: PartitionSettings, labels: tuple[int, ...]) -> PartitionSettings:
    """The same settings for data whose states have these labels; none where they have none."""
    if isinstance(settings, GivenSettings):
        return replace(settings, labels=labels)
    if isinstance(settings, PCCASettings):
        return replace(settings, microstates=with_labels(settings.microstates, labels))
    return settings


def fit_partition(
    settings: PartitionSettings,
    coordinates: Sequence[Rows],
    periods: np.ndarray,
    seed: int,
) -> Partition:
    """Define the states, from settings and training frames.

    Parameters
    ----------
    settings : one of the classes in `METHODS`
        Method and its numbers.
    coordinates : sequence of (n, d) float32
        Training segments of the reaction coordinate.
    periods : (d,) float array
        0 for not periodic.
    seed : int
        Decides the k-means++ seeds; the other methods use no randomness.

    Returns
    -------
    Partition

    Raises
    ------
    ValueError
        If the frames are empty, not finite or of another dimension, if there are more states than
        frames or than int16 can number, or if the settings do not fit the data.
    """
    periods = np.asarray(periods, dtype=np.float64)
    n_frames = 0
    for coordinate in coordinates:
        for _, block in blocks(coordinate, len(periods)):
            n_frames += len(block)
    if not n_frames:
        raise ValueError("partition: there are no training frames")
    partition = settings.fit(coordinates, periods, seed)
    _check_count(partition.method, partition.n_states, n_frames)
    return partition


def _check_count(method: str, n_states: int, n_frames: int) -> None:
    """Refuse state counts that int16 or the data cannot carry."""
    if n_states < 1:
        raise ValueError(f"{method}: {n_states} states: ask for at least 1")
    if n_states > MAX_STATES:
        raise ValueError(f"{method}: {n_states} states: at most {MAX_STATES} fit in int16")
    if n_states > n_frames:
        raise ValueError(f"{method}: {n_states} states of {n_frames} frames: ask for fewer")


def _table(key: str, rows: Sequence, shape: tuple[int, ...]) -> np.ndarray:
    """Given numbers as a (n_states, *shape) float64 array."""
    try:
        table = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError):
        table = np.empty(0)
    if table.ndim != len(shape) + 1 or table.shape[1:] != shape or not np.isfinite(table).all():
        wanted = " x ".join(map(str, shape))
        raise ValueError(f"{key}: each state needs {wanted} finite numbers, as the coordinate has")
    return table

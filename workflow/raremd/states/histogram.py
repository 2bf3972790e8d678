"""The histogram of the training frames that figures of the free energy are drawn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raremd.states.geometry import Rows, gather
from raremd.states.partition import Partition

MAP_BINS = 100
MAP_FRAMES = 200_000
MAP_GRID = 10 * MAP_BINS
"""Values on so many grid points or fewer count as discrete: bins hold equally many of them."""
MAP_PERCENTILES = (0.05, 99.95)


def bin_edges(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Edges of at most `MAP_BINS` equal bins, (n + 1,), so that a histogram has no false teeth.

    Values on a grid, such as a share of native contacts, would fall one into this bin and two
    into the next: there each bin holds the same whole number of grid points.

    Parameters
    ----------
    values : (n_frames,) float array
    low, high : float
        Range of the bins; with values on a grid, of the grid points in them.
    """
    distinct = np.unique(values[(values >= low) & (values <= high)]).astype(np.float64)
    if len(distinct) > 1:
        step = np.diff(distinct).min()
        place = (distinct - distinct[0]) / step
        points = round(place[-1]) + 1
        if points <= MAP_GRID and np.allclose(place, place.round(), rtol=1e-3, atol=1e-3):
            step = (distinct[-1] - distinct[0]) / (points - 1)
            each = -(-points // MAP_BINS)
            return distinct[0] + step * (each * np.arange(-(-points // each) + 1) - 0.5)
    return np.linspace(low, high, MAP_BINS + 1)


def histogram(training: Sequence[Rows], states: Partition) -> dict[str, np.ndarray]:
    """Arrays to draw the free energy from, by their name in a file of states.

    Parameters
    ----------
    training : sequence of (n, d) frames of the coordinate
    states : Partition

    Returns
    -------
    dict
        map/counts (of the first two dimensions), map/edges_0, map/edges_1, and in up to two
        dimensions map/states, the state of each bin.
    """
    n_frames = sum(map(len, training))
    sample = gather(training, np.arange(0, n_frames, max(1, n_frames // MAP_FRAMES)))
    dimension = min(2, sample.shape[1])
    # A few frames far out would make the bins of all others too coarse.
    low, high = np.percentile(sample[:, :dimension], MAP_PERCENTILES, axis=0)
    edges = [bin_edges(sample[:, d], low[d], high[d]) for d in range(dimension)]
    counts, _ = np.histogramdd(sample[:, :dimension], bins=edges)
    arrays = {"map/counts": counts.astype(np.int64)}
    arrays |= {f"map/edges_{d}": edge for d, edge in enumerate(edges)}
    if sample.shape[1] <= 2:
        centers = [0.5 * (e[1:] + e[:-1]) for e in edges]
        grid = np.stack(np.meshgrid(*centers, indexing="ij"), axis=-1).reshape(-1, dimension)
        arrays["map/states"] = states.assign(grid).reshape(counts.shape)
    return arrays

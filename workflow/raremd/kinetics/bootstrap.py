"""Error bars of the MD: resampled blocks of its trajectories."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array, vstack

from raremd.kinetics.timescales import count_matrix, estimate, right_eigenvectors, timescales

LOST_VARIANCE = 0.1  # see bootstrap_timescales
MAX_BLOCKS = 1000  # so that counts fit in memory; long data are given longer blocks
AT_ONCE = 16  # bootstrap samples whose counts are held in memory
RATIO_CAP = 10.0  # a factor of 1024: a model that is this far off, or has no timescale, has failed


def trajectory_blocks(lengths: Sequence[int], block_length: int) -> list[tuple[int, int, int]]:
    """Contiguous blocks of about equal length that cover every trajectory.

    Parameters
    ----------
    lengths : sequence of int
        Frames of each trajectory.
    block_length : int
        Least frames of a block, at least 1. Blocks should be longer than the slowest implied
        timescale, so that they are nearly independent, and much longer than the lag, because
        pairs of frames that span two blocks are lost to the bootstrap.

    Returns
    -------
    list of (trajectory, start, stop)
        `stop` excluded. Blocks of one trajectory differ by at most one frame; a trajectory
        shorter than `block_length` is one block, an empty one is none.

    Raises
    ------
    ValueError
        If `block_length` is below 1.
    """
    if block_length < 1:
        raise ValueError(f"block_length: {block_length} frames; a block needs at least 1")
    blocks = []
    for trajectory, length in enumerate(lengths):
        n_blocks = max(int(length // block_length), 1)
        edges = [length * k // n_blocks for k in range(n_blocks + 1)]
        blocks += [(trajectory, start, stop) for start, stop in pairwise(edges) if stop > start]
    return blocks


def bootstrap_blocks(lengths: Sequence[int], block_length: int) -> list[tuple[int, int, int]]:
    """As `trajectory_blocks`, with longer blocks where there would be more than `MAX_BLOCKS`."""
    return trajectory_blocks(lengths, max(block_length, sum(lengths) // MAX_BLOCKS))


def sliced_blocks(blocks: Sequence[tuple[int, int, int]], step: int) -> list[tuple[int, int, int]]:
    """The same blocks of physical time after keeping every `step`-th frame (offset 0).

    Cells with different saving intervals have the same blocks in this way, in number and in
    time, and can share their bootstrap weights. A block may end up empty.
    """
    return [(number, -(-start // step), -(-stop // step)) for number, start, stop in blocks]


def bootstrap_weights(n_blocks: int, n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each block is drawn in each bootstrap sample.

    Draw them once for a system and reuse them for every cell of it: sample b is then the same
    resampled MD in all cells, and their differences are paired.

    Parameters
    ----------
    n_blocks : int
        At least 2.
    n_samples : int
        Bootstrap samples.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    (n_samples, n_blocks) int64 array
        Rows sum to `n_blocks` (drawing with replacement). With few blocks the error bars come
        out too narrow, by about a factor sqrt((n_blocks - 1) / n_blocks).

    Raises
    ------
    ValueError
        With fewer than two blocks, whose error bars would be zero.
    """
    if n_blocks < 2:
        raise ValueError(
            f"n_blocks: {n_blocks} cannot be resampled; use shorter blocks or more trajectories"
        )
    return rng.multinomial(n_blocks, np.full(n_blocks, 1.0 / n_blocks), size=n_samples)


def half_splits(n_blocks: int, n_splits: int, rng: np.random.Generator) -> np.ndarray:
    """Random halves of the blocks, as weights for :func:`bootstrap_timescales`.

    Parameters
    ----------
    n_blocks : int
        At least 2. Of an odd number, one block drawn for each split is in neither half.
    n_splits : int
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    (n_splits, 2, n_blocks) int64 array
        0 and 1; the two halves share no block.
    """
    half = n_blocks // 2
    order = rng.permuted(np.tile(np.arange(n_blocks), (n_splits, 1)), axis=1)
    splits = np.zeros((n_splits, 2, n_blocks), np.int64)
    for number, blocks in enumerate((order[:, :half], order[:, half : 2 * half])):
        np.put_along_axis(splits[:, number], blocks, 1, axis=1)
    return splits


def sampling_ceiling(halves: np.ndarray) -> np.ndarray:
    """How far apart two MDs of the full length are: as near to the MD as any model need come.

    Two halves of the MD differ by sqrt(2) times as much as two MDs of the full length do, because
    the error of a timescale falls with the square root of the number of events. The mean
    ``|log2(t A / t B)| / sqrt(2)`` over splits is therefore what the error of a cell (the mean
    over replicates of ``|log2(model / MD)|``) would be for a model that is itself an independent
    MD of the same length.

    Parameters
    ----------
    halves : (n_splits, 2, n) array
        Timescales of both halves, from :func:`bootstrap_timescales`; failures as in
        :func:`log2_deviation`.

    Returns
    -------
    (n,) float64 array
        In log2 units; NaN where the timescale does not exist.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = np.log2(np.moveaxis(np.asarray(halves, np.float64), 1, 0))
    return np.abs(log2_deviation(first, second)).mean(axis=0) / np.sqrt(2.0)


def _variance(vectors: np.ndarray, population: np.ndarray) -> np.ndarray:
    """Variance of each row under the given populations, which need not be normalised."""
    share = population / population.sum()
    return vectors**2 @ share - (vectors @ share) ** 2


def sparse_block_counts(
    dtrajs: Sequence[np.ndarray], n_states: int, lag: int, blocks: Sequence[tuple[int, int, int]]
) -> csr_array:
    """As :func:`raremd.kinetics.timescales.block_counts`, one row per block.

    A block of n frames has at most n different pairs, so that memory grows with the frames and
    not with the square of the states.

    Returns
    -------
    (n_blocks, n_states^2) float64 sparse array
        Pair (i, j) in column ``i * n_states + j``.
    """
    rows = [
        csr_array(count_matrix([dtrajs[number][start:stop]], n_states, lag).reshape(1, -1))
        for number, start, stop in blocks
    ]
    return vstack(rows, format="csr")


def bootstrap_timescales(
    block_counts: np.ndarray | csr_array, weights: np.ndarray, lag: float, n: int
) -> np.ndarray:
    """Implied timescales of each bootstrap sample, by the reversible estimator itself.

    Parameters
    ----------
    block_counts : (n_blocks, n_states, n_states) array, or (n_blocks, n_states^2) sparse array
        From :func:`raremd.kinetics.timescales.block_counts` or :func:`sparse_block_counts`.
    weights : (n_samples, n_blocks) int array
        From :func:`bootstrap_weights`.
    lag : float
        Lag time; the result has the same unit.
    n : int
        How many timescales.

    Returns
    -------
    (n_samples, n) float64 array
        inf where a sample has lost the process: with few events, a sample may hold none in one
        direction, and its largest connected set then stops at one side. The next eigenvalue,
        that of a faster process, must not be taken for it. A process counts as lost when the
        variance of its eigenvector (1 in the full data, under the stationary distribution) is
        below 0.1 on the sample's connected set. NaN where the process does not exist in the
        full data (see :func:`raremd.kinetics.timescales.timescales`) or the sample holds no
        counts on the largest connected set of the full data.

    Raises
    ------
    ValueError
        If no block holds a pair of frames.
    """
    flat = csr_array(block_counts.reshape(block_counts.shape[0], -1))
    n_states = math.isqrt(flat.shape[1])
    full = estimate(flat.sum(axis=0).reshape(n_states, n_states))
    flat = flat[:, (full.active[:, None] * n_states + full.active).ravel()]
    vectors = right_eigenvectors(full, n)[:, full.active]
    exists = ~np.isnan(vectors).all(axis=1)
    vectors = vectors[exists]
    samples = np.full((len(weights), n), np.nan)
    for sample, counts in zip(samples, _weighted(weights, flat), strict=True):
        if not counts.any():
            continue
        model = estimate(counts)
        times = timescales(model.transition_matrix, lag, n, model.stationary)
        spread = _variance(vectors[:, model.active], full.stationary[model.active])
        kept = spread >= LOST_VARIANCE
        found = np.full(len(kept), np.inf)
        found[kept] = times[: kept.sum()]
        sample[exists] = found
    return samples


def _weighted(weights: np.ndarray, flat: csr_array) -> Iterator[np.ndarray]:
    """Counts of each sample, `AT_ONCE` of them in one matrix product."""
    n_states = math.isqrt(flat.shape[1])
    for first in range(0, len(weights), AT_ONCE):
        drawn = weights[first : first + AT_ONCE].astype(np.float64) @ flat
        yield from drawn.reshape(-1, n_states, n_states)


def interval(
    samples: np.ndarray, level: float = 0.95, axis: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval of bootstrap samples.

    Parameters
    ----------
    samples : array
        NaN is left out, inf is kept: a limit may be infinite.
    level : float
        Coverage, between 0 and 1.
    axis : int
        The axis of the samples.

    Returns
    -------
    low, high : arrays without `axis`
        Order statistics (the outer neighbours of the percentiles, no interpolation, which has
        no meaning next to inf); NaN where all samples are NaN.
    """
    ordered = np.sort(np.moveaxis(np.asarray(samples, np.float64), axis, 0), axis=0)  # NaN last
    n = np.count_nonzero(~np.isnan(ordered), axis=0)
    tail = (1.0 - level) / 2.0 * np.maximum(n - 1, 0)
    # Rounded first, so that 0.025 * 40 is not taken for just less than 1.
    low = np.floor(np.round(tail, 9)).astype(np.intp)
    high = np.maximum(n - 1, 0) - low

    def pick(index: np.ndarray) -> np.ndarray:
        return np.take_along_axis(ordered, index[None], axis=0)[0]

    return pick(low), pick(high)


def log2_deviation(model: np.ndarray, md: np.ndarray) -> np.ndarray:
    """log2 of model timescale over MD timescale, limited to +-10 (a factor of 1024).

    Parameters
    ----------
    model, md : arrays that broadcast
        log2 of timescales. A model without a timescale (NaN, inf: it never crossed) is at +10,
        so that a failure counts as one instead of dropping out. MD that is inf puts the model at
        -10; MD that is NaN gives NaN, because nothing is known to compare with.

    Returns
    -------
    float64 array
    """
    model, md = np.broadcast_arrays(np.asarray(model, np.float64), np.asarray(md, np.float64))
    failed = np.isnan(model) | np.isposinf(model)
    deviation = np.where(failed, 0.0, model) - md
    deviation = np.where(failed, RATIO_CAP, np.clip(deviation, -RATIO_CAP, RATIO_CAP))
    return np.where(np.isnan(md), np.nan, deviation)

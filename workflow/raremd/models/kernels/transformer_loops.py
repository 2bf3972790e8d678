"""Compiled loops of `kernels.transformer` for one processor core: generation.

A block of walkers goes through all layers in one piece, so that what it works on stays in the
cache; matrix products go to BLAS, all else is vector code over a row.

What is called for each block is part of its caller (`inline`): as functions of their own these were
rounded otherwise in the process that compiles than in one that finds the compiled code on disk.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from raremd.models.kernels.sampling import FAST, draw, exp32, greater

_ONE, _ZERO = np.float32(1.0), np.float32(0.0)
_HALF = np.float32(0.5)
# erf(x) = 1 - (a1 t + ... + a5 t^5) exp(-x^2), t = 1 / (1 + p x), to 1.5e-7
# (Abramowitz and Stegun 1964, 7.1.26); here p / sqrt(2).
_P, _A1, _A2, _A3, _A4, _A5 = (
    np.float32(a)
    for a in (
        0.3275911 * 0.5**0.5,
        0.254829592,
        -0.284496736,
        1.421413741,
        -1.453152027,
        1.061405429,
    )
)
EPSILON = 1e-5  # torch's in LayerNorm


class Weights(NamedTuple):
    """Weights of a Transformer of L layers, input by output; each norm's own are in what follows.

    Queries and keys hold the two channels of a rotated pair d / 2 apart, so that rotation is
    vector code.
    """

    embedding: np.ndarray  # (V, D) float32, as all
    qkv: np.ndarray  # (L, D, 3 D)
    qkv_bias: np.ndarray  # (L, 3 D)
    project: np.ndarray  # (L, D, D)
    expand: np.ndarray  # (L, D, F)
    expand_bias: np.ndarray  # (L, F)
    contract: np.ndarray  # (L, F, D)
    contract_bias: np.ndarray  # (L, D)
    readout: np.ndarray  # (D, V)
    bias: np.ndarray  # (K, V): what is added to the logits, by row of the prior


@njit(fastmath=FAST, error_model="numpy", inline="always")
def normalise(x: np.ndarray, out: np.ndarray, scales: np.ndarray) -> None:
    """Each row (D,) of x (W, D) to mean 0 and variance 1; its factors are kept in scales (W,)."""
    n = x.shape[1]
    for w in range(x.shape[0]):
        row, to = x[w], out[w]
        total = _ZERO
        for k in range(n):
            total += row[k]
        mean = total / np.float32(n)
        square = _ZERO
        for k in range(n):
            square += (row[k] - mean) * (row[k] - mean)
        scale = np.float32(1.0 / np.sqrt(square / np.float32(n) + np.float32(EPSILON)))
        scales[w] = scale
        for k in range(n):
            to[k] = (row[k] - mean) * scale


@njit(fastmath=FAST, error_model="numpy", inline="always")
def bell(x: np.float32) -> np.float32:
    """exp(-x^2 / 2)."""
    return exp32(-_HALF * x * x)


@njit(fastmath=FAST, error_model="numpy", inline="always")
def below(x: np.float32, e: np.float32) -> np.float32:
    """Normal distribution function, to 1e-7, from x and its `bell`."""
    t = _ONE / (_ONE + _P * abs(x))
    tail = _HALF * ((((_A5 * t + _A4) * t + _A3) * t + _A2) * t + _A1) * t * e
    return _ONE - tail if x > _ZERO else tail


@njit(fastmath=FAST, error_model="numpy", inline="always")
def add_and_gelu(x: np.ndarray, bias: np.ndarray) -> None:
    """GELU of x (W, F) + bias (F,), in place, to 2e-7 |x| (Hendrycks and Gimpel 2016)."""
    for w in range(x.shape[0]):
        row = x[w]
        for k in range(row.size):
            row[k] += bias[k]
        for k in range(row.size):
            row[k] *= below(row[k], bell(row[k]))


@njit(fastmath=FAST, error_model="numpy", inline="always")
def _attend(
    qkv: np.ndarray,
    bias: np.ndarray,
    cos: np.ndarray,
    sin: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    slot: int,
    filled: int,
    n_walkers: int,
    out: np.ndarray,
) -> None:
    """Rotary attention of one new token a walker to those in the ring, which it joins.

    Parameters
    ----------
    qkv : (W, 3 heads d) float32
        Query, key and value of the new token without bias, heads side by side; scratch on exit.
    bias : (3 heads d,) float32
    cos, sin : (d / 2,) float32
        Rotation of the new token's position; channels k and k + d / 2 are a pair.
    keys : (W, heads, d, context) float32
        The ring over positions, these last so that a walker's scores are one vector.
    values : (W, heads, context, d) float32
    slot, filled : int
        Where the new token goes, and how many places are taken once it is there.
    n_walkers : int
        Rows that are not padding.
    out : (W, heads d) float32
        Filled.
    """
    _, n_heads, width, context = keys.shape
    size, half = n_heads * width, width // 2
    scale = np.float32(1.0 / np.sqrt(width))
    scores = np.empty(context, np.float32)
    for w in range(n_walkers):
        row = qkv[w]
        for k in range(3 * size):
            row[k] += bias[k]
        for head in range(2 * n_heads):
            first = head * width
            left, right = row[first : first + half], row[first + half : first + width]
            for k in range(half):
                a, b = left[k], right[k]
                left[k] = a * cos[k] - b * sin[k]
                right[k] = a * sin[k] + b * cos[k]
        for head in range(n_heads):
            ring, kept = keys[w, head], values[w, head]
            first = head * width
            kept[slot] = row[2 * size + first : 2 * size + first + width]
            scores[:filled] = _ZERO
            own = _ZERO
            for d in range(width):
                q, line = row[first + d] * scale, ring[d]
                for c in range(filled):
                    scores[c] += q * line[c]
                own += q * row[size + first + d]
            scores[slot] = own
            for d in range(width):  # only now that the lines are in the cache
                ring[d, slot] = row[size + first + d]
            top = scores[0]
            for c in range(1, filled):
                top = greater(top, scores[c])
            total = _ZERO
            for c in range(filled):
                scores[c] = exp32(scores[c] - top)
                total += scores[c]
            mean = out[w, first : first + width]
            mean[:] = _ZERO
            for c in range(filled):
                share, line = scores[c] / total, kept[c]
                for d in range(width):
                    mean[d] += share * line[d]


@njit(fastmath=FAST, error_model="numpy", inline="always")
def _advance(
    tokens: np.ndarray,
    n_walkers: int,
    position: int,
    weights: Weights,
    frequency: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    hidden: np.ndarray,
) -> None:
    """One token of a block of walkers through all layers.

    Parameters
    ----------
    tokens : (W,) int64
    n_walkers : int
        Rows that are not padding.
    position : int
        Of the tokens, from 0.
    weights : Weights
    frequency : (d / 2,) float64
        Rotation a position, in radians.
    keys, values : (L, W, heads, d, context) and (L, W, heads, context, d) float32
        The rings of the block.
    hidden : (W, D) float32
        Filled with what the read-out takes.
    """
    n_layers, _, _, _, context = keys.shape
    slot, filled = position % context, min(position + 1, context)
    angle = frequency * position  # float32 would lose the phase at late positions
    cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    size = hidden.shape[1]
    x, attended = np.empty_like(hidden), np.zeros_like(hidden)
    scales = np.empty(tokens.size, np.float32)
    qkv = np.empty((tokens.size, 3 * size), np.float32)
    wide = np.empty((tokens.size, weights.expand.shape[2]), np.float32)
    for w in range(tokens.size):
        x[w] = weights.embedding[tokens[w]]
    for layer in range(n_layers):
        normalise(x, hidden, scales)
        np.dot(hidden, weights.qkv[layer], qkv)
        _attend(
            qkv,
            weights.qkv_bias[layer],
            cos,
            sin,
            keys[layer],
            values[layer],
            slot,
            filled,
            n_walkers,
            attended,
        )
        np.dot(attended, weights.project[layer], hidden)
        for w in range(tokens.size):
            for k in range(size):
                x[w, k] += hidden[w, k]
        normalise(x, hidden, scales)
        np.dot(hidden, weights.expand[layer], wide)
        add_and_gelu(wide, weights.expand_bias[layer])
        np.dot(wide, weights.contract[layer], hidden)
        for w in range(tokens.size):
            for k in range(size):
                x[w, k] += hidden[w, k] + weights.contract_bias[layer, k]
    normalise(x, hidden, scales)


@njit(cache=True)
def transformer_read(
    tokens: np.ndarray,
    position: int,
    weights: Weights,
    frequency: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    hidden: np.ndarray,
) -> None:
    """Advance all walkers over given tokens, one block after the other.

    Parameters
    ----------
    tokens : (T, W) int64
    position : int
        Of the first of them, from 0.
    weights : Weights
    frequency : (d / 2,) float64
        Rotation a position, in radians.
    keys, values, hidden
        As in `_advance`, behind one axis over blocks of as many rows, the last block padded:
        every matrix product has one shape, so that its rounding does not depend on the number
        of walkers.
    """
    n_blocks, rows, _ = hidden.shape
    current = np.zeros(rows, np.int64)
    for block in range(n_blocks):
        first = block * rows
        n = min(rows, tokens.shape[1] - first)
        for t in range(tokens.shape[0]):
            current[:n] = tokens[t, first : first + n]
            _advance(
                current,
                n,
                position + t,
                weights,
                frequency,
                keys[block],
                values[block],
                hidden[block],
            )


@njit(fastmath=FAST, error_model="numpy", cache=True)
def transformer_generate(
    tokens: np.ndarray,
    position: int,
    weights: Weights,
    frequency: np.ndarray,
    follow: np.ndarray,
    rows_of: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    hidden: np.ndarray,
    seed: int,
    first_walker: int,
    first_frame: int,
    out: np.ndarray,
) -> None:
    """Generate: `transformer_read` with each next token drawn from the softmax of the logits.

    Parameters
    ----------
    tokens : (W,) int64
        The last frame of each walker, overwritten.
    position, weights, frequency, keys, values, hidden
        As in `transformer_read`.
    follow : (K + 1, V) int32
        The row after each token, see `prior.Prior`.
    rows_of : (W,) int64
        The prior's row of each walker before its last frame, overwritten.
    seed, first_walker, first_frame : int
        Counters of the random stream, as in `sampling.sample_states`.
    out : (n_frames, W) int16
        Filled.
    """
    n_blocks, rows, _ = hidden.shape
    n_states = weights.bias.shape[1]
    logits = np.empty((rows, n_states), np.float32)
    current = np.zeros(rows, np.int64)
    for block in range(n_blocks):
        first = block * rows
        n = min(rows, tokens.size - first)
        current[:n] = tokens[first : first + n]
        for frame in range(out.shape[0]):
            _advance(
                current,
                n,
                position + frame,
                weights,
                frequency,
                keys[block],
                values[block],
                hidden[block],
            )
            np.dot(hidden[block], weights.readout, logits)
            draw(
                logits[:n],
                weights.bias,
                follow,
                rows_of[first : first + n],
                current[:n],
                seed,
                first_walker + first,
                first_frame + frame,
            )
            for w in range(n):
                out[frame, first + w] = current[w]
        tokens[first : first + n] = current[:n]

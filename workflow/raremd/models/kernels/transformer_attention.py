"""Rotary attention over a window, forward and backward, as compiled loops of training.

All is part of its caller (`inline`), see `transformer_loops`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from raremd.models.kernels.sampling import FAST, exp32, greater

_ONE, _ZERO, _FAR = np.float32(1.0), np.float32(0.0), np.float32(-1e30)
QUERIES = 32  # that look at the same keys


@njit(fastmath=FAST, error_model="numpy", inline="always")
def rotate(
    qkv: np.ndarray, bias: np.ndarray, cos: np.ndarray, sin: np.ndarray, out: np.ndarray
) -> None:
    """Queries (scaled), keys and values of the heads: (T, 3 D) -> (3, heads, T, d)."""
    _, heads, length, width = out.shape
    half = width // 2
    factor = np.float32(1.0 / np.sqrt(width))
    for t in range(length):
        row, c, s = qkv[t], cos[t], sin[t]
        for k in range(row.size):
            row[k] += bias[k]
        for part in range(2):
            scale = factor if part == 0 else _ONE
            for head in range(heads):
                first = (part * heads + head) * width
                a, b, to = row[first : first + half], row[first + half :], out[part, head, t]
                for k in range(half):
                    to[k] = (a[k] * c[k] - b[k] * s[k]) * scale
                for k in range(half):
                    to[half + k] = (a[k] * s[k] + b[k] * c[k]) * scale
        for head in range(heads):
            first = (2 * heads + head) * width
            value, to = row[first : first + width], out[2, head, t]
            for k in range(width):
                to[k] = value[k]


@njit(fastmath=FAST, error_model="numpy", inline="always")
def rotate_backward(
    by_parts: np.ndarray, cos: np.ndarray, sin: np.ndarray, by_qkv: np.ndarray
) -> None:
    """The gradient by the (T, 3 D) of `rotate` from that by its (3, heads, T, d)."""
    _, heads, length, width = by_parts.shape
    half = width // 2
    factor = np.float32(1.0 / np.sqrt(width))
    for t in range(length):
        row, c, s = by_qkv[t], cos[t], sin[t]
        for part in range(2):
            scale = factor if part == 0 else _ONE
            for head in range(heads):
                first = (part * heads + head) * width
                grad = by_parts[part, head, t]
                a, b = grad[:half], grad[half:]
                to = row[first : first + half]
                for k in range(half):
                    to[k] = (a[k] * c[k] + b[k] * s[k]) * scale
                to = row[first + half : first + width]
                for k in range(half):
                    to[k] = (b[k] * c[k] - a[k] * s[k]) * scale
        for head in range(heads):
            first = (2 * heads + head) * width
            grad, to = by_parts[2, head, t], row[first : first + width]
            for k in range(width):
                to[k] = grad[k]


@njit(fastmath=FAST, error_model="numpy", inline="always")
def _turn(x: np.ndarray, n: int, out: np.ndarray) -> np.ndarray:
    """The first n rows of x (>= n, d) as columns: (d, n), within `out`."""
    width = x.shape[1]
    turned = out[: n * width].reshape((width, n))
    for k in range(width):
        row = turned[k]
        for r in range(n):
            row[r] = x[r, k]
    return turned


@njit(fastmath=FAST, error_model="numpy", inline="always")
def _hide(scores: np.ndarray, offset: int, context: int, value: np.float32) -> None:
    """Set the scores (keys, queries) of keys that a query does not attend to.

    Query r is `offset` + r - c tokens later than key c.
    """
    n = scores.shape[1]
    for c in range(scores.shape[0]):
        row = scores[c]
        for r in range(0, min(max(c - offset, 0), n)):
            row[r] = value
        for r in range(max(min(c - offset + context, n), 0), n):
            row[r] = value


@njit(fastmath=FAST, error_model="numpy", inline="always")
def attend(
    parts: np.ndarray,
    context: int,
    shares: np.ndarray,
    turned: np.ndarray,
    result: np.ndarray,
    out: np.ndarray,
) -> None:
    """Attention of a window to the last `context` tokens; queries side by side are vector code.

    Parameters
    ----------
    parts : (3, heads, T, d) float32
        Of `rotate`.
    context : int
    shares : (heads, blocks, most keys x queries) float32
        Filled with the softmax, block by block of queries, for the backward pass.
    turned : (d x queries,) float32
    result : (queries, d) float32
        Scratch, as the one before.
    out : (T, heads d) float32
        Filled.
    """
    _, heads, length, width = parts.shape
    top, total = np.empty(QUERIES, np.float32), np.empty(QUERIES, np.float32)
    for head in range(heads):
        for block in range(shares.shape[1]):
            first = block * QUERIES
            last, low = min(first + QUERIES, length), max(0, first - context + 1)
            n, m = last - first, last - low
            scores = shares[head, block, : n * m].reshape((m, n))
            queries = _turn(parts[0, head, first:last], n, turned)
            np.dot(parts[1, head, low:last], queries, scores)
            _hide(scores, first - low, context, _FAR)
            for r in range(n):
                top[r] = _FAR
                total[r] = _ZERO
            for c in range(m):
                row = scores[c]
                for r in range(n):
                    top[r] = greater(top[r], row[r])
            for c in range(m):
                row = scores[c]
                for r in range(n):
                    row[r] = exp32(row[r] - top[r])
            _hide(scores, first - low, context, _ZERO)
            for c in range(m):
                row = scores[c]
                for r in range(n):
                    total[r] += row[r]
            for r in range(n):
                total[r] = _ONE / total[r]
            for c in range(m):
                row = scores[c]
                for r in range(n):
                    row[r] *= total[r]
            np.dot(scores.T, parts[2, head, low:last], result[:n])
            for r in range(n):
                row, to = result[r], out[first + r, head * width : (head + 1) * width]
                for k in range(width):
                    to[k] = row[k]


@njit(fastmath=FAST, error_model="numpy", inline="always")
def attend_backward(
    by_out: np.ndarray,
    parts: np.ndarray,
    context: int,
    shares: np.ndarray,
    turned: np.ndarray,
    by_result: np.ndarray,
    by_shares: np.ndarray,
    by_keys: np.ndarray,
    by_parts: np.ndarray,
) -> None:
    """Gradient by the parts of `attend`.

    Parameters
    ----------
    by_out : (T, heads d) float32
    parts, context, shares
        As in `attend`.
    turned : (d x queries,) float32
    by_result : (queries, d) float32
    by_shares : (most keys x queries,) float32
    by_keys : (most keys, d) float32
        Scratch, as the three before.
    by_parts : (3, heads, T, d) float32
        Filled.
    """
    _, heads, length, width = parts.shape
    mean = np.empty(QUERIES, np.float32)
    by_parts[1:] = _ZERO
    for head in range(heads):
        for block in range(shares.shape[1]):
            first = block * QUERIES
            last, low = min(first + QUERIES, length), max(0, first - context + 1)
            n, m = last - first, last - low
            seen = shares[head, block, : n * m].reshape((m, n))
            by_scores = by_shares[: n * m].reshape((m, n))
            for r in range(n):
                to, row = by_result[r], by_out[first + r, head * width : (head + 1) * width]
                for k in range(width):
                    to[k] = row[k]
                mean[r] = _ZERO
            np.dot(parts[2, head, low:last], _turn(by_result, n, turned), by_scores)
            for c in range(m):
                row, grad = seen[c], by_scores[c]
                for r in range(n):
                    mean[r] += row[r] * grad[r]
            for c in range(m):
                row, grad = seen[c], by_scores[c]
                for r in range(n):
                    grad[r] = row[r] * (grad[r] - mean[r])
            np.dot(by_scores.T, parts[1, head, low:last], by_parts[0, head, first:last])
            for part, by in ((1, by_scores), (2, seen)):
                other = parts[0, head, first:last] if part == 1 else by_result[:n]
                np.dot(by, other, by_keys[:m])
                for c in range(m):
                    to, add = by_parts[part, head, low + c], by_keys[c]
                    for k in range(width):
                        to[k] += add[k]

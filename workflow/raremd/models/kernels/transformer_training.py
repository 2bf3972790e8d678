"""Compiled loops of `kernels.transformer` for one processor core: a batch's loss and gradient.

A window goes forward and backward through all layers before the next one begins, so that what it
leaves for its backward pass is still in the cache. Matrix products go to BLAS.

What is called inside a loop is part of its caller (`inline`), see `transformer_loops`; products of
matrices, which BLAS rounds, are functions of their own: compiling takes half the time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from raremd.models.kernels.lstm_loops import cross_entropy_of
from raremd.models.kernels.sampling import FAST
from raremd.models.kernels.transformer_attention import (
    QUERIES,
    attend,
    attend_backward,
    rotate,
    rotate_backward,
)
from raremd.models.kernels.transformer_loops import Weights, bell, below, normalise

_ONE, _ZERO, _HALF = np.float32(1.0), np.float32(0.0), np.float32(0.5)
_DENSITY = np.float32(1.0 / np.sqrt(2.0 * np.pi))
_ROWS = 64  # of a matrix product: BLAS copies no operand below a million multiplications


@njit(fastmath=FAST, error_model="numpy")
def _multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """A (T, m) @ b (m, n), some rows at a time."""
    for first in range(0, a.shape[0], _ROWS):
        last = min(first + _ROWS, a.shape[0])
        np.dot(a[first:last], b, out[first:last])


@njit(fastmath=FAST, error_model="numpy")
def _add_outer(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Add a^T (m, T) @ b (T, n) to out (m, n): the gradient of a matrix."""
    product = np.empty_like(out)
    for first in range(0, a.shape[0], _ROWS):
        last = min(first + _ROWS, a.shape[0])
        np.dot(a[first:last].T, b[first:last], product)
        for m in range(out.shape[0]):
            row, add = out[m], product[m]
            for n in range(row.size):
                row[n] += add[n]


@njit(fastmath=FAST, error_model="numpy", inline="always")
def add_sum(a: np.ndarray, out: np.ndarray) -> None:
    """Add the sum over the rows of a (T, n) to out (n,): the gradient of a bias."""
    for t in range(a.shape[0]):
        row = a[t]
        for n in range(row.size):
            out[n] += row[n]


@njit(fastmath=FAST, error_model="numpy", inline="always")
def _add(a: np.ndarray, bias: np.ndarray, out: np.ndarray) -> None:
    """Add a (T, n) + bias (n,) to out (T, n)."""
    for t in range(a.shape[0]):
        row, to = a[t], out[t]
        for n in range(row.size):
            to[n] += row[n] + bias[n]


@njit(fastmath=FAST, error_model="numpy", inline="always")
def normalise_backward(
    by_out: np.ndarray, out: np.ndarray, scale: np.ndarray, by_x: np.ndarray
) -> None:
    """Add the gradient by x (T, D) of `normalise`, whose results are out (T, D), scale (T,)."""
    n = out.shape[1]
    share = np.float32(1.0 / n)
    for t in range(out.shape[0]):
        row, grad, to = out[t], by_out[t], by_x[t]
        total, along = _ZERO, _ZERO
        for k in range(n):
            total += grad[k]
        for k in range(n):
            along += grad[k] * row[k]
        total *= share
        along *= share
        for k in range(n):
            to[k] += scale[t] * (grad[k] - total - row[k] * along)


@njit(fastmath=FAST, error_model="numpy", inline="always")
def gelu(x: np.ndarray, bias: np.ndarray, slope: np.ndarray, out: np.ndarray) -> None:
    """GELU of x (T, F) + bias (F,), and its derivative.

    A loop that writes to two rows would not be vector code.
    """
    density = np.empty(bias.size, np.float32)
    for t in range(x.shape[0]):
        row, by, to = x[t], slope[t], out[t]
        for k in range(row.size):
            row[k] += bias[k]
        for k in range(row.size):
            density[k] = bell(row[k])
        for k in range(row.size):
            by[k] = below(row[k], density[k])
        for k in range(row.size):
            to[k] = row[k] * by[k]
        for k in range(row.size):
            by[k] += row[k] * (_DENSITY * density[k])


@njit(fastmath=FAST, error_model="numpy", cache=True)
def transformer_loss(
    tokens: np.ndarray,
    targets: np.ndarray,
    rows_of: np.ndarray,
    heads: int,
    context: int,
    cos: np.ndarray,
    sin: np.ndarray,
    weights: Weights,
    gradient: Weights,
    with_gradient: bool,
) -> float:
    """Mean cross-entropy of windows, and its gradient.

    Parameters
    ----------
    tokens, targets, rows_of : (B, T) int64
        Inputs, what follows each of them, and the prior's row after it.
    heads, context : int
    cos, sin : (T, d / 2) float32
        Rotation of each position.
    weights, gradient : Weights
        The gradient is added to the latter.
    with_gradient : bool
        Else the latter is left alone.

    Returns
    -------
    float
        In nats.
    """
    w, g = weights, gradient
    batch, length = tokens.shape
    n_layers, size, _ = w.qkv.shape
    wide, n_states = w.expand.shape[2], w.bias.shape[1]
    width = size // heads
    n_blocks = (length + QUERIES - 1) // QUERIES
    most = min(length, context - 1 + QUERIES)
    share = np.float32(1.0 / (batch * length))
    x = np.empty((length, size), np.float32)
    by_x, update, last_norm = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    by_attended = np.empty_like(x)
    first_norm = np.empty((n_layers, length, size), np.float32)
    second_norm, attended = np.empty_like(first_norm), np.empty_like(first_norm)
    scales = np.empty((2 * n_layers + 1, length), np.float32)
    qkv = np.empty((length, 3 * size), np.float32)
    parts = np.empty((n_layers, 3, heads, length, width), np.float32)
    by_parts = np.empty((3, heads, length, width), np.float32)
    shares = np.empty((n_layers, heads, n_blocks, QUERIES * most), np.float32)
    scratch = np.empty(QUERIES * most, np.float32)
    turned = np.empty(width * QUERIES, np.float32)
    result, by_keys = np.empty((QUERIES, width), np.float32), np.empty((most, width), np.float32)
    active = np.empty((n_layers, length, wide), np.float32)
    slope, by_wide = np.empty_like(active), np.empty((length, wide), np.float32)
    logits = np.empty((length, n_states), np.float32)
    nothing = np.zeros(size, np.float32)
    qkv_back = np.ascontiguousarray(w.qkv.transpose(0, 2, 1))
    project_back = np.ascontiguousarray(w.project.transpose(0, 2, 1))
    expand_back = np.ascontiguousarray(w.expand.transpose(0, 2, 1))
    contract_back = np.ascontiguousarray(w.contract.transpose(0, 2, 1))
    readout_back = np.ascontiguousarray(w.readout.T)
    loss = 0.0
    for b in range(batch):
        for t in range(length):
            x[t] = w.embedding[tokens[b, t]]
        for layer in range(n_layers):
            normalise(x, first_norm[layer], scales[2 * layer])
            _multiply(first_norm[layer], w.qkv[layer], qkv)
            rotate(qkv, w.qkv_bias[layer], cos, sin, parts[layer])
            attend(parts[layer], context, shares[layer], turned, result, attended[layer])
            _multiply(attended[layer], w.project[layer], update)
            _add(update, nothing, x)
            normalise(x, second_norm[layer], scales[2 * layer + 1])
            _multiply(second_norm[layer], w.expand[layer], by_wide)
            gelu(by_wide, w.expand_bias[layer], slope[layer], active[layer])
            _multiply(active[layer], w.contract[layer], update)
            _add(update, w.contract_bias[layer], x)
        normalise(x, last_norm, scales[2 * n_layers])
        _multiply(last_norm, w.readout, logits)
        for t in range(length):
            row, add = logits[t], w.bias[rows_of[b, t]]
            for v in range(n_states):
                row[v] += add[v]
        loss += cross_entropy_of(logits, targets[b], share)
        if not with_gradient:
            continue
        for t in range(length):
            row, to = logits[t], g.bias[rows_of[b, t]]
            for v in range(n_states):
                to[v] += row[v]
        _add_outer(last_norm, logits, g.readout)
        _multiply(logits, readout_back, update)
        by_x[:] = _ZERO
        normalise_backward(update, last_norm, scales[2 * n_layers], by_x)
        for layer in range(n_layers - 1, -1, -1):
            add_sum(by_x, g.contract_bias[layer])
            _add_outer(active[layer], by_x, g.contract[layer])
            _multiply(by_x, contract_back[layer], by_wide)
            for t in range(length):
                row, by = by_wide[t], slope[layer, t]
                for k in range(wide):
                    row[k] *= by[k]
            add_sum(by_wide, g.expand_bias[layer])
            _add_outer(second_norm[layer], by_wide, g.expand[layer])
            _multiply(by_wide, expand_back[layer], update)
            normalise_backward(update, second_norm[layer], scales[2 * layer + 1], by_x)
            _add_outer(attended[layer], by_x, g.project[layer])
            _multiply(by_x, project_back[layer], by_attended)
            attend_backward(
                by_attended,
                parts[layer],
                context,
                shares[layer],
                turned,
                result,
                scratch,
                by_keys,
                by_parts,
            )
            rotate_backward(by_parts, cos, sin, qkv)
            add_sum(qkv, g.qkv_bias[layer])
            _add_outer(first_norm[layer], qkv, g.qkv[layer])
            _multiply(qkv, qkv_back[layer], update)
            normalise_backward(update, first_norm[layer], scales[2 * layer], by_x)
        for t in range(length):
            to, row = g.embedding[tokens[b, t]], by_x[t]
            for k in range(size):
                to[k] += row[k]
    return loss / (batch * length)

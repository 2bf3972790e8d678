"""A wide Transformer's loss and gradient with products in bfloat16, for processors fast at them.

Products take bfloat16 and add up in float32; what they leave is bfloat16. The residual stream,
norms, attention, read-out and loss are float32. Attention is formed again in the backward pass.
"""

from __future__ import annotations

import numpy as np
import torch
from numba import njit

from raremd.models.kernels.lstm_loops import cross_entropy
from raremd.models.kernels.precision import bits
from raremd.models.kernels.sampling import FAST, narrow, widen
from raremd.models.kernels.transformer_attention import (
    QUERIES,
    attend,
    attend_backward,
    rotate,
    rotate_backward,
)
from raremd.models.kernels.transformer_loops import Weights, normalise
from raremd.models.kernels.transformer_training import add_sum, gelu, normalise_backward

_CHUNK = 16  # rows that stay in the first-level cache


@njit(fastmath=FAST, error_model="numpy", inline="always")
def _widen(x: np.ndarray, out: np.ndarray) -> None:
    for t in range(x.shape[0]):
        row, to = x[t], out[t]
        for k in range(row.size):
            to[k] = widen(row[k])


@njit(fastmath=FAST, error_model="numpy", inline="always")
def _narrow(x: np.ndarray, out: np.ndarray) -> None:
    for t in range(x.shape[0]):
        row, to = x[t], out[t]
        for k in range(row.size):
            to[k] = narrow(row[k])


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _add_and_normalise(
    update: np.ndarray, bias: np.ndarray, x: np.ndarray, out: np.ndarray, scales: np.ndarray
) -> None:
    """Add update (N, D) bits + bias to x (N, D) float32; its norm goes to out (N, D) bits."""
    chunk = np.empty((_CHUNK, x.shape[1]), np.float32)
    for first in range(0, x.shape[0], _CHUNK):
        last = min(first + _CHUNK, x.shape[0])
        for t in range(first, last):
            row, to = update[t], x[t]
            for k in range(bias.size):
                to[k] += widen(row[k]) + bias[k]
        normalise(x[first:last], chunk, scales[first:last])
        _narrow(chunk[: last - first], out[first:last])


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _normalise_backward(
    by_out: np.ndarray, out: np.ndarray, scales: np.ndarray, by_x: np.ndarray, rounded: np.ndarray
) -> None:
    """`normalise_backward` of bits; the sum is left in bfloat16 too."""
    norm = np.empty((_CHUNK, by_x.shape[1]), np.float32)
    grad = np.empty_like(norm)
    for first in range(0, by_x.shape[0], _CHUNK):
        last = min(first + _CHUNK, by_x.shape[0])
        n = last - first
        _widen(out[first:last], norm)
        _widen(by_out[first:last], grad)
        normalise_backward(grad[:n], norm[:n], scales[first:last], by_x[first:last])
        _narrow(by_x[first:last], rounded[first:last])


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _gelu(x: np.ndarray, bias: np.ndarray, slope: np.ndarray, out: np.ndarray) -> None:
    """GELU of x (N, F) + bias, and its derivative, all but the bias bits."""
    wide = np.empty((_CHUNK, x.shape[1]), np.float32)
    by, active = np.empty_like(wide), np.empty_like(wide)
    for first in range(0, x.shape[0], _CHUNK):
        last = min(first + _CHUNK, x.shape[0])
        n = last - first
        _widen(x[first:last], wide)
        gelu(wide[:n], bias, by, active)
        _narrow(by[:n], slope[first:last])
        _narrow(active[:n], out[first:last])


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _gelu_backward(by: np.ndarray, slope: np.ndarray, by_bias: np.ndarray) -> None:
    """Gradient (N, F) by what GELU gave to that by what it got, in place, bits; and by the bias."""
    grad = np.empty((1, by_bias.size), np.float32)
    row = grad[0]
    for t in range(by.shape[0]):
        to, derivative = by[t], slope[t]
        for k in range(row.size):
            row[k] = widen(to[k]) * widen(derivative[k])
        add_sum(grad, by_bias)
        for k in range(row.size):
            to[k] = narrow(row[k])


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _attention(
    qkv: np.ndarray,
    bias: np.ndarray,
    heads: int,
    context: int,
    cos: np.ndarray,
    sin: np.ndarray,
    by_out: np.ndarray,
    by_bias: np.ndarray,
    backward: bool,
    out: np.ndarray,
) -> None:
    """Attention of windows, or its gradient.

    Parameters
    ----------
    qkv : (N, 3 D) bfloat16 bits
    bias : (3 D,) float32
    heads, context : int
    cos, sin : (T, d / 2) float32
    by_out : (N, D) bfloat16 bits
        Gradient by what is attended to; read backward alone.
    by_bias : (3 D,) float32
        The gradient is added to it, backward alone.
    backward : bool
    out : (N, D) or backward (N, 3 D) bfloat16 bits
        Filled: what is attended to, or the gradient by qkv.
    """
    length, size = cos.shape[0], bias.size // 3
    width = size // heads
    most = min(length, context - 1 + QUERIES)
    wide = np.empty((length, 3 * size), np.float32)
    parts = np.empty((3, heads, length, width), np.float32)
    by_parts = np.empty_like(parts)
    attended = np.empty((length, size), np.float32)
    shares = np.empty((heads, (length + QUERIES - 1) // QUERIES, QUERIES * most), np.float32)
    scratch = np.empty(QUERIES * most, np.float32)
    turned = np.empty(width * QUERIES, np.float32)
    result, by_keys = np.empty((QUERIES, width), np.float32), np.empty((most, width), np.float32)
    for first in range(0, qkv.shape[0], length):
        last = first + length
        _widen(qkv[first:last], wide)
        rotate(wide, bias, cos, sin, parts)
        attend(parts, context, shares, turned, result, attended)
        if not backward:
            _narrow(attended, out[first:last])
            continue
        _widen(by_out[first:last], attended)
        attend_backward(
            attended, parts, context, shares, turned, result, scratch, by_keys, by_parts
        )
        rotate_backward(by_parts, cos, sin, wide)
        add_sum(wide, by_bias)
        _narrow(wide, out[first:last])


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _add_rows(x: np.ndarray, at: np.ndarray, out: np.ndarray) -> None:
    """Add each row of x (N, n) to the row of out that `at` (N,) names."""
    for t in range(at.size):
        row, to = x[t], out[at[t]]
        for k in range(row.size):
            to[k] += row[k]


def wide_loss(
    tokens: np.ndarray,
    targets: np.ndarray,
    rows_of: np.ndarray,
    heads: int,
    context: int,
    cos: np.ndarray,
    sin: np.ndarray,
    weights: Weights,
    gradient: Weights,
) -> float:
    """As `transformer_training.transformer_loss`, always with the gradient."""
    w, g = weights, gradient
    n_layers, size, _ = w.qkv.shape
    n, wide = tokens.size, w.expand.shape[2]

    def empty(columns: int) -> torch.Tensor:
        return torch.empty(n, columns, dtype=torch.bfloat16)

    qkv_of, project_of, expand_of, contract_of = (
        torch.from_numpy(part).bfloat16() for part in (w.qkv, w.project, w.expand, w.contract)
    )
    zero, scales = np.zeros(size, np.float32), np.empty((2 * n_layers + 1, n), np.float32)
    x, update = w.embedding[tokens.ravel()], torch.zeros(n, size, dtype=torch.bfloat16)
    bias, kept = zero, []
    turn = heads, context, cos, sin
    for k in range(n_layers):
        first, second, attended, slope, active = (empty(m) for m in (size, size, size, wide, wide))
        _add_and_normalise(bits(update), bias, x, bits(first), scales[2 * k])
        qkv = first @ qkv_of[k]
        # Forward, neither of the gradients is touched.
        _attention(
            bits(qkv),
            w.qkv_bias[k],
            *turn,
            bits(attended),
            g.qkv_bias[k],
            False,
            bits(attended),
        )
        torch.mm(attended, project_of[k], out=update)
        _add_and_normalise(bits(update), zero, x, bits(second), scales[2 * k + 1])
        _gelu(bits(second @ expand_of[k]), w.expand_bias[k], bits(slope), bits(active))
        torch.mm(active, contract_of[k], out=update)
        bias = w.contract_bias[k]
        kept.append((first, second, qkv, attended, slope, active))
    last = empty(size)
    _add_and_normalise(bits(update), bias, x, bits(last), scales[2 * n_layers])
    # Logits of 8 bits would spoil the loss: this product stays in float32.
    rows, exact = rows_of.ravel(), last.float().numpy()
    logits = exact @ w.readout
    logits += w.bias[rows]
    loss = cross_entropy(logits, targets.ravel())
    _add_rows(logits, rows, g.bias)
    g.readout[:] = exact.T @ logits
    by_update = torch.from_numpy(logits @ w.readout.T).bfloat16()
    by_x, rounded = np.zeros_like(x), empty(size)
    _normalise_backward(bits(by_update), bits(last), scales[2 * n_layers], by_x, bits(rounded))
    by_qkv = empty(3 * size)
    for k in range(n_layers - 1, -1, -1):
        first, second, qkv, attended, slope, active = kept.pop()
        g.contract_bias[k] = by_x.sum(axis=0)
        g.contract[k] = (active.T @ rounded).float()
        by_wide = rounded @ contract_of[k].T
        _gelu_backward(bits(by_wide), bits(slope), g.expand_bias[k])
        g.expand[k] = (second.T @ by_wide).float()
        torch.mm(by_wide, expand_of[k].T, out=by_update)
        _normalise_backward(bits(by_update), bits(second), scales[2 * k + 1], by_x, bits(rounded))
        g.project[k] = (attended.T @ rounded).float()
        torch.mm(rounded, project_of[k].T, out=by_update)
        _attention(
            bits(qkv), w.qkv_bias[k], *turn, bits(by_update), g.qkv_bias[k], True, bits(by_qkv)
        )
        g.qkv[k] = (first.T @ by_qkv).float()
        torch.mm(by_qkv, qkv_of[k].T, out=by_update)
        _normalise_backward(bits(by_update), bits(first), scales[2 * k], by_x, bits(rounded))
    _add_rows(by_x, tokens.ravel(), g.embedding)
    return loss

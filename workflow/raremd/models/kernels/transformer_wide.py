"""A wide Transformer's loss and gradient with products in bfloat16, for processors fast at them.

Products take bfloat16 and add up in float32; what they leave is bfloat16. The residual stream,
norms, softmax, read-out and loss are float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numba import njit

from raremd.models.kernels.lstm_loops import cross_entropy
from raremd.models.kernels.precision import bits
from raremd.models.kernels.sampling import FAST, exp32, greater, narrow, widen
from raremd.models.kernels.transformer_attention import Rotary, rotate, rotate_backward
from raremd.models.kernels.transformer_loops import normalise
from raremd.models.kernels.transformer_training import add_sum, gelu, normalise_backward

_CHUNK = 16  # rows that stay in the first-level cache
_QUERIES = 128  # that look at the same keys
_SCORES = 1 << 19  # of queries and keys, formed at a time

_ZERO, _FAR = np.float32(0.0), np.float32(-1e30)


class WideLayer(NamedTuple):
    """Weights of a layer, output by input; or the gradients by them, of the same shapes.

    Each norm's own are in what follows, and the two channels of a rotated pair stand d / 2 apart.
    """

    qkv: torch.Tensor  # (3 D, D) bfloat16, as all weights
    qkv_bias: torch.Tensor  # (3 D,) float32, as all biases
    project: torch.Tensor  # (D, D)
    expand: torch.Tensor  # (F, D)
    expand_bias: torch.Tensor  # (F,)
    contract: torch.Tensor  # (D, F)
    contract_bias: torch.Tensor  # (D,)


class Ends(NamedTuple):
    """What stands before and behind the layers, or the gradients by it; all float32."""

    embedding: torch.Tensor  # (V, D)
    readout: torch.Tensor  # (V, D)
    bias: torch.Tensor  # (K, V): what is added to the logits, by row of the prior


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
def _gelu(x: np.ndarray, bias: np.ndarray, out: np.ndarray) -> None:
    """GELU of x (N, F) + bias, whose derivative takes the place of x; all but the bias bits."""
    wide = np.empty((_CHUNK, x.shape[1]), np.float32)
    by, active = np.empty_like(wide), np.empty_like(wide)
    for first in range(0, x.shape[0], _CHUNK):
        last = min(first + _CHUNK, x.shape[0])
        n = last - first
        _widen(x[first:last], wide)
        gelu(wide[:n], bias, by, active)
        _narrow(by[:n], x[first:last])
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
def _split(
    qkv: np.ndarray, bias: np.ndarray, cos: np.ndarray, sin: np.ndarray, out: np.ndarray
) -> None:
    """`rotate` of windows: bits (N, 3 D) -> bits (3, windows, heads, T, d)."""
    _, windows, heads, length, width = out.shape
    wide = np.empty((length, bias.size), np.float32)
    parts = np.empty((3, heads, length, width), np.float32)
    for window in range(windows):
        _widen(qkv[window * length : (window + 1) * length], wide)
        rotate(wide, bias, cos, sin, parts)
        for part in range(3):
            for head in range(heads):
                _narrow(parts[part, head], out[part, window, head])


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _join(
    by_parts: np.ndarray, cos: np.ndarray, sin: np.ndarray, by_bias: np.ndarray, out: np.ndarray
) -> None:
    """`rotate_backward` of windows: bits (3, windows, heads, T, d) -> bits (N, 3 D)."""
    _, windows, heads, length, width = by_parts.shape
    wide = np.empty((length, by_bias.size), np.float32)
    parts = np.empty((3, heads, length, width), np.float32)
    for window in range(windows):
        for part in range(3):
            for head in range(heads):
                _widen(by_parts[part, window, head], parts[part, head])
        rotate_backward(parts, cos, sin, wide)
        add_sum(wide, by_bias)
        _narrow(wide, out[window * length : (window + 1) * length])


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _softmax(scores: np.ndarray, offset: int, context: int) -> None:
    """Scores (S, queries, keys), bits, to what each query attends to, in place.

    Query r is `offset` + r - c tokens later than key c.
    """
    most = scores.shape[2]
    space = np.empty(most, np.float32)
    for s in range(scores.shape[0]):
        for r in range(scores.shape[1]):
            low, high = max(0, offset + r - context + 1), offset + r + 1
            # Loops from 0 on are vector code.
            row, wide = scores[s, r, low:high], space[low:high]
            top, total = _FAR, _ZERO
            for c in range(wide.size):
                wide[c] = widen(row[c])
            for c in range(wide.size):
                top = greater(top, wide[c])
            for c in range(wide.size):
                wide[c] = exp32(wide[c] - top)
            for c in range(wide.size):
                total += wide[c]
            share = np.float32(1.0) / total
            for c in range(wide.size):
                row[c] = narrow(wide[c] * share)
            scores[s, r, :low] = 0
            scores[s, r, high:] = 0


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _softmax_backward(shares: np.ndarray, by: np.ndarray) -> None:
    """Gradient by what `_softmax` gave to that by what it got, (S, queries, keys) bits, in place.

    Where nothing is attended to, `by` is finite.
    """
    n, m = by.shape[1:]
    wide, grad = np.empty(m, np.float32), np.empty(m, np.float32)
    for s in range(by.shape[0]):
        for r in range(n):
            seen, row, mean = shares[s, r], by[s, r], _ZERO
            for c in range(m):
                wide[c] = widen(seen[c])
            for c in range(m):
                grad[c] = widen(row[c])
            for c in range(m):
                mean += wide[c] * grad[c]
            for c in range(m):
                row[c] = narrow(wide[c] * (grad[c] - mean))


def _blocks(length: int, context: int) -> Iterator[tuple[int, int, int]]:
    """First and last query of each block, and the first key that they look at."""
    for first in range(0, length, _QUERIES):
        yield first, min(first + _QUERIES, length), max(0, first - context + 1)


def _groups(n_windows: int, length: int, rotary: Rotary) -> Iterator[slice]:
    """Windows whose scores stay in the cache together."""
    n = min(length, _QUERIES)
    size = max(1, _SCORES // (rotary.heads * n * min(length, rotary.context - 1 + n)))
    for first in range(0, n_windows, size):
        yield slice(first, min(first + size, n_windows))


class _Attended(NamedTuple):
    """What attention of some windows leaves for its backward pass."""

    windows: slice
    parts: torch.Tensor  # (3, S, T, d): queries (scaled), keys and values
    shares: list[torch.Tensor]  # of each block of queries: (S, queries, keys)


def _attention(
    qkv: torch.Tensor, bias: np.ndarray, rotary: Rotary
) -> tuple[torch.Tensor, list[_Attended]]:
    """What each token attends to: (B, T, 3 D) -> (B, T, D), both bfloat16."""
    (n_windows, length, size), heads = qkv.shape, rotary.heads
    out, kept = torch.empty(n_windows, length, size // 3, dtype=torch.bfloat16), []
    for windows in _groups(n_windows, length, rotary):
        to = out[windows].unflatten(-1, (heads, -1)).transpose(1, 2)  # (windows, heads, T, d)
        parts = torch.empty(3, *to.shape, dtype=torch.bfloat16)
        _split(bits(qkv[windows].flatten(0, 1)), bias, rotary.cos, rotary.sin, bits(parts))
        query, key, value = parts = parts.flatten(1, 2)
        all_shares = []
        for first, last, low in _blocks(length, rotary.context):
            shares = query[:, first:last] @ key[:, low:last].transpose(1, 2)
            _softmax(bits(shares), first - low, rotary.context)
            attended = shares @ value[:, low:last]
            to[:, :, first:last] = attended.unflatten(0, (-1, heads))
            all_shares.append(shares)
        kept.append(_Attended(windows, parts, all_shares))
    return out, kept


def _attention_backward(
    kept: Sequence[_Attended],
    rotary: Rotary,
    by: torch.Tensor,
    by_bias: np.ndarray,
    out: torch.Tensor,
) -> None:
    """Fill out (B, T, 3 D) with the gradient by qkv from that by `_attention`, add the bias's."""
    for windows, parts, all_shares in kept:
        query, key, value = parts
        by_out = by[windows].unflatten(-1, (rotary.heads, -1)).transpose(1, 2).flatten(0, 1)
        by_query, by_key, by_value = by_parts = torch.zeros_like(parts)
        blocks = _blocks(query.shape[1], rotary.context)
        for (first, last, low), shares in zip(blocks, all_shares, strict=True):
            by_value[:, low:last] += shares.transpose(1, 2) @ by_out[:, first:last]
            by_scores = by_out[:, first:last] @ value[:, low:last].transpose(1, 2)
            _softmax_backward(bits(shares), bits(by_scores))
            by_query[:, first:last] = by_scores @ key[:, low:last]
            by_key[:, low:last] += by_scores.transpose(1, 2) @ query[:, first:last]
        by_parts = by_parts.unflatten(1, (-1, rotary.heads))
        _join(bits(by_parts), rotary.cos, rotary.sin, by_bias, bits(out[windows].flatten(0, 1)))


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
    rotary: Rotary,
    layers: Sequence[WideLayer],
    ends: Ends,
) -> tuple[float, list[WideLayer], Ends]:
    """Mean cross-entropy of windows, and its gradient.

    Parameters
    ----------
    tokens, targets, rows_of : (B, T) int64
        Inputs, what follows each of them, and the prior's row after it.
    rotary : Rotary
    layers : sequence of WideLayer
    ends : Ends

    Returns
    -------
    float
        In nats.
    list of WideLayer, Ends
        The gradient.
    """
    size, n = ends.embedding.shape[1], tokens.size
    zero, scales = np.zeros(size, np.float32), np.empty((2 * len(layers) + 1, n), np.float32)
    x, update = ends.embedding.numpy()[tokens.ravel()], torch.zeros(n, size, dtype=torch.bfloat16)
    bias, kept = zero, []
    for k, w in enumerate(layers):
        first, second = torch.empty_like(update), torch.empty_like(update)
        _add_and_normalise(bits(update), bias, x, bits(first), scales[2 * k])
        qkv = (first @ w.qkv.T).unflatten(0, tokens.shape)
        attended, attention = _attention(qkv, w.qkv_bias.numpy(), rotary)
        attended = attended.flatten(0, 1)
        torch.mm(attended, w.project.T, out=update)
        _add_and_normalise(bits(update), zero, x, bits(second), scales[2 * k + 1])
        slope = second @ w.expand.T
        active = torch.empty_like(slope)
        _gelu(bits(slope), w.expand_bias.numpy(), bits(active))
        torch.mm(active, w.contract.T, out=update)
        bias = w.contract_bias.numpy()
        kept.append((first, second, attention, attended, slope, active))
    last = torch.empty_like(update)
    _add_and_normalise(bits(update), bias, x, bits(last), scales[-1])
    # Logits of 8 bits would spoil the loss: this product stays in float32.
    rows, exact, readout = rows_of.ravel(), last.float().numpy(), ends.readout.numpy()
    logits = exact @ readout.T
    logits += ends.bias.numpy()[rows]
    loss = cross_entropy(logits, targets.ravel())
    by_ends = Ends(
        torch.zeros_like(ends.embedding),
        torch.from_numpy(logits.T @ exact),
        torch.zeros_like(ends.bias),
    )
    _add_rows(logits, rows, by_ends.bias.numpy())
    by_update = torch.from_numpy(logits @ readout).bfloat16()
    by_x, rounded = np.zeros_like(x), torch.empty_like(update)
    _normalise_backward(bits(by_update), bits(last), scales[-1], by_x, bits(rounded))
    by_wide, by_qkv = torch.empty_like(kept[0][-1]), torch.empty_like(qkv)
    gradients: list[WideLayer] = []
    for k, w in reversed(list(enumerate(layers))):
        first, second, attention, attended, slope, active = kept.pop()
        by_contract = rounded.T @ active, torch.from_numpy(by_x.sum(axis=0))
        by_bias = torch.zeros_like(w.expand_bias)
        torch.mm(rounded, w.contract, out=by_wide)
        _gelu_backward(bits(by_wide), bits(slope), by_bias.numpy())
        by_expand = by_wide.T @ second, by_bias
        torch.mm(by_wide, w.expand, out=by_update)
        _normalise_backward(bits(by_update), bits(second), scales[2 * k + 1], by_x, bits(rounded))
        by_project = rounded.T @ attended
        torch.mm(rounded, w.project, out=by_update)
        by_bias, by_attended = torch.zeros_like(w.qkv_bias), by_update.unflatten(0, tokens.shape)
        by = by_bias.numpy()
        _attention_backward(attention, rotary, by_attended, by, by_qkv)
        torch.mm(by_qkv.flatten(0, 1), w.qkv, out=by_update)
        _normalise_backward(bits(by_update), bits(first), scales[2 * k], by_x, bits(rounded))
        gradients.append(
            WideLayer(by_qkv.flatten(0, 1).T @ first, by_bias, by_project, *by_expand, *by_contract)
        )
    _add_rows(by_x, tokens.ravel(), by_ends.embedding.numpy())
    return loss, gradients[::-1], by_ends

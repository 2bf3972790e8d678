"""Compiled loops of `kernels.lstm` for one processor core: generation and training.

Element-wise work is one pass of vector code over each walker's row; matrix
products go to BLAS.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from raremd.models.kernels.sampling import FAST, draw, exp2_32, exp32, greater

_LOG2E = np.float32(1.44269504)
_ONE = np.float32(1.0)
_LIMIT = np.float32(40.0)  # 2^-40: beyond it a gate is shut in float32; 2^120 does not overflow


@njit(fastmath=FAST, error_model="numpy", inline="always")
def power(x: np.float32, scale: np.float32) -> np.float32:
    """exp(-x) for scale -log2(e), exp(-2 x) for twice that, clamped to 2^(-40..40)."""
    return exp2_32(min(max(x * scale, -_LIMIT), _LIMIT))


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _cell(
    gates: np.ndarray, table: np.ndarray, tokens: np.ndarray, h: np.ndarray, c: np.ndarray
) -> None:
    """One LSTM step, in place; fractions are joined so that a unit costs two divisions.

    Parameters
    ----------
    gates : (W, 4 H) float32
        h @ W_hh^T on entry, scratch on exit.
    table : (V, 4 H) float32
        Embedding times W_ih^T plus both biases: what each token adds to the gates.
    tokens : (W,) int
    h, c : (W, H) float32
        Hidden and cell state, overwritten.
    """
    n = h.shape[1]
    one, two = -_LOG2E, np.float32(-2.0) * _LOG2E
    for w in range(h.shape[0]):
        gate, add, hidden, cell = gates[w], table[tokens[w]], h[w], c[w]
        for k in range(4 * n):
            gate[k] += add[k]
        for k in range(n):
            i, f, g = power(gate[k], one), power(gate[n + k], one), power(gate[2 * n + k], two)
            both = (_ONE + i) * (_ONE + g)
            forget = _ONE + f
            cell[k] = (cell[k] * both + (_ONE - g) * forget) / (both * forget)
        for k in range(n):
            o, e = power(gate[3 * n + k], one), power(cell[k], two)
            hidden[k] = (_ONE - e) / ((_ONE + e) * (_ONE + o))


@njit(fastmath=FAST, error_model="numpy", cache=True)
def lstm_read(
    tokens: np.ndarray, table: np.ndarray, recurrent: np.ndarray, h: np.ndarray, c: np.ndarray
) -> None:
    """Advance all walkers over given tokens, one block after the other.

    Parameters
    ----------
    tokens : (T, W) int64
    table : (V, 4 H) float32
        As in `_cell`.
    recurrent : (H, 4 H) float32
        W_hh transposed.
    h, c : (n_blocks, rows, H) float32
        States of the walkers in order, the last block padded: every matrix product
        has one shape, so that its rounding does not depend on the number of walkers.
    """
    n_blocks, rows, n_hidden = h.shape
    gates = np.empty((rows, 4 * n_hidden), np.float32)
    current = np.zeros(rows, np.int64)
    for block in range(n_blocks):
        first = block * rows
        n = min(rows, tokens.shape[1] - first)
        for t in range(tokens.shape[0]):
            current[:n] = tokens[t, first : first + n]
            np.dot(h[block], recurrent, gates)
            _cell(gates, table, current, h[block], c[block])


@njit(fastmath=FAST, error_model="numpy", cache=True)
def lstm_generate(
    tokens: np.ndarray,
    table: np.ndarray,
    recurrent: np.ndarray,
    readout: np.ndarray,
    bias: np.ndarray,
    follow: np.ndarray,
    rows_of: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
    seed: int,
    first_walker: int,
    first_frame: int,
    out: np.ndarray,
) -> None:
    """Generate: `lstm_read` with each next token drawn from the softmax of the logits.

    Parameters
    ----------
    tokens : (W,) int64
        The last frame of each walker, overwritten.
    table, recurrent, h, c
        As in `lstm_read`.
    readout : (H, V) float32
    bias : (K, V) float32
        What is added to the logits, by row.
    follow : (K + 1, V) int32
        The row after each token, see `prior.Prior`.
    rows_of : (W,) int64
        The row of each walker before its last frame, overwritten.
    seed, first_walker, first_frame : int
        Counters of the random stream, as in `sampling.sample_states`.
    out : (n_frames, W) int16
        Filled.
    """
    n_blocks, rows, n_hidden = h.shape
    gates = np.empty((rows, 4 * n_hidden), np.float32)
    n_states = bias.shape[1]
    logits = np.empty((rows, n_states), np.float32)
    current = np.zeros(rows, np.int64)
    for block in range(n_blocks):
        first = block * rows
        n = min(rows, tokens.size - first)
        current[:n] = tokens[first : first + n]
        current[n:] = 0
        for frame in range(out.shape[0]):
            np.dot(h[block], recurrent, gates)
            _cell(gates, table, current, h[block], c[block])
            np.dot(h[block], readout, logits)
            draw(
                logits[:n],
                bias,
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


@njit
def _row_blocks(batch: int, n_hidden: int) -> list[tuple[int, int]]:
    """Windows that go through time together: BLAS is fastest on small products, if they are."""
    rows = 32 if n_hidden <= 64 else batch
    return [(first, min(first + rows, batch)) for first in range(0, batch, rows)]


@njit(fastmath=FAST, error_model="numpy")
def _sigmoid(x: np.ndarray, scale: np.float32) -> None:
    for k in range(x.size):
        x[k] = _ONE / (_ONE + power(x[k], scale))


@njit(fastmath=FAST, error_model="numpy", cache=True)
def lstm_forward(
    tokens: np.ndarray,
    table: np.ndarray,
    recurrent: np.ndarray,
    gates: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
) -> None:
    """An LSTM over whole windows from a zero state.

    Parameters
    ----------
    tokens : (T, B) int64
    table, recurrent
        As in `lstm_read`.
    gates : (T, B, 4 H) float32
        Filled with the activated gates i, f, g, o, for the backward pass.
    h, c : (T + 1, B, H) float32
        Row 0 is zero on entry; the rest is filled.
    """
    n = h.shape[2]
    one, two = -_LOG2E, np.float32(-2.0) * _LOG2E
    for first, last in _row_blocks(h.shape[1], n):
        for t in range(tokens.shape[0]):
            np.dot(h[t, first:last], recurrent, gates[t, first:last])
            for b in range(first, last):
                gate, add = gates[t, b], table[tokens[t, b]]
                hidden, cell, before = h[t + 1, b], c[t + 1, b], c[t, b]
                for k in range(4 * n):
                    gate[k] += add[k]
                _sigmoid(gate[: 2 * n], one)
                _sigmoid(gate[2 * n : 3 * n], two)
                _sigmoid(gate[3 * n :], one)
                for k in range(2 * n, 3 * n):  # tanh(x) = 2 sigmoid(2 x) - 1
                    gate[k] = gate[k] + gate[k] - _ONE
                for k in range(n):
                    cell[k] = gate[n + k] * before[k] + gate[k] * gate[2 * n + k]
                for k in range(n):
                    e = power(cell[k], two)
                    hidden[k] = gate[3 * n + k] * (_ONE - e) / (_ONE + e)


@njit(fastmath=FAST, error_model="numpy", cache=True)
def lstm_backward(
    tokens: np.ndarray,
    weight: np.ndarray,
    gates: np.ndarray,
    c: np.ndarray,
    grad_h: np.ndarray,
    grad_table: np.ndarray,
) -> None:
    """Back-propagation through time of `lstm_forward`.

    Parameters
    ----------
    tokens : (T, B) int64
    weight : (4 H, H) float32
        W_hh.
    gates : (T, B, 4 H) float32
        Activated gates on entry, their gradients before activation on exit.
    c : (T + 1, B, H) float32
    grad_h : (T, B, H) float32
        Gradient of the loss by each hidden state; scratch on exit.
    grad_table : (V, 4 H) float32
        The gradient by the table is added to it.
    """
    length, batch, n = grad_h.shape
    two = np.float32(-2.0) * _LOG2E
    grad_c = np.zeros((batch, n), np.float32)
    carried = np.zeros((batch, n), np.float32)
    for first, last in _row_blocks(batch, n):
        for t in range(length - 1, -1, -1):
            for b in range(first, last):
                gate, cell, before = gates[t, b], c[t + 1, b], c[t, b]
                dh, dc, carry = grad_h[t, b], grad_c[b], carried[b]
                for k in range(n):
                    dh[k] += carry[k]
                for k in range(n):  # of the output gate, and on to the cell
                    e = power(cell[k], two)
                    th = (_ONE - e) / (_ONE + e)
                    o = gate[3 * n + k]
                    dc[k] += dh[k] * o * (_ONE - th * th)
                    gate[3 * n + k] = dh[k] * th * o * (_ONE - o)
                for k in range(n):
                    i, f, g, d = gate[k], gate[n + k], gate[2 * n + k], dc[k]
                    gate[k] = d * g * i * (_ONE - i)
                    gate[n + k] = d * before[k] * f * (_ONE - f)
                    gate[2 * n + k] = d * i * (_ONE - g * g)
                    dc[k] = d * f
                row = grad_table[tokens[t, b]]
                for k in range(4 * n):
                    row[k] += gate[k]
            np.dot(gates[t, first:last], weight, carried[first:last])


@njit(fastmath=FAST, error_model="numpy", inline="always")
def cross_entropy_of(logits: np.ndarray, targets: np.ndarray, share: np.float32) -> float:
    """Summed cross-entropy, nats; the logits (N, V) become its gradient times `share`."""
    n_rows, n_states = logits.shape
    loss = 0.0
    for w in range(n_rows):
        row, target = logits[w], targets[w]
        top = row[0]
        for v in range(1, n_states):
            top = greater(top, row[v])
        loss -= row[target] - top
        total = np.float32(0.0)
        for v in range(n_states):
            row[v] = exp32(row[v] - top)
            total += row[v]
        loss += np.log(np.float64(total))
        scale = share / total
        for v in range(n_states):
            row[v] *= scale
        row[target] -= share
    return loss


@njit(fastmath=FAST, error_model="numpy", cache=True)
def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> float:
    """Mean cross-entropy; the logits become its gradient.

    Parameters
    ----------
    logits : (N, V) float32
        Overwritten by d loss / d logits.
    targets : (N,) int64

    Returns
    -------
    float
        In nats.
    """
    share = np.float32(1.0 / len(logits))
    return cross_entropy_of(logits, targets, share) / len(logits)

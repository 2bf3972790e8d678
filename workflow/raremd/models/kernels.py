"""Numba kernels of the recurrent models and of sampling, for one processor core.

Element-wise functions are polynomials that the compiler turns into vector code;
matrix products go to BLAS.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_FAST = {"nsz", "arcp", "contract", "reassoc"}  # no "nnan"/"ninf": clamps must hold


@intrinsic
def _float_from_bits(typing_context, bits):
    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@njit(fastmath=_FAST, error_model="numpy", inline="always")
def exp32(x):
    """exp(x) in float32 for x <= 88, within 2 ulp; below -87 it gives exp(-87).

    Cody-Waite reduction and the degree-5 polynomial of the Cephes library (expf).
    """
    x = max(x, np.float32(-87.0))
    n = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    r = x - n * np.float32(0.693359375)
    r = r + n * np.float32(2.12194440e-4)
    p = np.float32(1.9875691500e-4)
    p = p * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    p = p * r * r + r + np.float32(1.0)
    return p * _float_from_bits(np.int32((np.int32(n) + np.int32(127)) << np.int32(23)))


@njit(fastmath=_FAST, error_model="numpy", inline="always")
def tanh32(x):
    """tanh(x) in float32, the rational approximation of the Eigen library (a few ulp)."""
    x = min(max(x, np.float32(-7.90531110763549805)), np.float32(7.90531110763549805))
    s = x * x
    p = np.float32(-2.76076847742355e-16)
    p = p * s + np.float32(2.00018790482477e-13)
    p = p * s + np.float32(-8.60467152213735e-11)
    p = p * s + np.float32(5.12229709037114e-08)
    p = p * s + np.float32(1.48572235717979e-05)
    p = p * s + np.float32(6.37261928875436e-04)
    p = p * s + np.float32(4.89352455891786e-03)
    q = np.float32(1.19825839466702e-06)
    q = q * s + np.float32(1.18534705686654e-04)
    q = q * s + np.float32(2.26843463243900e-03)
    q = q * s + np.float32(4.89352518554385e-03)
    return x * p / q


@njit(fastmath=_FAST, error_model="numpy", inline="always")
def sigmoid32(x):
    """Logistic function in float32."""
    return np.float32(0.5) + np.float32(0.5) * tanh32(np.float32(0.5) * x)


@njit(fastmath=_FAST, error_model="numpy", cache=True)
def lstm_cell(gates, table, tokens, h, c):
    """One LSTM step for all walkers, in place.

    Parameters
    ----------
    gates : (W, 4 H) float32
        h @ W_hh^T on entry; overwritten by the activated gates i, f, g, o.
    table : (V, 4 H) float32
        Embedding times W_ih^T plus both biases: what each token adds to the gates.
    tokens : (W,) int64
    h, c : (W, H) float32
        Hidden and cell state, overwritten.
    """
    n_hidden = h.shape[1]
    for w in range(h.shape[0]):
        gate, add = gates[w], table[tokens[w]]
        for k in range(2 * n_hidden):
            gate[k] = sigmoid32(gate[k] + add[k])
        for k in range(2 * n_hidden, 3 * n_hidden):
            gate[k] = tanh32(gate[k] + add[k])
        for k in range(3 * n_hidden, 4 * n_hidden):
            gate[k] = sigmoid32(gate[k] + add[k])
        for k in range(n_hidden):
            cell = gate[n_hidden + k] * c[w, k] + gate[k] * gate[2 * n_hidden + k]
            c[w, k] = cell
            h[w, k] = gate[3 * n_hidden + k] * tanh32(cell)


@njit(fastmath=_FAST, error_model="numpy", cache=True)
def lstm_forward(tokens, table, recurrent, gates, h, c):
    """An LSTM over whole windows from a zero state.

    Parameters
    ----------
    tokens : (T, B) int64
    table : (V, 4 H) float32
        As in `lstm_cell`.
    recurrent : (H, 4 H) float32
        W_hh transposed.
    gates : (T, B, 4 H) float32
        Filled with the activated gates, for the backward pass.
    h, c : (T + 1, B, H) float32
        Row 0 is the initial state; the rest is filled.
    """
    for t in range(tokens.shape[0]):
        np.dot(h[t], recurrent, gates[t])
        h[t + 1] = h[t]
        c[t + 1] = c[t]
        lstm_cell(gates[t], table, tokens[t], h[t + 1], c[t + 1])


@njit(fastmath=_FAST, error_model="numpy", cache=True)
def lstm_backward(tokens, recurrent_t, gates, c, grad_h, grad_table):
    """Back-propagation through time of `lstm_forward`.

    Parameters
    ----------
    tokens : (T, B) int64
    recurrent_t : (4 H, H) float32
        W_hh.
    gates : (T, B, 4 H) float32
        Activated gates on entry, their gradients before activation on exit.
    c : (T + 1, B, H) float32
    grad_h : (T, B, H) float32
        Gradient of the loss by each hidden state.
    grad_table : (V, 4 H) float32
        The gradient by the table is added to it.
    """
    length, batch, n_hidden = grad_h.shape
    one = np.float32(1.0)
    grad_c = np.zeros((batch, n_hidden), np.float32)
    carried = np.zeros((batch, n_hidden), np.float32)
    for t in range(length - 1, -1, -1):
        for b in range(batch):
            gate, cell, before = gates[t, b], c[t + 1, b], c[t, b]
            upstream, carry, dc = grad_h[t, b], carried[b], grad_c[b]
            for k in range(n_hidden):
                i, f = gate[k], gate[n_hidden + k]
                g, o = gate[2 * n_hidden + k], gate[3 * n_hidden + k]
                th = tanh32(cell[k])
                dh = upstream[k] + carry[k]
                d = dc[k] + dh * o * (one - th * th)
                gate[k] = d * g * i * (one - i)
                gate[n_hidden + k] = d * before[k] * f * (one - f)
                gate[2 * n_hidden + k] = d * i * (one - g * g)
                gate[3 * n_hidden + k] = dh * th * o * (one - o)
                dc[k] = d * f
            row = grad_table[tokens[t, b]]
            for k in range(4 * n_hidden):
                row[k] += gate[k]
        np.dot(gates[t], recurrent_t, carried)


@njit(fastmath=_FAST, error_model="numpy", cache=True)
def attend(qkv, cos, sin, keys, values, slot, filled, out):
    """Rotary attention of one new token a walker to those in the ring, which it joins.

    Parameters
    ----------
    qkv : (W, 3 heads d) float32
        Query, key and value of the new token, heads side by side; query and key are
        rotated in place.
    cos, sin : (d / 2,) float32
        Rotation of the new token's position; channels 2 k and 2 k + 1 are a pair.
    keys, values : (W, heads, d, context) float32
        The ring over positions, last so that all of a walker's scores are one vector.
    slot, filled : int
        Where the new token goes, and how many places are taken once it is there.
    out : (W, heads d) float32
        Filled.
    """
    n_walkers, n_heads, width, context = keys.shape
    size = n_heads * width
    scale = np.float32(1.0 / np.sqrt(width))
    scores = np.empty(context, np.float32)
    for w in range(n_walkers):
        row = qkv[w]
        for head in range(2 * n_heads):
            for k in range(width // 2):
                a, b = row[head * width + 2 * k], row[head * width + 2 * k + 1]
                row[head * width + 2 * k] = a * cos[k] - b * sin[k]
                row[head * width + 2 * k + 1] = a * sin[k] + b * cos[k]
        for head in range(n_heads):
            ring, kept = keys[w, head], values[w, head]
            offset = head * width
            for d in range(width):
                ring[d, slot] = row[size + offset + d]
                kept[d, slot] = row[2 * size + offset + d]
            scores[:filled] = np.float32(0.0)
            for d in range(width):
                q, line = row[offset + d] * scale, ring[d]
                for c in range(filled):
                    scores[c] += q * line[c]
            top = scores[0]
            for c in range(1, filled):
                top = max(top, scores[c])
            total = np.float32(0.0)
            for c in range(filled):
                scores[c] = exp32(scores[c] - top)
                total += scores[c]
            for d in range(width):
                line, mean = kept[d], np.float32(0.0)
                for c in range(filled):
                    mean += scores[c] * line[c]
                out[w, offset + d] = mean / total


@njit(inline="always")
def _mix(z):
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(inline="always")
def uniform(seed, walker, step):
    """Counter-based uniform number in [0, 1): a function of its three arguments alone.

    Each walker reads its own splitmix64 stream, `step` being the position in it.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    stream = _mix(_mix(np.uint64(seed) + golden) + (np.uint64(walker) + np.uint64(1)) * golden)
    bits = _mix(stream + (np.uint64(step) + np.uint64(1)) * golden)
    return np.float64(bits >> np.uint64(11)) * (1.0 / 9007199254740992.0)


_BLOCK = 16


@njit(fastmath=_FAST, error_model="numpy", cache=True)
def sample_states(logits, seed, first_walker, step, out):
    """Draw the next state of each walker from softmax(logits) by the inverse CDF.

    Parameters
    ----------
    logits : (W, V) float32
        Overwritten.
    seed, first_walker, step : int
        Counters of the random stream; row w is walker `first_walker + w`.
    out : (W,) int64
        Filled with the sampled states.
    """
    n_states = logits.shape[1]
    n_blocks = (n_states + _BLOCK - 1) // _BLOCK
    sums = np.empty(n_blocks, np.float64)
    for w in range(logits.shape[0]):
        row = logits[w]
        top = row[0]
        for v in range(1, n_states):
            top = max(top, row[v])
        for v in range(n_states):
            row[v] = exp32(row[v] - top)
        total = 0.0
        for k in range(n_blocks):
            block = 0.0  # in double, or a rounded sum could reach past the last possible state
            for v in range(k * _BLOCK, min((k + 1) * _BLOCK, n_states)):
                block += row[v]
            sums[k] = block
            total += block
        target = uniform(seed, first_walker + w, step) * total
        k = 0
        while k < n_blocks - 1 and target >= sums[k]:
            target -= sums[k]
            k += 1
        v = k * _BLOCK
        last = min(v + _BLOCK, n_states) - 1
        while v < last and target >= row[v]:
            target -= row[v]
            v += 1
        out[w] = v

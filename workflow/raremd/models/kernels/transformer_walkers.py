"""A wide Transformer's generation in bfloat16, for processors fast at it.

Channels lie before walkers, (D, W): oneDNN is fastest with the weight matrix on the left, and all
else is vector code over the walkers of a block, lane by lane. Keys and values are kept in bfloat16:
reading them is what bounds attention. Products take bfloat16 and add up in float32, as in
`transformer_wide`; residual stream, norms, softmax and logits are float32.
"""

from __future__ import annotations

import numpy as np
import torch
from numba import njit

from raremd.models.kernels.precision import bits
from raremd.models.kernels.sampling import FAST, exp32, greater, narrow, widen
from raremd.models.kernels.transformer_loops import EPSILON, Weights, bell, below
from raremd.models.kernels.walkers import Rows, Walkers

_ONE, _ZERO = np.float32(1.0), np.float32(0.0)
_WALKERS = 64  # in a block
_TERMS = 8  # added up before a sum goes back to memory: as many streams are read at once


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _normalise(update: np.ndarray, bias: np.ndarray, x: np.ndarray, out: np.ndarray) -> None:
    """Add update (D, W) bits + bias (D,) to x (D, W) float32; its norm goes to out (D, W) bits."""
    n = bias.size
    mean, scale = np.zeros(_WALKERS, np.float32), np.zeros(_WALKERS, np.float32)
    for k in range(n):
        for w in range(_WALKERS):
            x[k, w] += widen(update[k, w]) + bias[k]
        for w in range(_WALKERS):
            mean[w] += x[k, w]
    for w in range(_WALKERS):
        mean[w] /= np.float32(n)
    for k in range(n):
        for w in range(_WALKERS):
            scale[w] += (x[k, w] - mean[w]) * (x[k, w] - mean[w])
    for w in range(_WALKERS):
        scale[w] = _ONE / np.sqrt(scale[w] / np.float32(n) + np.float32(EPSILON))
    for k in range(n):
        for w in range(_WALKERS):
            out[k, w] = narrow((x[k, w] - mean[w]) * scale[w])


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _gelu(x: np.ndarray, bias: np.ndarray) -> None:
    """GELU of x (F, W) bits + bias (F,), in place."""
    for k in range(bias.size):
        for w in range(_WALKERS):
            wide = widen(x[k, w]) + bias[k]
            x[k, w] = narrow(wide * below(wide, bell(wide)))


@njit(fastmath=FAST, error_model="numpy", inline="always")
def _add_products(a: np.ndarray, b: np.ndarray, n: int, m: int, out: np.ndarray) -> None:
    """Add, for each walker, a (n, W) @ b (n, m, W) bits to out (m, W).

    All may have more rows; those of a and b are read up to a multiple of `_TERMS`.
    """
    for k in range(0, n, _TERMS):
        for r in range(m):
            for w in range(_WALKERS):
                total = out[r, w]
                for j in range(_TERMS):
                    total += a[k + j, w] * widen(b[k + j, r, w])
                out[r, w] = total


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _attend(
    qkv: np.ndarray,
    bias: np.ndarray,
    cos: np.ndarray,
    sin: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    slot: int,
    filled: int,
    out: np.ndarray,
) -> None:
    """Rotary attention of one new token a walker to those in the ring, which it joins.

    Parameters
    ----------
    qkv : (3 heads d, W) bfloat16 bits
        Query, key and value of the new token without bias.
    bias : (3 heads d,) float32
    cos, sin : (d / 2,) float32
        Rotation of the new token's position; channels k and k + d / 2 are a pair.
    keys : (heads, d, context, W) bfloat16 bits
        The ring over positions, d rounded up to a multiple of `_TERMS`.
    values : (heads, context, d, W) bfloat16 bits
        The context rounded up.
    slot, filled : int
        Where the new token goes, and how many places are taken once it is there.
    out : (heads d, W) bfloat16 bits
        Filled.
    """
    heads, places, width, _ = values.shape
    half = width // 2
    factor = np.float32(1.0 / np.sqrt(width))
    turned = np.zeros((2, keys.shape[1], _WALKERS), np.float32)  # query and key
    scores, mean = np.empty((places, _WALKERS), np.float32), np.empty((width, _WALKERS), np.float32)
    top, total = np.empty(_WALKERS, np.float32), np.empty(_WALKERS, np.float32)
    for head in range(heads):
        for part in range(2):
            for k in range(half):
                first = (part * heads + head) * width + k
                left, right = qkv[first], qkv[first + half]
                a, b, c, s = bias[first], bias[first + half], cos[k], sin[k]
                for w in range(_WALKERS):
                    turned[part, k, w] = (widen(left[w]) + a) * c - (widen(right[w]) + b) * s
                for w in range(_WALKERS):
                    turned[part, half + k, w] = (widen(left[w]) + a) * s + (widen(right[w]) + b) * c
        for k in range(width):
            row = (2 * heads + head) * width + k
            for w in range(_WALKERS):
                keys[head, k, slot, w] = narrow(turned[1, k, w])
            for w in range(_WALKERS):
                values[head, slot, k, w] = narrow(widen(qkv[row, w]) + bias[row])
        scores[:] = _ZERO
        _add_products(turned[0], keys[head], width, filled, scores)
        top[:] = scores[0]
        for c in range(1, filled):
            for w in range(_WALKERS):
                top[w] = greater(top[w], scores[c, w])
        total[:] = _ZERO
        for c in range(filled):
            for w in range(_WALKERS):
                scores[c, w] = exp32((scores[c, w] - top[w]) * factor)
            for w in range(_WALKERS):
                total[w] += scores[c, w]
        mean[:] = _ZERO
        _add_products(scores, values[head], filled, width, mean)
        for k in range(width):
            for w in range(_WALKERS):
                out[head * width + k, w] = narrow(mean[k, w] / total[w])


def _rounded_up(n: int) -> int:
    return -(-n // _TERMS) * _TERMS


class TransformerWalkers(Walkers):
    """Of a wide Transformer.

    Parameters
    ----------
    weights : Weights
    frequency : (d / 2,) float64
        Rotation a position, radians.
    heads, context : int
    prior : Rows
    """

    def __init__(
        self, weights: Weights, frequency: np.ndarray, heads: int, context: int, prior: Rows
    ) -> None:
        super().__init__(prior, _WALKERS)
        w = self._weights = weights
        layers, size, wide = w.expand.shape
        width = size // heads
        self._embedding = w.embedding.T.copy()
        self._readout = torch.from_numpy(w.readout)
        self._matrices = [
            torch.from_numpy(part).mT.bfloat16().contiguous()
            for part in (w.qkv, w.project, w.expand, w.contract)
        ]
        ring = self.n_blocks, layers, heads
        self._context, self._frequency = context, frequency
        self._keys = np.zeros((*ring, _rounded_up(width), context, _WALKERS), np.uint16)
        self._values = np.zeros((*ring, _rounded_up(context), width, _WALKERS), np.uint16)
        self._norm, self._qkv, self._attended, self._wide, self._update = (
            torch.zeros(n, _WALKERS, dtype=torch.bfloat16)
            for n in (size, 3 * size, size, wide, size)
        )
        self._last = torch.zeros(self.n_blocks, size, _WALKERS)

    def advance(self, tokens: np.ndarray, block: int, position: int) -> None:
        w, context = self._weights, self._context
        slot, filled = position % context, min(position + 1, context)
        angle = self._frequency * position  # float32 would lose the phase at late positions
        cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        x = np.take(self._embedding, tokens, axis=1)
        update, norm, wide = bits(self._update), bits(self._norm), bits(self._wide)
        qkv, attended = bits(self._qkv), bits(self._attended)
        nothing = bias = np.zeros(len(x), np.float32)
        update[:] = 0
        for layer, (of_qkv, project, expand, contract) in enumerate(
            zip(*self._matrices, strict=True)
        ):
            _normalise(update, bias, x, norm)
            torch.mm(of_qkv, self._norm, out=self._qkv)
            keys, values = self._keys[block, layer], self._values[block, layer]
            _attend(qkv, w.qkv_bias[layer], cos, sin, keys, values, slot, filled, attended)
            torch.mm(project, self._attended, out=self._update)
            _normalise(update, nothing, x, norm)
            torch.mm(expand, self._norm, out=self._wide)
            _gelu(wide, w.expand_bias[layer])
            torch.mm(contract, self._wide, out=self._update)
            bias = w.contract_bias[layer]
        _normalise(update, bias, x, norm)
        self._last[block] = self._norm

    def logits(self, block: int) -> torch.Tensor:
        return torch.mm(self._last[block].T, self._readout)

"""The LSTM's recurrence in bfloat16, for processors that multiply it faster, and its loops.

Units lie before windows, (4 H, B): oneDNN is fastest with the large weight matrix on the left, and
a gate of all units is vector code over windows. Products take bfloat16 and add up in float32; cell
states, gates, table, logits and loss are float32.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numba import njit

from raremd.models.kernels.lstm_loops import cross_entropy, power
from raremd.models.kernels.precision import bits
from raremd.models.kernels.sampling import FAST, narrow, widen
from raremd.models.kernels.walkers import Rows, Walkers

_ONE, _ZERO = np.float32(1.0), np.float32(0.0)
_LOG2E = np.float32(1.44269504)
_WALKERS = 128  # in a block of generation


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _forward(
    products: np.ndarray,
    table: np.ndarray,
    tokens: np.ndarray,
    gates: np.ndarray,
    before: np.ndarray,
    cell: np.ndarray,
    hidden: np.ndarray,
    first: int,
) -> None:
    """One step of B windows or walkers.

    Parameters
    ----------
    products : (4 H, B) bfloat16 bits
        W_hh @ h.
    table : (4 H, V) float32
        What each token adds to the gates.
    tokens : (B,) int64
    gates : (4 H, B) float32
        Filled with the activated gates i, f, g, o.
    before, cell : (H, B) float32
        Cell state, before and filled after; may be the same.
    hidden : (H, N) bfloat16 bits
        Filled from column `first` on.
    """
    n, batch = cell.shape
    one, two = -_LOG2E, np.float32(-2.0) * _LOG2E
    for k in range(4 * n):
        row, add, gate = products[k], table[k], gates[k]
        for b in range(batch):
            gate[b] = widen(row[b]) + add[tokens[b]]
        if 2 * n <= k < 3 * n:  # tanh(x) = 2 sigmoid(2 x) - 1
            for b in range(batch):
                gate[b] = np.float32(2.0) / (_ONE + power(gate[b], two)) - _ONE
        else:
            for b in range(batch):
                gate[b] = _ONE / (_ONE + power(gate[b], one))
    for k in range(n):
        i, f, g, o = gates[k], gates[n + k], gates[2 * n + k], gates[3 * n + k]
        old, new, to = before[k], cell[k], hidden[k, first : first + batch]
        for b in range(batch):
            new[b] = f[b] * old[b] + i[b] * g[b]
        for b in range(batch):
            e = power(new[b], two)
            to[b] = narrow(o[b] * (_ONE - e) / (_ONE + e))


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _backward(
    gates: np.ndarray,
    before: np.ndarray,
    cell: np.ndarray,
    by_readout: np.ndarray,
    carried: np.ndarray,
    by_cell: np.ndarray,
    by_gates: np.ndarray,
    at: int,
) -> None:
    """Back-propagation through one step of `_forward`.

    Parameters
    ----------
    gates, before, cell
        As `_forward` left them.
    by_readout : (H, N) bfloat16 bits
        Gradient by the hidden state from the read-out, of this step from column `at` on.
    carried : (H, B) bfloat16 bits
        That from the step after.
    by_cell : (H, B) float32
        Gradient by the cell state from the step after; overwritten by that for the step before.
    by_gates : (4 H, N) bfloat16 bits
        Filled from column `at` on with the gradient by the gates before activation.
    """
    n, batch = cell.shape
    two = np.float32(-2.0) * _LOG2E
    by_hidden, tanh = np.empty((batch,), np.float32), np.empty((batch,), np.float32)
    for k in range(n):
        i, f, g, o = gates[k], gates[n + k], gates[2 * n + k], gates[3 * n + k]
        old, new, by = before[k], cell[k], by_cell[k]
        first, second = by_readout[k, at : at + batch], carried[k]
        for b in range(batch):
            by_hidden[b] = widen(first[b]) + widen(second[b])
        for b in range(batch):
            e = power(new[b], two)
            tanh[b] = (_ONE - e) / (_ONE + e)
        to = by_gates[3 * n + k, at : at + batch]
        for b in range(batch):
            to[b] = narrow(by_hidden[b] * tanh[b] * o[b] * (_ONE - o[b]))
        for b in range(batch):
            by[b] += by_hidden[b] * o[b] * (_ONE - tanh[b] * tanh[b])
        to = by_gates[k, at : at + batch]
        for b in range(batch):
            to[b] = narrow(by[b] * g[b] * i[b] * (_ONE - i[b]))
        to = by_gates[n + k, at : at + batch]
        for b in range(batch):
            to[b] = narrow(by[b] * old[b] * f[b] * (_ONE - f[b]))
        to = by_gates[2 * n + k, at : at + batch]
        for b in range(batch):
            to[b] = narrow(by[b] * i[b] * (_ONE - g[b] * g[b]))
        for b in range(batch):
            by[b] *= f[b]


@njit(fastmath=FAST, error_model="numpy", cache=True)
def _by_token(by_gates: np.ndarray, tokens: np.ndarray, out: np.ndarray) -> None:
    """Add up the columns of (4 H, N) bfloat16 bits by their tokens (N,): (4 H, V) float32."""
    for k in range(out.shape[0]):
        row, to = by_gates[k], out[k]
        for n in range(tokens.size):
            to[tokens[n]] += widen(row[n])


class LSTMWalkers(Walkers):
    """Of a wide LSTM.

    Parameters
    ----------
    table : (V, 4 H) float32
        What each token adds to the gates.
    weight_hh : (4 H, H) float32
    readout : (V, H) float32
    prior : Rows
    """

    def __init__(
        self, table: torch.Tensor, weight_hh: torch.Tensor, readout: torch.Tensor, prior: Rows
    ) -> None:
        super().__init__(prior, _WALKERS)
        n = weight_hh.shape[1]
        self._table = table.T.contiguous().numpy()
        self._weight, self._readout = weight_hh.bfloat16(), readout.T.contiguous()
        self._hidden = torch.zeros(self.n_blocks, n, _WALKERS, dtype=torch.bfloat16)
        self._cells = torch.zeros(self.n_blocks, n, _WALKERS)
        self._gates = np.empty((4 * n, _WALKERS), np.float32)

    def advance(self, tokens: np.ndarray, block: int, position: int) -> None:
        hidden, cell = self._hidden[block], self._cells[block].numpy()
        product = torch.mm(self._weight, hidden)
        _forward(bits(product), self._table, tokens, self._gates, cell, cell, bits(hidden), 0)

    def logits(self, block: int) -> torch.Tensor:
        return torch.mm(self._hidden[block].float().T, self._readout)


class Gradients(NamedTuple):
    """Of the loss; the fields of `loss_and_gradients`."""

    table: torch.Tensor
    weight_hh: torch.Tensor
    readout: torch.Tensor
    logits: torch.Tensor


def loss_and_gradients(
    tokens: torch.Tensor,
    targets: torch.Tensor,
    table: torch.Tensor,
    weight_hh: torch.Tensor,
    readout: torch.Tensor,
    bias: torch.Tensor,
) -> tuple[float, Gradients]:
    """Mean cross-entropy of windows from a zero state.

    Parameters
    ----------
    tokens : (T, B) int64
    targets : (T B,) int64
        Frame by frame, as everything else with N = T B.
    table : (V, 4 H) float32
        What each token adds to the gates.
    weight_hh : (4 H, H) float32
    readout : (V, H) float32
    bias : (N, V) or (V,) float32
        What is added to the logits.

    Returns
    -------
    float
        In nats.
    Gradients
        By table, weight_hh, readout, and the logits (N, V) before the bias.
    """
    (length, batch), n = tokens.shape, weight_hh.shape[1]
    weight = weight_hh.bfloat16()
    turned = weight.T.contiguous()
    table_of = table.T.contiguous().numpy()
    gates = torch.empty(length, 4 * n, batch)
    cells = torch.empty(length + 1, n, batch)
    hidden = torch.empty(n, (length + 1) * batch, dtype=torch.bfloat16)
    cells[0], hidden[:, :batch] = 0.0, 0.0
    steps = hidden.split(batch, dim=1)
    for t in range(length):
        product = torch.mm(weight, steps[t])
        _forward(
            bits(product),
            table_of,
            tokens[t].numpy(),
            gates[t].numpy(),
            cells[t].numpy(),
            cells[t + 1].numpy(),
            bits(hidden),
            (t + 1) * batch,
        )
    # Logits of 8 bits would spoil the loss: this product stays in float32.
    logits = torch.add(bias, hidden[:, batch:].float().T @ readout.T)
    loss = cross_entropy(logits.numpy(), targets.numpy())
    by_logits = logits.bfloat16()
    by_readout = by_logits.T @ hidden[:, batch:].T
    by_hidden = readout.T.bfloat16() @ by_logits.T
    by_gates = torch.empty(4 * n, length * batch, dtype=torch.bfloat16)
    by_cell, carried = torch.zeros(n, batch), torch.zeros(n, batch, dtype=torch.bfloat16)
    by_steps = by_gates.split(batch, dim=1)
    for t in range(length - 1, -1, -1):
        _backward(
            gates[t].numpy(),
            cells[t].numpy(),
            cells[t + 1].numpy(),
            bits(by_hidden),
            bits(carried),
            by_cell.numpy(),
            bits(by_gates),
            t * batch,
        )
        torch.mm(turned, by_steps[t], out=carried)
    by_weight = (by_gates @ hidden[:, : length * batch].T).float()
    by_table = np.zeros_like(table_of)
    _by_token(bits(by_gates), tokens.flatten().numpy(), by_table)
    return loss, Gradients(torch.from_numpy(by_table).T, by_weight, by_readout.float(), logits)

"""The LSTM on a processor: embedding folded into a gate table, recurrence in compiled loops.

The table saves the input's matrix product; one pass of vector code makes a unit's gates and states,
forward and backward; loss and gradient of the logits come from one pass as well. From 128 units on
the recurrence multiplies in bfloat16 where the processor is fast at it, see `lstm_wide`. Rates are
in benchmarks/README.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from raremd.models.base import Precision, Stream
from raremd.models.kernels.lstm_loops import (
    cross_entropy,
    lstm_backward,
    lstm_forward,
    lstm_generate,
    lstm_read,
)
from raremd.models.kernels.lstm_wide import Gradients, LSTMWalkers, loss_and_gradients
from raremd.models.kernels.precision import fast_bfloat16, name_of
from raremd.models.kernels.walkers import Rows
from raremd.models.lstm import LSTM

_ROWS = 32  # walkers in a matrix product of generation
_ROWS_LARGE = 128  # with a weight matrix that outgrows the first-level cache
_LARGE = 64
_WIDE = 128  # from here on the recurrence multiplies in bfloat16, where that is faster


def in_bfloat16(hidden: int) -> bool:
    """Whether training and generation multiply the hidden state in bfloat16."""
    return hidden >= _WIDE and fast_bfloat16()


class _Loss(torch.autograd.Function):
    """Cross-entropy of windows, with its gradients formed in the same pass."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: torch.Tensor,
        targets: torch.Tensor,
        table: torch.Tensor,
        weight_hh: torch.Tensor,
        readout: torch.Tensor,
        bias: torch.Tensor,
        prior: torch.Tensor | None,
        rows: torch.Tensor,
        with_gradient: bool,
    ) -> torch.Tensor:
        tokens = inputs.T.contiguous()  # frame by frame, as the recurrence leaves its memory
        following, by_prior = targets.T.flatten(), None
        total = bias if prior is None else (prior + bias).index_select(0, rows)
        if with_gradient and in_bfloat16(weight_hh.shape[1]):
            loss, g = loss_and_gradients(tokens, following, table, weight_hh, readout, total)
        else:
            gates, h, c = _run(tokens, table, weight_hh)
            hidden = h[1:].flatten(0, 1)
            logits = torch.addmm(total, hidden, readout.T)
            loss = cross_entropy(logits.numpy(), following.numpy())
            if not with_gradient:
                return torch.tensor(loss, dtype=torch.float32)
            by_hidden = (logits @ readout).view(h[1:].shape)
            by_table = torch.zeros_like(table)
            lstm_backward(
                tokens.numpy(),
                weight_hh.numpy(),
                gates.numpy(),
                c.numpy(),
                by_hidden.numpy(),
                by_table.numpy(),
            )
            by_weight = gates.flatten(0, 1).T @ h[:-1].flatten(0, 1)
            g = Gradients(by_table, by_weight, logits.T @ hidden, logits)
        if prior is not None and ctx.needs_input_grad[6]:
            by_prior = torch.zeros_like(prior).index_add_(0, rows, g.logits)
        ctx.gradients = g.table, g.weight_hh, g.readout, g.logits.sum(0), by_prior
        return torch.tensor(loss, dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, by_loss: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        return None, None, *(None if g is None else by_loss * g for g in ctx.gradients), None, None


def _run(
    tokens: torch.Tensor, table: torch.Tensor, weight_hh: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Activated gates, hidden and cell states over (T, B) tokens, from a zero state."""
    (length, batch), n_hidden = tokens.shape, weight_hh.shape[1]
    gates = torch.empty(length, batch, 4 * n_hidden)
    h, c = torch.empty(2, length + 1, batch, n_hidden)
    h[0], c[0] = 0.0, 0.0
    recurrent = weight_hh.T.contiguous()
    lstm_forward(
        tokens.numpy(), table.numpy(), recurrent.numpy(), gates.numpy(), h.numpy(), c.numpy()
    )
    return gates, h, c


@dataclass
class _State:
    """Walkers in blocks of rows; the weights as the loops want them."""

    h: np.ndarray  # (n_blocks, rows, H)
    c: np.ndarray
    table: np.ndarray  # (V, 4 H)
    recurrent: np.ndarray  # (H, 4 H)
    readout: np.ndarray  # (H, V)
    prior: Rows


class CompiledLSTM(LSTM):
    """`LSTM`, by compiled loops where its tensors are on a processor."""

    @property
    def precision(self) -> Precision:
        if self.readout.weight.device.type != "cpu":
            return super().precision
        name = name_of(in_bfloat16(self.settings.hidden))
        return Precision(name, name)

    def _table(self) -> torch.Tensor:
        """What each token adds to the gates, (V, 4 H)."""
        weight, *biases = map(
            self.recurrence.get_parameter, ("weight_ih_l0", "bias_ih_l0", "bias_hh_l0")
        )
        return functional.linear(self.embedding.weight, weight, biases[0] + biases[1])

    def _recurrent(self) -> torch.Tensor:
        """W_hh, (4 H, H)."""
        return self.recurrence.get_parameter("weight_hh_l0")

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        if tokens.device.type != "cpu" or torch.is_grad_enabled():
            return super().logits(tokens)
        _, h, _ = _run(tokens.T.contiguous(), self._table(), self._recurrent())
        return self.prior.add(self.readout(h[1:]).transpose(0, 1), tokens)

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if inputs.device.type != "cpu":
            return super().loss(inputs, targets)
        empty = self.prior.empty
        return _Loss.apply(
            inputs,
            targets,
            self._table(),
            self._recurrent(),
            self.readout.weight,
            self.readout.bias,
            None if empty else self.prior.table,
            None if empty else self.prior.rows(inputs).T.flatten(),
            torch.is_grad_enabled(),
        )

    def initial_state(self, prompt: torch.Tensor) -> Any:
        if prompt.device.type != "cpu":
            return super().initial_state(prompt)
        n_walkers, n_hidden = len(prompt), self.settings.hidden
        table, weight, readout = (
            part.detach() for part in (self._table(), self._recurrent(), self.readout.weight)
        )
        prior = Rows(
            bias=(self.prior.table + self.readout.bias).detach().numpy(),
            follow=self.prior.follow.numpy(),
            rows=self.prior.first_rows(prompt).numpy(),
        )
        read = prompt[:, :-1].T.contiguous().numpy()
        if in_bfloat16(n_hidden):
            walkers = LSTMWalkers(table, weight, readout, prior)
            walkers.read(read)
            return walkers
        block = _ROWS if n_hidden <= _LARGE else _ROWS_LARGE
        h, c = np.zeros((2, -(-n_walkers // block), block, n_hidden), np.float32)
        recurrent, out = (part.T.contiguous().numpy() for part in (weight, readout))
        state = _State(h, c, table.numpy(), recurrent, out, prior)
        lstm_read(read, state.table, state.recurrent, h, c)
        return state

    def step(self, tokens: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        if tokens.device.type != "cpu":
            return super().step(tokens, state)
        if isinstance(state, LSTMWalkers):
            return state.step(tokens), state
        read = tokens[None].contiguous().numpy()  # or it would be compiled for strides too
        lstm_read(read, state.table, state.recurrent, state.h, state.c)
        hidden = torch.from_numpy(state.h).flatten(0, 1)[: len(tokens)]
        return state.prior.add(hidden @ torch.from_numpy(state.readout), tokens), state

    def generate(
        self, tokens: torch.Tensor, state: Any, stream: Stream, out: np.ndarray
    ) -> tuple[torch.Tensor, Any]:
        if tokens.device.type != "cpu":
            return super().generate(tokens, state, stream, out)
        if isinstance(state, LSTMWalkers):
            state.generate(tokens.numpy(), stream, out)
            return tokens, state
        s, p = state, state.prior
        lstm_generate(
            tokens.numpy(),
            s.table,
            s.recurrent,
            s.readout,
            p.bias,
            p.follow,
            p.rows,
            s.h,
            s.c,
            *stream,
            out,
        )
        return tokens, state

"""Long short-term memory language model (Tsai, Kuo, Tiwary 2020)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from raremd.models.base import Stream
from raremd.models.kernels.lstm import (
    cross_entropy,
    lstm_backward,
    lstm_forward,
    lstm_generate,
    lstm_read,
)
from raremd.models.priors.prior import PriorModel
from raremd.study.settings.models import LSTMSettings

_ROWS = 32  # walkers in a matrix product of generation
_ROWS_LARGE = 128  # with a weight matrix that outgrows the first-level cache
_LARGE = 64


class _Loss(torch.autograd.Function):
    """Cross-entropy of windows, with its gradients formed in the same pass."""

    @staticmethod
    def forward(ctx, inputs, targets, table, weight_hh, readout, bias, prior, rows, with_gradient):
        tokens = inputs.T.contiguous()
        gates, h, c = _run(tokens, table, weight_hh)
        hidden = h[1:].flatten(0, 1)
        if prior is None:
            logits = torch.addmm(bias, hidden, readout.T)
        else:
            logits = (prior + bias).index_select(0, rows).addmm_(hidden, readout.T)
        # Time-major order is how the recurrence leaves its memory: no copy.
        loss = cross_entropy(logits.numpy(), targets.T.flatten().numpy())
        if with_gradient:
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
            by_prior = None
            if ctx.needs_input_grad[6]:
                by_prior = torch.zeros_like(prior).index_add_(0, rows, logits)
            ctx.gradients = by_table, by_weight, logits.T @ hidden, logits.sum(0), by_prior
        return torch.tensor(loss, dtype=torch.float32)

    @staticmethod
    def backward(ctx, by_loss):
        return None, None, *(None if g is None else by_loss * g for g in ctx.gradients), None, None


def _run(tokens: torch.Tensor, table: torch.Tensor, weight_hh: torch.Tensor):
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
    """Walkers on the processor, in blocks of rows; the weights as the kernels want them."""

    h: np.ndarray  # (n_blocks, rows, H)
    c: np.ndarray
    table: np.ndarray  # (V, 4 H)
    recurrent: np.ndarray  # (H, 4 H)
    readout: np.ndarray  # (H, V)
    bias: np.ndarray  # (K, V), with the prior's rows; K = 1 without
    follow: np.ndarray  # (K + 1, V), the row after each token
    rows: np.ndarray  # (W,)


class LSTM(PriorModel):
    """Embedding, one LSTM layer, linear read-out.

    On the processor the embedding is folded into the gate table and the
    recurrence runs in compiled kernels; on a GPU it is `torch.nn.LSTM`.
    """

    def __init__(self, n_states: int, settings: LSTMSettings) -> None:
        super().__init__(n_states, settings)
        self.embedding = torch.nn.Embedding(n_states, settings.embedding)
        self.recurrence = torch.nn.LSTM(settings.embedding, settings.hidden, batch_first=True)
        self.readout = torch.nn.Linear(settings.hidden, n_states)
        self.start_at_prior(self.readout)

    def _table(self) -> torch.Tensor:
        cell = self.recurrence
        bias = cell.bias_ih_l0 + cell.bias_hh_l0
        return functional.linear(self.embedding.weight, cell.weight_ih_l0, bias)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits after each token from a zero state: (B, T) int64 -> (B, T, V)."""
        if tokens.device.type == "cpu" and not torch.is_grad_enabled():
            _, h, _ = _run(tokens.T.contiguous(), self._table(), self.recurrence.weight_hh_l0)
            return self.with_prior(self.readout(h[1:]).transpose(0, 1), tokens)
        return self.with_prior(self.readout(self.recurrence(self.embedding(tokens))[0]), tokens)

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if inputs.device.type == "cpu":
            prior = rows = None
            if self.prior is not None:
                prior = self.prior.table
                rows = self.prior.rows(inputs).T.flatten()
            return _Loss.apply(
                inputs,
                targets,
                self._table(),
                self.recurrence.weight_hh_l0,
                self.readout.weight,
                self.readout.bias,
                prior,
                rows,
                torch.is_grad_enabled(),
            )
        return functional.cross_entropy(self.logits(inputs).flatten(0, 1), targets.flatten())

    def initial_state(self, prompt: torch.Tensor) -> _State | tuple:
        n_walkers, n_hidden = len(prompt), self.settings.hidden
        if prompt.device.type != "cpu":
            zero = torch.zeros(1, n_walkers, n_hidden, device=prompt.device)
            state = (zero, zero.clone()), self.first_rows(prompt[:, :1])
            for tokens in prompt[:, :-1].T:
                _, state = self.step(tokens, state)
            return state
        block = _ROWS if n_hidden <= _LARGE else _ROWS_LARGE
        h, c = np.zeros((2, -(-n_walkers // block), block, n_hidden), np.float32)
        bias = self.readout.bias.detach()[None]
        follow = np.zeros((2, self.n_states), np.int32)
        rows = np.ones(n_walkers, np.int64)
        if self.prior is not None:
            bias = bias + self.prior.table.detach()
            follow = self.prior.follow.numpy()
            rows = self.prior.first_rows(prompt).numpy()
        state = _State(
            h,
            c,
            table=self._table().detach().numpy(),
            recurrent=self.recurrence.weight_hh_l0.detach().T.contiguous().numpy(),
            readout=self.readout.weight.detach().T.contiguous().numpy(),
            bias=bias.numpy(),
            follow=follow,
            rows=rows,
        )
        lstm_read(prompt[:, :-1].T.contiguous().numpy(), state.table, state.recurrent, h, c)
        return state

    def step(self, tokens: torch.Tensor, state: _State) -> tuple[torch.Tensor, _State]:
        if tokens.device.type != "cpu":
            memory, rows = state
            hidden, memory = self.recurrence(self.embedding(tokens[:, None]), memory)
            logits = self.step_with_prior(self.readout(hidden[:, 0]), tokens, rows)
            return logits, (memory, rows)
        lstm_read(tokens[None].numpy(), state.table, state.recurrent, state.h, state.c)
        hidden = torch.from_numpy(state.h).flatten(0, 1)[: len(tokens)]
        state.rows[:] = state.follow[state.rows, tokens]
        bias = torch.from_numpy(state.bias[state.rows])
        return torch.addmm(bias, hidden, torch.from_numpy(state.readout)), state

    def generate(
        self, tokens: torch.Tensor, state: _State, stream: Stream, out: np.ndarray
    ) -> tuple[torch.Tensor, _State]:
        if tokens.device.type != "cpu":
            return super().generate(tokens, state, stream, out)
        s = state
        lstm_generate(
            tokens.numpy(),
            s.table,
            s.recurrent,
            s.readout,
            s.bias,
            s.follow,
            s.rows,
            s.h,
            s.c,
            *stream,
            out,
        )
        return tokens, state

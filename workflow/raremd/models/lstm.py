"""Long short-term memory language model (Tsai, Kuo, Tiwary 2020)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from raremd.models.base import SequenceModel, register
from raremd.models.kernels import lstm_backward, lstm_cell, lstm_forward


class _Recurrence(torch.autograd.Function):
    """Hidden states of an LSTM whose input product is a look-up in a table of gates."""

    @staticmethod
    def forward(ctx, tokens, table, weight_hh):
        (length, batch), n_hidden = tokens.shape, weight_hh.shape[1]
        gates = np.empty((length, batch, 4 * n_hidden), np.float32)
        h = np.empty((length + 1, batch, n_hidden), np.float32)
        c = np.empty_like(h)
        h[0] = c[0] = 0.0
        recurrent = np.ascontiguousarray(weight_hh.numpy().T)
        lstm_forward(tokens.numpy(), table.numpy(), recurrent, gates, h, c)
        ctx.arrays = tokens, weight_hh, gates, h, c, table.shape
        return torch.from_numpy(h[1:])

    @staticmethod
    def backward(ctx, grad_h):
        tokens, weight_hh, gates, h, c, table_shape = ctx.arrays
        del ctx.arrays
        grad_table = np.zeros(table_shape, np.float32)
        grad_h = grad_h.contiguous().numpy()
        lstm_backward(tokens.numpy(), weight_hh.numpy(), gates, c, grad_h, grad_table)
        by_gate = torch.from_numpy(gates).flatten(0, 1)
        grad_weight = by_gate.T @ torch.from_numpy(h[:-1]).flatten(0, 1)
        return None, torch.from_numpy(grad_table), grad_weight


@dataclass
class _State:
    """Buffers of generation on the processor, and their NumPy views."""

    h: torch.Tensor  # (W, H)
    c: np.ndarray  # (W, H)
    gates: torch.Tensor  # (W, 4 H)
    logits: torch.Tensor  # (W, V)
    table: np.ndarray  # (V, 4 H)
    recurrent: torch.Tensor  # (H, 4 H)
    readout: torch.Tensor  # (H, V)


@register("lstm")
class LSTM(SequenceModel):
    """Embedding, one LSTM layer, linear read-out.

    On the processor the embedding is folded into the gate table and the
    recurrence runs in compiled kernels; on a GPU it is `torch.nn.LSTM`.
    """

    @dataclass(frozen=True)
    class Settings:
        """Sizes of the embedding and of the hidden state."""

        embedding: int = 32
        hidden: int = 48

    def __init__(self, n_states: int, settings: Settings) -> None:
        super().__init__(n_states, settings)
        self.embedding = torch.nn.Embedding(n_states, settings.embedding)
        self.recurrence = torch.nn.LSTM(settings.embedding, settings.hidden, batch_first=True)
        self.readout = torch.nn.Linear(settings.hidden, n_states)

    def _table(self) -> torch.Tensor:
        cell = self.recurrence
        bias = cell.bias_ih_l0 + cell.bias_hh_l0
        return functional.linear(self.embedding.weight, cell.weight_ih_l0, bias)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits after each token from a zero state: (B, T) int64 -> (B, T, V)."""
        if tokens.device.type == "cpu":
            hidden = _Recurrence.apply(
                tokens.T.contiguous(), self._table(), self.recurrence.weight_hh_l0
            )
            return self.readout(hidden).transpose(0, 1)
        return self.readout(self.recurrence(self.embedding(tokens))[0])

    def loss(self, windows: torch.Tensor) -> torch.Tensor:
        logits = self.logits(windows[:, :-1])
        # Time-major order is how the recurrence leaves its memory: no copy.
        return functional.cross_entropy(
            logits.transpose(0, 1).flatten(0, 1), windows[:, 1:].T.flatten()
        )

    def initial_state(self, prompt: torch.Tensor) -> _State | tuple[torch.Tensor, torch.Tensor]:
        n_walkers, n_hidden = len(prompt), self.settings.hidden
        if prompt.device.type != "cpu":
            zero = torch.zeros(1, n_walkers, n_hidden, device=prompt.device)
            state = (zero, zero.clone())
            for tokens in prompt[:, :-1].T:
                _, state = self.step(tokens, state)
            return state
        state = _State(
            h=torch.zeros(n_walkers, n_hidden),
            c=np.zeros((n_walkers, n_hidden), np.float32),
            gates=torch.empty(n_walkers, 4 * n_hidden),
            logits=torch.empty(n_walkers, self.n_states),
            table=self._table().detach().numpy(),
            recurrent=self.recurrence.weight_hh_l0.detach().T.contiguous(),
            readout=self.readout.weight.detach().T.contiguous(),
        )
        for tokens in prompt[:, :-1].T.contiguous():
            self._advance(tokens, state)
        return state

    def _advance(self, tokens: torch.Tensor, state: _State) -> None:
        torch.mm(state.h, state.recurrent, out=state.gates)
        lstm_cell(state.gates.numpy(), state.table, tokens.numpy(), state.h.numpy(), state.c)

    def step(self, tokens: torch.Tensor, state: _State) -> tuple[torch.Tensor, _State]:
        if tokens.device.type != "cpu":
            hidden, state = self.recurrence(self.embedding(tokens[:, None]), state)
            return self.readout(hidden[:, 0]), state
        self._advance(tokens, state)
        torch.addmm(self.readout.bias.detach(), state.h, state.readout, out=state.logits)
        return state.logits, state

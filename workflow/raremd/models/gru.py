"""Gated recurrent unit (Cho et al. 2014), in plain PyTorch.

B windows or W walkers, T tokens, V states, H hidden units.
"""

from __future__ import annotations

from typing import Any

import torch

from raremd.models.priors.network import Network
from raremd.study.settings.models import GRUSettings


class GRU(Network):
    """Embedding, one GRU layer, linear read-out; a prior is added to the logits."""

    settings: GRUSettings

    def __init__(self, n_states: int, settings: GRUSettings) -> None:
        super().__init__(n_states, settings)
        s = settings
        self.embedding = torch.nn.Embedding(n_states, s.embedding)
        self.recurrence = torch.nn.GRU(s.embedding, s.hidden, batch_first=True)
        self.readout = torch.nn.Linear(s.hidden, n_states)
        self.prior.leave_alone(self.readout)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.recurrence(self.embedding(tokens))  # (B, T, H), from a zero state
        return self.prior.add(self.readout(hidden), tokens)  # (B, T, V)

    def initial_state(self, prompt: torch.Tensor) -> Any:
        zero = torch.zeros(1, len(prompt), self.settings.hidden, device=prompt.device)
        state = zero, self.prior.first_rows(prompt[:, :1])
        for tokens in prompt[:, :-1].T:
            _, state = self.step(tokens, state)
        return state

    def step(self, tokens: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        memory, rows = state
        hidden, memory = self.recurrence(self.embedding(tokens[:, None]), memory)  # (W, 1, H)
        logits = self.prior.step(self.readout(hidden[:, 0]), tokens, rows)  # (W, V)
        return logits, (memory, rows)

"""Gated recurrent unit (Cho et al. 2014)."""

from __future__ import annotations

import torch
from torch.nn import functional

from raremd.models.priors.prior import PriorModel
from raremd.study.settings.models import GRUSettings


class GRU(PriorModel):
    """Embedding, one GRU layer, linear read-out, by PyTorch's own modules."""

    def __init__(self, n_states: int, settings: GRUSettings) -> None:
        super().__init__(n_states, settings)
        self.embedding = torch.nn.Embedding(n_states, settings.embedding)
        self.recurrence = torch.nn.GRU(settings.embedding, settings.hidden, batch_first=True)
        self.readout = torch.nn.Linear(settings.hidden, n_states)
        self.start_at_prior(self.readout)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits after each token from a zero state: (B, T) int64 -> (B, T, V)."""
        hidden, _ = self.recurrence(self.embedding(tokens))
        return self.with_prior(self.readout(hidden), tokens)

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(self.logits(inputs).flatten(0, 1), targets.flatten())

    def initial_state(self, prompt: torch.Tensor) -> tuple:
        zero = torch.zeros(1, len(prompt), self.settings.hidden, device=prompt.device)
        state = zero, self.first_rows(prompt[:, :1])
        for tokens in prompt[:, :-1].T:
            _, state = self.step(tokens, state)
        return state

    def step(self, tokens: torch.Tensor, state: tuple) -> tuple[torch.Tensor, tuple]:
        memory, rows = state
        hidden, memory = self.recurrence(self.embedding(tokens[:, None]), memory)
        return self.step_with_prior(self.readout(hidden[:, 0]), tokens, rows), (memory, rows)

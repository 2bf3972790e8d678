"""Language models of one recurrent layer, in plain PyTorch: what LSTM and GRU share.

B windows or W walkers, T tokens, V states, H hidden units.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from raremd.models.priors.network import Network
from raremd.study.settings.models import RecurrentSettings


class Recurrent(Network):
    """Embedding, one recurrent layer, linear read-out; a prior is added to the logits."""

    settings: RecurrentSettings
    layer: ClassVar[type[torch.nn.LSTM] | type[torch.nn.GRU]]

    def __init__(self, n_states: int, settings: RecurrentSettings) -> None:
        super().__init__(n_states, settings)
        s = settings
        self.embedding = torch.nn.Embedding(n_states, s.embedding)
        self.recurrence = self.layer(s.embedding, s.hidden, batch_first=True)
        self.readout = torch.nn.Linear(s.hidden, n_states)
        self.prior.leave_alone(self.readout)

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.recurrence(self.embedding(tokens))  # (B, T, H), from a zero state
        return self.prior.add(self.readout(hidden), tokens)  # (B, T, V)

    def initial_state(self, prompt: torch.Tensor) -> Any:
        state = None, self.prior.first_rows(prompt[:, :1])  # no memory: a zero state
        for tokens in prompt[:, :-1].T:
            _, state = self.step(tokens, state)
        return state

    def step(self, tokens: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        memory, rows = state
        hidden, memory = self.recurrence(self.embedding(tokens[:, None]), memory)  # (W, 1, H)
        logits = self.prior.step(self.readout(hidden[:, 0]), tokens, rows)  # (W, V)
        return logits, (memory, rows)

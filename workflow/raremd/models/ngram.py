"""History-augmented Markov state model: the last states, and the last metastable core, decide."""

from __future__ import annotations

import torch

from raremd.models.priors.prior import PriorModel
from raremd.study.settings.models import NGramSettings


class NGram(PriorModel):
    """The prior of `prior.Prior` by itself: counting with back-off, no network."""

    def __init__(self, n_states: int, settings: NGramSettings) -> None:
        super().__init__(n_states, settings)
        self.prior.strength = settings.strength

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        logits = self.prior.table[self.prior.rows(inputs)]
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())

    def initial_state(self, prompt: torch.Tensor) -> torch.Tensor:
        return self.first_rows(prompt)

    def step(self, tokens: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        state.copy_(self.prior.follow[state, tokens])
        return self.prior.table[state], state

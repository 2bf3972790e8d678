"""Markov state model sampled as a chain: the baseline without memory."""

from __future__ import annotations

import numpy as np
import torch

from raremd.models.base import SequenceModel
from raremd.models.priors.contexts import log_probability, markov_probability
from raremd.study.settings.models import MarkovSettings


class Markov(SequenceModel):
    """Reversible maximum-likelihood transition matrix, by default at one saving interval.

    At a longer lag a walker moves every `lag` frames and stays where it is in between: its
    transition matrices at multiples of the lag are exactly powers of the estimate. Jumps that
    the training data never show have a logit of -20: they cost a finite cross-entropy but are
    practically never sampled.
    """

    settings: MarkovSettings
    log_probability: torch.Tensor

    def __init__(self, n_states: int, settings: MarkovSettings) -> None:
        super().__init__(n_states, settings)
        self.register_buffer("log_probability", torch.zeros(n_states, n_states))

    def prepare(self, trajectories: list[np.ndarray]) -> None:
        probability = markov_probability(trajectories, self.n_states, self.settings.lag)
        self.log_probability.copy_(torch.from_numpy(log_probability(probability)))

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Of the mixture over the phase: one step in `lag` frames is one of the chain."""
        share = 1.0 / self.settings.lag
        jump = self.log_probability.double().softmax(1)
        mixed = share * jump + (1 - share) * torch.eye(self.n_states, device=jump.device)
        return -mixed.log().float()[inputs, targets].mean()

    def initial_state(self, prompt: torch.Tensor) -> int:
        return 0

    def step(self, tokens: torch.Tensor, state: int) -> tuple[torch.Tensor, int]:
        if state % self.settings.lag == 0:
            return self.log_probability[tokens], state + 1
        stay = torch.full((len(tokens), self.n_states), -torch.inf, device=tokens.device)
        return stay.scatter_(1, tokens[:, None], 0.0), state + 1

"""Markov state model sampled as a chain: the baseline without memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from raremd.models.base import SequenceModel, register
from raremd.models.prior import markov_log_probability


@register("markov")
class Markov(SequenceModel):
    """Reversible maximum-likelihood transition matrix at a lag of one saving interval.

    Jumps that the training data never show have a logit of -20: they cost a finite
    cross-entropy but are practically never sampled.
    """

    @dataclass(frozen=True)
    class Settings:
        """No options."""

    def __init__(self, n_states: int, settings: Settings) -> None:
        super().__init__(n_states, settings)
        self.register_buffer("log_probability", torch.zeros(n_states, n_states))

    def prepare(self, trajectories: list[np.ndarray]) -> None:
        log_probability = markov_log_probability(trajectories, self.n_states)
        self.log_probability.copy_(torch.from_numpy(log_probability))

    def loss(self, windows: torch.Tensor) -> torch.Tensor:
        return -self.log_probability.log_softmax(1)[windows[:, :-1], windows[:, 1:]].mean()

    def initial_state(self, prompt: torch.Tensor) -> None:
        return None

    def step(self, tokens: torch.Tensor, state: None) -> tuple[torch.Tensor, None]:
        return self.log_probability[tokens], None

"""History-augmented Markov state model: the last states, and the last metastable core, decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from raremd.models.base import SequenceModel
from raremd.models.priors.calibration import match_flows
from raremd.models.priors.prior import Prior
from raremd.study.settings.models import NGramSettings


class NGram(SequenceModel):
    """A prior by itself: counting with back-off, no network."""

    settings: NGramSettings

    def __init__(self, n_states: int, settings: NGramSettings) -> None:
        super().__init__(n_states, settings)
        s = settings
        self.prior = Prior(s.prior, n_states, s.order, s.cores, s.strength)

    def prepare(self, trajectories: list[np.ndarray]) -> None:
        self.prior.fit(trajectories)

    def calibrate(self, trajectories: list[np.ndarray], seed: int) -> None:
        match_flows(self, self.prior, trajectories, self.settings.calibration, seed)

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        logits = self.prior.table[self.prior.rows(inputs)]
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())

    def initial_state(self, prompt: torch.Tensor) -> torch.Tensor:
        return self.prior.first_rows(prompt)

    def step(self, tokens: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        state.copy_(self.prior.follow[state, tokens])
        return self.prior.table[state], state

"""What all networks share: a prior on their logits, and when it is added."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from raremd.models.base import SequenceModel
from raremd.models.priors.calibration import match_flows
from raremd.models.priors.prior import Prior
from raremd.study.settings.models import OnPrior


class Network(SequenceModel):
    """A network whose logits a prior is added to: subclasses define `logits` and `step`."""

    settings: OnPrior

    def __init__(self, n_states: int, settings: OnPrior) -> None:
        super().__init__(n_states, settings)
        s = settings
        self.prior = Prior(s.prior, n_states, s.order, s.cores, waits=s.plain_share > 0)

    @property
    def plain_share(self) -> float:
        return self.settings.plain_share

    def prepare(self, trajectories: list[np.ndarray]) -> None:
        if not self.plain_share:
            self.prior.fit(trajectories)

    def restrict(self, trajectories: list[np.ndarray]) -> None:
        self.prior.fit(trajectories)

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(self.logits(inputs).flatten(0, 1), targets.flatten())

    def calibrate(self, trajectories: list[np.ndarray], seed: int) -> None:
        match_flows(self, self.prior, trajectories, self.settings.calibration, seed)

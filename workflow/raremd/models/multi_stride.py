"""LSTM that must also say where the walker will be after longer strides."""

from __future__ import annotations

import torch
from torch.nn import functional

from raremd.models.lstm import LSTM
from raremd.study.settings.models import MultiStrideSettings


class MultiStride(LSTM):
    """One hidden state, three read-outs: the state after 1, `stride` and `stride` squared frames.

    The mean of their cross-entropies is trained; validation and generation use the first.
    """

    def __init__(self, n_states: int, settings: MultiStrideSettings) -> None:
        super().__init__(n_states, settings)
        self.later = torch.nn.ModuleList(
            torch.nn.Linear(settings.hidden, n_states) for _ in range(2)
        )

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if not torch.is_grad_enabled():
            return super().loss(inputs, targets)
        hidden, _ = self.recurrence(self.embedding(inputs))
        terms = []
        for power, head in enumerate([self.readout, *self.later]):
            skipped = self.settings.stride**power - 1
            known = hidden[:, : max(inputs.shape[1] - skipped, 0)]
            if not known.shape[1]:
                raise ValueError(
                    f"stride: {skipped + 1} frames are more than the window of {inputs.shape[1]}"
                )
            wanted = targets[:, skipped:]
            terms.append(functional.cross_entropy(head(known).flatten(0, 1), wanted.flatten()))
        return torch.stack(terms).mean()

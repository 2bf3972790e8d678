"""What is known of the next state before a network is asked: a table added to its logits."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit

from raremd.kinetics.timescales import count_matrix
from raremd.models.base import SequenceModel
from raremd.models.priors.calibration import match_flows
from raremd.models.priors.contexts import (
    NEVER_SEEN,
    estimate_contexts,
    jump_penalty,
    log_probability,
)

KINDS = ("none", "seen_jumps", "smoothed", "markov", "markov_free")
STRENGTH = 5.0  # counts that a shorter context is worth, see `contexts.estimate_contexts`


@njit(cache=True)
def _walk(tokens, follow, rows) -> None:
    """Rows (B, T) after each token (B, T), from the last row of `follow`."""
    for b in range(tokens.shape[0]):
        row = follow.shape[0] - 1
        for t in range(tokens.shape[1]):
            row = follow[row, tokens[b, t]]
            rows[b, t] = row


class Prior(torch.nn.Module):
    """Rows of a table, one for each thing that may have happened before.

    Which row is in force is the state of a finite automaton that reads the trajectory.

    Parameters
    ----------
    kind : str
        `seen_jumps`: jumps that the training data never show are forbidden. `smoothed`: log
        shares of the jumps, each counted once more than it is seen. `markov`: log
        probabilities of the Markov state model, or with `order` or `cores` of its augmented
        relatives, see `contexts`. `markov_free`: the same as a starting point, the network's
        training moves them too.
    n_states : int
        Vocabulary size V.
    order, cores : int
        Last states and metastable cores that a row depends on; 1 and 0 for the current state.

    Attributes
    ----------
    strength : float
        Counts that a shorter context is worth, see `contexts.estimate_contexts`.
    fixed : (K, V) float32 buffer
    moved : (K, V) float32 parameter or None
        Added to it, 0 at first.
    follow : (K + 1, V) int32 buffer
        The row after reading token v in row k; K is the row before the first token.
    """

    def __init__(self, kind: str, n_states: int, order: int = 1, cores: int = 0) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"prior: '{kind}' is not one of {list(KINDS)}")
        self.kind, self.n_states, self.order, self.cores = kind, n_states, order, cores
        self.strength = STRENGTH
        current = torch.arange(n_states, dtype=torch.int32).repeat(n_states + 1, 1)
        self.register_buffer("fixed", torch.zeros(n_states, n_states))
        self.register_buffer("follow", current)
        free = kind.endswith("_free")
        self.moved = torch.nn.Parameter(torch.zeros(n_states, n_states)) if free else None

    def fit(self, trajectories: list[np.ndarray]) -> None:
        """Estimate the table from training trajectories at the saving interval."""
        if self.kind == "seen_jumps" and self.order == 1 and not self.cores:
            self.fixed.copy_(torch.from_numpy(jump_penalty(trajectories, self.n_states)))
            return
        if self.kind == "smoothed":
            counts = count_matrix(trajectories, self.n_states, 1) + 1.0
            self.fixed.copy_(torch.from_numpy(np.log(counts / counts.sum(axis=1, keepdims=True))))
            return
        strength = 0.0 if self.kind == "seen_jumps" else self.strength
        contexts = estimate_contexts(trajectories, self.n_states, self.order, self.cores, strength)
        table = log_probability(contexts.probability)
        if self.kind == "seen_jumps":
            table = np.where(contexts.probability > 0, 0.0, NEVER_SEEN)
        self._resize(len(table))
        self.fixed.copy_(torch.from_numpy(table))
        self.follow.copy_(torch.from_numpy(contexts.follow))

    def _resize(self, n_rows: int) -> None:
        """The number of contexts is found from data, or in a file of weights."""
        shape = n_rows, self.n_states
        self.fixed = self.fixed.new_zeros(shape)
        self.follow = self.follow.new_zeros(n_rows + 1, self.n_states)
        if self.moved is not None:
            self.moved = torch.nn.Parameter(self.moved.new_zeros(shape))

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        if f"{prefix}fixed" in state_dict:
            self._resize(len(state_dict[f"{prefix}fixed"]))
        super()._load_from_state_dict(state_dict, prefix, *args)

    @property
    def table(self) -> torch.Tensor:
        """What is added to the logits in each row, (K, V)."""
        return self.fixed if self.moved is None else self.fixed + self.moved

    def rows(self, tokens: torch.Tensor) -> torch.Tensor:
        """The row after each token of whole sequences: (B, T) -> (B, T) int64."""
        rows = torch.empty(tokens.shape, dtype=torch.int64)
        _walk(tokens.cpu().numpy(), self.follow.cpu().numpy(), rows.numpy())
        return rows.to(tokens.device)

    def first_rows(self, prompt: torch.Tensor) -> torch.Tensor:
        """The row of each walker after all but the last token of its prompt, (W,) int64."""
        if prompt.shape[1] > 1:
            return self.rows(prompt[:, :-1])[:, -1].clone()
        return torch.full((len(prompt),), len(self.follow) - 1, device=prompt.device)


class PriorModel(SequenceModel):
    """A network on top of a prior: subclasses add `prior_logits` to their own.

    Parameters
    ----------
    n_states : int
    settings : Settings
        With fields `prior`, one of `KINDS`, and `order` and `cores`, see `Prior`; and
        `calibration`, rounds of `calibration.match_flows` after training.
    """

    def __init__(self, n_states: int, settings: Any) -> None:
        super().__init__(n_states, settings)
        s = settings
        self.prior = None if s.prior == "none" else Prior(s.prior, n_states, s.order, s.cores)
        if s.calibration and self.prior is None:
            raise ValueError("calibration: needs a prior, whose table it shifts")

    def prepare(self, trajectories: list[np.ndarray]) -> None:
        if self.prior is not None:
            self.prior.fit(trajectories)

    def calibrate(self, trajectories: list[np.ndarray], seed: int) -> None:
        if self.settings.calibration:
            match_flows(self, trajectories, self.settings.calibration, seed)

    def start_at_prior(self, readout: torch.nn.Linear) -> None:
        """Where the prior is a probability, let the untrained network leave it as it is."""
        if self.prior is not None and self.prior.kind != "seen_jumps":
            torch.nn.init.zeros_(readout.weight)
            torch.nn.init.zeros_(readout.bias)

    def with_prior(self, logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Logits (B, T, V) after each token (B, T), with the prior's."""
        if self.prior is None:
            return logits
        return logits + self.prior.table[self.prior.rows(tokens)]

    def first_rows(self, prompt: torch.Tensor) -> torch.Tensor | None:
        """Where generation is in the prior, see `Prior.first_rows`."""
        return None if self.prior is None else self.prior.first_rows(prompt)

    def step_with_prior(
        self, logits: torch.Tensor, tokens: torch.Tensor, rows: torch.Tensor | None
    ) -> torch.Tensor:
        """Logits (W, V) of one step with the prior's; `rows` (W,) go on in place."""
        if rows is None:
            return logits
        rows.copy_(self.prior.follow[rows, tokens])
        return logits + self.prior.table[rows]

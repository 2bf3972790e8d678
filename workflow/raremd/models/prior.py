"""What is known of the next state before a network is asked: a table added to its logits."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit

from raremd.kinetics import count_matrix, estimate
from raremd.models.base import SequenceModel

NEVER_SEEN = -20.0
"""Logit of a jump that the training data never show: of finite cost, but practically never drawn.

A plain network gives all such jumps together of the order of 1e-4 a frame, which is enough to
short-circuit a slow process.
"""
KINDS = ("none", "seen_jumps", "markov", "markov_free")


def jump_penalty(trajectories: list[np.ndarray], n_states: int) -> np.ndarray:
    """0 for each jump that occurs, `NEVER_SEEN` for all others; (V, V) float64."""
    return np.where(count_matrix(trajectories, n_states, lag=1) > 0, 0.0, NEVER_SEEN)


def markov_log_probability(trajectories: list[np.ndarray], n_states: int) -> np.ndarray:
    """Log of the reversible maximum-likelihood transition matrix, (V, V) float64.

    At least `NEVER_SEEN`. States outside the connected set can only be left, to a state of
    it drawn from the stationary distribution.
    """
    model = estimate(count_matrix(trajectories, n_states, lag=1))
    probability = np.zeros((n_states, n_states))
    probability[:, model.active] = model.stationary
    probability[np.ix_(model.active, model.active)] = model.transition_matrix
    return np.log(np.maximum(probability, np.exp(NEVER_SEEN)))


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

    Which row is in force is the state of a finite automaton that reads the trajectory. Here it
    is the current state of the molecule, and the row is what a Markov model would say.

    Parameters
    ----------
    kind : str
        `seen_jumps`: jumps that the training data never show are forbidden. `markov`: log
        probabilities of the Markov state model. `markov_free`: the same as a starting point,
        the network's training moves them too.
    n_states : int
        Vocabulary size V.

    Attributes
    ----------
    fixed : (K, V) float32 buffer
    moved : (K, V) float32 parameter or None
        Added to it, 0 at first.
    follow : (K + 1, V) int64 buffer
        The row after reading token v in row k; K is the row before the first token.
    """

    def __init__(self, kind: str, n_states: int) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"prior: '{kind}' is not one of {list(KINDS)}")
        self.kind, self.n_states = kind, n_states
        self.register_buffer("fixed", torch.zeros(n_states, n_states))
        self.register_buffer("follow", torch.arange(n_states).repeat(n_states + 1, 1))
        free = kind.endswith("_free")
        self.moved = torch.nn.Parameter(torch.zeros(n_states, n_states)) if free else None

    def fit(self, trajectories: list[np.ndarray]) -> None:
        """Estimate the table from training trajectories at the saving interval."""
        how = jump_penalty if self.kind == "seen_jumps" else markov_log_probability
        self.fixed.copy_(torch.from_numpy(how(trajectories, self.n_states)))

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
        With a field `prior`, one of `KINDS`.
    """

    def __init__(self, n_states: int, settings: Any) -> None:
        super().__init__(n_states, settings)
        self.prior = None if settings.prior == "none" else Prior(settings.prior, n_states)

    def prepare(self, trajectories: list[np.ndarray]) -> None:
        if self.prior is not None:
            self.prior.fit(trajectories)

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

"""What is known of the next state before a network is asked: a table added to its logits."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit

from raremd.kinetics.timescales import count_matrix
from raremd.models.priors.contexts import (
    NEVER_SEEN,
    estimate_contexts,
    jump_penalty,
    log_probability,
)

KINDS = ("none", "seen_jumps", "smoothed", "markov", "markov_free")
STRENGTH = 5.0  # counts that a shorter context is worth, see `contexts.estimate_contexts`


@njit(cache=True)
def _walk(tokens: np.ndarray, follow: np.ndarray, rows: np.ndarray) -> None:
    """Rows (B, T) after each token (B, T), from the last row of `follow`."""
    for b in range(tokens.shape[0]):
        row = follow.shape[0] - 1
        for t in range(tokens.shape[1]):
            row = follow[row, tokens[b, t]]
            rows[b, t] = row


def _resize_to_file(
    prior: torch.nn.Module, weights: dict[str, torch.Tensor], prefix: str, *_: Any
) -> None:
    """Give a prior as many rows as there are in the weights that it will load."""
    if isinstance(prior, Prior) and f"{prefix}fixed" in weights:
        prior.resize(len(weights[f"{prefix}fixed"]))


class Prior(torch.nn.Module):
    """Rows of a table, one for each thing that may have happened before.

    Which row is in force is the state of a finite automaton that reads the trajectory. A network
    holds a prior and adds it to its logits.

    Parameters
    ----------
    kind : str
        `none`: one row of zeros, of which files of weights hold nothing. `seen_jumps`: jumps that
        the training data never show are forbidden. `smoothed`: log shares of the jumps, each
        counted once more than it is seen. `markov`: log probabilities of the Markov state model,
        or with `order` or `cores` of its augmented relatives, see `contexts`. `markov_free`: the
        same as a starting point, the network's training moves them too.
    n_states : int
        Vocabulary size V.
    order, cores : int
        Last states and metastable cores that a row depends on; 1 and 0 for the current state.
    strength : float
        Counts that a shorter context is worth, see `contexts.estimate_contexts`.
    waits : bool
        Adds nothing, as `none` does, until `fit` is called.

    Attributes
    ----------
    fixed : (K, V) float32 buffer
    moved : (K, V) float32 parameter or None
        Added to it, 0 at first.
    follow : (K + 1, V) int32 buffer
        The row after reading token v in row k; K is the row before the first token.
    """

    fixed: torch.Tensor
    follow: torch.Tensor

    def __init__(
        self,
        kind: str,
        n_states: int,
        order: int = 1,
        cores: int = 0,
        strength: float = STRENGTH,
        waits: bool = False,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"prior: '{kind}' is not one of {list(KINDS)}")
        self.kind, self.n_states, self.order, self.cores = kind, n_states, order, cores
        self.strength = strength
        kept, empty = kind != "none", kind == "none" or waits
        n_rows = 1 if empty else n_states
        current = torch.arange(n_states, dtype=torch.int32) * (not empty)
        self.register_buffer("fixed", torch.zeros(n_rows, n_states), persistent=kept)
        self.register_buffer("follow", current.repeat(n_rows + 1, 1), persistent=kept)
        free = kind.endswith("_free")
        self.moved = torch.nn.Parameter(torch.zeros(n_states, n_states)) if free else None
        self.register_load_state_dict_pre_hook(_resize_to_file)

    def fit(self, trajectories: list[np.ndarray]) -> None:
        """Estimate the table from training trajectories at the saving interval."""
        if self.kind == "none":
            return
        if self.kind == "seen_jumps" and self.order == 1 and not self.cores:
            current = np.tile(np.arange(self.n_states), (self.n_states + 1, 1))
            self._set(jump_penalty(trajectories, self.n_states), current)
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
        self._set(table, contexts.follow)

    def _set(self, table: np.ndarray, follow: np.ndarray) -> None:
        self.resize(len(table))
        self.fixed.copy_(torch.from_numpy(table))
        self.follow.copy_(torch.from_numpy(follow))

    def resize(self, n_rows: int) -> None:
        """Forget the table; the number of contexts is found from data, or in a file of weights."""
        shape = n_rows, self.n_states
        self.fixed = self.fixed.new_zeros(shape)
        self.follow = self.follow.new_zeros(n_rows + 1, self.n_states)
        if self.moved is not None:
            self.moved = torch.nn.Parameter(self.moved.new_zeros(shape))

    @property
    def empty(self) -> bool:
        """Whether nothing is added: there is no prior, or it waits."""
        return self.kind == "none" or len(self.fixed) == 1 < self.n_states

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

    def leave_alone(self, readout: torch.nn.Linear) -> None:
        """Where the prior is a probability, let the untrained network leave it as it is."""
        if self.kind not in ("none", "seen_jumps"):
            torch.nn.init.zeros_(readout.weight)
            torch.nn.init.zeros_(readout.bias)

    def add(self, logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """A network's logits (B, T, V) after each token (B, T), with the prior's."""
        return logits if self.empty else logits + self.table[self.rows(tokens)]

    def step(self, logits: torch.Tensor, tokens: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """A network's logits (W, V) of one step with the prior's; `rows` (W,) go on in place."""
        if self.empty:
            return logits
        rows.copy_(self.follow[rows, tokens])
        return logits + self.table[rows]

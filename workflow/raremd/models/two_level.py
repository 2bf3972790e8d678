"""Two levels: a slow process at a long stride, and fast states that know where it will end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from raremd.models.base import SequenceModel
from raremd.models.priors.contexts import (
    NEVER_SEEN,
    last_cores,
    markov_probability,
    metastable_cores,
)
from raremd.study.settings.models import TwoLevelSettings

STRENGTH = 5.0  # counts that the state and core alone are worth


@dataclass
class _State:
    core: torch.Tensor  # (W,) the core visited last; -1 before the first token
    ends: torch.Tensor  # (W, C) probability of the core at the end of the stride
    expected: torch.Tensor | None  # (W, C, V) probability of the next state under each end
    frame: int


class TwoLevel(SequenceModel):
    """Counting on two levels, no network.

    Slow: the metastable core visited last, a Markov chain of `stride` frames. Fast: the next
    state given the state, the core visited last, and the core at the end of the stride. That end
    is not known while the model is used: its probability is updated by each state, so that
    generated trajectories are those of drawing the end first.
    """

    settings: TwoLevelSettings
    core: torch.Tensor
    side: torch.Tensor
    slow: torch.Tensor
    fast: torch.Tensor

    def __init__(self, n_states: int, settings: TwoLevelSettings) -> None:
        super().__init__(n_states, settings)
        c = settings.cores
        self.register_buffer("core", torch.full((n_states,), -1))
        self.register_buffer("side", torch.zeros(n_states, dtype=torch.int64))
        self.register_buffer("slow", torch.zeros(c, c))
        self.register_buffer("fast", torch.zeros(c, n_states, c, n_states))

    def prepare(self, trajectories: list[np.ndarray]) -> None:
        v, c, stride = self.n_states, self.settings.cores, self.settings.stride
        core, side = metastable_cores(trajectories, v, c)
        slow, fast = np.zeros((c, c)), np.zeros((c, v, c, v))
        for t in trajectories:
            cores = last_cores(t, core, side)
            marks = cores[::stride] if len(t) > 1 else cores[:0]
            np.add.at(slow, (marks[:-1], marks[1:]), 1)
            ends = np.repeat(marks[1:], stride)
            now = slice(0, len(ends))
            np.add.at(fast, (cores[now], t[now], ends, t[1 : len(ends) + 1]), 1)
        either = fast.sum(axis=2) + markov_probability(trajectories, v)
        shorter = either / either.sum(axis=2, keepdims=True)
        fast += STRENGTH * shorter[:, :, None]
        slow += 1e-3 * np.eye(c)
        self.core.copy_(torch.from_numpy(core))
        self.side.copy_(torch.from_numpy(side))
        for buffer, counts in ((self.slow, slow), (self.fast, fast)):
            probability = counts / counts.sum(axis=-1, keepdims=True)
            buffer.copy_(torch.from_numpy(np.maximum(probability, np.exp(NEVER_SEEN))))

    def initial_state(self, prompt: torch.Tensor) -> _State:
        cores = self.settings.cores
        core = torch.full((len(prompt),), -1, device=prompt.device)
        state = _State(core, torch.zeros(len(prompt), cores, device=prompt.device), None, 0)
        for tokens in prompt[:, :-1].T:
            _, state = self.step(tokens, state)
        return state

    def step(self, tokens: torch.Tensor, state: _State) -> tuple[torch.Tensor, _State]:
        if state.expected is not None:  # how likely each end made this state tells them apart
            seen = tokens[:, None, None].expand(-1, state.ends.shape[1], 1)
            ends = state.ends * state.expected.gather(2, seen)[:, :, 0]
            state.ends = ends / ends.sum(1, keepdim=True)
        entered, before = self.core[tokens], state.core
        before = torch.where(before >= 0, before, self.side[tokens])
        state.core = torch.where(entered >= 0, entered, before)
        if state.frame % self.settings.stride == 0:
            state.ends = self.slow[state.core]
        state.expected = self.fast[state.core, tokens]
        state.frame += 1
        return torch.bmm(state.ends[:, None], state.expected)[:, 0].log(), state

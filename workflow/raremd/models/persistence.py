"""Persistence tokens: a token is a state and how long it is held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from raremd.models.base import SequenceModel, Stream
from raremd.models.kernels.lstm import CompiledLSTM
from raremd.study.settings.models import LSTMSettings, PersistenceSettings


@dataclass
class _State:
    network: Any
    position: int  # tokens that were drawn
    waiting: list[np.ndarray]  # of each walker, frames not yet handed out


class Persistence(SequenceModel):
    """LSTM over (state, frames held) pairs.

    A visit of n frames is cut into pieces of `longest` frames and a rest, so that nothing is lost:
    whether a state is held beyond a piece is told by the state of the next token. Token
    state * longest + frames - 1.
    """

    settings: PersistenceSettings

    def __init__(self, n_states: int, settings: PersistenceSettings) -> None:
        super().__init__(n_states, settings)
        n_tokens = n_states * settings.longest
        if n_tokens > np.iinfo(np.int16).max:
            raise ValueError(f"longest: {settings.longest} of {n_states} states are too many")
        sizes = LSTMSettings(embedding=settings.embedding, hidden=settings.hidden)
        self.network = CompiledLSTM(n_tokens, sizes)

    def encode(self, trajectory: np.ndarray) -> np.ndarray:
        longest = self.settings.longest
        starts = np.flatnonzero(np.r_[True, trajectory[1:] != trajectory[:-1]])
        held = np.diff(np.r_[starts, len(trajectory)])
        pieces = -(-held // longest)
        frames = np.full(pieces.sum(), longest)
        frames[np.cumsum(pieces) - 1] = held - (pieces - 1) * longest
        return (np.repeat(trajectory[starts], pieces) * longest + frames - 1).astype(np.int16)

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """The frames of one walker's tokens, (n_tokens,) -> (n_frames,) int16."""
        longest = self.settings.longest
        return np.repeat((tokens // longest).astype(np.int16), tokens % longest + 1)

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Nats a frame: those of the tokens over the frames that they stand for."""
        frames = (targets % self.settings.longest + 1).double().mean()
        return self.network.loss(inputs, targets) / frames.float()

    def initial_state(self, prompt: torch.Tensor) -> Any:
        waiting = [np.empty(0, np.int16)] * len(prompt)
        return _State(self.network.initial_state(prompt), 0, waiting)

    def generate(
        self, tokens: torch.Tensor, state: Any, stream: Stream, out: np.ndarray
    ) -> tuple[torch.Tensor, Any]:
        n_frames = len(out)
        while (lacking := n_frames - min(map(len, state.waiting))) > 0:
            # A token has at least one frame; most walkers have more than enough then.
            drawn = np.empty((max(lacking // 2, 1), len(tokens)), np.int16)
            at = stream._replace(frame=state.position)
            tokens, state.network = self.network.generate(tokens, state.network, at, drawn)
            state.position += len(drawn)
            state.waiting = [
                np.concatenate([waiting, self.decode(new)])
                for waiting, new in zip(state.waiting, drawn.T, strict=True)
            ]
        for walker, waiting in enumerate(state.waiting):
            out[:, walker] = waiting[:n_frames]
        state.waiting = [waiting[n_frames:] for waiting in state.waiting]
        return tokens, state

"""Walkers that generate by matrix products in bfloat16: what wide networks have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from raremd.models.base import Stream
from raremd.models.kernels.sampling import draw


@dataclass
class Rows:
    """The prior of walkers: what is added to their logits."""

    bias: np.ndarray  # (K, V) float32, with the read-out's
    follow: np.ndarray  # (K + 1, V) int32, the row after each token, see `prior.Prior`
    rows: np.ndarray  # (W,) int64, of each walker before its last token

    def add(self, logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Logits (W, V) after tokens (W,), which the rows read."""
        self.rows[:] = self.follow[self.rows, tokens]
        return logits + torch.from_numpy(self.bias[self.rows])


class Walkers(ABC):
    """Walkers in blocks, the last one padded: a product has one shape, and so one rounding.

    Parameters
    ----------
    prior : Rows
        Of all walkers.
    size : int
        Walkers in a block.
    """

    def __init__(self, prior: Rows, size: int) -> None:
        self.prior, self._size = prior, size
        self.n_blocks = -(-len(prior.rows) // size)
        self.position = 0
        """Tokens that were read."""

    @abstractmethod
    def advance(self, tokens: np.ndarray, block: int, position: int) -> None:
        """One frame of a block: (size,) int64 tokens, and their position."""

    @abstractmethod
    def logits(self, block: int) -> torch.Tensor:
        """Of the next state, without the prior, (size, V) float32; may be overwritten."""

    def _blocks(self, tokens: np.ndarray) -> Iterator[tuple[int, slice, np.ndarray]]:
        """Of each block: its number, its walkers, and their (..., W) tokens, padded."""
        for block in range(self.n_blocks):
            rows = slice(block * self._size, min((block + 1) * self._size, tokens.shape[-1]))
            padded = np.zeros((*tokens.shape[:-1], self._size), np.int64)
            padded[..., : rows.stop - rows.start] = tokens[..., rows]
            yield block, rows, padded

    def read(self, tokens: np.ndarray) -> None:
        """Go on over given tokens, (T, W) int64."""
        for block, _, padded in self._blocks(tokens):
            for position, current in enumerate(padded, self.position):
                self.advance(current, block, position)
        self.position += len(tokens)

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits (W, V) after tokens (W,)."""
        self.read(tokens[None].numpy())
        logits = torch.cat([self.logits(block) for block in range(self.n_blocks)])
        return self.prior.add(logits[: len(tokens)], tokens)

    def generate(self, tokens: np.ndarray, stream: Stream, out: np.ndarray) -> None:
        """Fill out (n_frames, W) int16, and go on from its last frame, which tokens (W,) hold."""
        prior = self.prior
        for block, rows, current in self._blocks(tokens):
            walker, own = stream.walker + rows.start, current[: rows.stop - rows.start]
            for frame, drawn in enumerate(out):
                self.advance(current, block, self.position + frame)
                draw(
                    self.logits(block).numpy()[: len(own)],
                    prior.bias,
                    prior.follow,
                    prior.rows[rows],
                    own,
                    stream.seed,
                    walker,
                    stream.frame + frame,
                )
                drawn[rows] = own
            tokens[rows] = own
        self.position += len(out)

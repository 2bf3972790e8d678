"""Long trajectories from a trained model, many walkers at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from raremd.kinetics.residence import CrossingCounter
from raremd.learning.draws import UNFILLED, check_draws, check_piece
from raremd.learning.windows import Windows
from raremd.models import SequenceModel
from raremd.models.base import Stream, device_of

log = logging.getLogger(__name__)

LOG_SECONDS = 5.0
WALKERS_AT_ONCE = 256
FRAMES_AT_ONCE = 256


def draw_prompts(training: Windows, n_walkers: int, rng: np.random.Generator) -> np.ndarray:
    """Windows of the training data that walkers start from, (n_walkers, length) int64."""
    return training.draw(n_walkers, rng)[:, :-1]


@dataclass(frozen=True)
class Enough:
    """When walkers have shown enough of the slow process.

    Attributes
    ----------
    sides : (n_states,) int8
        Of the process, see `kinetics.timescales.slow_split`.
    lag : int
        Frames; a crossing that is undone within them does not count, see `residence.crossings`.
    crossings : int
        Wanted of all walkers together.
    limit : int
        Most frames of each walker.
    """

    sides: np.ndarray
    lag: int
    crossings: int
    limit: int


def generate(
    model: SequenceModel,
    prompts: np.ndarray,
    n_frames: int,
    seed: int,
    label: str = "",
    enough: Enough | None = None,
    watch: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Continue each prompt.

    Parameters
    ----------
    model : SequenceModel
    prompts : (n_walkers, length) int64
        Read by the model, not part of what is returned.
    n_frames : int
        Frames to generate for each walker.
    seed : int
        With the walker's number and the frame's it decides each random number, so
        that the result does not depend on how walkers and frames are batched.
    label : str
        Names this generation in the log.
    enough : Enough or None
        Walkers go on by `n_frames` again and again until there are enough crossings. The states
        of all walkers are then held at once.
    watch : callable or None
        Told now and then how many frames were added, of all walkers together.

    Returns
    -------
    (n_walkers, n) int16
        n is `n_frames`; with `enough`, its first multiple with enough crossings, or the limit.
    """
    model.eval()
    check_draws(model, prompts)
    limit = enough.limit if enough else n_frames
    counter = CrossingCounter(enough.sides, enough.lag, len(prompts)) if enough else None
    progress = _Progress(label, len(prompts) * limit, watch)
    held: dict[int, _Walkers] = {}
    parts: list[np.ndarray] = []
    done = 0
    while done < limit:
        part = np.empty((len(prompts), min(n_frames, limit - done)), np.int16)
        for first in range(0, len(prompts), WALKERS_AT_ONCE):
            rows = slice(first, first + WALKERS_AT_ONCE)
            walkers = held.pop(first, None) or _Walkers.at(model, prompts[rows], first)
            walkers.go_on(part[rows], seed, progress)
            if enough:
                held[first] = walkers
        parts.append(part)
        done += part.shape[1]
        if enough and counter:
            counter.add(part)
            if counter.mean >= enough.crossings:
                break
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


@dataclass
class _Walkers:
    """Walkers that are generated together, and where they are."""

    model: SequenceModel
    first: int
    tokens: torch.Tensor
    state: Any
    frame: int = 0

    @classmethod
    @torch.inference_mode()
    def at(cls, model: SequenceModel, prompts: np.ndarray, first: int) -> _Walkers:
        """At the end of their prompts; `first` is the number of the first."""
        prompt = torch.from_numpy(prompts).to(device_of(model))
        return cls(model, first, prompt[:, -1].clone(), model.initial_state(prompt))

    @torch.inference_mode()
    def go_on(self, out: np.ndarray, seed: int, progress: _Progress) -> None:
        """Fill the next frames, (n_walkers, n_frames) int16."""
        for begin in range(0, out.shape[1], FRAMES_AT_ONCE):
            rows = out[:, begin : begin + FRAMES_AT_ONCE]
            chunk = np.full(rows.shape[::-1], UNFILLED, np.int16)
            stream = Stream(seed, self.first, self.frame)
            made = self.model.generate(self.tokens, self.state, stream, chunk)
            check_piece(self.model, made, chunk, self.frame)
            self.tokens, self.state = made
            rows[:] = chunk.T
            self.frame += len(chunk)
            progress.add(chunk.size)


class _Progress:
    """Says in the log how far generation is, now and then."""

    def __init__(
        self, label: str, at_most: int, watch: Callable[[int], None] | None = None
    ) -> None:
        self._label, self._at_most, self._frames, self._watch = label, at_most, 0, watch
        self._started = self._spoken = time.monotonic()

    def add(self, frames: int) -> None:
        """So many more, of all walkers together."""
        self._frames += frames
        if self._watch:
            self._watch(frames)
        if time.monotonic() - self._spoken > LOG_SECONDS:
            self._spoken = time.monotonic()
            share = self._frames / self._at_most
            left = (self._spoken - self._started) * (1 - share) / share
            log.info("%s %.0f %% generated, at most %.0f s left", self._label, 100 * share, left)

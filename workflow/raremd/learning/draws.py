"""Does `generate` draw what `step` predicts? Told before hours of generation, in one line.

A model may generate in a faster way of its own. That another law is drawn, or that walkers, frames
or pieces share random numbers, shows in no trajectory by itself, only in timescales.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from raremd.learning.checks import NATS, SHARE
from raremd.models import SequenceModel
from raremd.models.base import ModelError, Stream, checked_step, device_of, reads_states

UNFILLED = np.iinfo(np.int16).min
WALKERS, FRAMES, SEED = 64, 64, 1
"""Two pieces of so many frames are drawn."""
DEVIATIONS = 6.0
"""Standard deviations that chance alone does not reach."""
TOGETHER = {
    "walkers": "neighbouring walkers",
    "frames": "successive frames",
    "pieces": "successive calls",
}


def check_draws(model: SequenceModel, prompts: np.ndarray) -> None:
    """Let a model with a `generate` of its own go on for two pieces, and compare with `step`.

    Parameters
    ----------
    model : SequenceModel
        In evaluation mode. Nothing is asked of one that generates by `step`; one whose tokens are
        not states must only draw the same again.
    prompts : (n_walkers, length) int64

    Raises
    ------
    ModelError
        If other states are drawn from the same place in the random stream, if they are not as
        probable as `step` says, or if walkers, frames or pieces depend on each other beyond what
        `step` predicts, the last two by more than chance does.
    """
    if type(model).generate is SequenceModel.generate:
        return
    prompt, name = torch.from_numpy(prompts[:WALKERS]).to(device_of(model)), type(model).__name__
    with torch.inference_mode():
        drawn, again = (_drawn(model, prompt) for _ in range(2))
        if not np.array_equal(drawn, again):
            raise ModelError(
                f"{name}: generate() draws something else when it is called again with the same "
                "`stream`; take its random numbers alone, none of NumPy's, Python's or torch's "
                "generators, and keep what it remembers in the state"
            )
        if not reads_states(model):
            return
        score = _Scores.of(model, prompt, drawn)
    off, error = score.surprise.mean(), np.sqrt(score.surprise_variance.sum()) / score.surprise.size
    if abs(off) > max(NATS, SHARE * score.entropy, DEVIATIONS * error):
        raise ModelError(
            f"{name}: what generate() draws has a cross-entropy of {score.entropy + off:.3g} nats "
            f"a frame by step(), whose predictions have an entropy of {score.entropy:.3g}; both "
            "must be the same model, with random numbers from `stream`, and without a temperature "
            "or a cut of rare states"
        )
    for kind, is_shared in score.shared().items():
        if is_shared:
            raise ModelError(
                f"{name}: generate() draws {TOGETHER[kind]} with the same random numbers, or "
                "numbers that depend on each other; take those of `stream`, which differ for each "
                "walker and frame"
            )


def check_piece(model: SequenceModel, made: Any, piece: np.ndarray, first: int) -> None:
    """Whether `generate` filled a piece (n_frames, n_walkers), from frame `first` on, with states.

    Parameters
    ----------
    model : SequenceModel
    made : object
        What it returned.
    piece : (n_frames, n_walkers) int16
        `UNFILLED` before.
    first : int

    Raises
    ------
    ModelError
        If not, or if what it returned is no pair of tokens and state.
    """
    name, wrong = f"{type(model).__name__}.generate()", (piece < 0) | (piece >= model.n_states)
    if wrong.any():
        frame, walker = np.argwhere(wrong)[0]
        value = piece[frame, walker]
        did = "left unfilled" if value == UNFILLED else f"filled with {value}"
        raise ModelError(
            f"{name}: `out` is {did} at generated frame {first + frame}; write states from 0 to "
            f"{model.n_states - 1} into all of it"
        )
    pair = isinstance(made, tuple) and len(made) == 2 and isinstance(made[0], torch.Tensor)
    if not pair or made[0].shape != piece.shape[1:]:
        raise ModelError(f"{name}: return a pair of tokens, one for each walker, and state")


def _drawn(model: SequenceModel, prompt: torch.Tensor) -> np.ndarray:
    """States (2 `FRAMES`, n_walkers) that `generate` draws in two pieces."""
    drawn = np.full((2 * FRAMES, len(prompt)), UNFILLED, np.int16)
    tokens, state = prompt[:, -1].clone(), model.initial_state(prompt)
    for first in (0, FRAMES):
        piece = drawn[first : first + FRAMES]
        made = model.generate(tokens, state, Stream(SEED, 0, first), piece)
        check_piece(model, made, piece, first)
        tokens, state = made
    return drawn


@dataclass(frozen=True)
class _Scores:
    """Of each draw, two numbers with mean 0 given all before it, and their variance, by `step`.

    Attributes
    ----------
    surprise, surprise_variance : (frames, walkers) float64
        -ln of its probability less the entropy.
    rank, rank_variance : (frames, walkers) float64
        Half of its probability and those of all lower states, less 1/2.
    entropy : float
        Mean over all predictions, in nats.
    """

    surprise: np.ndarray
    surprise_variance: np.ndarray
    rank: np.ndarray
    rank_variance: np.ndarray
    entropy: float

    @classmethod
    def of(cls, model: SequenceModel, prompt: torch.Tensor, drawn: np.ndarray) -> _Scores:
        """What `step` makes of each state, after those before."""
        rows = []
        tokens, state = prompt[:, -1].clone(), model.initial_state(prompt)
        for states in torch.from_numpy(drawn.astype(np.int64)).to(prompt.device):
            logits, state = checked_step(model, tokens, state)
            chances = logits.double().softmax(1)
            nats = -chances.clamp(min=torch.finfo(torch.float64).tiny).log()
            entropy = (chances * nats).sum(1)
            rank = chances.cumsum(1) - chances / 2 - 0.5
            taken = [of.gather(1, states[:, None])[:, 0] for of in (nats, rank)]
            variances = (chances * (nats - entropy[:, None]) ** 2, chances * rank**2)
            rows.append([taken[0] - entropy, taken[1], *(of.sum(1) for of in variances), entropy])
            tokens = states.clone()
        scores = (torch.stack(of).cpu().numpy() for of in zip(*rows, strict=True))
        surprise, ranks, surprise_variance, rank_variance, entropies = scores
        return cls(surprise, surprise_variance, ranks, rank_variance, float(entropies.mean()))

    def shared(self) -> dict[str, bool]:
        """Whether ranks go together more than chance lets them, by Bernstein's inequality.

        Which holds for rare states too: a few that two walkers happen to draw prove nothing.
        """
        pairs = {
            "walkers": (np.s_[:, 1:], np.s_[:, :-1]),
            "frames": (np.s_[1:, :], np.s_[:-1, :]),
            "pieces": (np.s_[FRAMES:, :], np.s_[:FRAMES, :]),
        }
        largest = 0.25  # of a product
        found = {}
        for kind, (one, other) in pairs.items():
            size = abs((self.rank[one] * self.rank[other]).sum())
            variance = (self.rank_variance[one] * self.rank_variance[other]).sum()
            found[kind] = bool(size**2 > (variance + largest * size / 3) * DEVIATIONS**2)
        return found

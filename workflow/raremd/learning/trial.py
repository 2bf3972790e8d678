"""Parameters and a few predictions before hours of training, and the same predictions after it.

What is wrong with a model of a user's own shows here at once, and otherwise in no number by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn.parameter import is_lazy

from raremd.learning.checks import own_random_numbers, predictions
from raremd.models import SequenceModel
from raremd.models.base import ModelError, checked_step, device_of, reads_states

WALKERS = 8
TOGETHER = 8
"""Frames over which groups of walkers are compared with all walkers."""
LEAST_BEYOND = 128
"""Frames that walkers go on, or as many as in a window where these are more."""
NEAR, NEAR_IN_LESS = 1e-2, 5e-2
"""How far probabilities may differ by rounding, in float32 and in less."""


def check_parameters(model: SequenceModel) -> None:
    """Refuse parameters that cannot be trained.

    Raises
    ------
    ModelError
        If they have no shape yet, or are complex.
    """
    for key, parameter in model.named_parameters():
        name = f"{type(model).__name__}: parameter '{key}'"
        if is_lazy(parameter):
            raise ModelError(
                f"{name} has no shape yet; give its size in __init__, as nn.Linear does and "
                "nn.LazyLinear does not"
            )
        if parameter.is_complex() and parameter.requires_grad:
            raise ModelError(
                f"{name} is complex and cannot be trained; keep its real and its imaginary part as "
                "two parameters"
            )


def check_predictions(model: SequenceModel, windows: np.ndarray) -> None:
    """Let a model predict some windows, and walkers go on from them where its tokens are states.

    Parameters
    ----------
    model : SequenceModel
        Left in evaluation mode.
    windows : (n, length) int64
        Tokens; at most `WALKERS` windows are used.

    Raises
    ------
    ModelError
        If `loss` changes its inputs, predictions are random, walkers cannot go on beyond a window,
        or they depend on each other.
    """
    model.eval()
    tokens = torch.from_numpy(windows[:WALKERS].astype(np.int64)).to(device_of(model))
    with own_random_numbers(), torch.no_grad():
        _check_inputs(model, tokens)
        _check_repeated(model, tokens)
        if reads_states(model):
            _check_walkers(model, tokens[:, :-1])


def _check_inputs(model: SequenceModel, tokens: torch.Tensor) -> None:
    given = tokens.clone()
    model.loss(given[:, :-1], given[:, 1:])
    if not torch.equal(given, tokens):
        raise ModelError(
            f"{type(model).__name__}: loss() changes its inputs or targets; let it work on a copy"
        )


def _check_repeated(model: SequenceModel, tokens: torch.Tensor) -> None:
    """Refuse a model that predicts something else with other random numbers."""
    once, again = (predictions(model, tokens, seed) for seed in (0, 1))
    if not all(_near(model, *pair) for pair in zip(once, again, strict=True)):
        raise ModelError(
            f"{type(model).__name__}: loss() or step() draws random numbers in evaluation mode, so "
            "that the same tokens are predicted differently; restrict dropout and noise to "
            "training, as functional.dropout(x, p, self.training) does"
        )


def _check_walkers(model: SequenceModel, prompt: torch.Tensor) -> None:
    """All walkers together, beyond a window, and two groups of them in turn."""
    length, name = prompt.shape[1], type(model).__name__
    path = torch.cat([prompt.flip(1), prompt], 1)  # back and forth: no jump is made up
    frames = max(length, LEAST_BEYOND) + TOGETHER
    path = path.repeat(1, -(-frames // path.shape[1]))[:, :frames]
    together: list[torch.Tensor] = []
    walk = _walk(model, prompt, path)
    for frame in range(frames):
        try:
            together.append(next(walk))
        except ModelError:
            raise
        except Exception as error:
            if frame == 0:  # within the window
                raise
            raise ModelError(
                f"{name}: step() fails {frame} frames after a prompt of {length} ("
                f"{_told(error)}); walkers go on without end, so let no table of positions and no "
                "memory be limited by the window"
            ) from error
    half = len(prompt) // 2
    if not half:
        return
    groups = [slice(0, half), slice(half, None)]
    walks = [_walk(model, prompt[rows], path[rows]) for rows in groups]
    shared = "walkers depend on each other: {}; " + (
        "compute each row of step() from its own walker alone, and keep all that it remembers in "
        "the state, nothing on self"
    )
    for frame in range(TOGETHER):
        for rows, of_group in zip(groups, walks, strict=True):
            try:
                found = next(of_group)
            except Exception as error:
                reason = f"step() fails where two groups of them go on in turn ({_told(error)})"
                raise ModelError(f"{name}: {shared.format(reason)}") from error
            if not _near(model, found, together[frame][rows]):
                reason = "step() predicts something else where two groups of them go on in turn"
                raise ModelError(f"{name}: {shared.format(reason)}")


def _walk(model: SequenceModel, prompt: torch.Tensor, path: torch.Tensor) -> Iterator[torch.Tensor]:
    """Probabilities (n_walkers, V) after each frame of a path (n_walkers, n_frames)."""
    state = model.initial_state(prompt)
    for tokens in path.T:
        logits, state = checked_step(model, tokens.clone(), state)
        yield logits.softmax(1)


def _near(model: SequenceModel, one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two predictions are the same but for rounding."""
    in_less = any(p.dtype in (torch.bfloat16, torch.float16) for p in model.parameters())
    allowed = NEAR_IN_LESS if in_less or model.precision.generation != "float32" else NEAR
    return torch.allclose(one.double(), other.double(), rtol=0, atol=allowed, equal_nan=True)


def _told(error: Exception) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]

"""Do the methods of a model agree with each other and with the interface? Told in one line."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from raremd.learning.leak import HeldOutWindows
from raremd.models import SequenceModel
from raremd.models.base import ModelError, checked_step, device_of, reads_states

SHARE, NATS = 0.1, 0.05
"""`loss` and `step` differ if they do by more than this share, and by more than so many nats a
frame. Those of our networks agree to 1e-6 nats in float32; bfloat16 rounds by 0.4 %."""
NEGATIVE = -1e-3
"""Nats a frame; rounding alone does not reach below."""
WINDOWS_AT_ONCE = 64


@contextmanager
def own_random_numbers() -> Iterator[None]:
    """Torch's generators are left as they were."""
    in_use = torch.cuda.is_initialized()
    with torch.random.fork_rng([torch.cuda.current_device()] if in_use else []):
        yield


@contextmanager
def unchanged(
    model: SequenceModel, methods: str, trajectories: Sequence[np.ndarray]
) -> Iterator[None]:
    """Refuse a model that changes the trajectories which its methods are given.

    All replicates are trained on them, and prompts are taken from them.

    Raises
    ------
    ModelError
        If they are not the same at the end of the block.
    """

    def sums() -> list[int]:
        return [zlib.crc32(t.tobytes()) for t in trajectories]

    before = sums()
    yield
    if sums() != before:
        raise ModelError(
            f"{methods} of {type(model).__name__} changes the trajectories that it is given; "
            "let it work on a copy"
        )


def check_loss(model: SequenceModel, loss: float, where: str) -> None:
    """Refuse what cannot be a cross-entropy.

    Parameters
    ----------
    model : SequenceModel
    loss : float
        Nats a frame.
    where : str
        When it was found, for the message.

    Raises
    ------
    ModelError
        If it is not finite, or negative.
    """
    name = f"loss() of {type(model).__name__}"
    if not np.isfinite(loss):
        raise ModelError(f"{name} is {loss} on the validation data {where}")
    if loss < NEGATIVE:
        raise ModelError(
            f"{name} is {loss:.3g} nats a frame on the validation data {where}; "
            "return the mean cross-entropy, which is never negative"
        )


def loss_to_descend(
    model: SequenceModel, inputs: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """`SequenceModel.loss`, and whether gradients can be had of it.

    Raises
    ------
    ModelError
        If not.
    """
    loss: object = model.loss(inputs, targets)
    if isinstance(loss, torch.Tensor) and loss.ndim == 0 and loss.requires_grad:
        return loss
    raise ModelError(
        f"{type(model).__name__}.loss() must return one number, the mean over all frames, as a "
        "tensor that depends on the parameters"
    )


def check_gradients(model: SequenceModel, parameters: Sequence[torch.nn.Parameter]) -> None:
    """Refuse gradients that the optimiser cannot take.

    Raises
    ------
    ModelError
        If one is sparse.
    """
    if any(p.grad is not None and p.grad.is_sparse for p in parameters):
        raise ModelError(
            f"{type(model).__name__}: loss() gives a sparse gradient; leave out sparse=True where "
            "__init__ makes an embedding"
        )


def check_agreement(model: SequenceModel, held_out: HeldOutWindows, by_step: float) -> None:
    """Compare the cross-entropies that `loss` and `step` give for the same frames.

    Parameters
    ----------
    model : SequenceModel
        In evaluation mode.
    held_out : HeldOutWindows
    by_step : float
        See `leak.HeldOut.loss`.

    Raises
    ------
    ModelError
        If they differ by more than `SHARE` and `NATS`.
    """
    by_loss = loss_after_warm_up(model, held_out)
    if abs(by_loss - by_step) <= max(NATS, SHARE * min(by_loss, by_step)):
        return
    raise ModelError(
        f"{type(model).__name__}: loss() says {by_loss:.3g} nats a frame, step() says "
        f"{by_step:.3g}: they must be the same model; loss() must not see the targets or "
        "change its inputs, and initial_state() must read the prompt"
    )


def loss_after_warm_up(model: SequenceModel, held_out: HeldOutWindows) -> float:
    """Cross-entropy by `loss` of the frames that `read_held_out` predicts."""
    windows, warm_up = torch.from_numpy(held_out.windows), held_out.warm_up
    n_frames, total = windows.shape[1] - 1, 0.0
    with torch.no_grad():
        for part in windows.to(device_of(model)).split(WINDOWS_AT_ONCE):
            of_all = n_frames * model.loss(part[:, :-1], part[:, 1:]).item()
            if warm_up:
                read = part[:, : warm_up + 1]
                of_all -= warm_up * model.loss(read[:, :-1], read[:, 1:]).item()
            total += len(part) * of_all
    return total / len(windows) / (n_frames - warm_up)


def check_weights(model: SequenceModel, window: np.ndarray) -> None:
    """Does a model that is rebuilt from the weights predict the same?

    Parameters
    ----------
    model : SequenceModel
        In evaluation mode.
    window : (length,) int array
        Tokens, on which both predict.

    Raises
    ------
    ModelError
        If it does not.
    """
    tokens = torch.from_numpy(window[None].astype(np.int64)).to(device_of(model))
    with own_random_numbers(), torch.no_grad():
        wanted = predictions(model, tokens)
        made = type(model)(model.n_states, model.settings)
        load_weights(made, model.state_dict(), type(model).__name__)
        try:
            found = predictions(made.to(tokens.device), tokens)
        except Exception as error:  # whatever is missing in it
            raise _not_kept(type(model).__name__, f"{type(error).__name__}: {error}") from error
    for one, other in zip(wanted, found, strict=True):
        if not torch.allclose(one, other, rtol=1e-3, atol=1e-3):
            raise _not_kept(type(model).__name__, "it predicts something else")


def load_weights(model: SequenceModel, weights: dict[str, torch.Tensor], name: str) -> None:
    """Give a fresh model its weights; it is in evaluation mode then.

    Parameters
    ----------
    model : SequenceModel
    weights : dict
        As from `state_dict`.
    name : str
        Of the model or its file, for the message.

    Raises
    ------
    ModelError
        If they are not those of such a model.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise _not_kept(name, str(error).partition("\n")[2].strip() or str(error)) from None
    model.eval()


def _not_kept(name: str, reason: str) -> ModelError:
    return ModelError(
        f"{name}: its weights do not make the same model again ({' '.join(reason.split())}); "
        "keep what prepare() estimates in buffers registered in __init__"
    )


def predictions(model: SequenceModel, tokens: torch.Tensor, seed: int = 0) -> list[torch.Tensor]:
    """Loss of windows, and probabilities after them where tokens are states.

    Parameters
    ----------
    model : SequenceModel
        In evaluation mode.
    tokens : (n, length) int64 tensor
    seed : int
        Of torch's global generator.
    """
    torch.manual_seed(seed)
    loss: object = model.loss(tokens[:, :-1], tokens[:, 1:])
    found = [loss] if isinstance(loss, torch.Tensor) else []  # training says what it must be
    if reads_states(model):
        state = model.initial_state(tokens[:, :-1])
        found.append(checked_step(model, tokens[:, -2], state)[0].softmax(1))
    return found

"""Training by stochastic gradient descent: one procedure and one budget for every model."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from raremd.learning.batches import Strata, second_pass, slow_windows
from raremd.learning.checkpoint import Evaluation, Progress, fingerprint, load, save
from raremd.learning.checks import (
    check_agreement,
    check_gradients,
    check_loss,
    loss_to_descend,
    own_random_numbers,
)
from raremd.learning.leak import HeldOut, HeldOutWindows, read_held_out
from raremd.learning.optimiser import AdamW
from raremd.learning.windows import Windows
from raremd.models import SequenceModel
from raremd.models.base import device_of, reads_states
from raremd.study.plans import Budget

log = logging.getLogger(__name__)

VALIDATION_WINDOWS = 500
LEAK_WINDOWS = 256
"""While training; at a window of 100 frames and up to 100 states they cost 1 to 5 % of it."""
LAST_LEAK_WINDOWS = 1024
"""Of the trained model."""
LOG_SECONDS = 5.0
Watch = Callable[[Progress], None]
"""Told how far a training is."""


@dataclass(frozen=True)
class TrainingSettings(Budget):
    """The budget and the optimiser, the same for each model that is compared.

    Attributes
    ----------
    tokens : int
        Most frames that a replicate may see.
    patience_tokens : int
        Training ends when the next evaluation of the validation loss would come so many after
        the best one.
    evaluate_tokens : int
        Frames between two evaluations of the validation loss.
    window : int
        Frames in a training window.
    batch : int
        Windows in a batch.
    learning_rate : float
        Peak of the schedule.
    weight_decay : float
        Of AdamW.
    schedule : str
        After a linear rise over the first 2 % of the steps, ``cosine`` falls to 5 % of the peak;
        ``late_decay`` stays there and falls linearly to 5 % over the last tenth.
    two_pass : float
        Share of the input tokens that the model's own replace at the end of the budget; it grows
        linearly from 0, see `batches.second_pass`.
    slow_share : float
        Share of windows with a slow transition in a batch, see `batches.Strata`; 0 to draw
        evenly.
    gradient_norm : float
        At which gradients are clipped.
    """

    gradient_norm: float = 1.0

    @property
    def steps(self) -> int:
        """Optimiser steps in the whole budget."""
        return max(1, math.ceil(self.tokens / (self.window * self.batch)))

    @property
    def steps_per_evaluation(self) -> int:
        """Optimiser steps between two evaluations."""
        return max(1, round(self.evaluate_tokens / (self.window * self.batch)))

    def reads_leak(self, step: int) -> bool:
        """Whether the evaluation after so many steps reads the leak.

        The first does, and each that is the first to reach the budget halved once, twice, ...
        """
        before, left = step - self.steps_per_evaluation, self.steps / step
        return before <= 0 or 2.0 ** math.ceil(math.log2(left)) < self.steps / before

    def rate(self, step: int) -> float:
        """Learning rate of one step, counted from 0."""
        rise = max(1, self.steps // 50)
        if step < rise:
            return self.learning_rate * (step + 1) / rise
        progress = (step - rise) / max(1, self.steps - rise)
        if self.schedule == "cosine":
            left = 0.5 * (1 + math.cos(math.pi * progress))
        else:
            left = min(1.0, 10 * (1 - progress))
        return self.learning_rate * (0.05 + 0.95 * left)


def resolve_device(name: str) -> torch.device:
    """`auto` is the GPU where there is one.

    Raises
    ------
    ValueError
        If a GPU is asked for and there is none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device: PyTorch finds no GPU here; take 'auto' or 'cpu'")
    return torch.device(name)


def held_out_loss(model: SequenceModel, validation: Windows, batch: int) -> float:
    """`validation_loss` over windows spread evenly over the validation data."""
    windows = torch.from_numpy(validation.spread(VALIDATION_WINDOWS)).to(device_of(model))
    with _without_denormals():
        return validation_loss(model, windows, batch)


def held_out_leak(
    model: SequenceModel, training: Windows, validation: Windows, n: int = LAST_LEAK_WINDOWS
) -> HeldOut | None:
    """What a model expects of `n` held-out windows; None if its tokens are not states."""
    if not reads_states(model):
        return None
    return _read(model, HeldOutWindows.of(training, validation, model.n_states, n))


def _read(model: SequenceModel, windows: HeldOutWindows) -> HeldOut:
    """`read_held_out`; of a trained model, `loss` must agree with it."""
    found = read_held_out(model, windows)
    if any(p.requires_grad for p in model.parameters()):
        check_agreement(model, windows, found.loss)
    return found


def validation_loss(model: SequenceModel, windows: torch.Tensor, batch: int) -> float:
    """Mean cross-entropy over fixed windows, in nats a frame; the model is in evaluation mode."""
    model.eval()
    with torch.no_grad():
        parts = [
            model.loss(part[:, :-1], part[:, 1:]).item() * len(part)
            for part in windows.split(batch)
        ]
    return sum(parts) / len(windows)


def one_number(*seed: int) -> int:
    """A seed for a generator that takes one number."""
    return int(np.random.SeedSequence(seed).generate_state(1)[0])


def make_optimiser(model: SequenceModel, settings: TrainingSettings) -> AdamW:
    """AdamW over the trainable parameters."""
    trainable = (p for p in model.parameters() if p.requires_grad)
    return AdamW(trainable, settings.learning_rate, settings.weight_decay)


class Part(NamedTuple):
    """Of a batch: inputs and targets as in `SequenceModel.loss`, and the weight of their loss."""

    weight: float
    inputs: torch.Tensor
    targets: torch.Tensor


def training_step(
    model: SequenceModel,
    optimiser: AdamW,
    parts: list[Part],
    norm: float,
) -> float:
    """One step over a batch in training mode; the loss before it, in nats a frame.

    Parameters
    ----------
    model : SequenceModel
    optimiser : AdamW
    parts : list of Part
        Their weights add up to one.
    norm : float
        At which gradients are clipped.
    """
    model.train()
    optimiser.zero_grad()
    total = 0.0
    for weight, inputs, targets in parts:
        loss = weight * loss_to_descend(model, inputs, targets)
        loss.backward()
        total += loss.item()
    check_gradients(model, optimiser.parameters)
    torch.nn.utils.clip_grad_norm_(optimiser.parameters, norm)
    optimiser.step()
    return total


def _batch(
    model: SequenceModel,
    strata: Strata,
    settings: TrainingSettings,
    step: int,
    seed: tuple[int, ...],
) -> list[Part]:
    """The parts of one step's batch."""
    # A fresh generator for each step, so that resuming needs no generator state.
    rng = np.random.default_rng((*seed, step))
    device, parts = device_of(model), []
    for weight, drawn in strata.draw(settings.batch, rng):
        windows = torch.from_numpy(drawn).to(device)
        inputs, targets = windows[:, :-1], windows[:, 1:]
        if settings.two_pass:
            inputs = second_pass(model, inputs, settings.two_pass * step / settings.steps, rng)
        parts.append(Part(weight, inputs, targets))
    return parts


@contextmanager
def _without_denormals() -> Iterator[None]:
    """Vanishing gradients would run a hundred times slower; the caller's numbers stay exact."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _with_leak(evaluation: Evaluation, held_out: HeldOut | None) -> Evaluation:
    """With what was read of the leak, if it was."""
    if held_out is None:
        return evaluation
    return replace(
        evaluation,
        leak=held_out.leak,
        expected_timescale=held_out.timescale,
        loss_after_crossing=held_out.loss_after_crossing,
    )


@own_random_numbers()
@_without_denormals()
def train(
    model: SequenceModel,
    training: Windows,
    validation: Windows,
    settings: TrainingSettings,
    seed: tuple[int, ...],
    checkpoint: Path,
    label: str = "",
    code: str = "",
    watch: Watch | None = None,
) -> pd.DataFrame:
    """Train in place, leave the best weights in the model.

    Parameters
    ----------
    model : SequenceModel
        Already on its device, with `prepare` called.
    training, validation : Windows
        From segments that do not overlap.
    settings : TrainingSettings
    seed : tuple of int
        Decides the batches and what the model's `loss` draws from torch; the initial weights are
        the caller's.
    checkpoint : Path
        Written at each evaluation; a training that was interrupted goes on from it
        to the same result, one that is finished is read from it.
    label : str
        Names this training in the log.
    code : str
        Digest of the code that trains; a checkpoint of other code is not used.
    watch : callable or None
        Called after each step.

    Returns
    -------
    pandas.DataFrame
        One row per evaluation, columns as the fields of `checkpoint.Evaluation`.

    Raises
    ------
    FloatingPointError
        If the validation loss is not finite.
    ModelError
        If methods of the model do not agree, see `checks`.
    """
    held_out = torch.from_numpy(validation.spread(VALIDATION_WINDOWS)).to(device_of(model))
    if not any(p.requires_grad for p in model.parameters()):
        loss = validation_loss(model, held_out, settings.batch)
        check_loss(model, loss, "before any training")
        only = Evaluation(0, 0, math.nan, loss, 0.0, 0.0, 0.0)
        found = held_out_leak(model, training, validation, LEAK_WINDOWS)
        return pd.DataFrame([_with_leak(only, found)])

    optimiser = make_optimiser(model, settings)
    belongs_to = fingerprint(settings, model, (training, validation), seed, code)
    resumed = load(checkpoint, model, optimiser, belongs_to)
    progress, best = resumed or (Progress(), {})
    if progress.finished:
        log.info("%s was trained before", label)
    elif resumed:
        log.info("%s resumes at step %d of %d", label, progress.step, settings.steps)

    rare = slow_windows(training, model.n_states) if settings.slow_share else np.empty(0, np.int64)
    strata = Strata(training, rare, settings.slow_share)
    patience = settings.patience_tokens / (settings.window * settings.batch)
    started, cpu = time.monotonic() - progress.seconds, time.process_time() - progress.cpu_seconds
    spoken, losses = time.monotonic(), []
    leaky = None
    if reads_states(model) and not progress.finished:
        leaky = HeldOutWindows.of(training, validation, model.n_states, LEAK_WINDOWS)
    while not progress.finished:
        # As for batches: what `loss` draws does not depend on where a training was interrupted.
        torch.manual_seed(one_number(*seed, progress.step, 1))
        batch = _batch(model, strata, settings, progress.step, seed)
        optimiser.rate = settings.rate(progress.step)
        losses.append(training_step(model, optimiser, batch, settings.gradient_norm))
        progress.step += 1
        if watch:
            watch(progress)
        if progress.step % settings.steps_per_evaluation and progress.step < settings.steps:
            continue

        held = validation_loss(model, held_out, settings.batch)
        if not math.isfinite(held):
            raise FloatingPointError(
                f"{label}: the validation loss is {held} at step {progress.step}; "
                "lower training.learning_rate"
            )
        check_loss(model, held, f"at step {progress.step}")
        if held < progress.best_loss:
            progress.best_loss, progress.best_step = held, progress.step
            best = {k: v.detach().clone() for k, v in model.state_dict().items()}
        upcoming = min(progress.step + settings.steps_per_evaluation, settings.steps)
        waited = upcoming - 1 - progress.best_step >= patience
        progress.finished = progress.step >= settings.steps or waited
        due = progress.finished or settings.reads_leak(progress.step)
        expected = _read(model, leaky) if leaky and due else None
        progress.seconds = time.monotonic() - started
        progress.cpu_seconds = time.process_time() - cpu
        evaluation = Evaluation(
            step=progress.step,
            tokens=progress.step * settings.window * settings.batch,
            training_loss=float(np.mean(losses)),
            validation_loss=held,
            learning_rate=optimiser.rate,
            seconds=progress.seconds,
            cpu_seconds=progress.cpu_seconds,
        )
        progress.history.append(_with_leak(evaluation, expected))
        losses = []
        save(checkpoint, model, optimiser, best, progress, belongs_to)
        if time.monotonic() - spoken > LOG_SECONDS:
            spoken = time.monotonic()
            left = (settings.steps - progress.step) * progress.seconds / progress.step
            log.info(
                "%s step %d of %d, validation %.4f nats, best %.4f, at most %.0f s left",
                label,
                progress.step,
                settings.steps,
                held,
                progress.best_loss,
                left,
            )
    model.load_state_dict(best)
    return pd.DataFrame(progress.history)

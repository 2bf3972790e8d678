"""Training by stochastic gradient descent: one procedure and one budget for every model."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from raremd.io.storage import atomic_path
from raremd.learning.batches import Strata, second_pass, slow_windows
from raremd.models import SequenceModel
from raremd.states.split import Windows
from raremd.study.plans import Budget

log = logging.getLogger(__name__)

VALIDATION_WINDOWS = 500
LOG_SECONDS = 5.0


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
        Peak of the schedule: linear rise over the first 2 %, cosine fall to 5 %.
    two_pass : float
        Share of the input tokens that the model's own replace at the end of the budget; it grows
        linearly from 0, see `batches.second_pass`.
    slow_share : float
        Share of windows with a slow transition in a batch, see `batches.Strata`; 0 to draw
        evenly.
    weight_decay, gradient_norm : float
        Of AdamW, and the norm at which gradients are clipped.
    """

    weight_decay: float = 0.01
    gradient_norm: float = 1.0

    @property
    def steps(self) -> int:
        """Optimiser steps in the whole budget."""
        return max(1, math.ceil(self.tokens / (self.window * self.batch)))

    @property
    def steps_per_evaluation(self) -> int:
        """Optimiser steps between two evaluations."""
        return max(1, round(self.evaluate_tokens / (self.window * self.batch)))

    def rate(self, step: int) -> float:
        """Learning rate of one step, counted from 0."""
        rise = max(1, self.steps // 50)
        if step < rise:
            return self.learning_rate * (step + 1) / rise
        progress = (step - rise) / max(1, self.steps - rise)
        return self.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * progress)))


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
    device = next(iter(model.state_dict().values())).device
    windows = torch.from_numpy(validation.spread(VALIDATION_WINDOWS)).to(device)
    with _without_denormals():
        return validation_loss(model, windows, batch)


def validation_loss(model: SequenceModel, windows: torch.Tensor, batch: int) -> float:
    """Mean cross-entropy over fixed windows, in nats a frame."""
    with torch.no_grad():
        parts = [
            model.loss(part[:, :-1], part[:, 1:]).item() * len(part)
            for part in windows.split(batch)
        ]
    return sum(parts) / len(windows)


@dataclass
class _Progress:
    """All that a checkpoint holds beside the tensors."""

    step: int = 0
    best_step: int = 0
    best_loss: float = math.inf
    finished: bool = False
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    history: list[dict] | None = None


def _fingerprint(settings: TrainingSettings, model: SequenceModel, data, seed, code) -> str:
    """Tells whether a checkpoint belongs to this training; `data` are all its windows."""
    digest = hashlib.sha256()
    for windows in data:
        digest.update(windows.states)
        digest.update(windows.ends)
    parts = [asdict(settings), repr(model.settings), model.n_states, list(map(int, seed)), code]
    digest.update(json.dumps(parts, sort_keys=True).encode())
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode() + value.cpu().numpy().tobytes())
    return digest.hexdigest()


def _save(path: Path, model, optimiser, best, progress: _Progress, fingerprint: str) -> None:
    """A checkpoint; of a finished training only the best weights are kept."""
    tensors = {f"best.{k}": v.contiguous() for k, v in best.items()}
    if not progress.finished:
        state = model.state_dict()
        tensors |= {f"model.{k}": v.detach().contiguous() for k, v in state.items()}
        for number, slots in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{k}": v for k, v in slots.items()}
    metadata = {"fingerprint": fingerprint, "progress": json.dumps(vars(progress))}
    metadata["sha256"] = _content(tensors, metadata)
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata)


def _content(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> str:
    """Digest of a checkpoint."""
    digest = hashlib.sha256((metadata["fingerprint"] + metadata["progress"]).encode())
    for name, value in sorted(tensors.items()):
        digest.update(name.encode() + value.cpu().numpy().tobytes())
    return digest.hexdigest()


def _load(path: Path, model, optimiser, fingerprint: str):
    """State of an interrupted or finished training, or None where there is none that fits."""
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            if metadata["fingerprint"] != fingerprint:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        damaged = _content(tensors, metadata) != metadata["sha256"]
    except (SafetensorError, OSError, TypeError, KeyError, UnicodeDecodeError):
        damaged = True
    if damaged:
        log.warning("%s: unreadable checkpoint, training starts anew", path)
        return None
    groups: dict[str, dict] = {"model": {}, "best": {}, "optimiser": {}}
    for name, value in tensors.items():
        group, key = name.split(".", 1)
        groups[group][key] = value
    progress = _Progress(**json.loads(metadata["progress"]))
    if progress.finished:
        return progress, groups["best"]
    model.load_state_dict(groups["model"])
    slots: dict[int, dict] = {}
    for name, value in groups["optimiser"].items():
        number, key = name.split(".", 1)
        slots.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict(
        {"state": slots, "param_groups": optimiser.state_dict()["param_groups"]}
    )
    return progress, groups["best"]


class _AdamW(torch.optim.AdamW):
    """AdamW without the decorators that import torch's compiler, which costs a job 1.8 s."""

    add_param_group = torch.optim.Optimizer.add_param_group.__wrapped__
    zero_grad = torch.optim.Optimizer.zero_grad.__wrapped__
    state_dict = torch.optim.Optimizer.state_dict.__wrapped__
    load_state_dict = torch.optim.Optimizer.load_state_dict.__wrapped__
    step = torch.no_grad()(torch.optim.AdamW.step.__wrapped__)


def make_optimiser(model: SequenceModel, settings: TrainingSettings) -> torch.optim.Optimizer:
    """AdamW over the trainable parameters."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return _AdamW(
        parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )


def training_step(
    model: SequenceModel,
    optimiser: torch.optim.Optimizer,
    parts: list[tuple[float, torch.Tensor, torch.Tensor]],
    norm: float,
) -> float:
    """One step over a batch; the loss before it, in nats a frame.

    Parameters
    ----------
    model : SequenceModel
    optimiser : torch.optim.Optimizer
    parts : list of (weight, inputs, targets)
        See `SequenceModel.loss`; weights add up to one.
    norm : float
        At which gradients are clipped.
    """
    optimiser.zero_grad()
    total = 0.0
    for weight, inputs, targets in parts:
        loss = weight * model.loss(inputs, targets)
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(optimiser.param_groups[0]["params"], norm)
    optimiser.step()
    return total


def _batch(model: SequenceModel, strata: Strata, settings: TrainingSettings, step: int, seed):
    """The parts of one step's batch, see `training_step`."""
    # A fresh generator for each step, so that resuming needs no generator state.
    rng = np.random.default_rng((*seed, step))
    device = next(iter(model.state_dict().values())).device
    parts = []
    for weight, drawn in strata.draw(settings.batch, rng):
        windows = torch.from_numpy(drawn).to(device)
        inputs, targets = windows[:, :-1], windows[:, 1:]
        if settings.two_pass:
            inputs = second_pass(model, inputs, settings.two_pass * step / settings.steps, rng)
        parts.append((weight, inputs, targets))
    return parts


@contextmanager
def _without_denormals() -> Iterator[None]:
    """Vanishing gradients would run a hundred times slower; the caller's numbers stay exact."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


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
        Decides the batches; the initial weights are the caller's.
    checkpoint : Path
        Written at each evaluation; a training that was interrupted goes on from it
        to the same result, one that is finished is read from it.
    label : str
        Names this training in the log.
    code : str
        Digest of the code that trains; a checkpoint of other code is not used.

    Returns
    -------
    pandas.DataFrame
        Columns step, tokens, training_loss, validation_loss (nats a frame),
        learning_rate, seconds, cpu_seconds (of all attempts).
    """
    device = next(iter(model.state_dict().values())).device
    held_out = torch.from_numpy(validation.spread(VALIDATION_WINDOWS)).to(device)
    if not any(p.requires_grad for p in model.parameters()):
        loss = validation_loss(model, held_out, settings.batch)
        row = {"step": 0, "tokens": 0, "training_loss": math.nan, "validation_loss": loss}
        return pd.DataFrame([row | {"learning_rate": 0.0, "seconds": 0.0, "cpu_seconds": 0.0}])

    optimiser = make_optimiser(model, settings)
    fingerprint = _fingerprint(settings, model, (training, validation), seed, code)
    resumed = _load(checkpoint, model, optimiser, fingerprint)
    progress, best = resumed or (_Progress(history=[]), {})
    if progress.finished:
        log.info("%s was trained before", label)
    elif resumed:
        log.info("%s resumes at step %d of %d", label, progress.step, settings.steps)

    rare = slow_windows(training, model.n_states) if settings.slow_share else np.empty(0, np.int64)
    strata = Strata(training, rare, settings.slow_share)
    patience = settings.patience_tokens / (settings.window * settings.batch)
    started, cpu = time.monotonic() - progress.seconds, time.process_time() - progress.cpu_seconds
    spoken, sums = time.monotonic(), []
    while not progress.finished:
        batch = _batch(model, strata, settings, progress.step, seed)
        for group in optimiser.param_groups:
            group["lr"] = settings.rate(progress.step)
        sums.append(training_step(model, optimiser, batch, settings.gradient_norm))
        progress.step += 1
        if progress.step % settings.steps_per_evaluation and progress.step < settings.steps:
            continue

        held = validation_loss(model, held_out, settings.batch)
        progress.seconds = time.monotonic() - started
        progress.cpu_seconds = time.process_time() - cpu
        progress.history.append(
            {
                "step": progress.step,
                "tokens": progress.step * settings.window * settings.batch,
                "training_loss": float(np.mean(sums)),
                "validation_loss": held,
                "learning_rate": settings.rate(progress.step - 1),
                "seconds": progress.seconds,
                "cpu_seconds": progress.cpu_seconds,
            }
        )
        if not math.isfinite(held):
            raise FloatingPointError(
                f"{label}: the validation loss is {held} at step {progress.step}; "
                "lower training.learning_rate"
            )
        sums = []
        if held < progress.best_loss:
            progress.best_loss, progress.best_step = held, progress.step
            best = {k: v.detach().clone() for k, v in model.state_dict().items()}
        upcoming = min(progress.step + settings.steps_per_evaluation, settings.steps)
        waited = upcoming - 1 - progress.best_step >= patience
        progress.finished = progress.step >= settings.steps or waited
        _save(checkpoint, model, optimiser, best, progress, fingerprint)
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

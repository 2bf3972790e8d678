"""Checkpoints of a training: written at each evaluation, used by just the training they are of."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from raremd.io.tensors import write_tensors
from raremd.learning.optimiser import AdamW
from raremd.learning.windows import Windows
from raremd.models import SequenceModel
from raremd.study.plans import Budget

log = logging.getLogger(__name__)

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Evaluation:
    """One row of a training's history.

    Attributes
    ----------
    step, tokens : int
        Optimiser steps and frames until then.
    training_loss : float
        Mean since the evaluation before, in nats a frame.
    validation_loss : float
        In nats a frame.
    learning_rate : float
        Of the last step.
    seconds, cpu_seconds : float
        Of all attempts until then.
    leak, expected_timescale, loss_after_crossing : float
        See `leak.HeldOut`; the timescale in frames. NaN at evaluations that do not read them, see
        `TrainingSettings.reads_leak`, and for models whose tokens are not states.
    """

    step: int
    tokens: int
    training_loss: float
    validation_loss: float
    learning_rate: float
    seconds: float
    cpu_seconds: float
    leak: float = math.nan
    expected_timescale: float = math.nan
    loss_after_crossing: float = math.nan


@dataclass
class Progress:
    """How far a training is: all that a checkpoint holds beside the tensors."""

    step: int = 0
    best_step: int = 0
    best_loss: float = math.inf
    finished: bool = False
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    history: list[Evaluation] = field(default_factory=list)

    def to_json(self) -> str:
        """As text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Progress:
        """The inverse of `to_json`."""
        fields = json.loads(text)
        return cls(**fields | {"history": [Evaluation(**row) for row in fields["history"]]})


def fingerprint(
    budget: Budget,
    model: SequenceModel,
    data: tuple[Windows, ...],
    seed: tuple[int, ...],
    code: str,
) -> str:
    """Tells whether a checkpoint belongs to a training.

    Parameters
    ----------
    budget : Budget
    model : SequenceModel
        With its initial weights.
    data : tuple of Windows
        All that is trained and validated on.
    seed : tuple of int
    code : str
        Digest of the code that trains.

    Returns
    -------
    str
        Hexadecimal.
    """
    digest = hashlib.sha256()
    for windows in data:
        digest.update(windows.states.data)
        digest.update(windows.ends.data)
    parts = [asdict(budget), repr(model.settings), model.n_states, list(map(int, seed)), code]
    digest.update(json.dumps(parts, sort_keys=True).encode())
    for part in _bytes(model.state_dict()):
        digest.update(part)
    return digest.hexdigest()


def save(
    path: Path,
    model: SequenceModel,
    optimiser: AdamW,
    best: Tensors,
    progress: Progress,
    belongs_to: str,
) -> None:
    """Write a checkpoint; of a finished training only the best weights are kept.

    Parameters
    ----------
    path : Path
        Replaced in one piece.
    model : SequenceModel
    optimiser : AdamW
    best : dict
        Weights with the lowest validation loss.
    progress : Progress
    belongs_to : str
        See `fingerprint`.
    """
    groups = {"best": best}
    if not progress.finished:
        groups |= {"model": model.state_dict(), "optimiser": optimiser.state()}
    tensors = {
        f"{group}.{name}": tensor.detach()
        for group, part in groups.items()
        for name, tensor in part.items()
    }
    metadata = {"fingerprint": belongs_to, "progress": progress.to_json()}
    metadata["sha256"] = _content(tensors, metadata)
    write_tensors(path, tensors, metadata)


def load(
    path: Path, model: SequenceModel, optimiser: AdamW, belongs_to: str
) -> tuple[Progress, Tensors] | None:
    """State of an interrupted or finished training.

    Parameters
    ----------
    path : Path
    model : SequenceModel
        Set to where the training was, if it was interrupted.
    optimiser : AdamW
        Set as well.
    belongs_to : str
        See `fingerprint`.

    Returns
    -------
    Progress and the best weights
        None where there is no checkpoint of this training that can be read; what is damaged is
        logged.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            metadata, names = file.metadata(), file.keys()
            if metadata["fingerprint"] != belongs_to:
                return None
            tensors = {name: file.get_tensor(name) for name in names}
        damaged = _content(tensors, metadata) != metadata["sha256"]
    except (SafetensorError, OSError, TypeError, KeyError, UnicodeDecodeError):
        damaged = True
    if damaged:
        log.warning("%s: unreadable checkpoint, training starts from the beginning", path)
        return None
    groups: dict[str, Tensors] = {"best": {}, "model": {}, "optimiser": {}}
    for name, value in tensors.items():
        group, _, key = name.partition(".")
        groups[group][key] = value
    progress = Progress.from_json(metadata["progress"])
    if not progress.finished:
        model.load_state_dict(groups["model"])
        optimiser.load(groups["optimiser"])
    return progress, groups["best"]


def _content(tensors: Tensors, metadata: dict[str, str]) -> str:
    """Digest of a checkpoint."""
    digest = hashlib.sha256((metadata["fingerprint"] + metadata["progress"]).encode())
    for part in _bytes(tensors):
        digest.update(part)
    return digest.hexdigest()


def _bytes(tensors: Tensors) -> Iterator[bytes]:
    for name, value in sorted(tensors.items()):
        flat = value.detach().cpu().contiguous().flatten()
        yield name.encode() + flat.view(torch.uint8).numpy().tobytes()  # NumPy has no bfloat16

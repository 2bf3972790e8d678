"""One replicate of a model: what decides its weights, from seeds to calibration.

A checkpoint is valid as long as this module, all that it imports and the model's own module are
unchanged; what a trained model does afterwards, such as generation, is not imported here.
"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from raremd.learning.checks import check_loss, check_weights, unchanged
from raremd.learning.leak import HeldOut
from raremd.learning.training import (
    TrainingSettings,
    Watch,
    held_out_leak,
    held_out_loss,
    one_number,
    resolve_device,
    train,
)
from raremd.learning.trial import WALKERS, check_parameters, check_predictions
from raremd.learning.windows import Windows
from raremd.models import SequenceModel, build_model
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import at_interval
from raremd.study.plans import Budget, ModelPlan, Slicing, TrainingPlan


@dataclass(frozen=True)
class Cost:
    """Time that something took, in seconds."""

    wall: float = 0.0
    cpu: float = 0.0

    @classmethod
    def now(cls) -> Cost:
        """Both clocks, to be subtracted."""
        return cls(time.monotonic(), time.process_time())

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.wall - other.wall, self.cpu - other.cpu)


@dataclass(frozen=True)
class CellData:
    """Discrete trajectories as a cell sees them, never joined.

    Attributes
    ----------
    n_states : int
    training, validation : list of (n_frames,) int16
    """

    n_states: int
    training: list[np.ndarray]
    validation: list[np.ndarray]

    @classmethod
    def of(cls, system: DiscreteSystem, slicing: Slicing, replicate: int) -> CellData:
        """What one replicate, from 1, is trained on: its set, sliced, without recrossings."""
        md, _ = system.labels(slicing.recrossing)
        split = system.sets[(replicate - 1) % system.n_sets]  # a single one is everybody's
        training, validation = (
            at_interval(md, part, slicing.stride, slicing.recrossing, slicing.tau)
            for part in (split.training, split.validation)
        )
        return cls(system.n_states, training, validation)


@dataclass(frozen=True)
class TrainedReplicate:
    """A trained model, and how it came about.

    Attributes
    ----------
    model : SequenceModel
        With its best weights, calibrated.
    seed : tuple of int
        See `derive_seed`.
    training : Windows
        What it was trained on, in the model's own tokens.
    history : pandas.DataFrame
        See `training.train`.
    cross_entropy : float
        Of the validation data after calibration, in nats a frame.
    held_out : HeldOut or None
        Leak and expected timescale after calibration; None if tokens are not states.
    cost : Cost
        Of all attempts.
    """

    model: SequenceModel
    seed: tuple[int, ...]
    training: Windows
    history: pd.DataFrame
    cross_entropy: float
    held_out: HeldOut | None
    cost: Cost


def derive_seed(seed: int, label: str, replicate: int) -> tuple[int, ...]:
    """Seed of one replicate; it does not change when other cells or replicates are added."""
    return seed, zlib.crc32(label.encode()), replicate


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """History of a training that went on as another."""
    counted = ["step", "tokens", "seconds", "cpu_seconds"]
    second[counted] += first[counted].iloc[-1]
    return pd.concat([first, second], ignore_index=True)


def calibrate(
    model: SequenceModel, data: CellData, training: Windows, budget: Budget, seed: tuple[int, ...]
) -> tuple[float, HeldOut | None]:
    """Calibrate a trained model in place; its cross-entropy, and its leak on held-out data.

    Raises
    ------
    ModelError
        If methods of the model do not agree, or its weights do not make it, see `checks` and
        `trial`.
    """
    model.eval()
    with unchanged(model, "calibrate()", data.training):
        model.calibrate(data.training, one_number(*seed, 2))
    validation = Windows.of([model.encode(t) for t in data.validation], budget.window)
    entropy = held_out_loss(model, validation, budget.batch)
    check_loss(model, entropy, "after calibrate()")
    held_out = held_out_leak(model, training, validation)
    check_predictions(model, validation.spread(WALKERS))
    check_weights(model, validation.spread(1)[0])
    return entropy, held_out


def train_replicate(
    data: CellData, plan: TrainingPlan, replicate: int, checkpoint: Path, code: str
) -> TrainedReplicate:
    """Train one replicate of a cell.

    Parameters
    ----------
    data : CellData
    plan : TrainingPlan
    replicate : int
        From 1.
    checkpoint, code
        As in `train_model`.
    """
    of_all = f"{plan.cell.folder}/{plan.model.name}"
    seed = derive_seed(plan.seed, of_all, replicate)
    label = f"{of_all} replicate {replicate}"
    return train_model(data, plan.model, seed, plan.device, checkpoint, label, code)


def train_model(
    data: CellData,
    plan: ModelPlan,
    seed: tuple[int, ...],
    device: str,
    checkpoint: Path,
    label: str,
    code: str = "",
    watch: Watch | None = None,
) -> TrainedReplicate:
    """Train one model, from its initial weights to its calibration.

    Parameters
    ----------
    data : CellData
    plan : ModelPlan
    seed : tuple of int
        Decides every random number.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    checkpoint : Path
        Where an interrupted training goes on from, and a finished one is read.
    label : str
        Names this training in the log.
    code : str
        Digest of the code that trains; a checkpoint of other code is not used.
    watch : callable or None
        See `training.train`.

    Raises
    ------
    ValueError
        If no trajectory is longer than a window, or there is no GPU and one is asked for.
    FloatingPointError
        If training diverges.
    """
    started = Cost.now()
    settings = TrainingSettings(**vars(plan.budget))
    torch.manual_seed(one_number(*seed))
    model = build_model(plan.kind, data.n_states, plan.settings)
    model = model.to(resolve_device(device))
    with unchanged(model, "prepare() or encode()", [*data.training, *data.validation]):
        model.prepare(data.training)
        training, validation = (
            Windows.of([model.encode(t) for t in part], settings.window)
            for part in (data.training, data.validation)
        )
    check_parameters(model)
    check_predictions(model, validation.spread(WALKERS))
    before = Cost.now()

    def trained(share: float, seed: tuple[int, ...], checkpoint: Path) -> pd.DataFrame:
        part = replace(settings, tokens=max(1, round(share * settings.tokens)))
        return train(model, training, validation, part, seed, checkpoint, label, code, watch)

    plain = model.plain_share
    history = trained(plain or 1, seed, checkpoint)
    if plain:
        with unchanged(model, "restrict()", data.training):
            model.restrict(data.training)
        if plain < 1:
            second = checkpoint.with_stem(f"{checkpoint.stem}_restricted")
            history = _joined(history, trained(1 - plain, (*seed, 3), second))
    # What earlier attempts spent before their checkpoint counts as well.
    last = history.iloc[-1]
    earlier = Cost(last["seconds"], last["cpu_seconds"]) - (Cost.now() - before)
    entropy, held_out = calibrate(model, data, training, settings, seed)
    cost = Cost.now() - started + earlier
    return TrainedReplicate(model, seed, training, history, entropy, held_out, cost)

"""What a run says of itself: one model of one cell, trained and then generating."""

from __future__ import annotations

from dataclasses import dataclass

from raremd.io.provenance import Provenance
from raremd.io.storage import Number
from raremd.study.cell import Cell
from raremd.study.plans import GenerationPlan, ModelPlan, Slicing


@dataclass(frozen=True, kw_only=True)
class GenerationRecord(GenerationPlan):
    """What was asked for, and what was generated.

    Attributes
    ----------
    generated_frames : tuple of int
        Of each walker, by replicate.
    crossings_found : tuple of float
        Of the slow process, by replicate.
    limit_reached : tuple of bool
        Whether a replicate found fewer than it should.
    precision : str or None
        As in `RunRecord`, of generation.
    wall_seconds, cpu_seconds : float
    """

    generated_frames: tuple[int, ...]
    crossings_found: tuple[float, ...]
    limit_reached: tuple[bool, ...]
    precision: str | None = None
    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, kw_only=True)
class RunRecord(Provenance):
    """Content of `run.json`; tuples by replicate.

    Attributes
    ----------
    cell : Cell
    model : ModelPlan
    slicing : Slicing
    seed, n_states : int
    weights_sha256 : str
        Of `model.safetensors`.
    parameters : int
    precision : str or None
        Of training, see `models.base.Precision`; None in records that are older than this field.
    training_frames, validation_frames : int
        Saved frames.
    tokens : tuple of int
        That a replicate was trained on.
    best_tokens : tuple of int
        See `last_doubling.best_tokens`; empty in records that are older than this field.
    cross_entropy : tuple of float
        Nats a frame, of the validation data.
    leak, expected_timescale : tuple of float
        See `leak.HeldOut`; in saved frames. NaN for models that are not trained.
    expected_timescale_moved_log2, cross_entropy_moved_log2 : tuple of float
        See `last_doubling`.
    peak_memory_gib : float
    generation : GenerationRecord
    wall_seconds, cpu_seconds : float
        Of the training.
    """

    cell: Cell
    model: ModelPlan
    slicing: Slicing
    seed: int
    n_states: int
    weights_sha256: str
    parameters: int
    precision: str | None = None
    training_frames: int
    validation_frames: int
    tokens: tuple[int, ...]
    best_tokens: tuple[int, ...] = ()
    cross_entropy: tuple[Number, ...]
    leak: tuple[Number, ...]
    expected_timescale: tuple[Number, ...]
    expected_timescale_moved_log2: tuple[Number, ...]
    cross_entropy_moved_log2: tuple[Number, ...]
    peak_memory_gib: float
    generation: GenerationRecord
    wall_seconds: float
    cpu_seconds: float

"""What each rule is told: one frozen plan, carried as a parameter.

A rule runs again just when its plan changes. Lags, strides and blocks are whole frames; saved
frames are one saving interval apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from raremd.data.simulated.hidden_chain import HiddenChain
from raremd.study.cell import Cell
from raremd.study.settings.partitions import States
from raremd.study.settings.sources import Imported
from raremd.study.settings.systems import Coordinate

Plan = TypeVar("Plan")


def as_param(plan: object) -> str:
    """A plan, or a tuple of plans, as canonical JSON: equal plans are equal text."""
    plain = to_jsonable_python(plan, exclude_none=True)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def from_param(kind: type[Plan], text: str) -> Plan:
    """The inverse of `as_param`."""
    return TypeAdapter(kind).validate_json(text)


@dataclass(frozen=True)
class SimulationPlan:
    """Trajectories of the four-state system: the MD, in `sets` of `walkers`, or its reference."""

    walkers: int
    frames: int
    frame_interval: float
    seed: int
    sets: int


@dataclass(frozen=True)
class HiddenChainPlan:
    """Trajectories of a hidden chain, in `sets` of `walkers`; `frame_interval` in `time_unit`."""

    chain: HiddenChain
    walkers: int
    frames: int
    frame_interval: float
    time_unit: str
    seed: int
    sets: int


@dataclass(frozen=True)
class AnswersPlan:
    """What is solved for of a hidden chain: so many timescales, and at which lags, in frames."""

    chain: HiddenChain
    lags: tuple[int, ...]
    timescales: int
    frame_interval: float
    time_unit: str


@dataclass(frozen=True)
class ImportPlan:
    """A user's own files, and the time between their frames."""

    source: Imported
    frame_interval: float
    time_unit: str


@dataclass(frozen=True)
class EmbeddedPlan:
    """The time between two frames of trajectories in resources/."""

    frame_interval: float
    time_unit: str


@dataclass(frozen=True)
class Split:
    """How training and validation are told apart; `gap` in frames."""

    validation_fraction: float
    gap: int


@dataclass(frozen=True)
class IntervalWindow:
    """The longest training window at one saving interval.

    Attributes
    ----------
    interval : str
        As in paths.
    stride : int
        Frames of the source in one saving interval.
    window : int
        Saved frames.
    """

    interval: str
    stride: int
    window: int


@dataclass(frozen=True)
class LengthsPlan:
    """What trajectories must be long enough for; all but `windows` in frames of the source."""

    longest_lag: int
    split: Split
    windows: tuple[IntervalWindow, ...]
    block: int


@dataclass(frozen=True)
class StatesPlan:
    """One coordinate and one partition of it.

    Attributes
    ----------
    coordinate : Coordinate
    states : States
    microstates : States or None
        Those that are lumped by `states`.
    core_fraction : float or None
        Share of the frames of each state that is its core; None without cores.
    frame_interval : float
        That times in `coordinate` and `states` are counted in.
    split : Split
    seed : int
        Of k-means.
    """

    coordinate: Coordinate
    states: States
    microstates: States | None
    core_fraction: float | None
    frame_interval: float
    split: Split
    seed: int


@dataclass(frozen=True)
class Slicing:
    """How a cell sees a trajectory.

    Attributes
    ----------
    stride : int
        Frames of the source in one saving interval.
    recrossing : str
        Method of removal, or ``none``.
    tau : int
        Shortest stay that counts, in saved frames.
    """

    stride: int
    recrossing: str
    tau: int


@dataclass(frozen=True)
class Budget:
    """How much a model is trained; see the configuration for the fields."""

    tokens: int
    patience_tokens: int
    evaluate_tokens: int
    window: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.01
    schedule: str = "cosine"
    two_pass: float = 0.0
    slow_share: float = 0.0


@dataclass(frozen=True)
class ModelPlan:
    """A model by the name of its entry: kind, all of its options, and its training.

    `corrects` is the model whose networks it corrects, if it does not train its own.
    """

    name: str
    kind: str
    settings: dict[str, int | float | str]
    budget: Budget
    corrects: str | None = None


@dataclass(frozen=True)
class TrainingPlan:
    """All replicates of one model in one cell.

    Attributes
    ----------
    cell : Cell
    model : ModelPlan
    slicing : Slicing
    replicates, seed : int
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    """

    cell: Cell
    model: ModelPlan
    slicing: Slicing
    replicates: int
    seed: int
    device: str


@dataclass(frozen=True)
class GenerationPlan:
    """Trajectories that each replicate generates; frames and lag are saved frames.

    Attributes
    ----------
    walkers : int
    frames : int
        Of each walker, and again as many until there are enough crossings.
    crossings : int
        Of the slow process, wanted of a replicate; 0 to generate `frames` and no more.
    lag : int
        A crossing that is undone within it does not count.
    limit : int
        Most frames of each walker.
    """

    walkers: int
    frames: int
    crossings: int
    lag: int
    limit: int


@dataclass(frozen=True)
class KineticsPlan:
    """What is estimated in one cell.

    Attributes
    ----------
    slicing : Slicing
    interval : float
        Time between two saved frames.
    lags : tuple of int
        Saved frames, shortest first.
    timescales : int
        How many.
    yardstick_lag : int
        Saved frames.
    block : int
        Shortest block of the bootstrap, in frames of the source.
    samples, seed : int
        Of the bootstrap.
    """

    slicing: Slicing
    interval: float
    lags: tuple[int, ...]
    timescales: int
    yardstick_lag: int
    block: int
    samples: int
    seed: int


@dataclass(frozen=True)
class StatesFile:
    """Where the states of a coordinate and partition are."""

    coordinate: str
    partition: str
    path: str


@dataclass(frozen=True, kw_only=True)
class MDPlan:
    """What the MD of one system is estimated with.

    Attributes
    ----------
    system, unit : str
    frame_interval : float
    lags : tuple of int
        Frames, shortest first.
    yardstick_lag, block : int
        Frames.
    timescales, samples, seed : int
    tolerance : float
        log2 change of t1 per doubling of the lag that counts as none.
    minimum_transitions : int
    """

    system: str
    unit: str
    frame_interval: float
    lags: tuple[int, ...]
    yardstick_lag: int
    block: int
    timescales: int
    samples: int
    seed: int
    tolerance: float
    minimum_transitions: int


@dataclass(frozen=True, kw_only=True)
class AssessmentPlan(MDPlan):
    """What the MD of one system is judged by, in the yardstick's states.

    Attributes
    ----------
    names : tuple of str
        Of the yardstick's states; empty if they have none.
    finer : tuple of StatesFile
        Other states, in which detailed balance is tested too.
    """

    names: tuple[str, ...]
    finer: tuple[StatesFile, ...]


@dataclass(frozen=True)
class InspectedCell:
    """One planned cell: the partition that defines its `states`, `replicates` of each model."""

    coordinate: str
    partition: str
    states: str
    interval: float
    slicing: Slicing
    models: tuple[ModelPlan, ...]
    replicates: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class InspectionPlan(MDPlan):
    """All that the inspection of one system needs.

    Attributes
    ----------
    yardstick : tuple of str
        Coordinate and partition.
    walkers : int
    generation_frames, generation_limit : int
        At the frame interval of the source.
    crossings : int
        See `GenerationPlan`.
    states : tuple of StatesFile
    cells : tuple of InspectedCell
    """

    yardstick: tuple[str, str]
    walkers: int
    generation_frames: int
    generation_limit: int
    crossings: int
    states: tuple[StatesFile, ...]
    cells: tuple[InspectedCell, ...]

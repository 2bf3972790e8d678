"""The configuration: its keys, units, defaults and limits; docs/config.md is written from here.

Times are in the time unit of their system. What a system leaves unsaid follows from what it says,
by rules that count in frames and do not look at the data, so that the same configuration always
means the same study; `inspect.md` tells whether they suit the data.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    Tag,
    ValidationError,
    model_validator,
)

from raremd.study.messages import check_plain, explain
from raremd.study.sections import ModelName, Name, Number, Section, Time, Whole, matching
from raremd.study.source_settings import Source, StateFiles

LAGS = (1, 2, 5, 10, 20, 50, 100)
"""In frames."""
INTERVALS = (1, 5, 10)
"""In frames; those that divide the yardstick's lag."""
BLOCK_LAGS = 20
"""Bootstrap blocks, in longest lags."""
WALKERS = 64
GENERATED = 10_000
"""Frames that each walker generates at the finest interval."""
TIMESCALES = 3


class Training(Section):
    """The budget and the optimiser, the same for every model."""

    tokens: Whole = Field(4_000_000, ge=1000, description="Most frames that one replicate may see.")
    patience_tokens: Whole = Field(
        1_500_000,
        ge=1000,
        description="Training ends when the validation loss has not improved for so many frames.",
    )
    evaluate_tokens: Whole = Field(
        250_000, ge=100, description="Frames between two evaluations of the validation loss."
    )
    window: Whole = Field(
        100,
        ge=2,
        description="Frames in a training window; also what a walker reads before it starts.",
    )
    batch: Whole = Field(64, ge=1, description="Windows in a batch.")
    learning_rate: Number = Field(0.003, gt=0, description="Peak learning rate of AdamW.")
    validation_fraction: Number = Field(
        0.2,
        gt=0,
        lt=0.6,
        description="Share of the MD held out for early stopping; whole trajectories from four on.",
    )


class Model(Section):
    """One entry of the comparison: a kind of model, its options, and how it is trained."""

    kind: str | None = Field(
        None, description="Registered model; the name of the entry if left out."
    )
    settings: dict[str, Any] = Field(
        {}, description="The model's own options, over its defaults; see below."
    )
    budget: Number = Field(
        1, gt=0, description="Multiple of training.tokens and training.patience_tokens."
    )
    window: Whole | None = Field(
        None, ge=2, description="Frames in its training window, over training.window."
    )
    batch: Whole | None = Field(
        None,
        ge=1,
        description="Windows in its batch, over training.batch; a longer window with fewer of "
        "them keeps the optimiser steps.",
    )
    two_pass: Number | None = Field(
        None,
        ge=0,
        le=1,
        description="Two-pass training (scheduled sampling); the share of input tokens replaced by "
        "the model's own at the end of the budget, growing linearly from 0.",
    )
    slow_share: Number | None = Field(
        None,
        ge=0,
        lt=1,
        description="Share of a batch drawn from the windows in which the walker comes from one of "
        "the two most metastable states to the other; weights keep the loss unbiased. 0 draws "
        "evenly.",
    )
    control_of: str | None = Field(
        None,
        description="This entry is a control, that model with one thing changed; it runs only "
        "where a sweep names it.",
    )


class Coordinate(Section):
    """A reaction coordinate: features, or the first TICA components of them."""

    features: tuple[str, ...] | None = Field(
        None, min_length=1, description="Names or globs of features; all if left out."
    )
    tica_dimension: Whole | None = Field(
        None, ge=1, description="Number of TICA components; none if left out."
    )
    tica_lag: Time | None = Field(None, description="Lag time of TICA.")

    @model_validator(mode="after")
    def _whole_tica(self) -> Self:
        if (self.tica_dimension is None) != (self.tica_lag is None):
            raise ValueError("give both tica_dimension and tica_lag, or neither")
        return self


class KMeans(Section):
    """k-means clusters."""

    method: Literal["kmeans"]
    n_states: Whole = Field(ge=2, description="Number of states.")


class Grid(Section):
    """Cells of a regular grid."""

    method: Literal["grid"]
    bins: Whole = Field(ge=2, description="Bins along each dimension.")


class NearestCenter(Section):
    """Voronoi cells of given centres."""

    method: Literal["nearest_center"]
    centers: tuple[Annotated[tuple[Number, ...], Field(min_length=1)], ...] = Field(
        min_length=2, description="Centres, one list of coordinate values for each state."
    )


class Boxes(Section):
    """Boxes in the coordinate."""

    method: Literal["boxes"]
    boxes: tuple[
        Annotated[
            tuple[Annotated[tuple[Number, ...], Field(min_length=2, max_length=2)], ...],
            Field(min_length=1),
        ],
        ...,
    ] = Field(
        min_length=2,
        description="One list of [low, high] for each state, with one pair for each dimension.",
    )


class Given(Section):
    """The states of a dtraj source."""

    method: Literal["given"]
    map: str | None = Field(
        None,
        description="Text file with two columns, state and macrostate, that lumps the states; they "
        "stay as they are if left out.",
    )


class Pcca(Section):
    """Metastable states by PCCA+ of another partition."""

    method: Literal["pcca"]
    microstates: str = Field(description="Partition that is lumped.")
    n_states: Whole = Field(ge=2, description="Number of states.")
    lag: Time = Field(description="Lag time of the lumping.")


class MinimumDwell(Section):
    """Another partition without stays shorter than tau_c."""

    of: str = Field(description="Partition whose states are taken over.")
    recrossing: Literal["minimum_dwell"]
    tau_c: Time = Field(description="Shortest stay that counts.")


class DynamicalCoring(Section):
    """Another partition with a new state counted once it is held for tau_c."""

    of: str = Field(description="Partition whose states are taken over.")
    recrossing: Literal["dynamical_coring"]
    tau_c: Time = Field(description="Shortest stay that counts.")


class CoreSets(Section):
    """Another partition with a new state counted once its core is entered."""

    of: str = Field(description="Partition whose states are taken over.")
    recrossing: Literal["core_sets"]
    core_fraction: Number = Field(
        gt=0,
        lt=1,
        description="Share of the frames of each state, nearest to their mean, that is its core.",
    )


def method(value: Any) -> str | None:
    """Tag of a partition that is a mapping or a section: its method or its removal."""
    if isinstance(value, Section):
        value = value.model_dump(exclude_none=True)
    if not isinstance(value, dict):
        return None
    word = "recrossing" if {"of", "recrossing"} & set(value) else "method"
    return f"<{word} {value[word]}>" if word in value else None




def _one_way(value: Any) -> Any:
    """A partition defines states or removes recrossings from those of another, never both."""
    if isinstance(value, dict) and {"of", "recrossing"} & set(value):
        if "method" in value:
            raise ValueError("give either the key method or the keys of and recrossing, not both")
        if "recrossing" not in value:
            raise ValueError("key 'recrossing' is missing")
    return value


Removal = MinimumDwell | DynamicalCoring | CoreSets
States = KMeans | Grid | NearestCenter | Boxes | Given | Pcca
Partition = Annotated[
    Annotated[KMeans, Tag("<method kmeans>")]
    | Annotated[Grid, Tag("<method grid>")]
    | Annotated[NearestCenter, Tag("<method nearest_center>")]
    | Annotated[Boxes, Tag("<method boxes>")]
    | Annotated[Given, Tag("<method given>")]
    | Annotated[Pcca, Tag("<method pcca>")]
    | Annotated[MinimumDwell, Tag("<recrossing minimum_dwell>")]
    | Annotated[DynamicalCoring, Tag("<recrossing dynamical_coring>")]
    | Annotated[CoreSets, Tag("<recrossing core_sets>")],
    Discriminator(method),
    BeforeValidator(_one_way),
]


class Base(Section):
    """Levels of all factors: the cell that sweeps depart from."""

    coordinate: str = Field(description="Reaction coordinate.")
    interval: Time = Field(description="Saving interval.")
    partition: str = Field(description="State partition.")


class Levels(Section):
    """Levels of the factors that differ from those of base."""

    coordinate: str | None = Field(None, description="Reaction coordinate.")
    interval: Time | None = Field(None, description="Saving interval.")
    partition: str | None = Field(None, description="State partition.")


class Sweep(Section):
    """Lists of levels; all combinations are cells, the other factors as in base."""

    coordinate: tuple[str, ...] | None = Field(
        None, min_length=1, description="Reaction coordinates."
    )
    interval: tuple[Time, ...] | None = Field(None, min_length=1, description="Saving intervals.")
    partition: tuple[str, ...] | None = Field(None, min_length=1, description="State partitions.")
    models: tuple[str, ...] | None = Field(
        None, min_length=1, description="Models of these cells; all but the controls if left out."
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"give at least one of the keys {list(type(self).model_fields)}")
        return self


class Yardstick(Section):
    """The one partition and lag at which all cells of a system are compared."""

    coordinate: str = Field(description="Its reaction coordinate.")
    partition: str = Field(description="Its metastable states.")
    lag: Time = Field(description="The lag time of the comparison, one of lags.")


class Generation(Section):
    """Trajectories that each replicate generates."""

    walkers: Whole = Field(ge=1, description="Trajectories generated at once.")
    time: Time = Field(description="Length of each.")


class Easy(Section):
    """A claim about one cell."""

    easy: Levels = Field(description="The cell that should be learned.")


class Contrast(Section):
    """The claim says that the error is larger in `hard` than in `easy`."""

    hard: Levels = Field(description="Levels that differ from base in the harder cell.")
    easy: Levels = Field(description="Levels that differ from base in the easier cell.")


class Claims(Section):
    """The contrasts behind the claims, declared before the study."""

    C1: Easy | None = Field(None, description="Low-dimensional coordinates can be learned.")
    C2: Contrast | None = Field(None, description="High dimensionality hides rare events.")
    C3: Contrast | None = Field(None, description="A longer saving interval helps.")
    C4: Contrast | None = Field(None, description="Coarse graining into metastable states helps.")
    C5: Contrast | None = Field(None, description="Removing recrossings helps.")

    def contrasts(self) -> dict[str, Easy | Contrast]:
        """Declared claims by name."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: claim for name, claim in found.items() if claim is not None}


def rounded(time: float) -> float:
    """Without the digits that binary fractions add."""
    return float(f"{time:.10g}")


def _lags(given: dict[str, Any]) -> tuple[float, ...]:
    return tuple(rounded(n * given["frame_interval"]) for n in LAGS)


def _yardstick_lag(lags: tuple[float, ...]) -> float:
    """The longest but one: a longer lag tells whether the reference has levelled off."""
    return sorted(lags)[-2:][0]


def _partitions(given: dict[str, Any]) -> dict[str, States]:
    if isinstance(given["source"], StateFiles):
        return {"given": Given(method="given")}
    # n timescales need n + 1 metastable states.
    n_states, lag = given["timescales"] + 1, _yardstick_lag(given["lags"])
    return {
        "kmeans_100": KMeans(method="kmeans", n_states=100),
        "macrostates": Pcca(method="pcca", microstates="kmeans_100", n_states=n_states, lag=lag),
    }


def _yardstick(given: dict[str, Any]) -> Yardstick:
    declared = given["partitions"]
    # A system with no partition of its own is refused later, by name.
    defined = [n for n, p in declared.items() if isinstance(p, States)] or list(declared)[:1]
    return Yardstick(
        coordinate=next(iter(given["coordinates"])),
        partition=defined[-1],
        lag=_yardstick_lag(given["lags"]),
    )


def _base(given: dict[str, Any]) -> Base:
    return Base(
        coordinate=next(iter(given["coordinates"])),
        interval=given["frame_interval"],
        partition=next(iter(given["partitions"])),
    )


class System(Section):
    """One molecular system: its data, its coordinates and partitions, and what is compared."""

    source: Source = Field(description="Where the trajectories come from.")
    frame_interval: Time = Field(description="Time between two frames of the source.")
    time_unit: Literal["fs", "ps", "ns", "us", "tau", "frame"] = Field(
        description="Unit of every time of this system; `tau` is a reduced unit, `frame` counts "
        "frames."
    )
    timescales: Whole = Field(
        TIMESCALES, ge=1, description="How many implied timescales are compared, slowest first."
    )
    lags: tuple[Time, ...] = Field(
        default_factory=_lags,
        min_length=1,
        description="Lag times of the implied timescales; each cell takes those that are multiples "
        "of its interval. 1, 2, 5, 10, 20, 50 and 100 frames if left out.",
    )
    coordinates: dict[Name, Coordinate] = Field(
        default_factory=lambda: {"all": Coordinate()},
        min_length=1,
        description="Reaction coordinates, by name. `all`, of all features, if left out.",
    )
    partitions: dict[Name, Partition] = Field(
        default_factory=_partitions,
        min_length=1,
        description="State partitions, by name. If left out kmeans_100 and macrostates (PCCA+ of "
        "it, one more than timescales); for a dtraj source `given`.",
    )
    yardstick: Yardstick = Field(
        default_factory=_yardstick,
        description="The one partition and lag at which all cells are compared. The last partition "
        "with a method and the longest lag but one if left out.",
    )
    base: Base = Field(
        default_factory=_base,
        description="The cell that each sweep departs from. The first coordinate and partition at "
        "the frame interval if left out.",
    )
    sweeps: tuple[Sweep, ...] = Field(
        (),
        description="Each gives lists of levels for one or more factors; all combinations are "
        "cells, the other factors as in base. If base, sweeps and claims are all left out, every "
        "partition at 1, 5 and 10 frames, and every coordinate.",
    )
    block: Time = Field(
        default_factory=lambda given: rounded(BLOCK_LAGS * max(given["lags"])),
        description="Shortest block of the bootstrap, longer than the slowest process where the "
        "data allow it; 20 times the longest lag if left out.",
    )
    generation: Generation = Field(
        default_factory=lambda given: Generation(
            walkers=WALKERS, time=rounded(GENERATED * given["frame_interval"])
        ),
        description="Trajectories that each replicate generates. 64 walkers of 10,000 frames if "
        "left out.",
    )
    claims: Claims = Field(
        Claims(),
        description="The contrasts behind the claims, declared before the study; levels left out "
        "are those of base. See sweeps for the contrasts that are declared if left out.",
    )

    @model_validator(mode="wrap")
    @classmethod
    def _design(cls, value: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
        """Without any design of its own, a system gets one."""
        system = check(value)
        if isinstance(value, dict) and not {"base", "sweeps", "claims"} & set(value):
            return system.model_copy(update=_design(system))
        return system


def _design(system: System) -> dict[str, Any]:
    """Every coordinate and partition at a few intervals, and the claims that they can answer."""
    frame, yardstick = system.frame_interval, system.yardstick
    multiple = round(yardstick.lag / frame)
    intervals = tuple(rounded(n * frame) for n in INTERVALS if multiple % n == 0)
    sweeps = [Sweep(interval=intervals, partition=tuple(system.partitions))]
    others = tuple(system.coordinates)[1:]
    if others:
        sweeps.append(Sweep(coordinate=others))
    longest, coarse = Levels(interval=intervals[-1]), Levels(partition=yardstick.partition)
    easy = Levels(interval=intervals[-1], partition=yardstick.partition)
    fine = yardstick.partition != system.base.partition
    claims = Claims(
        C1=Easy(easy=easy),
        C3=Contrast(hard=Levels(), easy=longest) if len(intervals) > 1 else None,
        C4=Contrast(hard=Levels(), easy=coarse) if fine else None,
    )
    return {"sweeps": tuple(sweeps), "claims": claims}


class Settings(Section):
    """All that decides a study. Times are in the time unit of each system."""

    results: Annotated[
        str,
        matching(
            r"^(?!(.*/)?\.\.(/|$))[A-Za-z0-9_][A-Za-z0-9_./-]*$",
            "a folder below the working directory; letters, digits, _ - . and /",
        ),
    ] = Field(
        "results",
        description="Folder that the results are written to, below the working directory; letters, "
        "digits, _ - . and /.",
    )
    seed: Whole = Field(
        2021, ge=0, description="Seed from which every random number of the study is derived."
    )
    replicates: Whole = Field(
        3, ge=1, description="Trainings of each model in each cell, differing in their seed only."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where models are trained; `auto` takes a GPU where there is one."
    )
    bootstrap_samples: Whole = Field(
        200, ge=20, description="Resamplings of the MD blocks behind each error bar."
    )
    tolerance: Number = Field(
        0.32,
        gt=0,
        description='Deviation of a timescale, in log2 units, that counts as "learned" (0.32 is '
        "25 %).",
    )
    minimum_transitions: Whole = Field(
        20,
        ge=1,
        description="Slow transitions in the training data below which a verdict is inconclusive.",
    )
    training: Training = Field(
        Training(), description="The budget and the optimiser, the same for every model."
    )
    models: dict[ModelName, Model] = Field(
        {"markov": Model(), "lstm": Model(), "transformer": Model()},
        min_length=1,
        description="The models compared, by the name that they have in tables and figures. If "
        "left out markov, lstm and transformer.",
    )
    systems: dict[Name, System] = Field(
        min_length=1,
        description="The molecular systems, by the name of their folder in results.",
    )


def read_settings(config: Any) -> Settings:
    """A configuration, as read from YAML, with all defaults.

    Raises
    ------
    ConfigError
        One line naming the first offending key.
    """
    check_plain(config)
    try:
        return Settings.model_validate(config)
    except ValidationError as error:
        raise explain(error) from None

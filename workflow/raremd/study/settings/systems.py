"""Sections of one system, and what follows from them where they are left out.

The rules count in frames and do not look at the data, so that the same configuration always means
the same study; `inspect.md` tells whether they suit the data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticUseDefault

from raremd.study.settings.partitions import Given, KMeans, Partition, Pcca, States
from raremd.study.settings.sections import Name, Section, Time, Whole
from raremd.study.settings.sources import Discrete, HiddenChain, Source, kind

LAGS = (1, 2, 5, 10, 20, 50, 100)
"""In frames."""
INTERVALS = (1, 5, 10)
"""In frames; those that divide the yardstick's lag."""
BLOCK_LAGS = 20
"""Bootstrap blocks, in longest lags."""
WALKERS = 64
LIMIT = 8
"""Times `generation.time` that walkers go on at most."""
GENERATED = 10_000
"""Frames that each walker generates at the finest interval."""
TIMESCALES = 3
OWN = "given"


class Coordinate(Section):
    """A reaction coordinate: features, or the first TICA components of them."""

    features: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="Names or globs of features; all if left out."
    )
    tica_dimension: Whole | None = Field(
        default=None, ge=1, description="Number of TICA components; none if left out."
    )
    tica_lag: Time | None = Field(default=None, description="Lag time of TICA.")

    @model_validator(mode="after")
    def _whole_tica(self) -> Self:
        if (self.tica_dimension is None) != (self.tica_lag is None):
            raise ValueError("give both tica_dimension and tica_lag, or neither")
        return self


class Filled(Section):
    """What is left out of it is as in the section that stands there if it is left out."""


class Base(Filled):
    """Levels of all factors: the cell that sweeps depart from."""

    coordinate: str = Field(description="Reaction coordinate.")
    interval: Time = Field(description="Saving interval.")
    partition: str = Field(description="State partition.")


class Levels(Section):
    """Levels of the factors that differ from those of base."""

    coordinate: str | None = Field(default=None, description="Reaction coordinate.")
    interval: Time | None = Field(default=None, description="Saving interval.")
    partition: str | None = Field(default=None, description="State partition.")


class Sweep(Section):
    """Lists of levels; all combinations are cells, the other factors as in base."""

    coordinate: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="Reaction coordinates."
    )
    interval: tuple[Time, ...] | None = Field(
        default=None, min_length=1, description="Saving intervals."
    )
    partition: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="State partitions."
    )
    models: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="Models of these cells; all but the controls if left out.",
    )
    replicates: int | None = Field(
        default=None,
        ge=1,
        description="Trainings of each model in these cells, if fewer than elsewhere are enough. "
        "A cell of several lines has as many as the line with most.",
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"give at least one of the keys {list(type(self).model_fields)}")
        return self


class Yardstick(Filled):
    """The one partition and lag at which all cells of a system are compared."""

    coordinate: str = Field(description="Its reaction coordinate.")
    partition: str = Field(description="Its metastable states.")
    lag: Time = Field(description="The lag time of the comparison, one of lags.")
    names: tuple[Annotated[str, Field(min_length=1)], ...] | None = Field(
        default=None,
        min_length=2,
        description="Names of the states, from state 0 on, for pages and figures; their numbers if "
        "left out.",
    )


class Generation(Filled):
    """Trajectories that each replicate generates."""

    walkers: Whole = Field(ge=1, description="Trajectories generated at once.")
    time: Time = Field(description="Length of each.")
    crossings: Whole = Field(
        default=400,
        ge=0,
        description="They go on by `time` again and again until the slow process has been crossed "
        "so often in all of them together, or `limit` is reached; 0 for no more than `time`.",
    )
    limit: Time | None = Field(
        default=None, description=f"Greatest length of each; {LIMIT} times `time` if left out."
    )

    @property
    def longest(self) -> float:
        """That each walker may become."""
        if not self.crossings:
            return self.time
        return rounded(LIMIT * self.time) if self.limit is None else self.limit


class Easy(Section):
    """A claim about one cell."""

    easy: Levels = Field(description="The cell that should be learned.")

    def sides(self) -> dict[str, Levels]:
        """Levels of the one cell."""
        return {"easy": self.easy}


class Contrast(Section):
    """The claim says that the error is larger in `hard` than in `easy`."""

    hard: Levels = Field(description="Levels that differ from base in the harder cell.")
    easy: Levels = Field(description="Levels that differ from base in the easier cell.")

    def sides(self) -> dict[str, Levels]:
        """Levels of both cells."""
        return {"hard": self.hard, "easy": self.easy}


class Claims(Section):
    """The contrasts behind the claims, declared before the study."""

    C1: Easy | None = Field(default=None, description="Low-dimensional coordinates can be learned.")
    C2: Contrast | None = Field(default=None, description="High dimensionality hides rare events.")
    C3: Contrast | None = Field(default=None, description="A longer saving interval helps.")
    C4: Contrast | None = Field(
        default=None, description="Coarse graining into metastable states helps."
    )
    C5: Contrast | None = Field(default=None, description="Removing recrossings helps.")

    def contrasts(self) -> dict[str, Easy | Contrast]:
        """Declared claims by name."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: claim for name, claim in found.items() if claim is not None}


def rounded(time: float) -> float:
    """Without the digits that binary fractions add."""
    return float(f"{time:.10g}")


def _timescales(given: dict[str, Any]) -> int:
    source = given["source"]
    return source.chain().basins - 1 if isinstance(source, HiddenChain) else TIMESCALES


def _lags(given: dict[str, Any]) -> tuple[float, ...]:
    return tuple(rounded(n * given["frame_interval"]) for n in LAGS)


def _yardstick_lag(lags: tuple[float, ...]) -> float:
    """The longest from which the lags reach three times as far, to judge convergence by."""
    ordered = sorted(lags)
    return max((lag for lag in ordered if 3 * lag <= ordered[-1] * (1 + 1e-9)), default=ordered[0])


def _lumped(given: dict[str, Any], microstates: str) -> Pcca:
    """Metastable states, one more than timescales."""
    n_states, lag = given["timescales"] + 1, _yardstick_lag(given["lags"])
    return Pcca(method="pcca", microstates=microstates, n_states=n_states, lag=lag)


def _partitions(given: dict[str, Any]) -> dict[str, Partition]:
    source = given["source"]
    if isinstance(source, Discrete):
        states = Given(method="given")
        if not isinstance(source, HiddenChain):
            return {OWN: states, "macrostates": _lumped(given, OWN)}
        size = source.chain().states_per_basin
        if size == 1:
            return {OWN: states}
        return {OWN: states, "basins": Given(method="given", states_per_macrostate=size)}
    return {
        "kmeans_100": KMeans(method="kmeans", n_states=100),
        "macrostates": _lumped(given, "kmeans_100"),
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


def _generation(given: dict[str, Any]) -> Generation:
    return Generation(walkers=WALKERS, time=rounded(GENERATED * given["frame_interval"]))


DEFAULTS: dict[str, Callable[[dict[str, Any]], Filled]] = {
    "yardstick": _yardstick,
    "base": _base,
    "generation": _generation,
}


class System(Section):
    """One molecular system: its data, its coordinates and partitions, and what is compared."""

    source: Source = Field(description="Where the trajectories come from.")
    frame_interval: Time = Field(
        description="Time between two frames of the source; 1 if left out for a hidden_chain."
    )
    time_unit: Literal["fs", "ps", "ns", "us", "tau", "frame"] = Field(
        description="Unit of every time of this system; `tau` is a reduced unit, `frame` counts "
        "frames. `frame` if left out for a hidden_chain."
    )
    timescales: Whole = Field(
        default_factory=_timescales,
        ge=1,
        description="How many implied timescales are compared, slowest first. 3 if left out; for a "
        "hidden_chain one fewer than its basins.",
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
        "it, one more than timescales); for a dtraj source `given` and macrostates (of those, if "
        "there are more); for a hidden_chain `given` and `basins`.",
    )
    yardstick: Yardstick = Field(
        default_factory=_yardstick,
        description="The one partition and lag at which all cells are compared. The last partition "
        "with a method and the longest lag of which another is three times as long, if left out.",
    )
    base: Base = Field(
        default_factory=_base,
        description="The cell that each sweep departs from. The first coordinate and partition at "
        "the frame interval if left out.",
    )
    sweeps: tuple[Sweep, ...] = Field(
        default=(),
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
        default_factory=_generation,
        description="Trajectories that each replicate generates. 64 walkers of 10,000 frames if "
        "left out.",
    )
    claims: Claims = Field(
        default=Claims(),
        description="The contrasts behind the claims, declared before the study; levels left out "
        "are those of base. See sweeps for the contrasts that are declared if left out.",
    )

    @field_validator(*DEFAULTS, mode="before")
    @classmethod
    def _fill(cls, value: Any, info: ValidationInfo) -> Any:
        """One key may be set alone."""
        if not (info.field_name and isinstance(value, dict)):
            return value
        if not {"frame_interval", "lags", "coordinates", "partitions"} <= set(info.data):
            raise PydanticUseDefault  # what it follows from is wrong, and that is told
        default = DEFAULTS[info.field_name](info.data)
        return default.model_dump(exclude_none=True) | value

    @model_validator(mode="wrap")
    @classmethod
    def _design(cls, value: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
        """Without any design of its own, a system gets one."""
        if isinstance(value, dict) and kind(value.get("source")) == "<kind hidden_chain>":
            value = {"frame_interval": 1.0, "time_unit": "frame"} | value
        system = check(value)
        if isinstance(value, dict) and not {"base", "sweeps", "claims"} & set(value):
            # Few given states are lumped no further, and would be studied twice.
            lumped = kind(value.get("source")) == "<kind dtraj>" and "partitions" not in value
            studied = (system.base.partition,) if lumped else tuple(system.partitions)
            system = system.model_copy(update=_design(system, studied))
        return system.model_copy(update={"partitions": _own_states(system)})

    @property
    def own_states(self) -> str | None:
        """The partition into just the states that the data come with, if they come with any."""
        given = {name: p for name, p in self.partitions.items() if isinstance(p, Given)}
        return next((name for name, p in given.items() if not p.lumps), None)


def _own_states(system: System) -> dict[str, Partition]:
    """All partitions, and the data's own states also where a study lumps them all."""
    declared = dict(system.partitions)
    if isinstance(system.source, Discrete) and system.own_states is None:
        names = (OWN, f"{OWN}_own", f"{OWN}_all")
        declared[next(n for n in names if n not in declared)] = Given(method="given")
    return declared


def _design(system: System, studied: tuple[str, ...]) -> dict[str, Any]:
    """Every coordinate and some partitions at a few intervals, and the claims they can answer."""
    frame, yardstick = system.frame_interval, system.yardstick
    multiple = round(yardstick.lag / frame)
    intervals = tuple(rounded(n * frame) for n in INTERVALS if multiple % n == 0)
    sweeps = [Sweep(interval=intervals, partition=studied)]
    others = tuple(system.coordinates)[1:]
    if others:
        sweeps.append(Sweep(coordinate=others))
    coarsest = yardstick.partition if yardstick.partition in studied else system.base.partition
    longest, coarse = Levels(interval=intervals[-1]), Levels(partition=coarsest)
    easy = Levels(interval=intervals[-1], partition=coarsest)
    fine = coarsest != system.base.partition
    claims = Claims(
        C1=Easy(easy=easy),
        C3=Contrast(hard=Levels(), easy=longest) if len(intervals) > 1 else None,
        C4=Contrast(hard=Levels(), easy=coarse) if fine else None,
    )
    return {"sweeps": tuple(sweeps), "claims": claims}

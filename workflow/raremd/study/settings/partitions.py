"""Partitions of a coordinate into states, and removals of recrossings from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from raremd.study.settings.sections import Number, Section, Time, Whole


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
    """The states of a dtraj or hidden_chain source."""

    method: Literal["given"]
    map: str | None = Field(
        default=None,
        description="Text file with two columns, state and macrostate, that lumps the states; they "
        "stay as they are if left out.",
    )
    states_per_macrostate: Whole | None = Field(
        default=None,
        ge=2,
        description="Lumps the states by their numbers instead: the first so many, the next, ...",
    )

    @model_validator(mode="after")
    def _one_lumping(self) -> Self:
        if self.map is not None and self.states_per_macrostate is not None:
            raise ValueError("give either map or states_per_macrostate, not both")
        return self

    @property
    def lumps(self) -> bool:
        """Whether the states are others than those of the data."""
        return self.map is not None or self.states_per_macrostate is not None


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


def n_states(partition: States) -> int | None:
    """Number of states where it is told beforehand; else the data decide."""
    if isinstance(partition, KMeans | Pcca):
        return partition.n_states
    if isinstance(partition, NearestCenter):
        return len(partition.centers)
    return len(partition.boxes) if isinstance(partition, Boxes) else None

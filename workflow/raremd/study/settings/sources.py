"""Where the trajectories of a system come from: one section for each kind of source."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, PlainValidator, Tag, model_validator

from raremd.data.imported import kinds
from raremd.data.simulated import hidden_chain
from raremd.study.settings.sections import Number, Section, Several, Time, Whole, matching

Files = Annotated[tuple[str, ...], Several, Field(min_length=1)]
FILES = (
    "Globs of the files, relative to the working directory, one or several; each file is one "
    "trajectory (or one array in it), sorted naturally and never joined."
)
VALIDATION = (
    "Globs of the files that validate, beside `files` or among them; by default the share "
    "`training.validation_fraction`: of the trajectories or, if there are fewer than four or their "
    "lengths are very uneven, of each."
)
Url = Annotated[
    tuple[
        Annotated[str, matching("^(https?|ftp|file)://", "an address begins with https://")], ...
    ],
    Several,
    Field(min_length=1),
]
URL = "Address of a file that is downloaded once, instead of `files`; or several."
Sha256 = Annotated[
    tuple[Annotated[str, matching("^[0-9a-fA-F]{64}$", "a SHA-256 has 64 hexadecimals")], ...],
    Several,
]
SHA256 = "SHA-256 of the download, hexadecimal; one for each `url`."
Md5 = Annotated[
    tuple[Annotated[str, matching("^[0-9a-fA-F]{32}$", "an MD5 sum has 32 hexadecimals")], ...],
    Several,
]
MD5 = "MD5 sum of the download instead, where the publisher gives no SHA-256."
DATASET = "Glob of the arrays taken from .npz and HDF5 files, each one trajectory."
TIMES = (
    "Unit of the times in the files, which are checked against frame_interval and are no feature; "
    "`none` ignores them, if they are wrong."
)
Times = Literal["fs", "ps", "ns", "us", "none"]
Angle = Literal["radians", "degrees"]


def _period(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value in ("radians", "degrees") or (number and value >= 0):
        return value
    raise ValueError(f"{value!r} is not a period: radians, degrees, or a number from 0 up")


Period = Annotated[Angle | float, PlainValidator(_period, json_schema_input_type=Angle | float)]
Feature = Literal[
    "phi", "psi", "omega", "chi1", "chi2", "chi3", "chi4",
    "ca_distances", "heavy_distances", "contacts", "rmsd", "distances", "minimum_distance",
]  # fmt: skip


class Simulated(Section):
    """Trajectories that the workflow simulates."""

    walkers: Whole = Field(
        ge=1, description="Independent trajectories of each set, those that validate included."
    )
    time: Time = Field(description="Length of each.")
    sets: Whole = Field(
        default=1,
        ge=1,
        description="Independent sets of so many trajectories: 1, or as many as there are "
        "`replicates`, each of which is then trained on a set of its own and compared with it. "
        "States are fitted to the first set.",
    )


class FourState(Simulated):
    """Langevin dynamics in a plane with four states, simulated by the workflow."""

    kind: Literal["four_state"]
    reference_walkers: Whole | None = Field(
        default=None, ge=1, description="Independent trajectories of the separate reference."
    )
    reference_time: Time | None = Field(default=None, description="Length of each.")

    @model_validator(mode="after")
    def _whole_reference(self) -> Self:
        if (self.reference_walkers is None) != (self.reference_time is None):
            raise ValueError("give both reference_walkers and reference_time, or neither")
        return self


class HiddenChain(Simulated):
    """An exactly solvable chain with memory, simulated by the workflow; it comes with states."""

    kind: Literal["hidden_chain"]
    member: Literal["easy", "medium", "hard"] | None = Field(
        default=None, description="One of the family by name; other keys replace its own."
    )
    t1: Number | None = Field(default=None, description="Slowest timescale, in frames.")
    memory: Number | None = Field(
        default=None,
        description="How long the hidden activation lasts, in frames; 0 for a Markov chain.",
    )
    basins: Whole | None = Field(default=None, description="Metastable states; 2 if left out.")
    positions: Whole | None = Field(
        default=None, description="Positions in each basin; 4 if left out."
    )
    ring: Whole | None = Field(
        default=None,
        description="States of a fast phase at each position, 1 or at least 3; 1 if left out.",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.member is None and (self.t1 is None or self.memory is None):
            raise ValueError("give member, or both t1 and memory")
        self.chain()
        return self

    def chain(self) -> hidden_chain.HiddenChain:
        """The chain itself."""
        member = None if self.member is None else hidden_chain.MEMBERS[self.member]
        dials = {} if member is None else asdict(member)
        own = {name: getattr(self, name) for name in hidden_chain.HiddenChain.__annotations__}
        dials |= {name: value for name, value in own.items() if value is not None}
        return hidden_chain.HiddenChain(**dials)


class Embedded(Section):
    """Trajectories that come with the workflow."""

    kind: Literal["embedded"]
    files: str = Field(description="Glob of the HDF5 trajectories in resources/.")
    checksums: str | None = Field(
        default=None, description="File of SHA-256 sums that they are checked against."
    )


class _Imported(Section):
    """A user's own files."""

    files: Files | None = Field(default=None, description=FILES)
    url: Url | None = Field(default=None, description=URL)
    sha256: Sha256 | None = Field(default=None, description=SHA256)
    md5: Md5 | None = Field(default=None, description=MD5)
    validation: Files | None = Field(default=None, description=VALIDATION)

    def files_of(self) -> kinds.Source:
        """The same as the importers take it."""
        return kinds.make_source(**self.model_dump(exclude_none=True))


class Trajectory(_Imported):
    """Topology and trajectories, read by mdtraj. Angles become degrees, distances nm."""

    kind: Literal["trajectory"]
    topology: str = Field(
        description="Structure file with the atoms of the trajectories (pdb, gro, prmtop, ...)."
    )
    features: tuple[Feature, ...] = Field(
        min_length=1, description="Quantities that are computed of each frame."
    )
    selection: str | None = Field(
        default=None,
        description="Atoms of `distances` (all pairs), of `rmsd`, and of a ligand whose "
        "`minimum_distance` to the protein is wanted, in mdtraj's selection language; for rmsd the "
        "CA atoms if left out.",
    )
    reference: str | None = Field(
        default=None, description="Structure file that `rmsd` is measured from."
    )
    stride: Whole = Field(
        default=1,
        ge=1,
        description="Every stride-th frame is read; frame_interval is that of the frames read.",
    )
    times: Times = Field(default="ps", description=TIMES)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        twice = [name for name in self.features if self.features.count(name) > 1]
        if twice:
            raise ValueError(f"features has '{twice[0]}' twice")
        return self


class FeatureFiles(_Imported):
    """Numbers in files (.npy, .npz, HDF5, csv, text, PLUMED COLVAR), one row per frame."""

    kind: Literal["features"]
    columns: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="Names or globs of the columns taken; all but `time` and PLUMED's biases if "
        "left out.",
    )
    names: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="Names of all columns, over those in the file."
    )
    periods: dict[str, Period] = Field(
        default={},
        description="Name or glob of a feature -> `radians`, `degrees`, or its period as a "
        "number; 0 for not periodic. PLUMED's header is understood without.",
    )
    dataset: str = Field(default="*", description=DATASET)
    times: Times = Field(default="ps", description=TIMES)


class StateFiles(_Imported):
    """Discrete trajectories in files (text, .npy, .npz, HDF5), one state per frame."""

    kind: Literal["dtraj"]
    columns: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="Name of the column taken, where there are several.",
    )
    dataset: str = Field(default="*", description=DATASET)
    times: Times = Field(default="ps", description=TIMES)


def kind(value: Any) -> str | None:
    """Tag of a source that is a mapping or a section."""
    found = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return None if found is None else f"<kind {found}>"


Imported = Trajectory | FeatureFiles | StateFiles
Discrete = HiddenChain | StateFiles
"""Sources whose one feature is the state."""
Source = Annotated[
    Annotated[FourState, Tag("<kind four_state>")]
    | Annotated[HiddenChain, Tag("<kind hidden_chain>")]
    | Annotated[Embedded, Tag("<kind embedded>")]
    | Annotated[Trajectory, Tag("<kind trajectory>")]
    | Annotated[FeatureFiles, Tag("<kind features>")]
    | Annotated[StateFiles, Tag("<kind dtraj>")],
    Discriminator(kind),
]

"""The kinds of source that are a user's own files, and what can be said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from raremd.data.imported.tables import TIME


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where files come from.

    Attributes
    ----------
    files : sequence of str
        Globs; or none, and instead
    url : sequence of str
        Addresses, each with its digest in
    sha256, md5 : sequence of str
        Hexadecimal; one of the two kinds.
    validation : sequence of str
        Globs of the files that validate, beside `files` or among them; none for a choice by rule.
    times : str
        Unit of the times in the files, where they have some: fs, ps, ns or us; none for no
        notice to be taken of them.
    """

    files: Sequence[str] = ()
    url: Sequence[str] = ()
    sha256: Sequence[str] = ()
    md5: Sequence[str] = ()
    validation: Sequence[str] = ()
    times: str = "ps"

    @property
    def globs(self) -> list[str]:
        """Of all files, those that validate last."""
        return [*self.files, *self.validation]

    @property
    def digests(self) -> list[str]:
        """One for each `url`."""
        return [*self.sha256, *self.md5]

    @property
    def single_files(self) -> dict[str, str]:
        """Key -> file, of files that are no trajectories."""
        return {}


@dataclass(frozen=True, kw_only=True)
class TrajectorySource(Source):
    """Topology and trajectories.

    Attributes
    ----------
    topology : str
        Structure file.
    features : sequence of str
        What is computed of each frame.
    selection : str or None
        Atoms of `distances`, `rmsd` and `minimum_distance`, in mdtraj's language.
    reference : str or None
        Structure file that `rmsd` is measured from.
    stride : int
        Every stride-th frame is read.
    """

    topology: str
    features: Sequence[str]
    selection: str | None = None
    reference: str | None = None
    stride: int = 1

    @property
    def single_files(self) -> dict[str, str]:
        """Topology and reference."""
        both = {"topology": self.topology, "reference": self.reference}
        return {key: file for key, file in both.items() if file is not None}


@dataclass(frozen=True, kw_only=True)
class NumberSource(Source):
    """Numbers in files, one row per frame.

    Attributes
    ----------
    dataset : str
        Glob of the arrays wanted from .npz and HDF5 files.
    columns : sequence of str or None
        Names or globs of the columns that are taken; None takes all but the time.
    """

    dataset: str = "*"
    columns: Sequence[str] | None = None


@dataclass(frozen=True, kw_only=True)
class FeatureSource(NumberSource):
    """Features.

    Attributes
    ----------
    names : sequence of str or None
        Of all columns, over those in the file.
    periods : mapping
        Name or glob of a feature -> `radians`, `degrees`, or its period as a number.
    """

    names: Sequence[str] | None = None
    periods: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StateSource(NumberSource):
    """Discrete trajectories: one state a frame."""


KINDS: dict[str, type[Source]] = {
    "trajectory": TrajectorySource,
    "features": FeatureSource,
    "dtraj": StateSource,
}
"""By the `kind` of a source in the configuration."""


def make_source(kind: str, **options: Any) -> Source:
    """The source that a configuration describes; a file, address or digest may stand alone."""
    several = {k: [v] if isinstance(v, str) else v for k, v in options.items() if k in _SEVERAL}
    return KINDS[kind](**options | several)


_SEVERAL = ("files", "url", "sha256", "md5", "validation")


def clock_advice(source: Source, n_columns: int) -> str:
    """What to do about a time or frame number among so many columns of a source."""
    if isinstance(source, FeatureSource) and n_columns == 1:
        return "leave it out by source.dataset or source.columns"
    if isinstance(source, FeatureSource):
        return f"call it '{TIME}' in source.names, or leave it out by source.columns"
    return "name the column of the states with source.columns"

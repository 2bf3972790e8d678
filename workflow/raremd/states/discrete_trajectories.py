"""Discrete trajectories of one coordinate and partition, as later stages read them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raremd.io.storage import by_number, map_arrays, read_attributes
from raremd.states.split import Segment, Split


@dataclass(frozen=True)
class DiscreteSystem:
    """Discrete trajectories of one coordinate and partition, at the finest interval.

    Attributes
    ----------
    n_states : int
    dimension : int
        Of the reaction coordinate.
    md, reference : list of (n_frames,) int16
        `reference` is the MD itself where there is no separate one.
    md_cores, reference_cores : list of (n_frames,) int16
        The same with -1 outside the cores; empty where the states have none.
    split : Split
        Of `md`.
    n_sets : int
        Independent sets of equally many trajectories that `md` consists of, one after the other.
    called : tuple of int
        What the user calls each state; empty where that is its number from 0.
    """

    n_states: int
    dimension: int
    md: list[np.ndarray]
    reference: list[np.ndarray]
    md_cores: list[np.ndarray]
    reference_cores: list[np.ndarray]
    split: Split
    n_sets: int = 1
    called: tuple[int, ...] = ()

    @property
    def sets(self) -> tuple[Split, ...]:
        """The split of each set."""
        size = len(self.md) // self.n_sets

        def of(number: int, part: tuple[Segment, ...]) -> tuple[Segment, ...]:
            return tuple(s for s in part if s.trajectory // size == number)

        return tuple(
            Split(of(number, self.split.training), of(number, self.split.validation))
            for number in range(self.n_sets)
        )

    def labels(self, method: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """MD and reference as a removal of recrossings takes them."""
        if method == "core_sets":
            return self.md_cores, self.reference_cores
        return self.md, self.reference

    @property
    def everything(self) -> tuple[Segment, ...]:
        """The whole of each reference trajectory."""
        return tuple(Segment(t, 0, len(d)) for t, d in enumerate(self.reference))


def read_states(path: Path | str) -> DiscreteSystem:
    """Discrete trajectories and split of a file written by `states.fit.fit_states`."""
    attributes = read_attributes(path)
    md, cores, reference, reference_cores = (
        by_number(map_arrays(path, name))
        for name in ("md", "md_cores", "reference", "reference_cores")
    )
    return DiscreteSystem(
        n_states=attributes["n_states"],
        dimension=attributes["dimension"],
        md=md,
        reference=reference or md,
        md_cores=cores,
        reference_cores=reference_cores or cores,
        split=Split(
            tuple(Segment(*s) for s in attributes["training"]),
            tuple(Segment(*s) for s in attributes["validation"]),
        ),
        n_sets=attributes.get("sets", 1),
        called=tuple(attributes.get("called", ())),
    )

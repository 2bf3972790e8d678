"""Discrete trajectories of one coordinate and partition, as later stages read them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raremd.sequences import Segment, Split
from raremd.storage import map_arrays, read_attributes


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
    split : Split
        Of `md`.
    """

    n_states: int
    dimension: int
    md: list[np.ndarray]
    reference: list[np.ndarray]
    split: Split

    @property
    def everything(self) -> tuple[Segment, ...]:
        """The whole of each reference trajectory."""
        return tuple(Segment(t, 0, len(d)) for t, d in enumerate(self.reference))


def read_states(path: Path | str) -> DiscreteSystem:
    """Discrete trajectories and split of a file written by `discretisation.fit_states`."""
    attributes = read_attributes(path)
    md = list(map_arrays(path, "md").values())
    with_reference = list(map_arrays(path, "reference").values()) or md
    return DiscreteSystem(
        n_states=attributes["n_states"],
        dimension=attributes["dimension"],
        md=md,
        reference=with_reference,
        split=Split(
            tuple(Segment(*s) for s in attributes["training"]),
            tuple(Segment(*s) for s in attributes["validation"]),
        ),
    )

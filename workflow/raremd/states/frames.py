"""A part of a trajectory that is read, and turned into the coordinate, when it is sliced."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raremd.states.coordinates import Coordinate
from raremd.states.geometry import Rows


@dataclass(frozen=True, eq=False)
class Frames:
    """Frames `start` to `stop` (exclusive) of a trajectory, read when they are sliced.

    Attributes
    ----------
    trajectory : (n, n_features) float32
        In memory or an HDF5 dataset.
    coordinate : Coordinate or None
        What slices are transformed to; None gives the features themselves.
    """

    trajectory: Rows
    start: int
    stop: int
    coordinate: Coordinate | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Frames and columns."""
        columns = self.coordinate.dimension if self.coordinate else self.trajectory.shape[1]
        return len(self), columns

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, rows: slice, /) -> np.ndarray:
        start, stop, _ = rows.indices(len(self))
        if self.coordinate is None:
            return self.trajectory[self.start + start : self.start + stop]
        part = Frames(self.trajectory, self.start + start, self.start + stop)
        return self.coordinate.transform(part)

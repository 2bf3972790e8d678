"""Features of a system on disk: written and read trajectory by trajectory, in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from raremd.data.overlaps import Overlaps
from raremd.io.storage import atomic_path, by_number, reading

CHUNK_BYTES = 1 << 18
"""Of one chunk of a features file: a sensible unit of disk access."""
LEAST_ROWS = 1024


@dataclass(frozen=True)
class Features:
    """Trajectories of one system.

    Attributes
    ----------
    trajectories : list of (n_frames, n_features) float32
        Never joined; in memory, or on disk and read when sliced.
    frame_interval : float
        Time between two frames, in `time_unit`.
    time_unit : str
    feature_names : list of str
    periods : (n_features,) float64
        Period of each feature in its own unit, 0 where it is not periodic.
    """

    trajectories: list[np.ndarray]
    frame_interval: float
    time_unit: str
    feature_names: list[str]
    periods: np.ndarray


class FeatureWriter:
    """A features file in the making: trajectory by trajectory, block by block.

    Use `feature_writer`; memory does not grow with the trajectories.
    """

    def __init__(self, h5: h5py.File) -> None:
        self._h5 = h5
        self._overlaps = Overlaps()

    def add(self, blocks: Iterable[np.ndarray], label: str | None = None) -> int:
        """Append one trajectory.

        Parameters
        ----------
        blocks : iterable of (n, n_features) float arrays
            Its frames, in order.
        label : str, optional
            What errors call it; its number if left out.

        Returns
        -------
        int
            Its frames.

        Raises
        ------
        ValueError
            Naming the first frame with a value that is not finite, or if there is no frame.
        """
        number = len(self._h5)
        label = label or f"trajectory {number + 1}"
        group, data, frames = self._h5.create_group(f"trajectory_{number:04d}"), None, 0
        self._overlaps.begin(label)
        for block in blocks:
            # A value too large for 32 bits becomes infinite and is refused below.
            with np.errstate(over="ignore"):
                block = np.asarray(block, np.float32)
            bad = ~np.isfinite(block).all(axis=1)
            if bad.any():
                raise ValueError(
                    f"{label}: frame {frames + int(bad.argmax()) + 1} holds a value "
                    "that is not finite; remove or repair it"
                )
            if data is None:
                shape, rows = (0, block.shape[1]), max(1, CHUNK_BYTES // (4 * block.shape[1]))
                rows = min(rows, max(len(block), LEAST_ROWS))  # chunks are stored whole
                data = group.create_dataset(
                    "features",
                    shape,
                    np.float32,
                    maxshape=(None, shape[1]),
                    chunks=(rows, shape[1]),
                    fletcher32=True,  # HDF5's own checksum: parts can be read alone
                )
            data.resize(frames + len(block), axis=0)
            data[frames:] = block
            self._overlaps.add(block)
            frames += len(block)
        if not frames:
            raise ValueError(f"{label}: there are no frames in it")
        return frames

    def describe(
        self,
        *,
        frame_interval: float,
        time_unit: str,
        feature_names: Sequence[str],
        periods: Sequence[float],
        checksum: str,
        state_labels: Sequence[int] = (),
        validation: Sequence[int] = (),
        sets: int = 1,
    ) -> None:
        """What the frames mean, when all are there; see `Features`.

        Parameters
        ----------
        frame_interval, time_unit, feature_names, periods
            As in `Features`.
        checksum : str
            Identifies the source.
        state_labels : sequence of int
            Those of discrete trajectories.
        validation : sequence of int
            Trajectories that validate, counted from 0; none for a choice by rule.
        sets : int
            Independent sets of equally many trajectories, one set after the other.

        Raises
        ------
        ValueError
            Naming two trajectories that share frames.
        """
        self._overlaps.check()
        attributes = self._h5.attrs
        attributes["frame_interval"] = frame_interval
        attributes["time_unit"] = time_unit
        attributes["feature_names"] = list(feature_names)
        attributes["periods"] = np.asarray(periods, np.float64)
        attributes["checksum"] = checksum
        attributes["state_labels"] = np.asarray(state_labels, np.int64)
        attributes["validation"] = np.asarray(validation, np.int64)
        attributes["sets"] = sets


@contextmanager
def feature_writer(path: Path | str) -> Iterator[FeatureWriter]:
    """A writer whose file takes its name only when all went well."""
    # In the latest format attributes may be large: proteins have thousands of feature names.
    with atomic_path(path) as temporary, h5py.File(temporary, "w", libver="latest") as h5:
        yield FeatureWriter(h5)


def write_features(
    path: Path | str, trajectories: Iterable[np.ndarray], **description: Any
) -> None:
    """Write whole trajectories, with the `description` of `FeatureWriter.describe`.

    Raises
    ------
    ValueError
        Naming trajectory and frame of the first value that is not finite.
    """
    with feature_writer(path) as writer:
        for values in trajectories:
            writer.add([values])
        writer.describe(**description)


@contextmanager
def open_features(path: Path | str) -> Iterator[Features]:
    """What `write_features` wrote; trajectories stay on disk and are read when they are sliced.

    Raises
    ------
    DamagedFileError
        If the file is not as it was written; also where a part is read within the context.
    """
    with reading(path) as h5:
        yield Features(
            trajectories=[group["features"] for group in by_number(h5)],
            frame_interval=float(h5.attrs["frame_interval"]),
            time_unit=str(h5.attrs["time_unit"]),
            feature_names=[str(n) for n in h5.attrs["feature_names"]],
            periods=np.asarray(h5.attrs["periods"]),
        )


def read_lengths(path: Path | str) -> list[int]:
    """Frames of each trajectory in a features file.

    Raises
    ------
    DamagedFileError
        If the file is not as it was written.
    """
    with reading(path) as h5:
        return [len(group["features"]) for group in by_number(h5)]


def read_state_labels(path: Path | str) -> list[int]:
    """Labels of the states in a features file made of discrete trajectories, else none.

    Raises
    ------
    DamagedFileError
        If the file is not as it was written.
    """
    with reading(path) as h5:
        return [int(label) for label in h5.attrs.get("state_labels", ())]


def read_validation(path: Path | str) -> list[int]:
    """Trajectories in a features file that validate, counted from 0; none for a choice by rule.

    Raises
    ------
    DamagedFileError
        If the file is not as it was written.
    """
    with reading(path) as h5:
        return [int(number) for number in h5.attrs.get("validation", ())]


def read_sets(path: Path | str) -> int:
    """Independent sets of trajectories in a features file; see `FeatureWriter.describe`.

    Raises
    ------
    DamagedFileError
        If the file is not as it was written.
    """
    with reading(path) as h5:
        return int(h5.attrs.get("sets", 1))

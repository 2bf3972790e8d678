"""Features -> coordinate -> states: fitted once on training frames, applied everywhere."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from raremd.data.features import Features, open_features
from raremd.io.storage import write_arrays
from raremd.kinetics.transition_matrix import count_matrix, largest_connected_set
from raremd.states.coordinates import Coordinate, CoordinateSettings, fit_coordinate
from raremd.states.cores import Cores, fit_cores
from raremd.states.geometry import chunk_rows, gather
from raremd.states.partition import Partition
from raremd.states.partition_methods import METHODS, GivenSettings, PartitionSettings, fit_partition
from raremd.states.split import Split, split_frames, take

log = logging.getLogger(__name__)

MAXIMUM_LEFT_OUT = 0.5
"""Share of the training frames outside the connected states from which a partition is refused."""
MAP_BINS = 100
MAP_FRAMES = 200_000
MAP_GRID = 10 * MAP_BINS
"""Values on so many grid points or fewer count as discrete: bins hold equally many of them."""
MAP_PERCENTILES = (0.05, 99.95)


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

    trajectory: np.ndarray
    start: int
    stop: int
    coordinate: Coordinate | None = None
    ndim: ClassVar[int] = 2

    @property
    def shape(self) -> tuple[int, int]:
        """Frames and columns."""
        columns = self.coordinate.dimension if self.coordinate else self.trajectory.shape[1]
        return len(self), columns

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, rows: slice) -> np.ndarray:
        start, stop, _ = rows.indices(len(self))
        if self.coordinate is None:
            return self.trajectory[self.start + start : self.start + stop]
        part = Frames(self.trajectory, self.start + start, self.start + stop)
        return self.coordinate.transform(part)


def partition_settings(
    partitions: dict[str, dict], name: str, frame: float, labels: Sequence[int] = ()
) -> PartitionSettings:
    """Settings object of a configured partition; lags become whole frames.

    `labels` are those of `features.read_state_labels`, for the states that data come with.
    """
    options = dict(partitions[name])
    cls = METHODS[options.pop("method")]
    if cls is GivenSettings:
        macrostates = read_map(options["map"], labels) if "map" in options else None
        return GivenSettings(tuple(labels), macrostates)
    if "microstates" in options:
        microstates = options["microstates"]
        options["microstates"] = partition_settings(partitions, microstates, frame, labels)
    if "lag" in options:
        options["lag"] = round(options["lag"] / frame)
    return cls(**options)


def read_map(path: Path | str, labels: Sequence[int]) -> tuple[int, ...]:
    """Macrostate of each label, from a text file with two columns: state and macrostate.

    Raises
    ------
    ValueError
        Naming the file and the line or state that is wrong.
    """
    macrostate: dict[int, int] = {}
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not a text file (byte {error.start} is no UTF-8; save it as such)"
        ) from error
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].replace(",", " ").split()
        if not words:
            continue
        if len(words) != 2 or not all(w.isdecimal() for w in words):
            raise ValueError(
                f"{path}: line {number}: expected a state and its macrostate, two whole numbers"
            )
        if int(words[0]) in macrostate:
            raise ValueError(f"{path}: line {number}: state {words[0]} is there twice")
        macrostate[int(words[0])] = int(words[1])
    missing = [label for label in labels if label not in macrostate]
    if missing:
        raise ValueError(f"{path}: state {missing[0]} of the trajectories is not in the map")
    return tuple(macrostate[label] for label in labels)


def coordinate_settings(options: dict[str, Any], frame: float) -> CoordinateSettings:
    """Settings object of a configured coordinate; the TICA lag becomes whole frames."""
    features = options.get("features")
    lag = options.get("tica_lag")
    return CoordinateSettings(
        features=tuple(features) if features else None,
        tica_dimension=options.get("tica_dimension"),
        tica_lag=None if lag is None else round(lag / frame),
    )


def fit_states(
    features: Path,
    reference: Path | None,
    coordinate: CoordinateSettings,
    partition: PartitionSettings,
    split: dict[str, float],
    seed: int,
    output: Path,
    core_fraction: float | None = None,
) -> None:
    """Fit coordinate and partition on the training frames and assign every frame.

    Parameters
    ----------
    features, reference : Path
        Feature files of the MD and, where there is one, of the separate reference.
    coordinate, partition : settings
    split : dict
        Keyword arguments of `split_frames`: validation_fraction and gap in frames.
    seed : int
        Of k-means.
    output : Path
        HDF5: coordinate/*, partition/*, md/*, reference/*, map/* (histogram for figures), and
        with `core_fraction` md_cores/*, reference_cores/*.
    core_fraction : float, optional
        Share of the training frames of each state that its core holds; no cores if left out.
    """
    arrays: dict[str, np.ndarray] = {}
    with open_features(features) as md:
        parts = split_frames([len(t) for t in md.trajectories], **split)
        _check_distinct(md.trajectories, parts)
        training = [Frames(md.trajectories[s.trajectory], s.start, s.stop) for s in parts.training]
        fitted = fit_coordinate(coordinate, training, md.feature_names, md.periods)
        training = [replace(frames, coordinate=fitted) for frames in training]
        states = fit_partition(partition, training, fitted.periods, seed)
        cores = None if core_fraction is None else fit_cores(states, training, core_fraction)
        arrays |= _assigned("md", md.trajectories, fitted, states, cores)
        arrays |= _map(training, states)
        if reference is not None:
            with open_features(reference) as other:
                _check_same(md, other, reference)
                arrays |= _assigned("reference", other.trajectories, fitted, states, cores)
    dtrajs = [arrays[f"md/{n:04d}"] for n in range(len(md.trajectories))]
    _check_visited(dtrajs, take(dtrajs, parts.training), states.n_states)
    _check_connected(take(dtrajs, parts.training), states.n_states)
    arrays |= {f"coordinate/{k}": v for k, v in fitted.to_arrays().items()}
    arrays |= {f"partition/{k}": v for k, v in states.to_arrays().items()}
    attributes = {
        "n_states": states.n_states,
        "dimension": fitted.dimension,
        "names": list(fitted.names),
        "training": [[s.trajectory, s.start, s.stop] for s in parts.training],
        "validation": [[s.trajectory, s.start, s.stop] for s in parts.validation],
    }
    write_arrays(output, arrays, attributes)


def _assigned(
    name: str,
    trajectories: Sequence[np.ndarray],
    coordinate: Coordinate,
    states: Partition,
    cores: Cores | None,
) -> dict[str, np.ndarray]:
    """State of every frame, and the core that it is in where there are cores."""
    arrays = {}
    for n, trajectory in enumerate(trajectories):
        frames = Frames(trajectory, 0, len(trajectory), coordinate)
        arrays[f"{name}/{n:04d}"] = states.assign(frames)
        if cores is not None:
            arrays[f"{name}_cores/{n:04d}"] = cores.label(frames)
    return arrays


def _check_distinct(trajectories: list[np.ndarray], split: Split) -> None:
    """No trajectory of the validation is a copy of one that is trained on."""
    digests = [_digest(trajectory) for trajectory in trajectories]
    training = {digests[s.trajectory]: s.trajectory for s in reversed(split.training)}
    for number in sorted({s.trajectory for s in split.validation}):
        twin = training.get(digests[number], number)
        if twin != number:
            first, second = sorted((twin + 1, number + 1))
            raise ValueError(
                f"trajectories {first} and {second} hold the same frames, one for training and one "
                "for validation; give each trajectory once"
            )


def _digest(trajectory: np.ndarray) -> bytes:
    """Fingerprint of all frames, read in chunks."""
    found, rows = hashlib.sha256(), chunk_rows(trajectory.shape[1])
    for start in range(0, len(trajectory), rows):
        found.update(np.ascontiguousarray(trajectory[start : start + rows]))
    return found.digest()


def _visits(dtrajs: list[np.ndarray], n_states: int) -> np.ndarray:
    return sum(np.bincount(dtraj, minlength=n_states) for dtraj in dtrajs)


def _check_visited(everything: list[np.ndarray], training: list[np.ndarray], n_states: int) -> None:
    """Each state occurs, and there is something to learn."""
    visits = _visits(training, n_states)
    visited = np.flatnonzero(visits)
    if len(visited) == 1:
        raise ValueError(
            f"partition: every training frame is in state {visited[0] + 1}, there is nothing to "
            "learn; change the states or give longer trajectories"
        )
    never = np.flatnonzero(_visits(everything, n_states) == 0)
    if len(never):
        raise ValueError(
            f"partition: no frame is in state {never[0] + 1}; is its definition in the units of "
            "the data (degrees or radians, nm)? Correct it or leave the state out"
        )
    if len(visited) < n_states:
        missing = ", ".join(str(s + 1) for s in np.flatnonzero(visits == 0))
        log.warning("partition: no training frame is in state %s", missing)


def _check_connected(training: list[np.ndarray], n_states: int) -> None:
    """Frames that kinetics would leave out: half of them is too much, fewer are reported."""
    visits = _visits(training, n_states)
    connected = largest_connected_set(count_matrix(training, n_states, 1))
    share = visits[connected].sum() / visits.sum()
    if 1 - share >= MAXIMUM_LEFT_OUT:
        raise ValueError(
            f"partition: the largest set of states that the training frames connect both ways has "
            f"{len(connected)} of {n_states} states and {share:.0%} of the frames; take fewer "
            "states, study the parts apart, or add trajectories that go between them"
        )
    if len(connected) < n_states:
        log.warning(
            "partition: %d of %d states, with %.2g %% of the training frames, are not connected "
            "both ways with the others; kinetics leaves them out",
            n_states - len(connected),
            n_states,
            100 * (1 - share),
        )


def _check_same(md: Features, reference: Features, path: Path) -> None:
    if md.feature_names != reference.feature_names or md.frame_interval != reference.frame_interval:
        raise ValueError(f"{path}: features or frame interval differ from those of the MD")


def bin_edges(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Edges of at most `MAP_BINS` equal bins, (n + 1,), so that a histogram has no false teeth.

    Values on a grid, such as a share of native contacts, would fall one into this bin and two
    into the next: there each bin holds the same whole number of grid points.

    Parameters
    ----------
    values : (n_frames,) float array
    low, high : float
        Range of the bins; with values on a grid, of the grid points in them.
    """
    distinct = np.unique(values[(values >= low) & (values <= high)]).astype(np.float64)
    if len(distinct) > 1:
        step = np.diff(distinct).min()
        place = (distinct - distinct[0]) / step
        points = round(place[-1]) + 1
        if points <= MAP_GRID and np.allclose(place, place.round(), rtol=1e-3, atol=1e-3):
            step = (distinct[-1] - distinct[0]) / (points - 1)
            each = -(-points // MAP_BINS)
            return distinct[0] + step * (each * np.arange(-(-points // each) + 1) - 0.5)
    return np.linspace(low, high, MAP_BINS + 1)


def _map(training: list[Frames], states: Partition) -> dict[str, np.ndarray]:
    """Histogram of the first two dimensions, and in up to two the state of each bin."""
    n_frames = sum(map(len, training))
    sample = gather(training, np.arange(0, n_frames, max(1, n_frames // MAP_FRAMES)))
    dimension = min(2, sample.shape[1])
    # A few frames far out would make the bins of all others too coarse.
    low, high = np.percentile(sample[:, :dimension], MAP_PERCENTILES, axis=0)
    edges = [bin_edges(sample[:, d], low[d], high[d]) for d in range(dimension)]
    counts, _ = np.histogramdd(sample[:, :dimension], bins=edges)
    arrays = {"map/counts": counts.astype(np.int64)}
    arrays |= {f"map/edges_{d}": edge for d, edge in enumerate(edges)}
    if sample.shape[1] <= 2:
        centers = [0.5 * (e[1:] + e[:-1]) for e in edges]
        grid = np.stack(np.meshgrid(*centers, indexing="ij"), axis=-1).reshape(-1, dimension)
        arrays["map/states"] = states.assign(grid).reshape(counts.shape)
    return arrays

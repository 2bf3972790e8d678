"""Features -> coordinate -> states: fitted once on training frames, applied everywhere."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from raremd.data.features import (
    Features,
    open_features,
    read_sets,
    read_state_labels,
    read_validation,
)
from raremd.io.storage import write_arrays
from raremd.kinetics.many_states import connected, sparse_counts
from raremd.states.coordinates import Coordinate, CoordinateSettings, fit_coordinate
from raremd.states.cores import Cores, fit_cores
from raremd.states.frames import Frames
from raremd.states.histogram import histogram
from raremd.states.partition import Partition
from raremd.states.partition_methods import PartitionSettings, fit_partition, with_labels
from raremd.states.split import pooled, split_sets, take

log = logging.getLogger(__name__)

MAXIMUM_LEFT_OUT = 0.5
"""Share of the training frames outside the connected states from which a partition is refused."""


@dataclass(frozen=True)
class StatesDefinition:
    """All that decides the states, beside the features.

    Attributes
    ----------
    coordinate : CoordinateSettings
    partition : PartitionSettings
    validation_fraction : float
        Share of the frames that validates; see `split_frames`.
    gap : int
        Frames left out between training and validation within one trajectory.
    seed : int
        Of k-means.
    core_fraction : float or None
        Share of the training frames of each state that its core holds; None for no cores.
    """

    coordinate: CoordinateSettings
    partition: PartitionSettings
    validation_fraction: float
    gap: int
    seed: int
    core_fraction: float | None = None


def fit_states(
    features: Path, reference: Path | None, definition: StatesDefinition, output: Path
) -> None:
    """Fit coordinate and partition on the training frames and assign every frame.

    Where there are independent sets of trajectories, they are fitted on the first, so that all
    replicates see the same states.

    Parameters
    ----------
    features, reference : Path
        Feature files of the MD and, where there is one, of the separate reference.
    definition : StatesDefinition
    output : Path
        HDF5: coordinate/*, partition/*, md/*, reference/*, map/* (histogram for figures), and
        with cores md_cores/*, reference_cores/*.
    """
    arrays: dict[str, np.ndarray] = {}
    partition = with_labels(definition.partition, tuple(read_state_labels(features)))
    with open_features(features) as md:
        lengths = [len(t) for t in md.trajectories]
        how = definition.validation_fraction, definition.gap, read_validation(features)
        sets = split_sets(lengths, *how, sets=read_sets(features))
        fitted_on = sets[0].training
        training = [Frames(md.trajectories[s.trajectory], s.start, s.stop) for s in fitted_on]
        fitted = fit_coordinate(definition.coordinate, training, md.feature_names, md.periods)
        training = [replace(frames, coordinate=fitted) for frames in training]
        states = fit_partition(partition, training, fitted.periods, definition.seed)
        share = definition.core_fraction
        cores = None if share is None else fit_cores(states, training, share)
        arrays |= _assigned("md", md.trajectories, fitted, states, cores)
        arrays |= histogram(training, states)
        if reference is not None:
            with open_features(reference) as other:
                _check_same(md, other, reference)
                arrays |= _assigned("reference", other.trajectories, fitted, states, cores)
    dtrajs = [arrays[f"md/{n:04d}"] for n in range(len(md.trajectories))]
    _check_visited(dtrajs, take(dtrajs, fitted_on), states.called)
    check_connected(take(dtrajs, fitted_on), states.n_states)
    parts = pooled(sets)
    arrays |= {f"coordinate/{k}": v for k, v in fitted.to_arrays().items()}
    arrays |= {f"partition/{k}": v for k, v in states.to_arrays().items()}
    attributes = {
        "n_states": states.n_states,
        "called": states.called.tolist(),
        "dimension": fitted.dimension,
        "names": list(fitted.names),
        "training": [[s.trajectory, s.start, s.stop] for s in parts.training],
        "validation": [[s.trajectory, s.start, s.stop] for s in parts.validation],
        "sets": len(sets),
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


def _visits(dtrajs: list[np.ndarray], n_states: int) -> np.ndarray:
    return np.sum([np.bincount(dtraj, minlength=n_states) for dtraj in dtrajs], axis=0)


def _check_visited(
    everything: list[np.ndarray], training: list[np.ndarray], called: np.ndarray
) -> None:
    """Each state occurs, and there is something to learn; states are named as the user does."""
    visits = _visits(training, len(called))
    visited = np.flatnonzero(visits)
    if len(visited) == 1:
        raise ValueError(
            f"partition: every training frame is in state {called[visited[0]]}, there is nothing "
            "to learn; change the states or give longer trajectories"
        )
    never = np.flatnonzero(_visits(everything, len(called)) == 0)
    if len(never):
        raise ValueError(
            f"partition: no frame is in state {called[never[0]]} (the first is {called[0]}); is "
            "its definition in the units of the data (degrees or radians, nm)? Correct it or "
            "leave the state out"
        )
    if len(visited) < len(called):
        missing = ", ".join(map(str, called[visits == 0]))
        log.warning("partition: no training frame is in state %s", missing)


def check_connected(training: list[np.ndarray], n_states: int, name: str = "partition") -> None:
    """Frames that kinetics would leave out: half of them is too much, fewer are reported.

    Parameters
    ----------
    training : list of (n_frames,) int arrays
    n_states : int
    name : str
        What messages call them.

    Raises
    ------
    ValueError
        If half of the frames are not connected both ways with the others.
    """
    visits = _visits(training, n_states)
    kept = connected(sparse_counts(training, n_states, 1))
    share = visits[kept].sum() / visits.sum()
    if 1 - share >= MAXIMUM_LEFT_OUT:
        raise ValueError(
            f"{name}: the largest set of states that the training frames connect both ways has "
            f"{len(kept)} of {n_states} states and {share:.0%} of the frames; take fewer "
            "states, study the parts apart, or add trajectories that go between them"
        )
    if len(kept) < n_states:
        log.warning(
            "%s: %d of %d states, with %.2g %% of the training frames, are not connected "
            "both ways with the others; kinetics leaves them out",
            name,
            n_states - len(kept),
            n_states,
            100 * (1 - share),
        )


def _check_same(md: Features, reference: Features, path: Path) -> None:
    if md.feature_names != reference.feature_names or md.frame_interval != reference.frame_interval:
        raise ValueError(f"{path}: features or frame interval differ from those of the MD")

"""Trajectories that come with the project: their compact files, and how simulations fill them.

A file holds blocks of small integers, one data set a kind of feature, and as the attribute
`provenance` (JSON) how it was made, the names of the features and the unit of each block. The
columns are those of the blocks in the order of `BLOCKS`.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import h5py
import numpy as np

from raremd.io.storage import atomic_path

log = logging.getLogger(__name__)

FRAMES_PER_PART = 10_000

INTERVAL = "saving_interval_"
"""Start of a key of the provenance, which goes on with the unit."""
# Data set: key of its unit in the provenance, period of its columns (0: none).
BLOCKS = {
    "dihedrals": ("dihedral_unit_degree", 360.0),
    "distances": ("distance_unit_nm", 0.0),
    "fractions": ("fraction_unit", 0.0),
}


class Blocks(NamedTuple):
    """Frames as small integers, each block (n_frames, n_columns); None where there is none."""

    dihedrals: np.ndarray | None = None
    distances: np.ndarray | None = None
    fractions: np.ndarray | None = None

    def present(self) -> dict[str, np.ndarray]:
        """The blocks that are there, by name."""
        return {name: block for name, block in self._asdict().items() if block is not None}


class CompactTrajectory(NamedTuple):
    """One trajectory that came with the project.

    Attributes
    ----------
    features : (n_frames, n_features) float32
        Dihedrals in degrees, then distances in nm, then fractions.
    periods : (n_features,) float64
        360 for dihedrals, 0 for what is not periodic.
    feature_names : list of str
    saving_interval : float
        Time between two frames.
    time_unit : str
    """

    features: np.ndarray
    periods: np.ndarray
    feature_names: list[str]
    saving_interval: float
    time_unit: str


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a file says of how it was made; a simulator adds its own.

    It must add the unit of other blocks, see `BLOCKS`, and the time between two frames as
    ``saving_interval_{unit}``.

    Attributes
    ----------
    feature_names : list of str
    dihedral_unit_degree : float
    """

    feature_names: list[str]
    dihedral_unit_degree: float


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Everything that decides a trajectory; a simulator adds its own to the seed."""

    seed: int


class Simulation(Protocol):
    """What `record` needs of a simulator; made from its settings and a seed alone."""

    @property
    def identity(self) -> Identity:
        """Everything that decides the trajectory."""

    def start(self) -> None:
        """Prepare and equilibrate; then the first frame can be sampled."""

    def checkpoint(self) -> bytes:
        """All that `restore` needs to go on with the same bytes."""

    def restore(self, checkpoint: bytes) -> None:
        """Instead of `start`: go on from a checkpoint."""

    def sample(self, n_frames: int) -> Blocks:
        """Integers of the next frames."""

    def origin(self) -> Origin:
        """How the trajectory is made."""


def steps_per_frame(saving_interval: float, timestep: float, unit: str) -> int:
    """Integration steps between two saved frames.

    Parameters
    ----------
    saving_interval, timestep : float
        Both in `unit`.
    unit : str
        Time unit, as in the name of the setting ``saving_interval_{unit}``.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the saving interval is not a whole multiple of the time step.
    """
    steps = saving_interval / timestep
    if abs(steps - round(steps)) > 1e-9 * max(steps, 1.0) or round(steps) < 1:
        raise ValueError(
            f"saving_interval_{unit}: {saving_interval} {unit} is not a whole multiple of the "
            f"time step of {timestep} {unit}"
        )
    return round(steps)


def quantised(values: np.ndarray, unit: float, dtype: type, what: str) -> np.ndarray:
    """Whole multiples of a unit, refused where they do not fit.

    Parameters
    ----------
    values : float array
    unit : float
        Resolution, in the unit of the values.
    dtype : integer type
        Of the result.
    what : str
        What the values are, with their unit, for the error.

    Returns
    -------
    integer array of the same shape

    Raises
    ------
    ValueError
        If a value is not finite or too large for the type.
    """
    steps, limits = np.rint(values / unit), np.iinfo(dtype)
    # Written so that NaN is refused too.
    if steps.size and not (steps.min() >= limits.min and steps.max() <= limits.max):
        raise ValueError(f"a {what} is not within {limits.min * unit:g} to {limits.max * unit:g}")
    return steps.astype(dtype)


def record(simulation: Simulation, n_frames: int, output: Path) -> None:
    """One trajectory, written as compact integers; resumes from the last finished part.

    Parameters
    ----------
    simulation : Simulation
    n_frames : int
        Frames to save; a whole multiple of FRAMES_PER_PART.
    output : Path
        HDF5 file; parts and checkpoints stand beside it until it is complete.

    Raises
    ------
    ValueError
        If the frames do not fill parts, or parts of another simulation are in the way.
    """
    if n_frames < FRAMES_PER_PART or n_frames % FRAMES_PER_PART:
        raise ValueError(f"n_frames: {n_frames} is not a whole multiple of {FRAMES_PER_PART}")
    output = Path(output)
    parts = output.with_suffix(".parts")
    parts.mkdir(parents=True, exist_ok=True)
    identity, wanted = parts / "identity.json", json.dumps(asdict(simulation.identity))
    if identity.exists() and identity.read_text(encoding="utf-8") != wanted:
        raise ValueError(f"{parts}: parts of another simulation; delete the folder and run again")
    identity.write_text(wanted, encoding="utf-8")

    n_parts = n_frames // FRAMES_PER_PART
    done = sorted(parts.glob("part_*.npz"))
    if len(done) < n_parts:
        if done:
            simulation.restore(done[-1].with_suffix(".chk").read_bytes())
        else:
            simulation.start()
    for number in range(len(done), n_parts):
        path = parts / f"part_{number:04d}.npz"
        blocks = simulation.sample(FRAMES_PER_PART)
        with atomic_path(path.with_suffix(".chk")) as temporary:
            temporary.write_bytes(simulation.checkpoint())
        with atomic_path(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **blocks.present())
        log.info("%s: part %d of %d", output.name, number + 1, n_parts)

    columns: dict[str, list[np.ndarray]] = {name: [] for name in BLOCKS}
    for path in sorted(parts.glob("part_*.npz"))[:n_parts]:
        with np.load(path, allow_pickle=False) as part:
            for name in part.files:
                columns[name].append(part[name])
    write_compact(
        output,
        Blocks(**{name: np.concatenate(blocks) for name, blocks in columns.items() if blocks}),
        simulation.origin(),
    )
    for leftover in parts.iterdir():
        os.remove(leftover)
    parts.rmdir()


def write_compact(output: Path, blocks: Blocks, origin: Origin) -> None:
    """The compact file of one trajectory; blocks without columns are left out.

    Parameters
    ----------
    output : Path
    blocks : Blocks
    origin : Origin
    """
    with atomic_path(output) as temporary, h5py.File(temporary, "w", track_order=False) as h5:
        for name, block in blocks.present().items():
            if block.shape[1]:
                h5.create_dataset(
                    name,
                    data=block,
                    chunks=(FRAMES_PER_PART, 1),
                    compression="gzip",
                    compression_opts=9,
                    shuffle=True,
                )
        h5.attrs["provenance"] = json.dumps(asdict(origin), sort_keys=True)


def read_compact(path: Path | str) -> CompactTrajectory:
    """Features of one trajectory.

    Parameters
    ----------
    path : Path
        File written by `write_compact`.

    Returns
    -------
    CompactTrajectory

    Raises
    ------
    ValueError
        If the file is not of this kind.
    """
    columns: list[np.ndarray] = []
    periods: list[float] = []
    try:
        with h5py.File(path) as h5:
            provenance = json.loads(h5.attrs["provenance"])
            for name, (unit, period) in BLOCKS.items():
                if name in h5:
                    columns.append(h5[name][...] * np.float32(provenance[unit]))
                    periods += [period] * columns[-1].shape[1]
            if not columns:
                raise KeyError(f"no data set {', '.join(BLOCKS)}")
            names = provenance["feature_names"]
            key = next((key for key in provenance if key.startswith(INTERVAL)), INTERVAL)
            interval = provenance[key]
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{path}: not a trajectory of this project ({error})") from error
    features = np.concatenate(columns, axis=1, dtype=np.float32)
    unit = key.removeprefix(INTERVAL)
    return CompactTrajectory(features, np.array(periods), names, interval, unit)

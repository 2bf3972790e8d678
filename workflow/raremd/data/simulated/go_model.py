"""Folding trajectories of a small protein in a C-alpha structure-based model, as compact integers.

The model itself is in `go_forces`.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np

from raremd.data.embedded import Blocks, Identity, Origin, quantised, record, steps_per_frame
from raremd.data.simulated.go_forces import (
    GoModel,
    advance,
    build_model,
    dihedral_angles,
    pair_distances,
)

FORMED = 1.2  # a contact is formed below so many times its native distance

SKIN = 0.45  # by which the neighbour list reaches further than the repulsion

EQUILIBRATION_TAU = 2000.0  # some six times the slowest timescale at kT = 0.96
EVERY = 4  # of the contacts and of the dihedrals, the share that is saved
DIHEDRAL_RESOLUTION_DEGREE = 3.0
DISTANCE_RESOLUTION_NM = 0.05


@dataclass(frozen=True)
class GoSettings:
    """How the model is simulated; with the native structure and a seed, all that decides it.

    Attributes
    ----------
    temperature : float
        kT in units of the contact energy.
    friction_per_tau, timestep_tau : float
        Langevin (middle scheme) parameters.
    saving_interval_tau : float
        Time between saved frames; a whole multiple of the time step.
    """

    temperature: float = 0.96
    friction_per_tau: float = 0.2
    timestep_tau: float = 0.004
    saving_interval_tau: float = 1.0

    @property
    def steps_per_frame(self) -> int:
        """Integration steps between two saved frames."""
        return steps_per_frame(self.saving_interval_tau, self.timestep_tau, "tau")


@dataclass(frozen=True, kw_only=True)
class GoIdentity(GoSettings, Identity):
    """Everything that decides a trajectory of a Go model; `native` in nm."""

    native: list[list[float]]


@dataclass(frozen=True, kw_only=True)
class GoOrigin(GoSettings, Origin):
    """How a trajectory of a Go model was made."""

    model: str = "C-alpha structure-based model, 12-10 contacts (Clementi et al. 2000)"
    sequence: str
    contacts: int
    integrator: str = "Langevin, middle scheme"
    equilibration_tau: float
    seed: int
    numpy: str = np.__version__
    numba: str = numba.__version__
    distance_unit_nm: float = DISTANCE_RESOLUTION_NM
    fraction_unit: float


def read_native(path: Path | str) -> tuple[str, np.ndarray]:
    """Sequence and C-alpha positions of a native structure.

    Parameters
    ----------
    path : Path
        CSV file with the columns residue (one letter), x_nm, y_nm, z_nm.

    Returns
    -------
    sequence : str
    positions : (n, 3) float64
        In nm.
    """
    sequence = np.loadtxt(path, dtype=str, delimiter=",", skiprows=1, usecols=0)
    positions = np.loadtxt(path, delimiter=",", skiprows=1, usecols=(1, 2, 3))
    return "".join(sequence), positions


def formed_contacts(positions: np.ndarray, model: GoModel) -> np.ndarray:
    """Number of native contacts that are formed: Q of folding, times their total number.

    Parameters
    ----------
    positions : (..., n, 3) float array
        In nm.
    model : GoModel

    Returns
    -------
    (...,) int array
    """
    reach = FORMED * np.sqrt(model.contact_squares)
    return (pair_distances(positions, model.contacts) < reach).sum(-1)


def feature_names(sequence: str, model: GoModel) -> list[str]:
    """Names in column order: dihedrals by their first residue, distances, Q; counted from 1."""

    def label(i: int) -> str:
        return f"{sequence[i]}{i + 1}"

    dihedrals = [f"dihedral {label(i)}" for i in range(0, len(model.dihedrals), EVERY)]
    distances = [f"distance {label(i)}-{label(j)}" for i, j in model.contacts[::EVERY]]
    return [*dihedrals, *distances, "Q"]


def quantise(positions: np.ndarray, model: GoModel) -> Blocks:
    """Every EVERY-th dihedral and native contact, and the fraction of all native contacts.

    Contacts ascend by their residues, so that a regular choice is spread over the contact map.

    Parameters
    ----------
    positions : (n_frames, n, 3) float array
        In nm.
    model : GoModel

    Returns
    -------
    Blocks
        dihedrals (n_frames, n_dihedrals) int8 in DIHEDRAL_RESOLUTION_DEGREE, distances
        (n_frames, n_distances) uint8 in DISTANCE_RESOLUTION_NM, fractions (n_frames, 1) uint8 in
        shares of one contact.

    Raises
    ------
    ValueError
        If the integration has failed or a distance is too long for a byte.
    """
    angles = np.degrees(dihedral_angles(positions)[:, ::EVERY])
    distances = pair_distances(positions, model.contacts[::EVERY])
    return Blocks(
        quantised(angles, DIHEDRAL_RESOLUTION_DEGREE, np.int8, "dihedral in degrees"),
        quantised(distances, DISTANCE_RESOLUTION_NM, np.uint8, "distance in nm"),
        quantised(formed_contacts(positions, model)[:, None], 1, np.uint8, "count"),
    )


class GoSimulation:
    """One trajectory of the model, for `raremd.data.embedded.record`.

    Parameters
    ----------
    settings : GoSettings
    sequence : str
        One letter a residue; for the names of the features.
    native : (n, 3) float64
        C-alpha positions in nm; the trajectory starts there.
    seed : int
        Of the initial velocities and the noise.
    """

    def __init__(self, settings: GoSettings, sequence: str, native: np.ndarray, seed: int) -> None:
        self._settings, self._sequence, self._seed = settings, sequence, seed
        self._model = build_model(native)
        self._generator = np.random.default_rng(seed)
        self._position = native.copy()
        self._velocity = np.zeros_like(native)
        self.identity = GoIdentity(**vars(settings), seed=seed, native=native.tolist())

    def _next_frame(self) -> np.ndarray:
        options = self._settings
        noise = self._generator.standard_normal((options.steps_per_frame, *self._position.shape))
        constants = options.temperature, options.friction_per_tau, options.timestep_tau
        advance(self._position, self._velocity, noise, self._model, constants, SKIN)
        return self._position

    def start(self) -> None:
        """Thermal velocities at the native structure, then equilibration."""
        thermal = self._generator.standard_normal(self._velocity.shape)
        self._velocity = math.sqrt(self._settings.temperature) * thermal
        for _ in range(round(EQUILIBRATION_TAU / self._settings.saving_interval_tau)):
            self._next_frame()

    def checkpoint(self) -> bytes:
        """Positions, velocities and the generator; JSON keeps every bit of a float."""
        state = {
            "position": self._position.tolist(),
            "velocity": self._velocity.tolist(),
            "generator": self._generator.bit_generator.state,
        }
        return json.dumps(state).encode()

    def restore(self, checkpoint: bytes) -> None:
        """Go on from a checkpoint."""
        state = json.loads(checkpoint)
        self._position = np.array(state["position"])
        self._velocity = np.array(state["velocity"])
        self._generator.bit_generator.state = state["generator"]

    def sample(self, n_frames: int) -> Blocks:
        """Integers of the next frames, by block, as `quantise` gives them."""
        frames = np.empty((n_frames, *self._position.shape))
        for frame in frames:
            frame[:] = self._next_frame()
        return quantise(frames, self._model)

    def origin(self) -> GoOrigin:
        """How the trajectory is made."""
        return GoOrigin(
            **vars(self._settings),
            sequence=self._sequence,
            contacts=len(self._model.contacts),
            equilibration_tau=EQUILIBRATION_TAU,
            seed=self._seed,
            feature_names=feature_names(self._sequence, self._model),
            dihedral_unit_degree=DIHEDRAL_RESOLUTION_DEGREE,
            fraction_unit=1 / len(self._model.contacts),
        )


def simulate(
    settings: GoSettings, native: Path | str, n_frames: int, seed: int, output: Path
) -> None:
    """One trajectory of a protein, written as compact integers; resumable.

    Parameters
    ----------
    settings : GoSettings
    native : Path
        Native structure, for `read_native`.
    n_frames : int
        Frames to save; a whole multiple of `embedded.FRAMES_PER_PART`.
    seed : int
    output : Path
        HDF5 file.
    """
    record(GoSimulation(settings, *read_native(native), seed), n_frames, output)

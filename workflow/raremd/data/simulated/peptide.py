"""Capped alanine peptides, simulated with OpenMM in implicit solvent.

The topology is built from ideal internal coordinates (no structure file), the
solvent is OBC2 through OpenMM's built-in ``GBSAOBCForce``, which on the
Reference platform is many times faster for a few tens of atoms than the
equivalent ``CustomGBForce``.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import mdtraj
import networkx as nx
import numpy as np
import openmm
from openmm import app, unit
from openmm.app.internal.customgbforces import GBSAOBC2Force

from raremd.data.embedded import Blocks, Identity, Origin, quantised, record, steps_per_frame

DIHEDRAL_RESOLUTION_DEGREE = 0.1
DISTANCE_RESOLUTION_NM = 0.005
EQUILIBRATION_PS = 500.0


@dataclass(frozen=True)
class PeptideSettings:
    """What is simulated; everything that decides the trajectory but its seed.

    Attributes
    ----------
    n_residues : int
        Alanines between the acetyl and the N-methyl cap.
    temperature_kelvin, friction_per_ps, timestep_fs : float
        Langevin (middle scheme) parameters.
    hydrogen_mass_amu : float
        Mass moved from the heavy atoms to each hydrogen.
    saving_interval_ps : float
        Time between saved frames; a whole multiple of the time step.
    force_field : str
        OpenMM force-field file.
    """

    n_residues: int = 1
    temperature_kelvin: float = 450.0
    friction_per_ps: float = 1.0
    timestep_fs: float = 4.0
    hydrogen_mass_amu: float = 4.0
    saving_interval_ps: float = 0.2
    force_field: str = "amber99sbildn.xml"

    @property
    def steps_per_frame(self) -> int:
        """Integration steps between two saved frames."""
        return steps_per_frame(self.saving_interval_ps, self.timestep_fs / 1000.0, "ps")


@dataclass(frozen=True, kw_only=True)
class PeptideIdentity(PeptideSettings, Identity):
    """Everything that decides a trajectory of a peptide."""

    distances: bool


@dataclass(frozen=True, kw_only=True)
class PeptideOrigin(PeptideSettings, Origin):
    """How a trajectory of a peptide was made."""

    molecule: str
    solvent: str = "OBC2 (GBSAOBCForce), no cutoff"
    constraints: str = "HBonds"
    integrator: str = "LangevinMiddleIntegrator"
    equilibration_ps: float
    seed: int
    openmm: str = openmm.__version__
    platform: str = "Reference"
    distance_unit_nm: float = DISTANCE_RESOLUTION_NM


def _place(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, length: float, angle: float, dihedral: float
) -> np.ndarray:
    """Fourth atom at `length` from c, with angle b-c-d and dihedral a-b-c-d in degrees."""
    angle, dihedral = np.radians(angle), np.radians(dihedral)
    along = (c - b) / np.linalg.norm(c - b)
    normal = np.cross(b - a, along)
    normal /= np.linalg.norm(normal)
    third = np.cross(normal, along)
    return c + length * (
        -np.cos(angle) * along
        + np.sin(angle) * np.cos(dihedral) * third
        + np.sin(angle) * np.sin(dihedral) * normal
    )


def build_peptide(
    n_residues: int, force_field: app.ForceField, phi: float = -80.0, psi: float = 150.0
) -> app.Modeller:
    """Ace-(Ala)n-Nme with hydrogens, L-alanine, trans peptide bonds.

    Parameters
    ----------
    n_residues : int
        Number of alanines.
    force_field : openmm.app.ForceField
        Used to place the hydrogens.
    phi, psi : float
        Backbone dihedrals of every residue, in degrees.

    Returns
    -------
    openmm.app.Modeller
        Topology and positions.
    """
    xyz: dict[tuple[int, str], np.ndarray] = {}
    xyz[0, "CH3"] = np.zeros(3)
    xyz[0, "C"] = np.array([0.1522, 0.0, 0.0])
    xyz[0, "O"] = _place(np.array([0.0, 1.0, 0.0]), xyz[0, "CH3"], xyz[0, "C"], 0.1229, 120.4, 0.0)
    for k in range(1, n_residues + 2):
        carbonyl, alpha = xyz[k - 1, "C"], xyz[k - 1, "CH3" if k == 1 else "CA"]
        before = xyz[0, "O"] if k == 1 else xyz[k - 1, "N"]
        # Opposite to the oxygen in the cap; in the chain this dihedral is psi.
        xyz[k, "N"] = _place(before, alpha, carbonyl, 0.1335, 116.6, 180.0 if k == 1 else psi)
        next_alpha = _place(alpha, carbonyl, xyz[k, "N"], 0.1449, 121.9, 180.0)
        if k == n_residues + 1:
            xyz[k, "C"] = next_alpha  # amber's name of the methyl carbon in NME
            break
        xyz[k, "CA"] = next_alpha
        xyz[k, "CB"] = _place(carbonyl, xyz[k, "N"], next_alpha, 0.1526, 109.7, phi - 122.6)
        xyz[k, "C"] = _place(carbonyl, xyz[k, "N"], next_alpha, 0.1522, 110.1, phi)
        xyz[k, "O"] = _place(xyz[k, "N"], next_alpha, xyz[k, "C"], 0.1229, 120.4, psi + 180.0)

    topology = app.Topology()
    chain = topology.addChain()
    positions = []
    for k, residue_name in enumerate(["ACE", *["ALA"] * n_residues, "NME"]):
        residue = topology.addResidue(residue_name, chain)
        for (number, name), position in xyz.items():
            if number == k:
                topology.addAtom(name, app.Element.getBySymbol(name[0]), residue)
                positions.append(openmm.Vec3(*position))
    topology.createStandardBonds()
    modeller = app.Modeller(topology, positions * unit.nanometer)
    # OpenMM puts hydrogens at random before it relaxes them, from Python's global generator and
    # on the fastest platform: unless both are fixed, no seed gives the same trajectory again.
    state = random.getstate()
    random.seed(0)
    try:
        modeller.addHydrogens(force_field, platform=openmm.Platform.getPlatformByName("Reference"))
    finally:
        random.setstate(state)
    return modeller


def create_system(
    topology: app.Topology, force_field: app.ForceField, settings: PeptideSettings
) -> openmm.System:
    """Force field without cutoff plus OBC2 (Onufriev, Bashford, Case 2004), constrained X-H."""
    system = force_field.createSystem(
        topology,
        nonbondedMethod=app.NoCutoff,
        constraints=app.HBonds,
        hydrogenMass=settings.hydrogen_mass_amu * unit.amu,
    )
    nonbonded = next(f for f in system.getForces() if isinstance(f, openmm.NonbondedForce))
    nonbonded.setReactionFieldDielectric(1.0)
    solvent = openmm.GBSAOBCForce()
    solvent.setSolventDielectric(78.5)
    solvent.setSoluteDielectric(1.0)
    solvent.setNonbondedMethod(openmm.GBSAOBCForce.NoCutoff)
    for i, (radius, scale, *_) in enumerate(GBSAOBC2Force.getStandardParameters(topology)):
        solvent.addParticle(nonbonded.getParticleParameters(i)[0], radius, scale)
    system.addForce(solvent)
    return system


def torsion_dependent_pairs(topology: mdtraj.Topology) -> np.ndarray:
    """Heavy-atom pairs at least four bonds apart, shape (n_pairs, 2).

    Closer pairs depend on bonds, angles or a single torsion and add only fast noise.
    """
    heavy = [a.index for a in topology.atoms if a.element.symbol != "H"]
    graph = nx.Graph((a.index, b.index) for a, b in topology.bonds)
    bonds = dict(nx.all_pairs_shortest_path_length(graph))
    return np.array([(i, j) for i in heavy for j in heavy if i < j and bonds[i][j] >= 4])


def feature_names(topology: mdtraj.Topology, n_residues: int, pairs: np.ndarray) -> list[str]:
    """Names in column order: phi and psi by residue, then distances."""

    def label(index: int) -> str:
        atom = topology.atom(index)
        return f"{atom.residue.name}{atom.residue.index}:{atom.name}"

    names = [f"{angle}{k}" for k in range(1, n_residues + 1) for angle in ("phi", "psi")]
    if n_residues == 1:
        names = ["phi", "psi"]
    return names + [f"distance {label(i)}-{label(j)}" for i, j in pairs]


def quantise(xyz: np.ndarray, topology: mdtraj.Topology, pairs: np.ndarray) -> Blocks:
    """Dihedrals in tenths of a degree and distances in steps of 0.005 nm.

    Parameters
    ----------
    xyz : (n_frames, n_atoms, 3) array
        Positions in nm.
    topology : mdtraj.Topology
    pairs : (n_pairs, 2) int array

    Returns
    -------
    Blocks
        dihedrals (n_frames, 2 n_residues) int16, phi and psi of each residue in turn, and
        distances (n_frames, n_pairs) uint8.

    Raises
    ------
    ValueError
        If the integration has failed or a distance is too long for a byte.
    """
    trajectory = mdtraj.Trajectory(xyz.astype(np.float32), topology)
    phi, psi = mdtraj.compute_phi(trajectory)[1], mdtraj.compute_psi(trajectory)[1]
    angles = np.stack([phi, psi], axis=2).reshape(len(xyz), -1)
    distances = mdtraj.compute_distances(trajectory, pairs)
    return Blocks(
        quantised(np.degrees(angles), DIHEDRAL_RESOLUTION_DEGREE, np.int16, "dihedral in degrees"),
        quantised(distances, DISTANCE_RESOLUTION_NM, np.uint8, "distance in nm"),
    )


class PeptideSimulation:
    """One trajectory of a peptide, for `raremd.data.embedded.record`.

    Parameters
    ----------
    settings : PeptideSettings
    seed : int
        Of the initial velocities and the Langevin noise.
    with_distances : bool
        Store the heavy-atom distances too.
    """

    def __init__(self, settings: PeptideSettings, seed: int, with_distances: bool) -> None:
        self._settings, self._seed = settings, seed
        force_field = app.ForceField(settings.force_field)
        modeller = build_peptide(settings.n_residues, force_field)
        self._start_at = modeller.positions
        self._topology = mdtraj.Topology.from_openmm(modeller.topology)
        none = np.empty((0, 2), int)
        self._pairs = torsion_dependent_pairs(self._topology) if with_distances else none
        self._integrator = openmm.LangevinMiddleIntegrator(
            settings.temperature_kelvin * unit.kelvin,
            settings.friction_per_ps / unit.picosecond,
            settings.timestep_fs * unit.femtosecond,
        )
        self._integrator.setRandomNumberSeed(seed)
        self._context = openmm.Context(
            create_system(modeller.topology, force_field, settings),
            self._integrator,
            openmm.Platform.getPlatformByName("Reference"),
        )
        self.identity = PeptideIdentity(**vars(settings), seed=seed, distances=with_distances)

    def start(self) -> None:
        """Minimisation, thermal velocities, equilibration."""
        self._context.setPositions(self._start_at)
        openmm.LocalEnergyMinimizer.minimize(self._context, 10, 200)
        temperature = self._settings.temperature_kelvin * unit.kelvin
        self._context.setVelocitiesToTemperature(temperature, self._seed)
        self._integrator.step(round(EQUILIBRATION_PS * 1000 / self._settings.timestep_fs))

    def checkpoint(self) -> bytes:
        """OpenMM's own, with the state of its random numbers."""
        return self._context.createCheckpoint()

    def restore(self, checkpoint: bytes) -> None:
        """Go on from a checkpoint."""
        self._context.loadCheckpoint(checkpoint)

    def sample(self, n_frames: int) -> Blocks:
        """Integers of the next frames, by block, as `quantise` gives them."""
        xyz = np.empty((n_frames, self._topology.n_atoms, 3), np.float32)
        for frame in xyz:
            self._integrator.step(self._settings.steps_per_frame)
            state = self._context.getState(positions=True)
            frame[:] = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
        return quantise(xyz, self._topology, self._pairs)

    def origin(self) -> PeptideOrigin:
        """How the trajectory is made."""
        n_residues = self._settings.n_residues
        return PeptideOrigin(
            **vars(self._settings),
            molecule=f"Ace-(Ala){n_residues}-Nme",
            equilibration_ps=EQUILIBRATION_PS,
            seed=self._seed,
            feature_names=feature_names(self._topology, n_residues, self._pairs),
            dihedral_unit_degree=DIHEDRAL_RESOLUTION_DEGREE,
        )


def simulate(
    settings: PeptideSettings, n_frames: int, seed: int, output: Path, with_distances: bool
) -> None:
    """One trajectory, written as compact integers; resumes from the last finished part.

    Parameters
    ----------
    settings : PeptideSettings
    n_frames : int
        Frames to save; a whole multiple of `embedded.FRAMES_PER_PART`.
    seed : int
        Of the initial velocities and the Langevin noise.
    output : Path
        HDF5 file.
    with_distances : bool
        Store the heavy-atom distances too.
    """
    record(PeptideSimulation(settings, seed, with_distances), n_frames, output)

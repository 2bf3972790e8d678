"""Capped alanine peptides, simulated with OpenMM in implicit solvent.

The topology is built from ideal internal coordinates (no structure file), the
solvent is OBC2 through OpenMM's built-in ``GBSAOBCForce``, which on the
Reference platform is many times faster for a few tens of atoms than the
equivalent ``CustomGBForce``.
"""

from __future__ import annotations

import json
import logging
import os
import random
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import mdtraj
import networkx as nx
import numpy as np
import openmm
from openmm import app, unit
from openmm.app.internal.customgbforces import GBSAOBC2Force

from raremd.storage import atomic_path

log = logging.getLogger(__name__)

DIHEDRAL_RESOLUTION_DEGREE = 0.1
DISTANCE_RESOLUTION_NM = 0.005
EQUILIBRATION_PS = 500.0
FRAMES_PER_PART = 10_000


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
        steps = self.saving_interval_ps * 1000.0 / self.timestep_fs
        if abs(steps - round(steps)) > 1e-9 or round(steps) < 1:
            raise ValueError(
                f"saving_interval_ps: {self.saving_interval_ps} ps is not a whole multiple of "
                f"the time step of {self.timestep_fs} fs"
            )
        return round(steps)


def _place(a, b, c, length, angle, dihedral):
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

    Closer pairs hang on bonds, angles or a single torsion and add only fast noise.
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


def quantise(
    xyz: np.ndarray, topology: mdtraj.Topology, pairs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Dihedrals in tenths of a degree and distances in steps of 0.005 nm.

    Parameters
    ----------
    xyz : (n_frames, n_atoms, 3) array
        Positions in nm.
    topology : mdtraj.Topology
    pairs : (n_pairs, 2) int array

    Returns
    -------
    dihedrals : (n_frames, 2 n_residues) int16
        phi and psi of each residue in turn.
    distances : (n_frames, n_pairs) uint8
    """
    trajectory = mdtraj.Trajectory(xyz.astype(np.float32), topology)
    phi, psi = mdtraj.compute_phi(trajectory)[1], mdtraj.compute_psi(trajectory)[1]
    angles = np.stack([phi, psi], axis=2).reshape(len(xyz), -1)
    dihedrals = np.rint(np.degrees(angles) / DIHEDRAL_RESOLUTION_DEGREE).astype(np.int16)
    steps = np.rint(mdtraj.compute_distances(trajectory, pairs) / DISTANCE_RESOLUTION_NM)
    if steps.size and steps.max() > 255:
        raise ValueError("a distance exceeds what one byte of 0.005 nm holds (1.275 nm)")
    return dihedrals, steps.astype(np.uint8)


def simulate(
    settings: PeptideSettings, n_frames: int, seed: int, output: Path, with_distances: bool
) -> None:
    """One trajectory, written as compact integers; resumes from the last finished part.

    Parameters
    ----------
    settings : PeptideSettings
    n_frames : int
        Frames to save; a whole multiple of 10,000.
    seed : int
        Of the initial velocities and the Langevin noise.
    output : Path
        HDF5 file; parts and the OpenMM checkpoint stand beside it until it is complete.
    with_distances : bool
        Store the heavy-atom distances too.
    """
    if n_frames < FRAMES_PER_PART or n_frames % FRAMES_PER_PART:
        raise ValueError(f"n_frames: {n_frames} is not a whole multiple of {FRAMES_PER_PART}")
    output = Path(output)
    parts = output.with_suffix(".parts")
    parts.mkdir(parents=True, exist_ok=True)

    force_field = app.ForceField(settings.force_field)
    modeller = build_peptide(settings.n_residues, force_field)
    topology = mdtraj.Topology.from_openmm(modeller.topology)
    pairs = torsion_dependent_pairs(topology) if with_distances else np.empty((0, 2), int)
    system = create_system(modeller.topology, force_field, settings)
    integrator = openmm.LangevinMiddleIntegrator(
        settings.temperature_kelvin * unit.kelvin,
        settings.friction_per_ps / unit.picosecond,
        settings.timestep_fs * unit.femtosecond,
    )
    integrator.setRandomNumberSeed(seed)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName("Reference"))
    recipe = parts / "recipe.json"
    wanted = json.dumps(asdict(settings) | {"seed": seed, "distances": with_distances})
    if recipe.exists() and recipe.read_text() != wanted:
        raise ValueError(f"{parts}: parts of another simulation; delete the folder and run again")
    recipe.write_text(wanted)
    done = sorted(parts.glob("part_*.npz"))
    if done:
        context.loadCheckpoint(done[-1].with_suffix(".chk").read_bytes())
    else:
        context.setPositions(modeller.positions)
        openmm.LocalEnergyMinimizer.minimize(context, 10, 200)
        context.setVelocitiesToTemperature(settings.temperature_kelvin * unit.kelvin, seed)
        integrator.step(round(EQUILIBRATION_PS * 1000 / settings.timestep_fs))

    xyz = np.empty((FRAMES_PER_PART, topology.n_atoms, 3), np.float32)
    for part in range(len(done), n_frames // FRAMES_PER_PART):
        for frame in range(FRAMES_PER_PART):
            integrator.step(settings.steps_per_frame)
            state = context.getState(positions=True)
            xyz[frame] = state.getPositions(asNumpy=True)._value
        path = parts / f"part_{part:04d}.npz"
        dihedrals, distances = quantise(xyz, topology, pairs)
        with atomic_path(path.with_suffix(".chk")) as temporary:
            temporary.write_bytes(context.createCheckpoint())
        with atomic_path(path) as temporary:
            np.savez_compressed(temporary, dihedrals=dihedrals, distances=distances)
        log.info("%s: part %d of %d", output.name, part + 1, n_frames // FRAMES_PER_PART)

    columns: dict[str, list[np.ndarray]] = {"dihedrals": [], "distances": []}
    for path in sorted(parts.glob("part_*.npz"))[: n_frames // FRAMES_PER_PART]:
        with np.load(path, allow_pickle=False) as part:
            for name, blocks in columns.items():
                blocks.append(part[name])
    with atomic_path(output) as temporary, h5py.File(temporary, "w", track_order=False) as h5:
        for name, blocks in columns.items():
            values = np.concatenate(blocks)
            if values.shape[1]:
                h5.create_dataset(
                    name,
                    data=values,
                    chunks=(FRAMES_PER_PART, 1),
                    compression="gzip",
                    compression_opts=9,
                    shuffle=True,
                )
        provenance = asdict(settings) | {
            "molecule": f"Ace-(Ala){settings.n_residues}-Nme",
            "solvent": "OBC2 (GBSAOBCForce), no cutoff",
            "constraints": "HBonds",
            "integrator": "LangevinMiddleIntegrator",
            "equilibration_ps": EQUILIBRATION_PS,
            "seed": seed,
            "openmm": openmm.__version__,
            "platform": "Reference",
            "feature_names": feature_names(topology, settings.n_residues, pairs),
            "dihedral_unit_degree": DIHEDRAL_RESOLUTION_DEGREE,
            "distance_unit_nm": DISTANCE_RESOLUTION_NM,
        }
        h5.attrs["provenance"] = json.dumps(provenance, sort_keys=True)
    for leftover in parts.iterdir():
        os.remove(leftover)
    parts.rmdir()

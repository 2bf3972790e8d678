import json
import math
from pathlib import Path

import h5py
import numpy as np
import openmm
import pytest

from raremd.data import embedded
from raremd.data.embedded import read_compact
from raremd.data.simulated import go_model
from raremd.data.simulated.go_forces import (
    K_1,
    K_3,
    K_ANGLE,
    K_BOND,
    REPULSION_CUTOFF,
    SIGMA,
    GoModel,
    advance,
    build_model,
    dihedral_angles,
    fill_forces,
    pair_distances,
)
from raremd.data.simulated.go_model import (
    FORMED,
    SKIN,
    GoSettings,
    feature_names,
    formed_contacts,
    quantise,
    read_native,
    simulate,
)

NATIVE = Path(__file__).parents[2] / "resources/protein/native_1neg.csv"
SEQUENCE, POSITIONS = read_native(NATIVE)
MODEL = build_model(POSITIONS)
UNFOLDING = (1.5, 0.2, 0.004)  # temperature, friction, time step
FRAMES = 20


def openmm_forces(positions, model):
    """Energy and forces by OpenMM's own terms."""
    n = len(model.native)
    bonds, angles = openmm.HarmonicBondForce(), openmm.HarmonicAngleForce()
    torsions = openmm.PeriodicTorsionForce()
    for i, length in enumerate(model.bonds):
        bonds.addBond(i, i + 1, length, K_BOND)
    for i, angle in enumerate(model.angles):
        angles.addAngle(i, i + 1, i + 2, angle, K_ANGLE)
    for i, (cosine, sine) in enumerate(model.dihedrals):
        native, beads = math.atan2(sine, cosine), range(i, i + 4)
        torsions.addTorsion(*beads, 1, native + math.pi, K_1)
        torsions.addTorsion(*beads, 3, 3 * native + math.pi, K_3)
    contacts = openmm.CustomBondForce("5*(r0/r)^12 - 6*(r0/r)^10")
    contacts.addPerBondParameter("r0")
    for (i, j), square in zip(model.contacts, model.contact_squares, strict=True):
        contacts.addBond(int(i), int(j), [math.sqrt(square)])
    repulsion = openmm.CustomNonbondedForce(f"({SIGMA}/r)^12")
    repulsion.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffNonPeriodic)
    repulsion.setCutoffDistance(REPULSION_CUTOFF)
    repelling = set(map(tuple, model.repulsive.tolist()))
    system = openmm.System()
    for i in range(n):
        system.addParticle(1.0)
        repulsion.addParticle([])
        for j in range(i + 1, n):
            if (i, j) not in repelling:
                repulsion.addExclusion(i, j)
    for force in (bonds, angles, torsions, contacts, repulsion):
        system.addForce(force)
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(positions)
    state = context.getState(energy=True, forces=True)
    return state.getPotentialEnergy()._value, np.array(state.getForces(asNumpy=True)._value)


def energy_and_forces(positions, model):
    """Of all pairs, without a list of neighbours."""
    forces = np.empty_like(positions)
    pairs = model.repulsive
    return fill_forces(positions, forces, model, pairs, len(pairs)), forces


def moved(n_steps, settings=UNFOLDING, skin=SKIN, seed=0, model=MODEL):
    """Positions and velocities after so many steps from the native structure."""
    rng = np.random.default_rng(seed)
    position = model.native.copy()
    velocity = math.sqrt(settings[0]) * rng.standard_normal(position.shape)
    noise = rng.standard_normal((n_steps, *position.shape))
    advance(position, velocity, noise, model, settings, skin)
    return position, velocity


class TestBuildModel:
    def test_contacts_of_the_sh3_domain(self):
        assert len(SEQUENCE) == len(POSITIONS) == 65
        assert len(MODEL.contacts) == 119
        assert len(MODEL.contacts) + len(MODEL.repulsive) == 61 * 62 // 2
        assert (np.diff(MODEL.contacts, axis=1) >= 4).all()
        distances = pair_distances(POSITIONS, MODEL.contacts)
        assert distances.max() < 0.75 <= pair_distances(POSITIONS, MODEL.repulsive).min()

    def test_bonds_are_those_of_trans_peptides(self):
        np.testing.assert_allclose(MODEL.bonds, 0.38, atol=0.01)

    def test_dihedrals_have_the_sign_of_the_convention(self):
        # A right-handed quarter turn, seen along the middle bond.
        turn = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 1.0]])
        assert np.degrees(dihedral_angles(turn)).tolist() == [90.0]
        frames = np.stack([turn, turn * [1, -1, 1]])
        np.testing.assert_allclose(np.degrees(dihedral_angles(frames)), [[90.0], [-90.0]])


class TestForces:
    @pytest.mark.parametrize("n_steps", [0, 500, 20_000])
    def test_equal_those_of_openmm(self, n_steps):
        rng = np.random.default_rng(1)
        positions = moved(n_steps)[0] + rng.normal(0, 0.01, POSITIONS.shape)
        energy, forces = energy_and_forces(positions, MODEL)
        wanted_energy, wanted_forces = openmm_forces(positions, MODEL)
        assert energy == pytest.approx(wanted_energy, rel=1e-9)
        np.testing.assert_allclose(forces, wanted_forces, rtol=0, atol=1e-9 * abs(forces).max())

    def test_are_minus_the_gradient(self):
        positions, _ = moved(2000)
        _, forces = energy_and_forces(positions, MODEL)
        step = 1e-6
        for i in range(0, 65, 8):
            for d in range(3):
                energies = []
                for sign in (1, -1):
                    displaced = positions.copy()
                    displaced[i, d] += sign * step
                    energies.append(energy_and_forces(displaced, MODEL)[0])
                slope = (energies[0] - energies[1]) / (2 * step)
                assert forces[i, d] == pytest.approx(-slope, rel=1e-5, abs=1e-3)

    def test_native_structure_is_the_minimum(self):
        energy, forces = energy_and_forces(POSITIONS, MODEL)
        assert energy == pytest.approx(-119.0, abs=1e-9)  # one a contact, and no repulsion
        assert np.abs(forces).max() < 1e-8
        for seed in range(20):
            displaced = POSITIONS + np.random.default_rng(seed).normal(0, 1e-3, POSITIONS.shape)
            assert energy_and_forces(displaced, MODEL)[0] > energy


class TestAdvance:
    def test_neighbour_list_changes_nothing(self):
        # 4,000 steps above the folding temperature: beads move by nm, the list is often made again.
        everything = moved(4000, skin=math.inf)
        assert np.abs(everything[0] - POSITIONS).max() > 1.0
        for skin in (0.05, SKIN):
            for found, wanted in zip(moved(4000, skin=skin), everything, strict=True):
                assert np.array_equal(found, wanted)

    def test_without_friction_the_energy_stays(self):
        def total(settings, n_steps):
            position, velocity = moved(n_steps, settings)
            # Velocities are half a step before the positions.
            energy, force = energy_and_forces(position, MODEL)
            velocity = velocity + 0.5 * settings[2] * force
            return energy + 0.5 * (velocity**2).sum()

        short = (0.5, 0.0, 0.0005)
        energies = [total(short, n_steps) for n_steps in (1, 500, 2000, 8000)]
        assert np.ptp(energies) < 0.02 * 0.5 * 65 * 3 * 0.5

    def test_equipartition(self):
        # A chain of bonds alone: 3 n kT / 2 of kinetic and (n - 1) kT / 2 of potential energy.
        n, settings = 40, (0.7, 5.0, 0.004)
        none = np.empty((0, 2), np.int64)
        straight = np.arange(n)[:, None] * np.array([0.38, 0.0, 0.0])
        chain = GoModel(
            native=straight,
            bonds=np.full(n - 1, 0.38),
            angles=np.empty(0),
            dihedrals=np.empty((0, 2)),
            contacts=none,
            contact_squares=np.empty(0),
            repulsive=none,
        )
        rng = np.random.default_rng(3)
        position, velocity = chain.native.copy(), np.zeros((n, 3))
        kinetic, potential = [], []
        for frame in range(1500):
            advance(position, velocity, rng.standard_normal((50, n, 3)), chain, settings, SKIN)
            if frame >= 100:
                kinetic.append((velocity**2).mean())
                potential.append(energy_and_forces(position, chain)[0] * 2 / (n - 1))
        assert np.mean(kinetic) == pytest.approx(0.7, rel=0.03)
        # The middle scheme samples positions far better than velocities at a finite step.
        assert np.mean(potential) == pytest.approx(0.7, rel=0.03)


class TestFeatures:
    def test_round_trip_within_half_a_step(self):
        frames = np.stack([POSITIONS, *(moved(n)[0] for n in (500, 4000))])
        blocks = quantise(frames, MODEL)
        assert {name: block.dtype.name for name, block in blocks._asdict().items()} == {
            "dihedrals": "int8",
            "distances": "uint8",
            "fractions": "uint8",
        }
        exact = np.degrees(dihedral_angles(frames))[:, ::4]
        error = (blocks.dihedrals * 3.0 - exact + 180.0) % 360.0 - 180.0
        assert np.abs(error).max() <= 1.5 + 1e-9
        exact = pair_distances(frames, MODEL.contacts[::4])
        assert np.abs(blocks.distances * 0.05 - exact).max() <= 0.025 + 1e-9
        assert blocks.fractions[0, 0] == 119

    def test_contacts_break_at_their_reach(self):
        assert formed_contacts(POSITIONS * (FORMED - 1e-6), MODEL) == 119
        assert formed_contacts(POSITIONS * (FORMED + 1e-6), MODEL) == 0

    def test_names(self):
        names, blocks = feature_names(SEQUENCE, MODEL), quantise(POSITIONS[None], MODEL)
        assert len(set(names)) == len(names) == sum(block.shape[1] for block in blocks)
        assert names[:2] == ["dihedral K1", "dihedral L5"] and names[-1] == "Q"
        assert names[16] == "distance K1-T27"

    def test_a_failed_integration_is_refused(self):
        broken = POSITIONS[None].copy()
        broken[0, 3] = np.nan
        with pytest.raises(ValueError, match=r"^a dihedral in degrees is not within"):
            quantise(broken, MODEL)


class Killed(Exception):
    pass


class TestSimulate:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        monkeypatch.setattr(embedded, "FRAMES_PER_PART", FRAMES)
        monkeypatch.setattr(go_model, "EQUILIBRATION_TAU", 3.0)

    def test_file(self, tmp_path):
        simulate(GoSettings(), NATIVE, 2 * FRAMES, 5, tmp_path / "t.h5")
        features, periods, names, *_ = read_compact(tmp_path / "t.h5")
        with h5py.File(tmp_path / "t.h5") as h5:
            provenance = json.loads(h5.attrs["provenance"])
        assert features.shape == (2 * FRAMES, 47)
        assert periods.tolist() == [360.0] * 16 + [0.0] * 31
        assert provenance["seed"] == 5 and provenance["saving_interval_tau"] == 1.0
        assert provenance["sequence"] == SEQUENCE
        q = features[:, names.index("Q")]
        np.testing.assert_allclose(q * 119, np.rint(q * 119), atol=1e-4)
        assert 0.4 < q.min() < q.max() <= 1.0  # still folded after so short a time
        assert (np.ptp(features, axis=0) > 0).all()

    def test_resumes_to_the_same_bytes(self, tmp_path, monkeypatch):
        simulate(GoSettings(), NATIVE, 3 * FRAMES, 5, tmp_path / "whole.h5")
        calls = []

        def failing(*arguments):
            calls.append(arguments)
            if len(calls) > 1:
                raise Killed
            return quantise(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(go_model, "quantise", failing)
            with pytest.raises(Killed):
                simulate(GoSettings(), NATIVE, 3 * FRAMES, 5, tmp_path / "killed.h5")
        simulate(GoSettings(), NATIVE, 3 * FRAMES, 5, tmp_path / "killed.h5")
        assert (tmp_path / "killed.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()

    def test_seeds_and_temperatures_differ(self, tmp_path):
        runs = {"a": (0.96, 5), "b": (0.96, 6), "c": (0.5, 5)}
        for name, (temperature, seed) in runs.items():
            settings = GoSettings(temperature=temperature)
            simulate(settings, NATIVE, FRAMES, seed, tmp_path / f"{name}.h5")
        a, b, c = (read_compact(tmp_path / f"{name}.h5").features for name in runs)
        assert not np.array_equal(a, b)
        assert c[:, -1].mean() > a[:, -1].mean() + 0.02  # colder: more native

import json
import random

import h5py
import mdtraj
import numpy as np
import openmm
import pytest
from openmm import app

from raremd.data import embedded
from raremd.data.embedded import read_compact
from raremd.data.simulated import peptide
from raremd.data.simulated.peptide import (
    DIHEDRAL_RESOLUTION_DEGREE,
    DISTANCE_RESOLUTION_NM,
    PeptideSettings,
    build_peptide,
    create_system,
    feature_names,
    quantise,
    simulate,
    torsion_dependent_pairs,
)

FORCE_FIELD = app.ForceField("amber99sbildn.xml")
SETTINGS = PeptideSettings(saving_interval_ps=0.02)
FRAMES = 20


def built(n_residues, phi=-80.0, psi=150.0):
    modeller = build_peptide(n_residues, FORCE_FIELD, phi, psi)
    topology = mdtraj.Topology.from_openmm(modeller.topology)
    xyz = np.array(modeller.positions.value_in_unit(openmm.unit.nanometer))
    return modeller, topology, xyz


def dihedral(a, b, c, d):
    """In degrees, by projection onto the plane normal to the axis b-c (IUPAC sign)."""
    axis = (c - b) / np.linalg.norm(c - b)
    u, v = a - b, d - c
    u, v = u - (u @ axis) * axis, v - (v @ axis) * axis
    return np.degrees(np.arctan2(np.cross(axis, u) @ v, u @ v))


def positions(topology, xyz):
    return {(a.residue.index, a.name): xyz[a.index] for a in topology.atoms}


class TestGeometry:
    @pytest.mark.parametrize("n_residues", [1, 3])
    @pytest.mark.parametrize(("phi", "psi"), [(-80.0, 150.0), (60.0, 45.0), (-57.0, -47.0)])
    def test_dihedrals_are_as_asked(self, n_residues, phi, psi):
        _, topology, xyz = built(n_residues, phi, psi)
        at = positions(topology, xyz)

        def alpha(k):
            return k, "CH3" if k == 0 else "C" if k == n_residues + 1 else "CA"

        for k in range(1, n_residues + 1):
            found = dihedral(at[k - 1, "C"], at[k, "N"], at[k, "CA"], at[k, "C"])
            assert found == pytest.approx(phi, abs=0.01)
            found = dihedral(at[k, "N"], at[k, "CA"], at[k, "C"], at[k + 1, "N"])
            assert found == pytest.approx(psi, abs=0.01)
        for k in range(n_residues + 1):  # trans peptide bonds
            omega = dihedral(at[alpha(k)], at[k, "C"], at[k + 1, "N"], at[alpha(k + 1)])
            assert abs(omega) == pytest.approx(180.0, abs=0.01)
        angles = mdtraj.compute_phi(mdtraj.Trajectory(xyz, topology))[1][0]
        np.testing.assert_allclose(np.degrees(angles), phi, atol=0.01)

    @pytest.mark.parametrize("n_residues", [1, 3])
    def test_alanine_is_left_handed(self, n_residues):
        """CO-R-N: seen with the hydrogen in front, CO, R (C-beta), N go round clockwise."""
        _, topology, xyz = built(n_residues)
        at = positions(topology, xyz)
        for k in range(1, n_residues + 1):
            center = at[k, "CA"]
            towards = at[k, "HA"] - center
            co, r, n = (at[k, name] - center for name in ("C", "CB", "N"))
            # Clockwise for one who looks against `towards`.
            assert np.cross(co, r) @ towards < 0
            assert np.cross(r, n) @ towards < 0
            assert np.cross(n, co) @ towards < 0

    def test_is_the_same_every_time(self):
        """OpenMM places hydrogens with Python's global generator."""
        random.seed(1)
        state = random.getstate()
        _, _, first = built(1)
        assert random.getstate() == state
        random.seed(2)
        _, _, second = built(1)
        np.testing.assert_array_equal(first, second)

    def test_composition_and_bond_lengths(self):
        modeller, topology, xyz = built(1)
        assert topology.n_atoms == 22
        assert [r.name for r in topology.residues] == ["ACE", "ALA", "NME"]
        assert len(list(modeller.topology.bonds())) == 21
        for a, b in topology.bonds:
            heavy = "H" not in (a.element.symbol, b.element.symbol)
            length = np.linalg.norm(xyz[a.index] - xyz[b.index])
            assert (0.12 if heavy else 0.09) < length < (0.16 if heavy else 0.115)
        gaps = np.linalg.norm(xyz[:, None] - xyz[None], axis=2) + np.eye(22)
        assert gaps.min() > 0.09


class TestFeatures:
    def test_pairs_of_one_residue(self):
        _, topology, _ = built(1)
        pairs = torsion_dependent_pairs(topology)
        names = [tuple(str(topology.atom(i)) for i in pair) for pair in pairs]
        assert len(pairs) == len(set(names)) == 15
        assert all(i < j for i, j in pairs)
        assert ("ACE1-CH3", "NME3-C") in names and ("ACE1-O", "ALA2-O") in names
        assert ("ACE1-C", "ALA2-C") not in names  # hangs on phi alone, at three bonds
        assert ("ALA2-N", "NME3-N") not in names  # on psi alone
        assert not any("H" in topology.atom(i).element.symbol for pair in pairs for i in pair)

    def test_distances_of_other_pairs_do_not_depend_on_both_torsions(self):
        """Which atoms are at least four bonds apart, found without the graph."""
        _, topology, _ = built(1)
        bonds = np.full((22, 22), 99)
        np.fill_diagonal(bonds, 0)
        for a, b in topology.bonds:
            bonds[a.index, b.index] = bonds[b.index, a.index] = 1
        for k in range(22):
            bonds = np.minimum(bonds, bonds[:, k, None] + bonds[None, k])
        heavy = np.array([a.element.symbol != "H" for a in topology.atoms])
        wanted = np.argwhere(np.triu((bonds >= 4) & heavy[:, None] & heavy[None]))
        np.testing.assert_array_equal(torsion_dependent_pairs(topology), wanted)

    def test_names(self):
        _, topology, _ = built(1)
        pairs = torsion_dependent_pairs(topology)
        names = feature_names(topology, 1, pairs)
        assert names[:2] == ["phi", "psi"]
        assert "distance ACE0:CH3-NME2:C" in names
        assert len(set(names)) == 2 + len(pairs)
        _, topology, _ = built(3)
        none = np.empty((0, 2), int)
        assert feature_names(topology, 3, none) == ["phi1", "psi1", "phi2", "psi2", "phi3", "psi3"]


class TestQuantise:
    @pytest.mark.parametrize("n_residues", [1, 2])
    def test_round_trip_within_half_a_step(self, n_residues):
        _, topology, xyz = built(n_residues)
        frames = xyz + np.random.default_rng(0).normal(0, 0.02, (50, *xyz.shape))
        pairs = torsion_dependent_pairs(topology)
        dihedrals, distances, _ = quantise(frames, topology, pairs)
        assert dihedrals.dtype == np.int16 and distances.dtype == np.uint8
        assert dihedrals.shape == (50, 2 * n_residues) and distances.shape == (50, len(pairs))
        trajectory = mdtraj.Trajectory(frames.astype(np.float32), topology)
        phi, psi = mdtraj.compute_phi(trajectory)[1], mdtraj.compute_psi(trajectory)[1]
        for k in range(n_residues):
            for column, exact in ((2 * k, phi[:, k]), (2 * k + 1, psi[:, k])):
                found = dihedrals[:, column] * DIHEDRAL_RESOLUTION_DEGREE
                error = (found - np.degrees(exact) + 180.0) % 360.0 - 180.0
                assert np.abs(error).max() <= DIHEDRAL_RESOLUTION_DEGREE / 2 + 1e-4
        exact = np.linalg.norm(frames[:, pairs[:, 0]] - frames[:, pairs[:, 1]], axis=2)
        error = distances * DISTANCE_RESOLUTION_NM - exact
        assert np.abs(error).max() <= DISTANCE_RESOLUTION_NM / 2 + 1e-6

    def test_without_pairs(self):
        _, topology, xyz = built(1)
        dihedrals, distances, _ = quantise(xyz[None], topology, np.empty((0, 2), int))
        assert dihedrals.tolist() == [[-800, 1500]]
        assert distances.shape == (1, 0)

    def test_a_distance_too_long_for_a_byte_is_refused(self):
        _, topology, xyz = built(1)
        with pytest.raises(ValueError, match=r"a distance in nm is not within 0 to 1\.275"):
            quantise(4.0 * xyz[None], topology, torsion_dependent_pairs(topology))


def energies(system, frames):
    context = openmm.Context(
        system,
        openmm.VerletIntegrator(0.001),
        openmm.Platform.getPlatformByName("Reference"),
    )
    found = []
    for xyz in frames:
        context.setPositions(xyz)
        state = context.getState(energy=True)
        found.append(state.getPotentialEnergy().value_in_unit(openmm.unit.kilojoule_per_mole))
    return np.array(found)


@pytest.mark.parametrize("n_residues", [1, 3])
def test_native_solvent_equals_the_force_field_file(n_residues):
    modeller, _, xyz = built(n_residues)
    frames = xyz + np.random.default_rng(1).normal(0, 0.004, (4, *xyz.shape))
    native = create_system(modeller.topology, FORCE_FIELD, SETTINGS)
    solvated = app.ForceField("amber99sbildn.xml", "implicit/obc2.xml").createSystem(
        modeller.topology, nonbondedMethod=app.NoCutoff, constraints=app.HBonds
    )
    vacuum = FORCE_FIELD.createSystem(
        modeller.topology, nonbondedMethod=app.NoCutoff, constraints=app.HBonds
    )
    found, wanted = energies(native, frames), energies(solvated, frames)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)
    assert (np.abs(found - energies(vacuum, frames)) > 20).all()  # the solvent is in


def test_masses_and_constraints():
    modeller, topology, _ = built(1)
    system = create_system(modeller.topology, FORCE_FIELD, SETTINGS)
    masses = [system.getParticleMass(a.index)._value for a in topology.atoms]
    hydrogen = np.array([a.element.symbol == "H" for a in topology.atoms])
    assert np.array(masses)[hydrogen].tolist() == [4.0] * 12
    assert sum(masses) == pytest.approx(144.17, abs=0.01)
    assert system.getNumConstraints() == 12


class TestSettings:
    def test_steps_per_frame(self):
        assert PeptideSettings().steps_per_frame == 50
        assert SETTINGS.steps_per_frame == 5

    @pytest.mark.parametrize("interval", [0.21, 0.002, 0.0])
    def test_saving_interval_must_be_whole_steps(self, interval):
        with pytest.raises(ValueError, match=r"^saving_interval_ps: .* not a whole multiple"):
            _ = PeptideSettings(saving_interval_ps=interval).steps_per_frame


class Killed(Exception):
    pass


class TestSimulate:
    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def small(cls):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(embedded, "FRAMES_PER_PART", FRAMES)
            patch.setattr(peptide, "EQUILIBRATION_PS", 0.4)
            yield

    @pytest.fixture(scope="class")
    @classmethod
    def whole(cls, small, tmp_path_factory):
        path = tmp_path_factory.mktemp("peptide") / "whole.h5"
        simulate(SETTINGS, 3 * FRAMES, 5, path, with_distances=True)
        return path

    def test_file(self, whole):
        assert list(whole.parent.iterdir()) == [whole]
        features, periods, names, *_ = read_compact(whole)
        with h5py.File(whole) as h5:
            provenance = json.loads(h5.attrs["provenance"])
        assert periods.tolist() == [360.0] * 2 + [0.0] * 15
        assert features.shape == (3 * FRAMES, 2 + 15) and features.dtype == np.float32
        assert len(names) == 17
        assert provenance["seed"] == 5 and provenance["temperature_kelvin"] == 450.0
        assert provenance["openmm"] == openmm.__version__
        assert np.abs(features[:, :2]).max() <= 180.0
        assert features[:, 2:].min() > 0.2 and features[:, 2:].max() < 1.0
        assert (np.ptp(features, axis=0) > 0).all()

    def test_resumes_to_the_same_bytes(self, whole, tmp_path, monkeypatch):
        output, quantised = tmp_path / "killed.h5", []

        def failing(*arguments):
            quantised.append(arguments)
            if len(quantised) > 1:
                raise Killed
            return quantise(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(peptide, "quantise", failing)
            with pytest.raises(Killed):
                simulate(SETTINGS, 3 * FRAMES, 5, output, with_distances=True)
        assert not output.exists()
        assert len(list(output.with_suffix(".parts").glob("part_*.npz"))) == 1
        simulate(SETTINGS, 3 * FRAMES, 5, output, with_distances=True)
        assert output.read_bytes() == whole.read_bytes()
        assert list(tmp_path.iterdir()) == [output]

    def test_parts_of_another_simulation_are_refused(self, tmp_path, monkeypatch):
        output = tmp_path / "killed.h5"
        with monkeypatch.context() as patch:
            patch.setattr(peptide, "quantise", lambda *_: (_ for _ in ()).throw(Killed))
            with pytest.raises(Killed):
                simulate(SETTINGS, FRAMES, 5, output, with_distances=True)
        with pytest.raises(ValueError, match="parts of another simulation"):
            simulate(SETTINGS, FRAMES, 6, output, with_distances=True)

    def test_same_seed_same_bytes_and_seeds_differ(self, whole, tmp_path):
        simulate(SETTINGS, 3 * FRAMES, 5, tmp_path / "again.h5", with_distances=True)
        assert (tmp_path / "again.h5").read_bytes() == whole.read_bytes()
        simulate(SETTINGS, FRAMES, 6, tmp_path / "other.h5", with_distances=False)
        features = read_compact(tmp_path / "other.h5").features
        assert features.shape == (FRAMES, 2)
        assert not np.array_equal(features[:, 0], read_compact(whole).features[:FRAMES, 0])

"""Files such as users have, for the tests of the importers."""

from __future__ import annotations

import mdtraj
import numpy as np
import pytest
from whole_features import read_features

from raremd.data.features import Features
from raremd.data.imported.imported import import_source
from raremd.data.imported.kinds import make_source
from raremd.data.imported.sources import check_source, matching_files

SIDE_CHAIN = ("CB", "CG", "CD", "CE", "CZ")


def walk(n=50, f=2, seed=5):
    """A random walk, (n, f) float32."""
    return np.cumsum(np.random.default_rng(seed).normal(size=(n, f)), axis=0).astype(np.float32)


def imported(files, interval=1.0, unit="ps", **source) -> Features:
    """What a source gives, with the checks of both stages."""
    source = make_source(**{"kind": "features", "files": files} | source)
    check_source(source, "systems.mine.source")
    import_source(source, matching_files(source.globs), interval, unit, "features.h5")
    return read_features("features.h5")


def refused(files, *words, **options):
    """A source is refused in one line that holds all the words."""
    with pytest.raises(ValueError) as error:
        imported(files, **options)
    message = str(error.value)
    assert "\n" not in message and len(message) < 500
    for word in words:
        assert word in message, message


def molecular(files="*.xtc", interval=5.0, **source) -> Features:
    """Features of trajectories of the topology top.pdb."""
    source = {"topology": "top.pdb", "features": ["phi"]} | source
    return imported(files, interval, kind="trajectory", **source)


def refused_molecules(files, *words, **options):
    """As `refused`, of trajectories."""
    with pytest.raises(ValueError) as error:
        molecular(files, **options)
    message = str(error.value)
    assert "\n" not in message and len(message) < 500
    for word in words:
        assert word in message, message


def protein(sequence=("ALA",) * 5, numbers=None, n_frames=23, side_chain=0, gap_before=(), seed=1):
    """A chain with bonds of realistic length, and a random walk of its atoms.

    Parameters
    ----------
    sequence : sequence of str
        Residue names.
    numbers : sequence of int, optional
        Residue numbers; from 1 if left out.
    n_frames : int
    side_chain : int
        Atoms beyond CB.
    gap_before : sequence of int
        Residues, counted from 0, that begin 1.5 nm away from the one before.
    seed : int
    """
    rng, topology, places = np.random.default_rng(seed), mdtraj.Topology(), []
    chain, at = topology.add_chain(), np.zeros(3)

    def step(length):
        direction = rng.normal(size=3) * [1, 0.5, 0] + np.array([1.5, 0, 0])
        return length * direction / np.linalg.norm(direction)

    for k, name in enumerate(sequence):
        number = k + 1 if numbers is None else numbers[k]
        residue = topology.add_residue(name, chain, resSeq=number)
        at = at + (step(1.5) if k in gap_before else step(0.133))
        for atom in ("N", "CA", "C"):
            at = at if atom == "N" else at + step(0.15)
            topology.add_atom(atom, mdtraj.element.get_by_symbol(atom[0]), residue)
            places.append(at)
            if atom == "CA":
                alpha = at
        topology.add_atom("O", mdtraj.element.oxygen, residue)
        places.append(at + np.array([0.07, 0, -0.1]))
        for j, atom in enumerate(SIDE_CHAIN[: side_chain + 1]):
            topology.add_atom(atom, mdtraj.element.carbon, residue)
            places.append(alpha + np.array([0.02 * j, 0, 0.17 * (j + 1)]))
    topology.create_standard_bonds()
    xyz = np.array(places) + 0.01 * rng.normal(size=(n_frames, len(places), 3))
    return mdtraj.Trajectory(xyz.astype(np.float32), topology, time=5.0 * np.arange(n_frames))


def save(count=2, top="top.pdb", suffix=".xtc", **options):
    """Trajectories 0.xtc, 1.xtc ... of a protein and their topology."""
    made = [protein(**options | {"seed": 1}) for _ in range(count)]
    rng = np.random.default_rng(7)
    for k, one in enumerate(made):
        one.xyz = one.xyz + 0.01 * rng.normal(size=one.xyz.shape).astype(np.float32)
        one.save(f"{k}{suffix}")
    made[0][0].save(top)
    return made


def write_prmtop(topology, path):
    """The parts of AMBER's format that name atoms, residues and bonds."""
    atoms, residues = list(topology.atoms), list(topology.residues)
    bonds = [n for a, b in topology.bonds for n in (3 * a.index, 3 * b.index, 1)]
    pointers = [len(atoms), 1, 0, len(bonds) // 3, *[0] * 7, len(residues), *[0] * 19]
    sections = {
        "POINTERS": ("10I8", 8, 10, pointers),
        "ATOM_NAME": ("20a4", 4, 20, [a.name for a in atoms]),
        "ATOMIC_NUMBER": ("10I8", 8, 10, [a.element.atomic_number for a in atoms]),
        "MASS": ("5E16.8", 16, 5, [f"{a.element.mass:.8E}" for a in atoms]),
        "RESIDUE_LABEL": ("20a4", 4, 20, [r.name for r in residues]),
        "RESIDUE_POINTER": ("10I8", 8, 10, [next(r.atoms).index + 1 for r in residues]),
        "BONDS_INC_HYDROGEN": ("10I8", 8, 10, []),
        "BONDS_WITHOUT_HYDROGEN": ("10I8", 8, 10, bonds),
    }
    lines = ["%VERSION  VERSION_STAMP = V0001.000  DATE = 01/01/20 00:00:00"]
    for flag, (form, width, per_line, values) in sections.items():
        lines += [f"%FLAG {flag}", f"%FORMAT({form})"]
        text = [f"{v:<{width}}" if "a" in form else f"{v:>{width}}" for v in values]
        lines += ["".join(text[k : k + per_line]) for k in range(0, max(1, len(text)), per_line)]
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")


def write_psf(topology, path):
    """The parts of CHARMM's and NAMD's format that name atoms, residues and bonds."""
    atoms, bonds = (
        list(topology.atoms),
        [n + 1 for a, b in topology.bonds for n in (a.index, b.index)],
    )
    lines = [
        "PSF",
        "",
        "       1 !NTITLE",
        " REMARKS made by a test",
        "",
        f"{len(atoms):8d} !NATOM",
    ]
    lines += [
        f"{a.index + 1:8d} A    {a.residue.resSeq:<4d} {a.residue.name:<4} {a.name:<4} "
        f"{a.name:<4} {0.0:10.6f} {a.element.mass:13.4f} {0:11d}"
        for a in atoms
    ]
    lines += ["", f"{len(bonds) // 2:8d} !NBOND: bonds"]
    lines += ["".join(f"{n:8d}" for n in bonds[k : k + 8]) for k in range(0, len(bonds), 8)]
    for section in (
        "NTHETA: angles",
        "NPHI: dihedrals",
        "NIMPHI: impropers",
        "NDON",
        "NACC",
        "NNB",
    ):
        lines += ["", f"{0:8d} !{section}", ""]
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")

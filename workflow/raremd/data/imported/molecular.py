"""Topology and trajectories -> features by name, read by mdtraj in chunks.

Angles in degrees, distances in nm. Formats that carry times give a column `time`, in ps.
"""

from __future__ import annotations

import itertools
import os
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import mdtraj
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import shortest_path

from raremd.data.imported.kinds import TrajectorySource
from raremd.data.imported.tables import BLOCK_BYTES, MAX_COLUMNS, TIME, Table

DIHEDRALS = ("phi", "psi", "omega", "chi1", "chi2", "chi3", "chi4")
BACKBONE_GAP = 3
"""Residues between the ends of `ca_distances` and `contacts`, at least; nearer ones are stiff."""
BOND_GAP = 3
"""Bonds between the atoms of `heavy_distances`, at least."""
WITH_TIME = (".xtc", ".trr", ".nc", ".netcdf", ".h5", ".hdf5", ".gro", ".tng")
"""Formats whose times mdtraj reads; a DCD, for one, is only numbered by it."""
MDTRAJ_HDF5 = (".h5", ".hdf5")

XTC_MAGIC, XTC_HEADER, XTC_PLAIN_HEADER, XTC_PLAIN_ATOMS = 1995, 92, 56, 9
"""Bytes before the coordinates of a frame; so few atoms are stored as they are."""


@dataclass(frozen=True)
class Featurizer:
    """Some columns, computed from a chunk of trajectory.

    Attributes
    ----------
    names : list of str
    period : float
        360 for angles in degrees, else 0.
    compute : callable
        mdtraj.Trajectory -> (n_frames, n_columns).
    """

    names: list[str]
    period: float
    compute: Callable[[mdtraj.Trajectory], np.ndarray]


@contextmanager
def plugins_silenced() -> Iterator[None]:
    """Keep what mdtraj's compiled readers print out of the terminal."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _residue(residue: mdtraj.core.topology.Residue) -> str:
    """`ALA2`, with the chain where there are several."""
    chain = f"_{residue.chain.index + 1}" if residue.chain.topology.n_chains > 1 else ""
    return f"{residue.name}{residue.resSeq}{chain}"


def _atom(atom: mdtraj.core.topology.Atom) -> str:
    return f"{_residue(atom.residue)}:{atom.name}"


def _dihedral(kind: str, topology: mdtraj.Topology) -> Featurizer:
    indices = getattr(mdtraj.geometry.dihedral, f"indices_{kind}")(topology)
    # phi begins in the residue before its own; the others' second atom is in their own.
    owner = 2 if kind == "phi" else 1
    names = [f"{kind}_{_residue(topology.atom(four[owner]).residue)}" for four in indices]

    def compute(chunk: mdtraj.Trajectory) -> np.ndarray:
        return np.rad2deg(mdtraj.compute_dihedrals(chunk, indices))

    return Featurizer(names, 360.0, compute)


def _distances(
    kind: str, topology: mdtraj.Topology, chosen: Iterable[tuple[int, int]]
) -> Featurizer:
    pairs = np.array(list(chosen), np.int64).reshape(-1, 2)
    names = [f"{kind}_{_atom(topology.atom(i))}_{_atom(topology.atom(j))}" for i, j in pairs]
    return Featurizer(names, 0.0, lambda chunk: mdtraj.compute_distances(chunk, pairs))


def _ca_distances(topology: mdtraj.Topology) -> Featurizer:
    atoms = topology.select("name CA and protein")
    residue = [topology.atom(a).residue.index for a in atoms]
    pairs = itertools.combinations(range(len(atoms)), 2)
    chosen = [(atoms[i], atoms[j]) for i, j in pairs if residue[j] - residue[i] >= BACKBONE_GAP]
    return _distances("ca", topology, chosen)


def _heavy_distances(topology: mdtraj.Topology) -> Featurizer:
    atoms = [
        a.index
        for a in topology.atoms
        if a.element is not None and a.element.symbol != "H" and not a.residue.is_water
    ]
    bonds = np.array([(b[0].index, b[1].index) for b in topology.bonds]).reshape(-1, 2)
    graph = coo_array((np.ones(len(bonds)), bonds.T), shape=(topology.n_atoms,) * 2).tocsr()
    apart = shortest_path(graph, directed=False, unweighted=True, indices=atoms)
    pairs = itertools.combinations(range(len(atoms)), 2)
    chosen = [(atoms[i], atoms[j]) for i, j in pairs if apart[i, atoms[j]] >= BOND_GAP]
    return _distances("heavy", topology, chosen)


def _contacts(topology: mdtraj.Topology) -> Featurizer:
    residues = [r for r in topology.residues if r.is_protein]
    pairs = [
        (a.index, b.index)
        for a, b in itertools.combinations(residues, 2)
        if b.index - a.index >= BACKBONE_GAP
    ]
    names = [
        f"contact_{_residue(topology.residue(i))}_{_residue(topology.residue(j))}" for i, j in pairs
    ]

    def compute(chunk: mdtraj.Trajectory) -> np.ndarray:
        return mdtraj.compute_contacts(chunk, contacts=pairs, scheme="closest-heavy")[0]

    return Featurizer(names, 0.0, compute)


def _rmsd(topology: mdtraj.Topology, reference: str, selection: str | None) -> Featurizer:
    frame = _loaded(reference)[0]
    if frame.n_atoms != topology.n_atoms:
        raise ValueError(
            f"source.reference: {reference} has {frame.n_atoms} atoms, the topology has "
            f"{topology.n_atoms}"
        )
    atoms = topology.select(selection or "name CA and protein")
    return Featurizer(
        ["rmsd"] if len(atoms) >= 3 else [],
        0.0,
        lambda chunk: mdtraj.rmsd(chunk, frame, atom_indices=atoms)[:, None],
    )


def _selection(topology: mdtraj.Topology, selection: str | None) -> Featurizer:
    if selection is None:
        raise ValueError(
            "source.features: 'distances' needs source.selection, in mdtraj's language"
        )
    try:
        atoms = topology.select(selection)
    except Exception as error:  # the parser raises what it likes
        raise ValueError(f"source.selection: '{selection}' is not understood ({error})") from error
    return _distances("distance", topology, itertools.combinations(atoms, 2))


def featurizers(topology: mdtraj.Topology, source: TrajectorySource) -> list[Featurizer]:
    """What computes the features named in a source.

    Parameters
    ----------
    topology : mdtraj.Topology
    source : TrajectorySource

    Raises
    ------
    ValueError
        If a feature does not exist in this molecule.
    """
    made = []
    for name in source.features:
        if name in DIHEDRALS:
            one = _dihedral(name, topology)
        elif name == "ca_distances":
            one = _ca_distances(topology)
        elif name == "heavy_distances":
            one = _heavy_distances(topology)
        elif name == "contacts":
            one = _contacts(topology)
        elif name == "rmsd":
            if source.reference is None:
                raise ValueError("source.features: 'rmsd' needs source.reference, a structure file")
            one = _rmsd(topology, source.reference, source.selection)
        else:
            one = _selection(topology, source.selection)
        if not one.names:
            raise ValueError(
                f"source.features: the topology {source.topology} has no '{name}'; "
                "leave it out or choose another feature or selection"
            )
        if len(one.names) > MAX_COLUMNS:
            raise ValueError(
                f"source.features: '{name}' are {len(one.names)} features, more than "
                f"{MAX_COLUMNS}; name fewer atoms with 'distances' and source.selection, or take "
                "another feature"
            )
        made.append(one)
    return made


def _loaded(path: str) -> mdtraj.Trajectory:
    if Path(path).suffix in MDTRAJ_HDF5:
        raise ValueError(f"{path}: structures are not taken from HDF5; save one frame as pdb")
    try:
        return mdtraj.load(path)
    except Exception as error:  # readers raise what they like
        raise ValueError(f"{path}: mdtraj cannot read it ({error})") from error


def _atoms_in(path: str) -> int | None:
    """Atoms in the frames of a trajectory file, where it can be opened without a topology."""
    try:
        if Path(path).suffix in MDTRAJ_HDF5:
            with h5py.File(path) as h5:
                return h5["coordinates"].shape[1]
        with mdtraj.open(path) as file:
            frame = file.read(n_frames=1)
    except Exception:  # told, with more reason, when the frames are read
        return None
    first = frame[0] if isinstance(frame, tuple) else frame
    coordinates = np.asarray(getattr(frame, "coordinates", first))
    return int(coordinates.shape[1]) if coordinates.ndim == 3 else None


def check_whole_xtc(path: str) -> None:
    """Refuse an xtc file that ends within a frame, where mdtraj would read on as if all were well.

    Only the sizes that the frames announce are read.

    Raises
    ------
    ValueError
        Naming the frame, counted from 1.
    """
    size, at, frames = os.path.getsize(path), 0, 0
    with open(path, "rb") as file:
        while at < size:
            file.seek(at)
            head = file.read(XTC_HEADER).ljust(XTC_HEADER, b"\0")
            magic, atoms = struct.unpack_from(">ii", head)
            if magic != XTC_MAGIC:
                return  # another version, or no xtc at all: for mdtraj to say
            if atoms <= XTC_PLAIN_ATOMS:
                at += XTC_PLAIN_HEADER + 12 * atoms
            else:
                at += XTC_HEADER + -(-struct.unpack_from(">i", head, XTC_HEADER - 4)[0] // 4) * 4
            frames += 1
    if at > size:
        raise ValueError(
            f"{path}: the file is cut off within frame {frames}; copy it again, or leave the "
            "broken frame out"
        )


def _read_hdf5(
    path: str, topology: mdtraj.Topology, chunk: int, stride: int
) -> Iterator[mdtraj.Trajectory]:
    """Chunks of mdtraj's own HDF5 format (mdtraj's reader would need PyTables)."""
    keys = {
        "time": "time",
        "cell_lengths": "unitcell_lengths",
        "cell_angles": "unitcell_angles",
    }
    with h5py.File(path) as h5:
        for start in range(0, len(h5["coordinates"]), chunk):
            rows = slice(start, start + chunk, stride)
            optional = {keys[k]: h5[k][rows] for k in keys if k in h5}
            yield mdtraj.Trajectory(h5["coordinates"][rows], topology, **optional)


def _chunks(
    path: str, topology: mdtraj.Topology, chunk: int, stride: int
) -> Iterator[mdtraj.Trajectory]:
    """Every stride-th frame, `chunk` (a multiple of stride) frames of the file at a time."""
    if Path(path).suffix in MDTRAJ_HDF5:
        return _read_hdf5(path, topology, chunk, stride)
    return mdtraj.iterload(path, chunk=chunk, stride=stride, top=topology)


def _blocks(
    path: str, topology: mdtraj.Topology, columns: list[Featurizer], stride: int
) -> Iterator[np.ndarray]:
    chunk = max(1, BLOCK_BYTES // (12 * topology.n_atoms * stride)) * stride
    times = Path(path).suffix in WITH_TIME
    frames = 0
    try:
        for part in _chunks(path, topology, chunk, stride):
            values = [one.compute(part) for one in columns]
            frames += len(part)
            if times:
                values.insert(0, part.time[:, None])
            yield np.concatenate(values, axis=1, dtype=np.float64)
    except Exception as error:  # GeneratorExit is none
        raise ValueError(
            f"{path}: mdtraj cannot read it beyond frame {frames} ({error}); is it cut off?"
        ) from error


def read_molecular(files: Sequence[str], source: TrajectorySource) -> Iterator[Table]:
    """Features of trajectories.

    Parameters
    ----------
    files : sequence of str
        Any format that mdtraj reads, each one trajectory.
    source : TrajectorySource

    Yields
    ------
    Table

    Raises
    ------
    ValueError
        If a file cannot be read, or has another number of atoms than the topology.
    """
    topology = _loaded(source.topology).topology
    columns = featurizers(topology, source)
    names = tuple(name for one in columns for name in one.names)
    periods = {name: one.period for one in columns for name in one.names}
    for path in files:
        n_atoms = _atoms_in(path)
        if n_atoms is not None and n_atoms != topology.n_atoms:
            raise ValueError(
                f"{path} has {n_atoms} atoms, the topology {source.topology} has "
                f"{topology.n_atoms}; give the topology that belongs to the trajectory"
            )
        if Path(path).suffix == ".xtc":
            check_whole_xtc(path)
        timed = (TIME, *names) if Path(path).suffix in WITH_TIME else names
        yield Table(path, timed, _blocks(path, topology, columns, source.stride), periods)

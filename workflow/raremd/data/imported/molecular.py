"""Topology and trajectories -> features by name. Angles in degrees, distances in nm.

Formats that carry times give a column `time`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

import mdtraj
import numpy as np

from raremd.data.imported.bonds import Cuts, Order
from raremd.data.imported.cells import drop_false_cell, sound_cells
from raremd.data.imported.clocks import Interval
from raremd.data.imported.featurizers import Featurizer, featurizers
from raremd.data.imported.kinds import TrajectorySource
from raremd.data.imported.saving import Saving
from raremd.data.imported.tables import TIME, Table
from raremd.data.imported.topologies import Structure, load_structure
from raremd.data.imported.trajectory_files import (
    atoms_in,
    check_kind,
    check_whole,
    first_frame,
    has_times,
    read_chunks,
)

log = logging.getLogger(__name__)

FEW_BONDS = 4
SHORT_BOND, LONG_BOND = 0.05, 0.6
"""nm; the median of all bonds lies between, those of coarse grains included."""


def _check_file(path: str, structure: Structure) -> None:
    """Refuse a file that is of another kind, of other atoms, or not whole."""
    check_kind(path)
    n_atoms = atoms_in(path)
    if n_atoms is not None and n_atoms != structure.topology.n_atoms:
        raise ValueError(
            f"{path} has {n_atoms} atoms, the topology {structure.file} has "
            f"{structure.topology.n_atoms}; give the topology that belongs to the trajectory"
        )
    check_whole(path, structure.topology.n_atoms)


def _check_bonds(path: str, structure: Structure, frame: mdtraj.Trajectory | None) -> Order | None:
    """Atoms in another order, or in another unit, as where a text says Angstrom and holds nm.

    What looks for another order in later frames, None where the topology has too few bonds.
    """
    bonds = np.array([(a.index, b.index) for a, b in structure.standard.bonds], np.int64)
    if frame is None or len(bonds) < FEW_BONDS:
        return None
    length = float(np.median(mdtraj.compute_distances(frame, bonds)))
    other_unit = not SHORT_BOND < length < LONG_BOND
    order = Order(path, structure, other_unit)
    order.check(frame)
    if other_unit:
        log.warning(
            "%s: bonds are %.2g nm long, so its coordinates are not in the unit of its format, or "
            "its atoms not in the order of %s: distances will be wrong",
            *(path, length, structure.file),
        )
    return order


def _blocks(
    path: str, parts: Iterable[mdtraj.Trajectory], columns: Sequence[Featurizer], timed: bool
) -> Iterator[np.ndarray]:
    for part in parts:
        try:
            values = [one.compute(part) for one in columns]
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        if timed:
            values.insert(0, part.time[:, None])
        yield np.concatenate(values, axis=1, dtype=np.float64)


def _uncut(
    cuts: Cuts, order: Order | None, parts: Iterable[mdtraj.Trajectory], stride: int
) -> Iterator[mdtraj.Trajectory]:
    for part in parts:
        cuts.check(part, stride)
        if order is not None:
            order.check_later(part, stride)
        yield part


def _table(
    path: str,
    structure: Structure,
    frame: mdtraj.Trajectory | None,
    columns: Sequence[Featurizer],
    stride: int,
    order: Order | None,
) -> Table:
    """One file, whose frames are checked when they are read."""
    timed = has_times(path)
    names = ((TIME,) if timed else ()) + tuple(name for one in columns for name in one.names)
    atoms = np.unique(np.concatenate([one.atoms for one in columns]))
    cuts = Cuts(path, structure, frame, atoms)

    def read(wanted: Sequence[int]) -> Iterator[np.ndarray]:
        parts = sound_cells(path, read_chunks(path, structure.topology, stride), stride)
        for block in _blocks(path, _uncut(cuts, order, parts, stride), columns, timed):
            yield block[:, wanted]

    periods = {name: one.period for one in columns for name in one.names}
    return Table(path, len(names), names, read, periods)


def read_molecular(
    files: Iterable[str], source: TrajectorySource, interval: Interval | None = None
) -> Iterator[Table]:
    """Features of trajectories.

    Parameters
    ----------
    files : iterable of str
        Any format that mdtraj reads, each one trajectory.
    source : TrajectorySource
    interval : Interval, optional
        That times and steps which mdtraj does not read are compared with.

    Yields
    ------
    Table

    Raises
    ------
    ValueError
        If a file cannot be read as a whole, its atoms are not those of the topology, it was saved
        in a way that is not read, or a periodic cell that it does not tell cuts a molecule.
    """
    structure, columns = load_structure(source.topology), None
    saving = Saving(interval, source.stride)
    for path in files:
        _check_file(path, structure)
        saving.check(path)
        frame = first_frame(path, structure.topology)
        if frame is not None:
            frame = drop_false_cell(frame)
        order = _check_bonds(path, structure, frame)
        if columns is None:
            columns = featurizers(structure, frame, source)
        yield _table(path, structure, frame, columns, source.stride, order)

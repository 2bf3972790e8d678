"""Ways to spoil a good study, for the tables in `bad_settings.py` and `bad_files.py`."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import h5py
import mdtraj
import numpy as np
import yaml
from study_runs import TINY

FRAMES = 200
MINE = """
source: {kind: features, files: data/*.npy, names: [phi, psi], periods: {"*": degrees}}
frame_interval: 1
time_unit: ps
coordinates:
  both: {}
partitions:
  fine: {method: kmeans, n_states: 5}
base: {coordinate: both, interval: 1, partition: fine}
sweeps:
  - {models: [lstm]}
lags: [1, 5, 10]
yardstick: {coordinate: both, partition: fine, lag: 5}
generation: {walkers: 4, time: 500}
"""
BIG = 100_000_000
PLAN, IMPORT, LENGTHS, STATES = "plan", "import_data", "check_lengths", "fit_states"
"""Stages: before any job, or in one of the cheap jobs before any training."""


@dataclass(frozen=True)
class Case:
    """One flawed input.

    Attributes
    ----------
    stage : str
    change : callable
        Folder and configuration -> nothing; changes both, or returns what the configuration file
        shall hold instead.
    words : tuple of str
        Must be in the one line of the message.
    """

    stage: str
    change: Callable[[Path, dict], bytes | None]
    words: tuple[str, ...]


def circle(n=FRAMES, seed=0, jumps=True):
    """Angles that wander between all parts of the plane, (n, 2) in degrees."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(-180, 180, (n, 2)) if jumps else np.zeros((n, 2))
    return values.astype(np.float32)


def prepare(folder: Path) -> dict:
    """Good files, and the configuration that goes with them."""
    (folder / "data").mkdir()
    for k in range(4):
        np.save(folder / f"data/{k}.npy", circle(seed=k))
    config = yaml.safe_load(TINY.read_text())
    config["systems"]["mine"] = yaml.safe_load(MINE)
    return config


def key(path, value):
    """Set one key of the configuration; None deletes it."""

    def change(folder, config):
        *parents, last = path.split(".")
        place = config
        for parent in parents:
            place = place[int(parent) if parent.isdigit() else parent]
        if value is None:
            del place[last]
        else:
            place[last] = deepcopy(value)

    return change


def mine(**values):
    """Set keys of the added system; `__` separates levels."""

    def change(folder, config):
        for path, value in values.items():
            key(f"systems.mine.{path.replace('__', '.')}", value)(folder, config)

    return change


def content(data):
    """The configuration file holds just these bytes."""
    return lambda folder, config: data


def edited(old, new):
    """The configuration file with one piece of its text replaced."""

    def change(folder, config):
        written = yaml.safe_dump(config, sort_keys=False)
        assert old in written
        return written.replace(old, new, 1).encode()

    return change


def source(kind="features", files="data/*", **others):
    """Replace the source."""
    return mine(source={"kind": kind, "files": files} | others)


def array(name, values):
    """Write one array over a file of the study."""
    return lambda folder, config: np.save(folder / "data" / name, values)


def changed(frame, value):
    """Trajectory 2 with one value replaced."""
    values = circle(seed=1)
    values[frame, 1] = value
    return array("1.npy", values)


def data(name, write, then=None):
    """The only file of the study is this one, written by `write(path)`."""

    def change(folder, config):
        for path in (folder / "data").iterdir():
            path.unlink()
        write(folder / "data" / name)
        (then or source())(folder, config)

    return change


def text(lines):
    return lambda path: path.write_text(lines)


def raw(octets):
    return lambda path: path.write_bytes(octets)


def sparse(path):
    path.touch()
    os.truncate(path, BIG)


def noise(path):
    path.write_bytes(np.random.default_rng(0).bytes(BIG))


def late_noise(path):
    """A table at first, for longer than a quick look at the file goes."""
    with path.open("wb") as file:
        file.write(b"1.5 2.5\n" * 20_000)
        file.write(np.random.default_rng(0).bytes(BIG))


def endless_line(path):
    with path.open("wb") as file:
        for _ in range(BIG // 1_000_000):
            file.write(b"1" * 1_000_000)


def states(values, then=None):
    """A source of discrete trajectories, three times this one and its neighbours."""

    def change(folder, config):
        config["systems"]["mine"] |= {
            "source": {"kind": "dtraj", "files": "data/*.txt"},
            "partitions": {"fine": {"method": "given"}},
        }
        rng = np.random.default_rng(0)
        for k in range(3):
            good = rng.integers(0, 3, FRAMES) if k else np.asarray(values)
            np.savetxt(folder / f"data/{k}.txt", good, fmt="%g")
        if then:
            then(folder, config)

    return change


def only_states(*dtrajs):
    """A source of just these discrete trajectories."""

    def change(folder, config):
        states(dtrajs[0])(folder, config)
        for k in range(3):
            (folder / f"data/{k}.txt").unlink()
        for k, dtraj in enumerate(dtrajs):
            np.savetxt(folder / f"data/{k}.txt", dtraj, fmt="%d")

    return change


def peptide(n_residues=4, n_frames=60):
    topology = mdtraj.Topology()
    chain = topology.add_chain()
    for k in range(n_residues):
        residue = topology.add_residue("ALA", chain, resSeq=k + 1)
        for name in ("N", "CA", "C", "O"):
            topology.add_atom(name, mdtraj.element.get_by_symbol(name[0]), residue)
    topology.create_standard_bonds()
    rng = np.random.default_rng(n_residues)
    xyz = rng.normal(size=(n_frames, topology.n_atoms, 3)).cumsum(axis=1) * 0.1
    return mdtraj.Trajectory(xyz.astype(np.float32), topology, time=1.0 * np.arange(n_frames))


def molecule(then=None, **others):
    """A source of topology and trajectory."""

    def change(folder, config):
        made = peptide()
        made[0].save(folder / "data/top.pdb")
        made.save(folder / "data/0.xtc")
        given = {"topology": "data/top.pdb", "features": ["phi", "psi"]} | others
        source("trajectory", "data/*.xtc", **given)(folder, config)
        if then:
            then(folder)

    return change


def other_topology(folder):
    peptide(5)[0].save(folder / "data/top.pdb")


def cut_trajectory(folder):
    path = folder / "data/0.xtc"
    os.truncate(path, path.stat().st_size * 2 // 3 - 7)


def molecule_at(interval, unit):
    """Topology and trajectory with these words on its times, which are 1 ps apart."""
    return several(molecule(), mine(frame_interval=interval, time_unit=unit))


def another_molecule(folder):
    peptide(5).save(folder / "data/1.xtc")


def table(values, head="", separator=" "):
    """Text of an array, one row a frame."""
    return head + "".join(separator.join(f"{v:g}" for v in row) + "\n" for row in values)


def at_times(*times):
    """A COLVAR with frames at these times."""
    values = np.column_stack([np.concatenate(times), circle(sum(map(len, times)))])
    return text(table(values, "#! FIELDS time phi psi\n"))


def own_link(folder, config):
    (folder / "data/0.npy").unlink()
    (folder / "data/0.npy").symlink_to("0.npy")
    source(files="data/0.npy")(folder, config)


def words_in_hdf5(path):
    with h5py.File(path, "w") as h5:
        h5["angles"] = ["left", "right"]


def hdf5(path):
    with h5py.File(path, "w") as h5:
        h5["angles"] = circle()


def half_a_gzip(path):
    whole = gzip.compress(b"\n".join(b"%d %d" % (k, k % 7) for k in range(50_000)))
    path.write_bytes(whole[: len(whole) // 2])


def pickled(path):
    np.save(path, np.array([{"phi": 1}, None], dtype=object), allow_pickle=True)


def several(*changes):
    def change(folder, config):
        for one in changes:
            one(folder, config)

    return change


WALK = np.arange(FRAMES) % 3
TICA = {"slow": {"tica_dimension": 1, "tica_lag": 2}}
CONSTANT = np.column_stack([np.ones(FRAMES), circle()[:, 1]])

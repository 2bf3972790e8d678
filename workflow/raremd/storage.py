"""File formats, atomic writing and provenance."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import os
import platform
import resource
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[2]
PACKAGES = ("numpy", "scipy", "torch", "deeptime", "numba", "h5py", "pandas", "snakemake")


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name only when all went well.

    Parameters
    ----------
    path : Path
        The final name; its folder is made if missing.

    Yields
    ------
    Path
        Where to write, with the same suffix.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@dataclass(frozen=True)
class Features:
    """Trajectories of one system.

    Attributes
    ----------
    trajectories : list of (n_frames, n_features) float32
        Never joined.
    frame_interval : float
        Time between two frames, in `time_unit`.
    time_unit : str
    feature_names : list of str
    periods : (n_features,) float64
        Period of each feature in its own unit, 0 where it is not periodic.
    """

    trajectories: list[np.ndarray]
    frame_interval: float
    time_unit: str
    feature_names: list[str]
    periods: np.ndarray


def write_features(
    path: Path | str,
    trajectories: Iterable[np.ndarray],
    *,
    frame_interval: float,
    time_unit: str,
    feature_names: list[str],
    periods: list[float],
    checksum: str,
) -> None:
    """Write one group a trajectory; `checksum` identifies the source.

    Raises
    ------
    ValueError
        Naming trajectory and frame of the first value that is not finite.
    """
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as h5:
        for number, values in enumerate(trajectories):
            bad = ~np.isfinite(values).all(axis=1)
            if bad.any():
                raise ValueError(
                    f"trajectory {number + 1}: frame {int(bad.argmax()) + 1} holds a value "
                    "that is not finite; remove or repair it"
                )
            group = h5.create_group(f"trajectory_{number:04d}")
            group.create_dataset("features", data=np.asarray(values, np.float32))
        h5.attrs["frame_interval"] = frame_interval
        h5.attrs["time_unit"] = time_unit
        h5.attrs["feature_names"] = feature_names
        h5.attrs["periods"] = np.asarray(periods, np.float64)
        h5.attrs["checksum"] = checksum


def read_features(path: Path | str) -> Features:
    """The inverse of `write_features`."""
    with h5py.File(path) as h5:
        return Features(
            trajectories=[h5[name]["features"][...] for name in sorted(h5)],
            frame_interval=float(h5.attrs["frame_interval"]),
            time_unit=str(h5.attrs["time_unit"]),
            feature_names=[str(n) for n in h5.attrs["feature_names"]],
            periods=np.asarray(h5.attrs["periods"]),
        )


def write_arrays(
    path: Path | str, arrays: dict[str, np.ndarray], attributes: dict[str, Any] | None = None
) -> None:
    """Arrays by slash-separated name, attributes as JSON."""
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as h5:
        for name, values in arrays.items():
            values = np.asarray(values)
            h5[name] = values.astype("S") if values.dtype.kind == "U" else values
        h5.attrs["attributes"] = json.dumps(attributes or {}, sort_keys=True)


def read_arrays(path: Path | str, under: str = "") -> dict[str, np.ndarray]:
    """All arrays below a group, by their name from there, in order of names."""
    found: dict[str, np.ndarray] = {}

    def collect(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            values = item[...]
            found[name] = values.astype("U") if values.dtype.kind == "S" else values

    with h5py.File(path) as h5:
        if not under or under in h5:
            (h5[under] if under else h5).visititems(collect)
    return found


def map_arrays(path: Path | str, under: str) -> dict[str, np.ndarray]:
    """As `read_arrays`, for numbers only, with the file mapped into memory instead of read.

    Changes to an array stay in memory.
    """
    found: dict[str, np.ndarray] = {}

    def collect(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            offset = item.id.get_offset()  # None where nothing is stored in one piece
            if offset is None:
                found[name] = item[...]
            else:
                found[name] = np.asarray(np.memmap(path, item.dtype, "c", offset, item.shape))

    with h5py.File(path) as h5:
        if under in h5:
            h5[under].visititems(collect)
    return found


def read_attributes(path: Path | str) -> dict[str, Any]:
    """Attributes written by `write_arrays`."""
    with h5py.File(path) as h5:
        return json.loads(h5.attrs["attributes"])


def write_table(
    path: Path | str,
    table: pd.DataFrame,
    arrays: dict[str, np.ndarray],
    attributes: dict[str, Any] | None = None,
) -> None:
    """A table, one array a column below `table/`, with further arrays."""
    columns = {f"table/{name}": table[name].to_numpy() for name in table}
    text = {k: v.astype("U") for k, v in columns.items() if v.dtype.kind not in "fiub"}
    write_arrays(path, arrays | columns | text, (attributes or {}) | {"columns": list(table)})


def read_table(path: Path | str) -> pd.DataFrame:
    """The table written by `write_table`."""
    arrays = read_arrays(path, "table")
    return pd.DataFrame({name: arrays[name] for name in read_attributes(path)["columns"]})


def write_json(path: Path | str, content: Any) -> None:
    """Sorted, indented, strict JSON: numbers that are not finite become null."""

    def strict(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strict(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [strict(item) for item in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    with atomic_path(path) as temporary:
        text = json.dumps(strict(content), indent=2, sort_keys=True, allow_nan=False)
        temporary.write_text(text + "\n")


def read_json(path: Path | str) -> Any:
    """The inverse of `write_json`."""
    return json.loads(Path(path).read_text())


def sha256(path: Path | str) -> str:
    """Hexadecimal digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def provenance() -> dict[str, Any]:
    """Versions, commit, lock file and machine, for `run.json`."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    lock = ROOT / "envs" / "requirements.lock"
    return {
        "versions": {p: importlib.metadata.version(p) for p in PACKAGES},
        "python": platform.python_version(),
        "commit": commit or "unknown",
        "lock_sha256": sha256(lock) if lock.exists() else "unknown",
        "machine": platform.machine(),
    }


def peak_memory_gib() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

"""What made a result, and what it took."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
HASH = 12
"""Letters of a commit that pages show."""
PACKAGES = ("numpy", "scipy", "torch", "deeptime", "numba", "h5py", "pandas", "snakemake")


def sha256(path: Path | str) -> str:
    """Hexadecimal digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Provenance:
    """With what a result was made.

    Attributes
    ----------
    versions : dict
        Of `PACKAGES`.
    python, commit : str
    lock_sha256 : str
        Of the file that names the packages.
    machine : str
        Its kind of processor.
    """

    versions: dict[str, str]
    python: str
    commit: str
    lock_sha256: str
    machine: str


def provenance() -> Provenance:
    """That of whatever is made now."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    lock = ROOT / "envs" / "requirements.lock"
    return Provenance(
        versions={p: importlib.metadata.version(p) for p in PACKAGES},
        python=platform.python_version(),
        commit=commit or "unknown",
        lock_sha256=sha256(lock) if lock.exists() else "unknown",
        machine=platform.machine(),
    )


def peak_memory_gib() -> float:
    """Largest resident memory of this process so far."""
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30

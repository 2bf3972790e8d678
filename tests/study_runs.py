"""Run small studies through the real command line, look at and damage what they wrote."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
TINY = ROOT / "tests" / "tiny.yaml"
TARGETS = ("results/comparison.csv", "results/claims.md")
TABLES = ("results/comparison.csv", "results/comparison.parquet", "results/claims.json")
ENVIRONMENT = os.environ | {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONPATH": str(ROOT / "workflow"),
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
}


class Run:
    """One call of snakemake in a folder of its own; the configuration is `tests/tiny.yaml`."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        profile: str = "profiles/default",
        cores: int = 2,
        config: Path = TINY,
        targets: Iterable[str] = TARGETS,
        before: str = "",
        environment: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "profiles").exists():
            (folder / "profiles").symlink_to(ROOT / "profiles")
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--profile", profile, "--cores", str(cores), *options]
        command += ["--configfile", str(config), "--", *targets]
        if before:
            command = ["bash", "-c", f'{before}; exec "$@"', "bash", *command]
        self.log = folder / f"terminal_{time.monotonic_ns()}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=ENVIRONMENT | (environment or {}),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        """What the terminal showed."""
        return self.log.read_text()

    def line(self, words: str) -> str:
        """The line of the terminal that holds these words, for the table of what was seen."""
        return line_with(self.text, words)

    def wait(self, seconds: float = 900) -> int:
        """Exit status."""
        return self.process.wait(seconds)

    def until(self, happened: Callable[[], bool], seconds: float = 600) -> None:
        """Return as soon as something has happened while the run goes on."""
        end = time.monotonic() + seconds
        while not happened():
            assert self.process.poll() is None, f"the run ended too early:\n{self.text}"
            assert time.monotonic() < end, f"waited in vain:\n{self.text}"
            time.sleep(0.005)

    def kill(self, everything: bool) -> None:
        """SIGKILL of the main process alone or, as in a power cut, of all of them."""
        if everything:
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait()


def scripts_in(folder: Path) -> set[int]:
    """Process ids of the scripts that Snakemake's jobs run in a folder."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if (process / "cwd").resolve() == folder and b"/.snakemake/scripts/" in command:
                found.add(int(process.name))
    return found


def line_with(text: str, words: str) -> str:
    """First line of a text that holds these words."""
    return next(line.strip() for line in text.splitlines() if words in line)


def finish(folder: Path, *options: str, **settings) -> str:
    """Run to the end and return what the terminal showed, and what its jobs logged."""
    started = time.time_ns()
    run = Run(folder, *options, **settings)
    assert run.wait() == 0, run.text
    logs = (folder / "results/logs").rglob("*.log")
    fresh = [path for path in sorted(logs) if path.stat().st_mtime_ns >= started]
    return "\n".join([run.text, *(path.read_text() for path in fresh)])


def copy_study(finished: Path, folder: Path) -> Path:
    """Copy a finished study with its time stamps to a folder as deep in the tree.

    Inputs are known by their paths relative to the folder, so elsewhere all would run again.
    """
    assert len(finished.parts) == len(folder.parts)
    shutil.copytree(finished, folder, symlinks=True, dirs_exist_ok=True)
    return folder


def unlock(folder: Path) -> None:
    """What the message on a locked folder tells the user to do."""
    assert Run(folder, "--unlock").wait() == 0


def tables(folder: Path) -> dict[str, str]:
    """Digest of each final table."""
    return {name: digest(folder / name) for name in TABLES}


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def products(folder: Path, *patterns: str) -> dict[str, str]:
    """Digest of each result that matches, by its path below the folder."""
    found = {}
    for pattern in patterns:
        for path in sorted((folder / "results").rglob(pattern)):
            found[str(path.relative_to(folder))] = digest(path)
    return found


def times(folder: Path, *patterns: str) -> dict[Path, int]:
    """Modification time of each result that matches; temporary files, whose names begin
    with a dot, may vanish at any moment and are left out.
    """
    paths = [path for pattern in patterns for path in (folder / "results").rglob(pattern)]
    found = {}
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            if not path.name.startswith("."):
                found[path] = path.stat().st_mtime_ns
    return found


def flip_bit(path: Path, at: float = 0.5) -> None:
    """Flip one bit, at a relative position, and leave the time stamp as it was."""
    stat = path.stat()
    with path.open("r+b") as file:
        file.seek(int(at * stat.st_size))
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 0x10]))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def write_config(path: Path, **changes) -> Path:
    """`tests/tiny.yaml` with some top-level keys replaced."""
    config = yaml.safe_load(TINY.read_text()) | changes
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path

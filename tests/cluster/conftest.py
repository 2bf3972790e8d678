"""A real one-node Slurm for the tests of this folder, where one can be had."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from study_runs import finish

SCRIPT = Path(__file__).with_name("slurm_node.sh")


def obstacle() -> str:
    """Why there can be no cluster here, or nothing."""
    if os.geteuid() != 0:
        return "needs root to start a one-node Slurm"
    if not shutil.which("apt-get") and not shutil.which("slurmctld"):
        return "needs Slurm, or Debian to install it"
    return ""


def pytest_collection_modifyitems(config, items):
    if obstacle():
        pytest.exit(f"cluster tests not run: {obstacle()}", returncode=0)


class Slurm:
    """The cluster; its folder holds Slurm's own records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def control(self, action: str) -> None:
        subprocess.run([SCRIPT, action, self.folder], check=True)

    def records(self) -> list[dict[str, str]]:
        """Finished jobs, from jobcomp.txt."""
        file = self.folder / "jobcomp.txt"
        lines = file.read_text().splitlines() if file.exists() else []
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]

    def records_of(self, folder: Path) -> list[dict[str, str]]:
        return [r for r in self.records() if r["WorkDir"] == str(folder)]

    def running(self, folder: Path) -> list[str]:
        """Jobs of a folder that run now."""
        form = ["squeue", "-h", "-t", "RUNNING", "-o", "%A %Z"]
        out = subprocess.run(form, capture_output=True, text=True, check=True)
        jobs = (line.split(maxsplit=1) for line in out.stdout.splitlines())
        return [job for job, place in jobs if place == str(folder)]


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    cluster = Slurm(tmp_path_factory.mktemp("slurm"))
    cluster.control("start")
    yield cluster
    cluster.control("stop")


@pytest.fixture(scope="session")
def laptop(tmp_path_factory):
    """An undisturbed run without a cluster."""
    folder = tmp_path_factory.mktemp("laptop")
    finish(folder)
    return folder

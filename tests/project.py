"""Copies of the project in which tests call Snakemake."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("workflow", "config", "resources", "profiles", "envs", "Snakefile", "config.yaml")


@dataclass(frozen=True)
class Project:
    """A working copy of the project in a folder of its own."""

    folder: Path

    def snakemake(self, *arguments: str, config: str = "config/smoke.yaml"):
        """Run Snakemake in the copy, with the copy's library."""
        environment = os.environ | {"PYTHONPATH": str(self.folder / "workflow")}
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", config, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def planned(self, config: str = "config/smoke.yaml", *targets: str) -> dict[str, int]:
        """Jobs by rule that a run would do now."""
        run = self.snakemake("--dry-run", "--quiet", "rules", "--", *targets, config=config)
        assert run.returncode == 0, run.stdout + run.stderr
        jobs: dict[str, int] = {}
        lines = iter((run.stdout + run.stderr).splitlines())
        for line in lines:
            if line.startswith("Job stats"):
                break
        for line in lines:
            words = line.split()
            if len(words) == 2 and words[1].isdigit():
                jobs[words[0]] = int(words[1])
            elif jobs and not words:
                break
        return {rule: n for rule, n in jobs.items() if rule not in ("all", "total")}

    def triggered(self) -> set[str]:
        """Rules whose code or parameters have changed since they ran, by Snakemake's own word."""
        run = self.snakemake("--dry-run", "--quiet", "rules")
        found = re.search(r"Rules with provenance triggered jobs: (.*)", run.stdout + run.stderr)
        return set(found[1].split()) if found else set()


def copy_project(folder: Path) -> Project:
    """Copy what a run needs."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            # What Numba has compiled goes along: it holds for a copy with the same times.
            ignore = shutil.ignore_patterns("*.pyc", "*.egg-info")
            shutil.copytree(source, folder / part, ignore=ignore)
        else:
            shutil.copy2(source, folder / part)
    return Project(folder)

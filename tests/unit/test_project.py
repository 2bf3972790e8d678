"""Version, dependencies and environments say the same everywhere."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import raremd

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = [
    line
    for line in (ROOT / "envs/requirements.lock").read_text().splitlines()
    if not line.startswith("#")
]
LOCKED = {canonicalize_name(name): version for name, version in (x.split("==") for x in LOCK)}
EXTRAS = PROJECT["optional-dependencies"]


def requirements(lines: list[str]) -> dict[str, Requirement]:
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r for r in found}


def imported(folder: Path) -> set[str]:
    """Distributions that the sources below a folder import."""
    modules = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.split(".")[0])
    of_module = importlib.metadata.packages_distributions()
    modules -= {"raremd", *sys.stdlib_module_names}
    return {canonicalize_name(of_module[module][0]) for module in modules}


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(citation["version"]) == raremd.__version__
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest[1] == raremd.__version__


def test_every_import_of_the_package_is_declared():
    assert imported(ROOT / "workflow/raremd") <= requirements(PROJECT["dependencies"]).keys()
    plugin = imported(ROOT / "workflow/snakemake_executor_plugin_slurm_patient")
    assert plugin <= requirements(EXTRAS["workflow"]).keys()


@pytest.mark.parametrize("group", ["dependencies", "workflow", "dev"])
def test_the_lock_satisfies_what_is_declared(group):
    lines = PROJECT["dependencies"] if group == "dependencies" else EXTRAS[group]
    for name, requirement in requirements(lines).items():
        version = raremd.__version__ if name == "raremd" else LOCKED[name]
        assert requirement.specifier.contains(version), requirement


def test_the_conda_environment_is_the_lock():
    """Snakemake copies the file, so it must not need another one beside it."""
    *packages, pip = yaml.safe_load((ROOT / "envs/environment.yaml").read_text())["dependencies"]
    assert pip == {"pip": LOCK}
    assert packages[0].startswith("python ") and "pip" in packages


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, raremd; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "numba", "pandas"} & set(run.stdout.split())

"""From another folder: as a module of somebody's workflow (docs/module.md), and as a wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
(SNAKEFILE,) = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs/module.md").read_text(), flags=re.DOTALL
)


def snakemake(folder, library, *arguments):
    """Run Snakemake in a folder that is not the project's."""
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


@pytest.fixture
def elsewhere(smoke, tmp_path):
    """A folder beside a clone, with the Snakefile of the page and the smoke study's settings."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (tmp_path / "raremd").symlink_to(smoke.folder)
    shutil.copy2(smoke.folder / "config/smoke.yaml", folder / "config.yaml")
    (folder / "Snakefile").write_text(SNAKEFILE)
    return folder


def test_a_module_makes_the_same_bytes_in_the_users_folder(smoke, elsewhere):
    features = "results/smoke/four_state/features.h5"
    library = smoke.folder / "workflow"
    said = snakemake(elsewhere, library, features, "results/smoke/cells.csv")
    assert "2 of 2 steps (100%) done" in said
    for made in (features, "results/smoke/cells.csv"):
        assert (elsewhere / made).read_bytes() == (smoke.folder / made).read_bytes()
    planned = snakemake(elsewhere, library, "--dry-run", "--quiet", "rules")
    assert re.search(r"train_and_generate +9\n", planned)


def test_a_module_under_a_key_and_with_a_prefix(smoke, elsewhere):
    study = yaml.safe_load((elsewhere / "config.yaml").read_text())
    (elsewhere / "config.yaml").write_text(yaml.safe_dump({"raremd": study, "mine": 3}))
    changed = SNAKEFILE.replace("        config\n", '        config["raremd"]\n')
    changed = changed.replace("from raremd\n", "from raremd as raremd_*\n")
    changed = changed.replace("rules.study", "rules.raremd_study")
    (elsewhere / "Snakefile").write_text(changed)
    planned = snakemake(elsewhere, smoke.folder / "workflow", "--dry-run", "--quiet", "rules")
    assert re.search(r"raremd_train_and_generate +9\n", planned)


def test_a_wheel_holds_the_package_and_imports_without_the_clone(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "workflow", source / "workflow", ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, source / name)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", target]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, source], check=True)
    assert {p.relative_to(target) for p in (target / "raremd").rglob("*.py")} == {
        p.relative_to(source / "workflow") for p in (source / "workflow/raremd").rglob("*.py")
    }
    said = subprocess.run(
        [sys.executable, "-c", "import raremd; print(raremd.__file__)"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(said.stdout.strip()).is_relative_to(target)


def test_the_library_needs_nothing_but_the_package(tmp_path):
    """As after `pip install .`: no resources, no configuration, and Snakemake is not loaded."""
    shutil.copytree(ROOT / "workflow/raremd", tmp_path / "raremd")
    code = """
import sys
import raremd
from raremd.data.simulated.hidden_chain import HiddenChain
from raremd.data.simulated.hidden_chain_walk import simulate
dtrajs = list(simulate(HiddenChain(t1=30, memory=0, positions=2), 4, 3000, 0))
markov = raremd.Markov(window=20, seed=0).fit(dtrajs)
generated = markov.generate(n_walkers=8, n_frames=2000)
found = raremd.compare(dtrajs, {"Markov": generated}, lags=[1, 5, 15], samples=20)
found.plot().savefig("markov.png")
print(raremd.__file__, "snakemake" in sys.modules, found)
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith(f"{tmp_path / 'raremd/__init__.py'} False - **Markov")

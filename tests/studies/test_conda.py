"""Jobs in conda environments; a stand-in for conda makes them from the present packages."""

from __future__ import annotations

import subprocess
import sys
import sysconfig

import yaml
from study_runs import ROOT, finish

CONDA = """#!{python}
import json, os, shutil, subprocess, sys
from pathlib import Path

words = sys.argv[1:]
if words[:2] == ["info", "--json"]:
    print(json.dumps({{"conda_prefix": "{prefix}", "platform": "linux-64"}}))
elif words == ["--version"]:
    print("conda 99.0.0")
elif words[0] == "config":
    print(json.dumps({{"get": {{"channel_priority": "strict"}}}}))
elif words[:2] == ["env", "create"]:
    file, place = (words[words.index(option) + 1] for option in ("--file", "--prefix"))
    shutil.copy(file, "{prefix}/created.yaml")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    packages = next(Path(place).glob("lib/python*/site-packages"))
    (packages / "locked.pth").write_text("{packages}")
"""


def test_a_job_in_a_conda_environment_finds_the_package(tmp_path):
    programs = tmp_path / "conda/bin"
    programs.mkdir(parents=True)
    places = {"prefix": programs.parent, "packages": sysconfig.get_path("purelib")}
    (programs / "conda").write_text(CONDA.format(python=sys.executable, **places))
    (programs / "conda").chmod(0o755)
    (programs / "activate").write_text('PATH="$1/bin:$PATH"\n')
    folder = tmp_path / "study"
    finish(
        folder,
        "--sdm=conda",
        targets=["results/four_state/features.h5"],
        before=f'export PATH="{programs}:$PATH"',
    )
    (log,) = (folder / ".snakemake/log").iterdir()
    assert "Activating conda environment" in log.read_text()
    created = yaml.safe_load((programs.parent / "created.yaml").read_text())
    assert created == yaml.safe_load((ROOT / "envs/environment.yaml").read_text())
    environment = next((folder / ".snakemake/conda").glob("*/bin/python"))
    alone = subprocess.run(
        [environment, "-Ec", "import numpy, raremd"], capture_output=True, text=True, check=False
    )
    assert "No module named 'raremd'" in alone.stderr

"""`make` with unusual paths and environments; a program that says its call replaces Snakemake."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAYS_ITS_CALL = """#!/bin/sh
printf '<%s>' "$@"
printf '[%s]' "$PYTHONPATH" "$PYTHONHOME"
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose environment is ready, as far as `make` can see."""

    def lay(name: str = "raremd") -> Path:
        folder = tmp_path / name
        for file in ("Makefile", "pyproject.toml", "envs/requirements.lock", "config.yaml"):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, folder / file)
        programs = folder / ".venv/bin"
        programs.mkdir(parents=True)
        sources = {"python": f'#!/bin/sh\nexec {sys.executable} "$@"\n', "snakemake": SAYS_ITS_CALL}
        for program, source in sources.items():
            (programs / program).write_text(source)
            (programs / program).chmod(0o755)
        (folder / ".venv/.ready").touch()
        return folder

    return lay


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "CORES=1", *arguments],
        cwd=folder,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["my study.yaml", "it's.yaml", "a$b;c.yaml"])
def test_the_configuration_may_have_any_name(checkout, name):
    folder = checkout()
    (folder / name).write_text("results: results/my run\n")
    escaped = name.replace("$", "$$")  # of make, which reads its arguments as its own language
    run = make(folder, "report", f"CONFIG={escaped}")
    assert run.returncode == 0, run.stderr
    assert f"<--configfile><{name}><--cores><1>" in run.stdout
    assert "<--report><results/my run/report.html>" in run.stdout


def test_a_missing_configuration_is_refused_in_one_line(checkout):
    run = make(checkout(), "figures", "CONFIG=my study.yaml")
    assert run.returncode == 2
    assert run.stdout.splitlines() == [
        "there is no configuration file my study.yaml; name one with CONFIG=..."
    ]


def test_the_path_of_another_python_does_not_reach_ours(checkout, tmp_path):
    path = str(tmp_path / "module")
    run = make(checkout(), "figures", PYTHONPATH=path, PYTHONHOME="")
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("[][]")


@pytest.mark.parametrize("name", ["my raremd", "it's", 'a"b', "a$b", "a(b", "a:b", "a\\b", "a[b"])
def test_a_path_that_shells_misread_is_refused_at_once(checkout, name):
    folder = checkout(name)
    (folder / ".venv/.ready").unlink()
    run = make(folder, "figures")
    assert run.returncode == 2
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1 and f"its path, {folder}, has" in run.stderr


def test_letters_of_any_language_are_fine_in_a_path(checkout):
    run = make(checkout("Prüfung-1_b+c@d"), "figures")
    assert run.returncode == 0, run.stderr


def test_the_study_of_budgets_shows_its_plan_before_it_runs(checkout):
    folder = checkout()
    (folder / "config").mkdir()
    (folder / "config/scaling.yaml").write_text("results: results/laws\n")
    (folder / "results/laws").mkdir(parents=True)
    (folder / "results/laws/inspect.md").write_text("the plan\n")
    (folder / "results/laws/laws_point.md").write_text("the point\n")
    run = make(folder, "laws")
    assert run.returncode == 0, run.stderr
    steps = ("<inspect_data>", "the plan", "<write_laws_page><keep_laws>")
    places = [run.stdout.index(step) for step in steps]
    assert places == sorted(places)
    run = make(folder, "laws-point")
    assert "<config/scaling.yaml><--cores><1><--><show_points>" in run.stdout
    assert run.stdout.rstrip().endswith("the point")


def test_another_board_is_ranked_and_shown_from_its_own_folder(checkout):
    folder = checkout()
    (folder / "board.yaml").write_text("results: results/of_mine\n")
    (folder / "results/of_mine").mkdir(parents=True)
    (folder / "results/of_mine/leaderboard.md").write_text("ranked\n")
    run = make(folder, "leaderboard", "BOARD=board.yaml")
    assert "<--configfile><board.yaml><--><rank_models>" in run.stdout
    assert run.stdout.endswith("ranked\n")

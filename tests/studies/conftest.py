"""A copy of the project in which the smoke study was run, shared by all tests of this folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from project import Project, copy_project


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The smoke study, run once for all tests that only look at it."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    run = project.snakemake()
    assert run.returncode == 0, run.stdout + run.stderr
    return project


@pytest.fixture
def finished(smoke: Project, tmp_path: Path) -> Project:
    """A copy of the finished smoke study that a test may change."""
    folder = tmp_path / "project"
    shutil.copytree(smoke.folder, folder)  # keeps modification times
    return Project(folder)

"""Plans of studies in which nothing has run, and what is refused before any job."""

from __future__ import annotations

from pathlib import Path

import pytest
from project import copy_project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project in which nothing has run."""
    return copy_project(tmp_path_factory.mktemp("project"))


def test_a_file_with_another_checksum_is_refused(project):
    """The default study embeds trajectories; one flipped byte must stop it before any job."""
    path = next((project.folder / "resources/alanine_dipeptide").glob("*.h5"))
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    path.write_bytes(flipped)
    run = project.snakemake("--dry-run", config="config.yaml")
    path.write_bytes(content)
    assert run.returncode != 0
    assert path.name in run.stderr and "checksum" in run.stderr


def test_laws_are_fitted_before_the_one_training_that_tries_them(project):
    config = str(Path(__file__).parents[1] / "laws.yaml")
    planned = project.planned(config, "write_laws_page", "keep_laws", "show_points")
    once = ("fit_laws", "try_prediction", "write_laws_page", "keep_laws", "plot_law_maps")
    assert {planned[rule] for rule in once} == {1}
    assert planned["solve_hidden_chain"] == 4 and planned["train_and_generate"] == 10
    assert not {"judge_claims", "inspect_data"} & set(planned)

"""The ways in: refusals before any work, and the plan."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from project import copy_project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project in which nothing has run."""
    return copy_project(tmp_path_factory.mktemp("project"))


def changed(project, change):
    path = project.folder / "config/smoke.yaml"
    config = yaml.safe_load(path.read_text())
    change(config)
    broken = path.with_name("broken.yaml")
    broken.write_text(yaml.safe_dump(config))
    run = project.snakemake("--dry-run", config="config/broken.yaml")
    return run.returncode, [line for line in run.stderr.splitlines() if line.strip()]


def test_a_typo_stops_the_run_with_the_nearest_key(project):
    def typo(config):
        config["training"]["tokenz"] = 1

    status, lines = changed(project, typo)
    assert status != 0
    assert any("training" in line and "tokenz" in line and "'tokens'" in line for line in lines)


def test_an_interval_off_the_frame_grid_is_refused(project):
    def off(config):
        config["systems"]["four_state"]["sweeps"].append({"interval": [2.5]})

    status, lines = changed(project, off)
    assert status != 0
    assert any("2.5" in line and "whole multiple" in line for line in lines)


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


def test_the_default_study_plans_every_cell_once(project):
    planned = project.planned("config.yaml")
    assert planned["estimate_kinetics"] == 12
    assert planned["import_embedded"] == 1


def test_laws_are_fitted_before_the_one_training_that_tries_them(project):
    config = str(Path(__file__).parents[1] / "laws.yaml")
    planned = project.planned(config, "write_laws_page", "keep_laws", "show_points")
    once = ("fit_laws", "try_prediction", "write_laws_page", "keep_laws", "plot_law_maps")
    assert {planned[rule] for rule in once} == {1}
    assert planned["solve_hidden_chain"] == 4 and planned["train_and_generate"] == 10
    assert not {"judge_claims", "inspect_data"} & set(planned)

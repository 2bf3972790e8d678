"""The plan of the default study."""

from __future__ import annotations

from project import copy_project


def test_the_default_study_plans_every_cell_once(tmp_path):
    project = copy_project(tmp_path)
    planned = project.planned("config.yaml")
    assert planned["estimate_kinetics"] == 10
    assert planned["import_embedded"] == 1

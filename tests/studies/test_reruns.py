"""What a change makes run again, and what it leaves alone."""

from __future__ import annotations

import pytest
import yaml
from project import ROOT, copy_project

from raremd.report.figures.catalogue import KINDS
from raremd.study.code import import_closure


def append(path, text="\nCHANGED = True\n"):
    path.write_text(path.read_text() + text)


def change(project, lags=(), sweeps=()):
    """Append to the lags and sweeps of the study."""
    path = project.folder / "config/smoke.yaml"
    config = yaml.safe_load(path.read_text())
    config["systems"]["four_state"]["lags"] += lags
    config["systems"]["four_state"]["sweeps"] += sweeps
    path.write_text(yaml.safe_dump(config))


LEVEL = {"interval": [10], "models": ["markov"]}


def test_a_finished_study_has_nothing_to_do(finished):
    run = finished.snakemake()
    assert run.returncode == 0
    assert "Nothing to be done" in run.stdout + run.stderr


def test_editing_a_plot_reruns_only_that_plot(finished):
    append(finished.folder / "workflow/raremd/report/figures/claims.py")
    assert set(finished.planned()) == {"plot_claims"}


def test_editing_the_trainer_reruns_training_and_what_follows(finished):
    append(finished.folder / "workflow/raremd/learning/training.py")
    planned = finished.planned()
    assert planned["train_and_generate"] == 9
    assert not {"simulate_four_state", "fit_states"} & set(planned)


@pytest.mark.parametrize(
    "module", ["states.split", "states.cores", "data.features", "kinetics.transition_matrix"]
)
def test_editing_a_module_runs_the_rules_that_import_it(finished, module):
    append(finished.folder / "workflow/raremd" / f"{module.replace('.', '/')}.py")
    scripts = {s.stem: s for s in (finished.folder / "workflow/scripts").glob("*.py")}
    figures = finished.folder / "workflow/raremd/report/figures"
    drawing = {f"plot_{k.name}": figures / f"{k.module}.py" for k in KINDS.values()}
    have_run = {log.stem for log in (finished.folder / "results/smoke/logs").iterdir()}
    importing = {
        rule
        for rule, start in (scripts | drawing).items()
        if f"raremd.{module}" in import_closure(start) and rule in have_run
    }
    # Snakemake names no other reason for rules that run because their input is made once more.
    assert finished.triggered() <= importing <= finished.planned().keys()


def test_editing_one_model_retrains_only_that_model(finished):
    append(finished.folder / "workflow/raremd/models/transformer.py")
    assert finished.planned()["train_and_generate"] == 1


def test_a_new_level_computes_only_its_cells(finished):
    change(finished, sweeps=[LEVEL])
    planned = finished.planned()
    assert planned["train_and_generate"] == 1
    assert planned["estimate_kinetics"] == 1
    assert not {"simulate_four_state", "fit_states"} & set(planned)


def test_a_longer_lag_trains_nothing_again(finished):
    change(finished, lags=[200])
    planned = finished.planned()
    assert planned["estimate_kinetics"] == 3
    assert not {"fit_states", "train_and_generate"} & set(planned)


def test_a_new_level_and_a_longer_lag_at_once(finished):
    change(finished, lags=[200], sweeps=[LEVEL])
    planned = finished.planned()
    assert planned["train_and_generate"] == 1
    assert planned["estimate_kinetics"] == 4


def test_laws_that_were_kept_are_no_reason_to_fit_them_again(tmp_path):
    project = copy_project(tmp_path)
    config, targets = str(ROOT / "tests/laws.yaml"), ("write_laws_page", "keep_laws")
    before = (project.folder / "resources/laws.json").read_text()
    run = project.snakemake("--", *targets, config=config)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (project.folder / "resources/laws.json").read_text() != before
    assert project.planned(config, *targets) == {}


def test_another_budget_retrains_everything_but_keeps_the_states(finished):
    path = finished.folder / "config/smoke.yaml"
    path.write_text(
        path.read_text().replace("tokens: 30000\n  patience", "tokens: 40000\n  patience")
    )
    planned = finished.planned()
    assert planned["train_and_generate"] == 9
    assert "fit_states" not in planned

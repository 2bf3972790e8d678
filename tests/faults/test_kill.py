"""SIGKILL at many moments, two runs in one folder: the next run goes on, nothing is lost."""

from __future__ import annotations

import base64

import yaml
from study_runs import (
    TINY,
    Run,
    copy_study,
    finish,
    line_with,
    products,
    tables,
    times,
    unlock,
    write_config,
)

FINISHED = ("features.h5", "states/*.h5", "model.safetensors", "generated.h5", "kinetics.h5")
SAME = ("model.safetensors", "generated.h5")
LOCKED = "cannot be locked"


def finished(folder):
    """Times of the results whose jobs Snakemake knows to have ended."""
    markers = (folder / ".snakemake" / "incomplete").glob("*")
    unfinished = {folder / base64.urlsafe_b64decode(m.name).decode() for m in markers}
    return {path: t for path, t in times(folder, *FINISHED).items() if path not in unfinished}


def kill_when(folder, pattern, everything, count=1):
    """Start or resume, kill as soon as `count` files exist; finished files have not changed."""
    before = finished(folder)
    run = Run(folder)
    run.until(lambda: len(times(folder, pattern)) >= count)
    run.kill(everything)
    after = times(folder, *FINISHED)
    assert {path: after.get(path) for path in before} == before
    return run


def test_killed_again_and_again(undisturbed, tmp_path, record_property):
    """All processes, seven times: from the simulation to the comparison."""
    kill_when(tmp_path, "features.h5", everything=True)
    refused = Run(tmp_path)
    assert refused.wait() != 0
    assert LOCKED in refused.text and "--unlock" in refused.text
    for pattern, count in (
        ("states/*.h5", 1),
        ("checkpoint_1.safetensors", 1),
        ("checkpoint_2.safetensors", 1),
        ("model.safetensors", 2),
        ("generated.h5", 1),
        ("kinetics.h5", 1),
    ):
        unlock(tmp_path)
        kill_when(tmp_path, pattern, everything=True, count=count)
    record_property("seen", refused.line(LOCKED))
    unlock(tmp_path)
    before = finished(tmp_path)
    assert len(before) >= 4
    finish(tmp_path)
    after = times(tmp_path, *FINISHED)
    assert {path: after[path] for path in before} == before
    assert tables(tmp_path) == tables(undisturbed)
    assert products(tmp_path, *SAME) == products(undisturbed, *SAME)
    assert not list(tmp_path.rglob("results/**/.*"))


def test_training_goes_on_from_its_checkpoint(undisturbed, tmp_path, record_property):
    kill_when(tmp_path, "checkpoint_2.safetensors", everything=True)
    unlock(tmp_path)
    text = finish(tmp_path)
    assert "resumes at step" in text
    record_property("seen", line_with(text, "resumes at step"))
    assert tables(tmp_path) == tables(undisturbed)


def test_longer_trajectories_train_nothing_again(undisturbed, tmp_path, record_property):
    copy_study(undisturbed, tmp_path)
    systems = yaml.safe_load(TINY.read_text())["systems"]
    systems["four_state"]["generation"]["time"] *= 2
    config = write_config(tmp_path / "longer.yaml", systems=systems)
    text = finish(tmp_path, config=config)
    assert text.count("was trained before") == 4 and "validation" not in text
    record_property("seen", line_with(text, "was trained before"))
    for name in ("model.safetensors", "history.parquet"):
        assert products(tmp_path, name) == products(undisturbed, name)
    assert products(tmp_path, "generated.h5") != products(undisturbed, "generated.h5")


def test_main_process_killed_alone(undisturbed, tmp_path, record_property):
    """The jobs that it left behind and their repetition may write at the same time."""
    kill_when(tmp_path, "checkpoint_1.safetensors", everything=False)
    unlock(tmp_path)
    finish(tmp_path)
    assert tables(tmp_path) == tables(undisturbed)
    record_property("seen", "same tables as undisturbed")


def test_two_runs_in_one_folder(undisturbed, tmp_path, record_property):
    first = Run(tmp_path)
    first.until(lambda: bool(times(tmp_path, "features.h5")))
    second = Run(tmp_path)
    assert second.wait() != 0
    assert LOCKED in second.text
    record_property("seen", second.line(LOCKED))
    assert first.wait() == 0, first.text
    assert tables(tmp_path) == tables(undisturbed)

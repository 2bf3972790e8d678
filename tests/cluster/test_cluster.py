"""The same study on a real Slurm: nothing differs, and nothing is lost when jobs die."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass

import pytest
from study_runs import Run, copy_study, finish, products, scripts_in, tables, times

QUICK = ("--slurm-patient-init-seconds-before-status-checks", "2", "--latency-wait", "15")
QUICK = (*QUICK, "--seconds-between-status-checks", "3", "--max-status-checks-per-second", "1")
SAME = ("*.h5", "model.safetensors", "comparison.csv", "claims.json")
FIRST = ("features.h5", "states/*.h5")
CHECKPOINT = "checkpoint_*.safetensors"
NOWHERE = ("--default-resources", "slurm_account=none", "slurm_partition=nowhere")
OUTAGE = 60  # seconds


def by_plugin(folder, *options):
    return Run(folder, *QUICK, *options, profile="profiles/slurm")


def by_sbatch(folder):
    return Run(folder, "--latency-wait", "15", profile="profiles/slurm-generic")


def by_state(jobs):
    """What Slurm's own records say of some jobs."""
    counts = Counter(job["JobState"] for job in jobs)
    return "Slurm's records: " + ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))


@pytest.fixture(scope="module")
def undisturbed(slurm, tmp_path_factory):
    """Whole studies on the cluster, side by side, by profile."""
    runs = {
        "slurm": by_plugin(tmp_path_factory.mktemp("plugin")),
        "slurm-generic": by_sbatch(tmp_path_factory.mktemp("sbatch")),
    }
    for run in runs.values():
        run.wait()
    return runs


@pytest.mark.parametrize("profile", ["slurm", "slurm-generic"])
def test_results_are_those_of_a_laptop(slurm, laptop, undisturbed, profile, record_property):
    run = undisturbed[profile]
    assert run.process.returncode == 0, run.text
    found = products(run.folder, *SAME)
    assert len(found) == 11
    assert found == products(laptop, *SAME)
    jobs = slurm.records_of(run.folder)
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    # simulation; both cells share a submission for their states, training and kinetics, and so do
    # the tables
    assert len(jobs) == 5
    record_property("seen", by_state(jobs))


@dataclass
class Disturbed:
    """Runs that went on from the states of the laptop's study, and when these were written."""

    runs: dict[str, Run]
    states: dict[str, dict]


def without_training(laptop, folder):
    """A copy of the study in which training and all after it is still to be done."""
    copy_study(laptop, folder)
    for cells in (folder / "results").glob("four_state/*/dt_*"):
        shutil.rmtree(cells)
    for table in (folder / "results").glob("c*.*"):
        table.unlink()
    return folder


def training(folder):
    return lambda: bool(times(folder, CHECKPOINT))


@pytest.fixture(scope="module")
def disturbed(slurm, laptop, tmp_path_factory):
    """One story: a job is cancelled, then stalls, then the controller goes away for all."""
    names = ("repeated", "plugin", "sbatch", "submission")
    folders = {name: without_training(laptop, tmp_path_factory.mktemp(name)) for name in names}
    states = {name: times(folder, *FIRST) for name, folder in folders.items()}
    repeated = by_plugin(folders["repeated"])
    repeated.until(training(repeated.folder))
    first, scripts = slurm.running(repeated.folder), scripts_in(repeated.folder)
    subprocess.run(["scancel", *first], check=True)
    repeated.until(lambda: bool(scripts_in(repeated.folder) - scripts))
    for script in scripts_in(repeated.folder) - scripts:
        os.kill(script, signal.SIGSTOP)
    (job,) = set(slurm.running(repeated.folder)) - set(first)
    subprocess.run(["scontrol", "update", f"JobId={job}", "TimeLimit=1"], check=True)
    runs = {"plugin": by_plugin(folders["plugin"]), "sbatch": by_sbatch(folders["sbatch"])}
    # one of the node's two cores is held by the stalled job: the runs take turns on the other
    runs["plugin"].until(lambda: any(training(folders[name])() for name in runs))
    slurm.control("controller-stop")
    runs |= {"repeated": repeated, "submission": by_plugin(folders["submission"])}
    time.sleep(OUTAGE)
    slurm.control("controller-start")
    for run in runs.values():
        run.wait()
    return Disturbed(runs, states)


def assert_nothing_lost(disturbed, laptop, name):
    run = disturbed.runs[name]
    assert times(run.folder, *FIRST) == disturbed.states[name]
    assert tables(run.folder) == tables(laptop)


def test_cancelled_and_out_of_time(slurm, laptop, disturbed, record_property):
    """scancel, then a training that stalls until its time is over: the third attempt goes on."""
    run = disturbed.runs["repeated"]
    assert run.process.returncode == 0, run.text
    jobs = slurm.records_of(run.folder)
    found = {job["JobState"] for job in jobs}
    assert found == {"CANCELLED", "TIMEOUT", "COMPLETED"}
    # two of train_and_generate in one: 600 minutes, the third time thrice that
    assert "1800" in {job["TimeLimit"] for job in jobs}
    assert "resumes at step" in "".join(
        p.read_text() for p in run.folder.rglob("train_and_generate/**/*.log")
    )
    assert_nothing_lost(disturbed, laptop, "repeated")
    record_property("seen", by_state(jobs))


@pytest.mark.parametrize("name", ["plugin", "sbatch", "submission"])
def test_outage_of_the_controller(slurm, laptop, disturbed, name, record_property):
    """For 60 seconds, while jobs run or are to be submitted: Snakemake waits."""
    run = disturbed.runs[name]
    assert run.process.returncode == 0, run.text
    assert_nothing_lost(disturbed, laptop, name)
    record_property("seen", by_state(slurm.records_of(run.folder)))


def test_refused_submission(laptop, tmp_path, slurm, record_property):
    """What Slurm does not take fails with Slurm's words; the next run, here a laptop's, goes on."""
    without_training(laptop, tmp_path)
    finished = times(tmp_path, *FIRST)
    run = by_plugin(tmp_path, *NOWHERE)
    assert run.wait() == 1
    assert "SLURM sbatch failed. The error message was" in run.text
    assert "Traceback" not in run.text
    finish(tmp_path)
    assert times(tmp_path, *FIRST) == finished
    assert tables(tmp_path) == tables(laptop)
    record_property("seen", run.line("invalid partition"))

"""The same study on a real Slurm: nothing differs, and nothing is lost when jobs die."""

from __future__ import annotations

import subprocess
import time
from collections import Counter

from study_runs import Run, finish, products, tables, times

QUICK = ("--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "3")
QUICK = (*QUICK, "--latency-wait", "15")
GENERIC = QUICK[2:]
SAME = ("generated.h5", "model.safetensors", "comparison.csv", "claims.json")
FIRST = ("features.h5", "kmeans_8.h5", "macrostates.h5")
CHECKPOINT = "checkpoint_*.safetensors"


def on_slurm(folder, *options, **settings):
    return Run(folder, *QUICK, *options, profile="profiles/slurm", **settings)


def assert_same(folder, laptop):
    assert products(folder, *SAME) == products(laptop, *SAME)
    assert len(products(folder, *SAME)) == 6


def by_state(jobs):
    """What Slurm's own records say of some jobs."""
    counts = Counter(job["JobState"] for job in jobs)
    return "Slurm's records: " + ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))


def test_results_are_those_of_a_laptop(slurm, laptop, tmp_path, record_property):
    run = on_slurm(tmp_path)
    assert run.wait() == 0, run.text
    assert_same(tmp_path, laptop)
    jobs = slurm.records_of(tmp_path)
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    # 11 jobs; the chains of both cells share a submission, and so do their states and kinetics
    assert len(jobs) == run.text.count("has been submitted with SLURM jobid") == 6
    record_property("seen", by_state(slurm.records_of(tmp_path)))


def test_plain_sbatch_gives_the_same(slurm, laptop, tmp_path, record_property):
    finish(tmp_path, *GENERIC, profile="profiles/slurm-generic")
    assert_same(tmp_path, laptop)
    assert {job["JobState"] for job in slurm.records_of(tmp_path)} == {"COMPLETED"}
    record_property("seen", by_state(slurm.records_of(tmp_path)))


def test_cancelled_job_is_repeated(slurm, laptop, tmp_path, record_property):
    run = on_slurm(tmp_path)
    run.until(lambda: bool(times(tmp_path, CHECKPOINT)))
    finished = times(tmp_path, *FIRST)
    subprocess.run(["scancel", *slurm.running()], check=True)
    assert run.wait() == 0, run.text
    assert "CANCELLED" in {job["JobState"] for job in slurm.records_of(tmp_path)}
    assert times(tmp_path, *FIRST) == finished
    assert tables(tmp_path) == tables(laptop)
    record_property("seen", by_state(slurm.records_of(tmp_path)))


def test_outage_of_the_controller(slurm, laptop, tmp_path, record_property):
    """For 60 seconds, while jobs run: they go on, and Snakemake waits."""
    run = on_slurm(tmp_path)
    run.until(lambda: bool(times(tmp_path, CHECKPOINT)))
    finished = times(tmp_path, *FIRST)
    slurm.control("controller-stop")
    time.sleep(60)  # the outage
    slurm.control("controller-start")
    assert run.wait() == 0, run.text
    assert times(tmp_path, *FIRST) == finished
    assert tables(tmp_path) == tables(laptop)
    record_property("seen", by_state(slurm.records_of(tmp_path)))


def test_submission_without_a_controller(slurm, laptop, tmp_path, record_property):
    """What cannot be submitted fails with Slurm's words; the next run goes on."""
    finish(tmp_path, *QUICK, profile="profiles/slurm", targets=["results/four_state/features.h5"])
    finished = times(tmp_path, "features.h5")
    slurm.control("controller-stop")
    run = on_slurm(tmp_path)
    status = run.wait()
    slurm.control("controller-start")
    assert status == 1
    assert "SLURM sbatch failed. The error message was" in run.text
    assert "Traceback" not in run.text
    finish(tmp_path, *QUICK, profile="profiles/slurm")
    assert times(tmp_path, "features.h5") == finished
    assert tables(tmp_path) == tables(laptop)
    record_property("seen", run.line("SLURM sbatch failed").split(" sbatch call")[0])


def test_walltime_grows_with_the_attempt(slurm, laptop, tmp_path, record_property):
    """A training that is stalled until its time is over goes on in an attempt with more time."""
    run = on_slurm(tmp_path)
    run.until(lambda: bool(times(tmp_path, CHECKPOINT)))
    (job,) = slurm.running()
    subprocess.run(["scontrol", "update", f"JobId={job}", "TimeLimit=1"], check=True)
    subprocess.run(["pkill", "-STOP", "-f", f"{tmp_path}/.snakemake/scripts/.*train_model"])
    assert run.wait() == 0, run.text
    jobs = slurm.records_of(tmp_path)
    assert "TIMEOUT" in {job["JobState"] for job in jobs}
    # two chains of train_model and generate_trajectories: 600 minutes, the second time twice that
    assert "1200" in {job["TimeLimit"] for job in jobs}
    assert "resumes at step" in "".join(
        p.read_text() for p in tmp_path.rglob("train_model/**/*.log")
    )
    assert tables(tmp_path) == tables(laptop)
    record_property("seen", by_state(slurm.records_of(tmp_path)))

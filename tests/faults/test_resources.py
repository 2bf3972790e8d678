"""No disk space, no memory: one clear line, and the run goes on when there is some again."""

from __future__ import annotations

import os
import subprocess

import pytest
import yaml
from study_runs import TINY, Run, finish, tables, times, write_config


@pytest.fixture
def small_disk(tmp_path):
    """A results folder on a file system of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small tmpfs")
    results = tmp_path / "results"
    results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(results)]
    subprocess.run(mount, check=True)
    yield tmp_path
    subprocess.run(["umount", str(results)], check=True)


def test_disk_full(undisturbed, small_disk, record_property):
    (small_disk / "results" / "ballast").write_bytes(bytes(650_000))
    run = Run(small_disk)
    assert run.wait() != 0
    assert "raremd: no space left on the disk" in run.text
    assert "Traceback" not in run.text
    record_property("seen", run.line("raremd: no space"))
    finished = times(small_disk, "features.h5")
    assert finished
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk / "results")], check=True)
    finish(small_disk)
    assert times(small_disk, "features.h5") == finished
    assert tables(small_disk) == tables(undisturbed)


def test_out_of_memory(undisturbed, tmp_path, record_property):
    system = yaml.safe_load(TINY.read_text())["systems"]["four_state"]
    system["generation"]["walkers"] = 10_000_000  # 8 GB of states
    greedy = write_config(tmp_path / "greedy.yaml", systems={"four_state": system})
    name = "results/four_state/xy/dt_5/macrostates/lstm/generated.h5"
    run = Run(tmp_path, config=greedy, before="ulimit -v 4000000", targets=[name])
    assert run.wait() != 0
    assert "raremd: out of memory; give the rule more mem_mb" in run.text
    record_property("seen", run.line("raremd: out of memory"))
    made = "features.h5", "macrostates.h5", "checkpoint_1.safetensors"
    finished = times(tmp_path, *made)
    assert len(finished) == 3
    assert "macrostates/lstm replicate 1 was trained before" in finish(tmp_path)
    assert finished.items() <= times(tmp_path, *made).items()
    assert tables(tmp_path) == tables(undisturbed)

"""A file that was truncated or in which one bit flipped is noticed by name, never used."""

from __future__ import annotations

import os

import pytest
from study_runs import TARGETS, Run, finish, flip_bit, tables, times

CELL = "results/four_state/xy/dt_5/macrostates"
# damaged file -> file whose making reads it
READERS = {
    "results/four_state/features.h5": "results/four_state/xy/states/macrostates.h5",
    "results/four_state/xy/states/macrostates.h5": f"{CELL}/lstm/model.safetensors",
    f"{CELL}/lstm/model.safetensors": f"{CELL}/lstm/generated.h5",
    f"{CELL}/lstm/generated.h5": f"{CELL}/kinetics.h5",
    f"{CELL}/kinetics.h5": "results/comparison.csv",
}


def truncate(path):
    stat = path.stat()
    os.truncate(path, stat.st_size // 2)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damage")
    finish(folder)
    return folder


@pytest.mark.parametrize("damage", [truncate, flip_bit], ids=["truncated", "flipped"])
@pytest.mark.parametrize("name", READERS, ids=lambda name: name.rsplit("/", 1)[1])
def test_damaged_intermediate_file(undisturbed, folder, name, damage):
    reader = READERS[name]
    other = times(folder, "kmeans_8/lstm/generated.h5", "kmeans_8/lstm/model.safetensors")
    assert len(other) == 2
    damage(folder / name)
    (folder / reader).unlink()
    run = Run(folder, targets=[reader])
    assert run.wait() != 0
    assert f"raremd: {name}: damaged or incomplete" in run.text
    assert "delete it and run again" in run.text
    assert "Traceback" not in run.text
    (folder / name).unlink()
    finish(folder, targets=[name, reader, *TARGETS])
    assert tables(folder) == tables(undisturbed)
    if CELL in name:  # nothing of the other cell was made again
        assert other.items() <= times(folder, "generated.h5", "model.safetensors").items()


def test_damaged_checkpoint_starts_anew(undisturbed, tmp_path):
    run = Run(tmp_path)
    run.until(lambda: bool(times(tmp_path, "macrostates/lstm/checkpoint_1.safetensors")))
    run.kill(everything=True)
    for path in times(tmp_path, "checkpoint_*.safetensors"):
        flip_bit(path)
    text = finish(tmp_path, "--unlock") + finish(tmp_path)
    assert "unreadable checkpoint, training starts anew" in text
    assert tables(tmp_path) == tables(undisturbed)

"""A file that was truncated or in which one bit flipped is noticed by name, never used."""

from __future__ import annotations

import os
import shutil

import h5py
import pytest
from study_runs import (
    TARGETS,
    Run,
    copy_study,
    finish,
    flip_bit,
    line_with,
    products,
    tables,
    times,
)

CELL = "results/four_state/xy/dt_5/macrostates"
OTHER = "kmeans_8/lstm/*"
# damaged file -> file whose making reads it
READERS = {
    "results/four_state/features.h5": "results/four_state/xy/states/macrostates.h5",
    "results/four_state/xy/states/macrostates.h5": f"{CELL}/lstm/model.safetensors",
    f"{CELL}/lstm/generated.h5": f"{CELL}/kinetics.h5",
    f"{CELL}/lstm/run.json": "results/comparison.csv",
    f"{CELL}/kinetics.h5": "results/comparison.csv",
    "results/comparison.parquet": "results/claims.json",
}
every_file = pytest.mark.parametrize("name", READERS, ids=lambda name: name.rsplit("/", 1)[1])


def truncate(path):
    stat = path.stat()
    os.truncate(path, stat.st_size // 2)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def place_of_a_state(path):
    """Within the trajectories: the histogram for figures, say, is not read by training."""
    with h5py.File(path) as h5:
        return (h5["md/0003"].id.get_offset() + 100) / path.stat().st_size


@pytest.fixture
def folder(undisturbed, tmp_path):
    """A finished study that a test may damage."""
    return copy_study(undisturbed, tmp_path)


def refused(folder, name, reader, record_property):
    """The run that needs a damaged file ends with its name and what to do."""
    (folder / reader).unlink()
    run = Run(folder, targets=[reader])
    assert run.wait() != 0
    assert f"raremd: {name}: damaged or incomplete" in run.text
    assert "delete it and run again" in run.text
    assert "Traceback" not in run.text
    record_property("seen", run.line("raremd: ").split(" (details")[0])


@every_file
def test_truncated(undisturbed, folder, name, record_property):
    """What the message says helps: the file and what came out of it are made again, no more."""
    finished = times(folder, OTHER)
    assert len(finished) == 6
    truncate(folder / name)
    refused(folder, name, READERS[name], record_property)
    (folder / name).unlink()
    finish(folder)
    assert tables(folder) == tables(undisturbed)
    if CELL in name:
        assert finished.items() <= times(folder, OTHER).items()


@every_file
def test_one_bit_flipped(undisturbed, folder, name, record_property):
    """Whoever has a copy of the file may put it back instead."""
    flip_bit(folder / name, place_of_a_state(folder / name) if "/states/" in name else 0.5)
    refused(folder, name, READERS[name], record_property)
    shutil.copy2(undisturbed / name, folder / name)
    wanted = {t: (undisturbed / t).read_bytes() for t in (READERS[name], *TARGETS)}
    finish(folder, targets=wanted)
    assert {t: (folder / t).read_bytes() for t in wanted} == wanted


def test_damaged_checkpoint_starts_from_the_beginning(undisturbed, tmp_path, record_property):
    run = Run(tmp_path)
    run.until(lambda: bool(times(tmp_path, "macrostates/lstm/checkpoint_1.safetensors")))
    run.kill(everything=True)
    for path in times(tmp_path, "checkpoint_*.safetensors"):
        flip_bit(path)
    text = finish(tmp_path, "--unlock") + finish(tmp_path)
    assert "unreadable checkpoint, training starts from the beginning" in text
    record_property("seen", line_with(text, "unreadable checkpoint"))
    assert tables(tmp_path) == tables(undisturbed)
    assert products(tmp_path, "generated.h5") == products(undisturbed, "generated.h5")

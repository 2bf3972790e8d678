"""Declared memory follows from the number of states, and is not exceeded."""

import tracemalloc
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from raremd.analysis.cell_kinetics import Seen, md_rows
from raremd.analysis.yardstick import Yardstick
from raremd.io.storage import write_arrays
from raremd.kinetics.bootstrap import MAX_BLOCKS, trajectory_blocks
from raremd.learning.leak import HeldOutWindows, read_held_out
from raremd.learning.windows import Windows
from raremd.models import build_model
from raremd.study.memory import (
    CONTEXT_BYTES,
    PAIR_BYTES,
    check_metastable,
    compared_bytes,
    of_contexts,
    of_states,
)


def frames(n_states, n_frames, seed=0):
    """A walk that often jumps far and visits each state in turn."""
    rng = np.random.default_rng(seed)
    steps = np.where(rng.random(n_frames) < 0.1, rng.integers(n_states, size=n_frames), 1)
    return (np.cumsum(steps) % n_states).astype(np.int16)


@contextmanager
def traced():
    """Most memory that is held at a time, in bytes."""
    found = SimpleNamespace(peak=0)
    tracemalloc.start()
    yield found
    found.peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_more_states_declare_more_memory(tmp_path):
    few, many = tmp_path / "few.h5", tmp_path / "many.h5"
    for path, n_states in ((few, 4), (many, 10_000)):
        write_arrays(path, {"md/0000": np.zeros(2, np.int16)}, {"n_states": n_states})
    assert of_states([tmp_path / "none.h5"], 2000, 120) == 2000
    assert of_states([few], 2000, 120) == 2000
    assert of_states([few, many], 2000, 120) == 2000 + 12_000


def test_a_damaged_file_is_left_to_the_job_that_reads_it(tmp_path):
    path = tmp_path / "states.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    assert of_states([path], 2000, 120) == 2000


def test_training_takes_no_more_than_declared():
    n_states = 400
    trajectory = frames(n_states, 20_000)
    windows = Windows.of([trajectory], 20)
    torch.set_num_threads(1)
    with traced() as memory:
        model = build_model("markov", n_states, {})
        model.prepare([trajectory])
        held_out = HeldOutWindows.of(windows, windows, n_states, 100)
        read_held_out(model, held_out)
    assert n_states**2 * 8 < memory.peak < PAIR_BYTES["train_and_generate"] * n_states**2


def test_histories_are_counted_by_core_and_occur_once_a_frame_at_most(tmp_path):
    path = tmp_path / "states.h5"
    training = [[0, 0, 400_000], [1, 1000, 201_000]]
    write_arrays(path, {}, {"n_states": 500, "training": training})
    for cores, rows in ((0, 500 + 250_000), (2, 1000 + 500_000), (3, 1500 + 600_000)):
        assert of_contexts(path, 2, cores) == rows * 500 * CONTEXT_BYTES // 1_000_000


def test_histories_take_no_more_than_declared(tmp_path):
    n_states, order, cores = 60, 3, 4
    trajectory = frames(n_states, 50_000)
    path = tmp_path / "states.h5"
    write_arrays(
        path, {"md/0000": trajectory}, {"n_states": n_states, "training": [[0, 0, 50_000]]}
    )
    assert of_contexts(path, 1, 0) == of_contexts(tmp_path / "none.h5", order, cores) == 0
    settings = {"order": order, "cores": cores, "strength": 0}
    build_model("ngram", n_states, settings).prepare([trajectory[:2000]])  # functions are compiled
    with traced() as memory:
        model = build_model("ngram", n_states, settings)
        model.prepare([trajectory])
    rows = len(model.prior.fixed)
    assert rows * n_states * 8 < memory.peak < of_contexts(path, order, cores) * 1e6


def test_comparison_in_metastable_states_takes_no_more_than_declared():
    n_samples, peaks = 20, {}
    for n_states in (4, 4, 24):  # first of all, functions are compiled
        dtrajs = [frames(n_states, 5000)]
        yardstick = Yardstick.of(dtrajs, n_states, np.arange(n_states, dtype=np.int16), 2)
        seen = Seen(dtrajs, dtrajs, n_states, yardstick, (2,), 1)
        blocks = trajectory_blocks([5000], 5000 // MAX_BLOCKS)
        assert len(blocks) == MAX_BLOCKS
        with traced() if peaks else nullcontext(SimpleNamespace(peak=0)) as memory:
            md_rows(seen, blocks, n_samples, np.random.default_rng(0))
        peaks[n_states] = memory.peak
    assert 24**2 * 8 * MAX_BLOCKS < peaks[24] - peaks[4] < 24**2 * compared_bytes(n_samples)


def test_a_yardstick_of_microstates_is_refused():
    check_metastable("macrostates", 200)
    with pytest.raises(ValueError, match=r"yardstick: microstates has 2000 states, .* at most 200"):
        check_metastable("microstates", 2000)

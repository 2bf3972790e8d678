"""10^8 frames through slicing, counting, coring and training windows, from a mapped file."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import numpy as np

from raremd.io.provenance import peak_memory_gib
from raremd.io.storage import map_arrays, write_arrays
from raremd.kinetics.timescales import count_matrix
from raremd.learning.windows import Windows
from raremd.states.recrossing import remove_recrossings
from raremd.states.split import Segment, at_interval

N_FRAMES, N_TRAJECTORIES, N_STATES = 10**8, 10, 100


def main() -> None:
    """Print JSON: CPU seconds of each part and the peak of resident memory."""
    seconds = {}

    def timed(name, function, *arguments):
        started = time.process_time()
        result = function(*arguments)
        seconds[name] = time.process_time() - started
        return result

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "states.h5"
        rng = np.random.default_rng(0)
        length = N_FRAMES // N_TRAJECTORIES
        walk = np.cumsum(rng.integers(-1, 2, size=length, dtype=np.int8), dtype=np.int32)
        states = (np.abs(walk) % N_STATES).astype(np.int16)
        names = [f"md/trajectory_{k:04d}" for k in range(N_TRAJECTORIES)]
        write_arrays(path, dict.fromkeys(names, states))
        del walk, states
        dtrajs = list(map_arrays(path, "md").values())
        segments = tuple(Segment(k, 0, length) for k in range(N_TRAJECTORIES))
        timed("warm up", count_matrix, [dtrajs[0][:1000]], N_STATES, 1)
        timed("warm up", remove_recrossings, [dtrajs[0][:1000]], "dynamical_coring", 5)
        timed("counting 10^7 frames", count_matrix, dtrajs[:1], N_STATES, 1)
        timed("coring 10^7 frames", remove_recrossings, dtrajs[:1], "dynamical_coring", 5)
        timed("counting 10^8 frames", count_matrix, dtrajs, N_STATES, 1)
        kept = timed("slicing 10^8 frames", at_interval, dtrajs, segments, 1, "none", 1)
        windows = timed("windows of 10^8 frames", Windows.of, kept, 100)
        timed("drawing 1,000 batches", lambda: [windows.draw(64, rng) for _ in range(1000)])
        del seconds["warm up"]
        print(json.dumps({"peak_gib": peak_memory_gib(), "seconds": seconds}))


if __name__ == "__main__":
    main()

"""SIGKILL in the middle of writing one file: the old content stays, or there is none."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from study_runs import ENVIRONMENT

from raremd.io.storage import read_arrays, write_arrays

SIZE = 40_000_000
WRITER = f"""
import sys, numpy as np
from raremd.io.storage import write_arrays
arrays = {{f"part_{{n}}": np.full({SIZE // 8}, n, np.int8) for n in range(8)}}
print("ready", flush=True)
while True:
    write_arrays(sys.argv[1], arrays)
"""


def temporaries(path):
    return [p for p in path.parent.iterdir() if p.name.startswith(".")]


def size(paths):
    try:
        return max((p.stat().st_size for p in paths), default=0)
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 0.95])
@pytest.mark.parametrize("existed", [False, True])
def test_killed_in_mid_write(tmp_path, share, existed, record_property):
    path = tmp_path / "arrays.h5"
    old = {"old": np.arange(10)}
    if existed:
        write_arrays(path, old)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], env=ENVIRONMENT, stdout=subprocess.PIPE
    )
    writer.stdout.readline()
    while size(temporaries(path)) <= share * SIZE:
        assert writer.poll() is None
    writer.kill()
    writer.wait()
    writer.stdout.close()
    seen = "no file"
    if path.exists():
        seen = "a whole file"
        found = read_arrays(path)  # raises if incomplete
        assert set(found) == {"old"} or len(found) == 8
    else:
        assert not existed
    record_property("seen", seen)
    write_arrays(path, old)
    assert not temporaries(path)
    assert np.array_equal(read_arrays(path)["old"], old["old"])

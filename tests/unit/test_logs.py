"""What a script logs: all of it in a file, warnings on the terminal too."""

import errno
import subprocess
import sys

import pytest

from raremd.io.logs import DISK_FULL, QUOTA, explain

SCRIPT = """
import logging
from raremd.io.logs import log_to
log_to("fit.log")
log = logging.getLogger("raremd.states")
log.info("one")
log.warning("two")
"""


def test_a_warning_on_the_terminal_names_its_log(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert [line[9:] for line in ran.stderr.splitlines()] == ["WARNING: two (in fit.log)"]
    logged = (tmp_path / "fit.log").read_text().splitlines()
    assert [line[9:] for line in logged] == ["one", "WARNING: two"]


H5 = "Can't synchronously write data (file write failed: errno = {}, error message = '{}')"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "x"), DISK_FULL),
        (RuntimeError(H5.format(28, "No space left on device")), DISK_FULL),
        (OSError(errno.EDQUOT, "x"), QUOTA),
        (RuntimeError(H5.format(122, "Disk quota exceeded")), QUOTA),
        (
            OSError("Unable to flush file's cached information (unable to extend file properly)"),
            QUOTA,
        ),
        (OSError(errno.EFBIG, "x"), QUOTA),
        (RuntimeError(H5.format(27, "File too large")), QUOTA),
        (OSError(errno.EACCES, "x"), "PermissionError: [Errno 13] x"),
        (ValueError("a line"), "a line"),
    ],
)
def test_no_room_is_told_whoever_reports_it(error, told):
    assert explain(error) == told


def test_a_file_that_may_not_grow_ends_a_script_in_one_line(tmp_path):
    script = (
        "import resource, h5py, numpy as np\n"
        "from raremd.io.logs import log_to\n"
        "log_to('fit.log')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "with h5py.File('a.h5', 'w') as file:\n"
        "    file['x'] = np.zeros(1_000_000)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [f"raremd: {QUOTA} (details in fit.log)"]

"""What a script logs: all of it in a file, warnings on the terminal too."""

import subprocess
import sys

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

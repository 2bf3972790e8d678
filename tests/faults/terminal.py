"""Snakemake's command line in a process that has been forked, so that it costs no imports."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path


def snakemake(folder: str, arguments: list[str]) -> None:
    """Run in a folder as from a terminal, whose text goes to `terminal.log`.

    `memory` tells the largest resident memory of this process and of its jobs, in GiB, `status` the
    exit status: a fork server that serves two threads may lose it and then reports 255.
    """
    os.chdir(folder)
    terminal = os.open("terminal.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(terminal, 1)
    os.dup2(terminal, 2)
    from snakemake import cli

    sys.argv = ["snakemake", *arguments]
    status = 1  # of a traceback, and of a message instead of a number
    try:
        cli.main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else status
        raise
    finally:
        Path("status").write_text(str(status))
        users = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
        largest = max(resource.getrusage(user).ru_maxrss for user in users)
        Path("memory").write_text(str(largest / 2**20))

"""The main process: how many of the cells that a run computes are done."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import TextIO

LAST = "estimate_kinetics"
"""The rule with which a cell ends."""


class CellProgress(logging.Handler):
    """Listens to Snakemake's log and writes a line after each cell.

    It sees jobs of every executor, and nothing of what runs inside of them.

    Parameters
    ----------
    stream : file, optional
        Standard error if left out.
    clock : callable, optional
        Seconds.
    """

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(logging.INFO)
        self.stream, self.clock = stream or sys.stderr, clock
        self.planned = self.finished = 0
        self.start = clock()

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of the plan, and of each cell that ends."""
        event = getattr(record, "event", None)
        if event == "run_info":
            self.planned = getattr(record, "stats", {}).get(LAST, 0)
            self.finished, self.start = 0, self.clock()
        elif event == "job_finished" and self.planned and f"Rule: {LAST})" in record.getMessage():
            self.finished += 1
            left = self.planned - self.finished
            minutes = (self.clock() - self.start) / 60
            of_run = f"{self.finished} of {self.planned} cells of this run"
            line = f"raremd: {of_run} done in {minutes:.0f} min"
            if left:
                line += f", about {minutes * left / self.finished:.0f} min left"
            print(line, file=self.stream, flush=True)

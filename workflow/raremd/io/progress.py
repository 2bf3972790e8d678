"""The main process: what the terminal shows of a run; Snakemake's log file keeps the rest."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable
from typing import TextIO

LAST = "estimate_kinetics"
"""The rule with which a cell ends."""
WIDTH = 20
"""Letters of the bar."""


class CellProgress(logging.Handler):
    """Listens to Snakemake's log: a line for each finished cell and each failed job, and a bar.

    It sees jobs of every executor, and nothing of what runs inside of them. The bar is drawn on
    terminals only.

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
        self.places: dict[int, str] = {}
        self.left = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of the plan, of each cell that ends and of each job that fails."""
        event = getattr(record, "event", None)
        if event == "run_info":
            self.planned = getattr(record, "stats", {}).get(LAST, 0)
            self.finished, self.start, self.left = 0, self.clock(), ""
        elif event == "job_info" and getattr(record, "rule_name", "") == LAST:
            self.places[record.__dict__["jobid"]] = "/".join(record.__dict__["wildcards"].values())
        elif event == "job_finished" and self.planned and f"Rule: {LAST})" in record.getMessage():
            self._cell(self.places.get(record.__dict__.get("job_id", -1), ""))
        elif event == "job_error":
            told = ", ".join(record.__dict__.get("log", ()))
            rule = record.__dict__.get("rule_name")
            self._line(f"failed: {rule}" + (f", log: {told}" if told else ""))
        elif event == "progress" and self.stream.isatty():
            done, total = (record.__dict__[name] for name in ("done", "total"))
            bar = "█" * (WIDTH * done // total)
            text = f"\r\x1b[K{bar:░<{WIDTH}} {done} of {total} jobs{self.left}"
            print(text, end="\n" if done == total else "", file=self.stream, flush=True)

    def _cell(self, place: str) -> None:
        self.finished += 1
        left = self.planned - self.finished
        seconds = self.clock() - self.start
        self.left = f", about {_duration(seconds * left / self.finished)} left" if left else ""
        of_run = f"{self.finished} of {self.planned} cells of this run"
        named = f" ({place})" if place else ""
        self._line(f"raremd: {of_run} done in {_duration(seconds)}{self.left}{named}")

    def _line(self, text: str) -> None:
        clear = "\r\x1b[K" if self.stream.isatty() else ""
        print(clear + text, file=self.stream, flush=True)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"


def _is_for_the_terminal(record: logging.LogRecord) -> bool:
    """Errors but those of jobs, which `CellProgress` tells, and the name of the log file."""
    if getattr(record, "event", None) == "job_error":
        return False
    return record.levelno >= logging.WARNING or record.getMessage().startswith("Complete log")


def keep_terminal_short(handlers: Iterable[logging.Handler]) -> None:
    """Hide Snakemake's details of each job on the terminal; files keep them.

    Parameters
    ----------
    handlers : iterable of logging.Handler
        Of Snakemake's logger.
    """
    for handler in handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(
            handler, logging.FileHandler
        ):
            handler.addFilter(_is_for_the_terminal)

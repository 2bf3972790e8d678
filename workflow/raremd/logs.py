"""One way to log for all scripts: to the rule's log file and, short, to the terminal."""

from __future__ import annotations

import logging
import sys
from pathlib import Path


def log_to(path: Path | str) -> None:
    """Send log messages of the package to `path` and to standard error."""
    handlers = [logging.FileHandler(path, mode="w"), logging.StreamHandler(sys.stderr)]
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        handlers=handlers,
        force=True,
    )

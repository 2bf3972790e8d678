"""One way to log and to fail for all scripts: a log file for all, a line for the terminal."""

from __future__ import annotations

import contextlib
import errno
import gc
import logging
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType

DISK_FULL = "no space left on the disk; make room and run again, what is finished is kept"
QUOTA = (
    "the disk quota or the largest size of a file is reached; make room or have the limit raised, "
    "and run again, what is finished is kept"
)
_NO_ROOM = {
    DISK_FULL: ({errno.ENOSPC}, ("No space left on device",)),
    QUOTA: (
        {errno.EDQUOT, errno.EFBIG},
        ("Disk quota exceeded", "File too large", "unable to extend file properly"),
    ),
}
"""Error numbers, and what libraries such as HDF5 write instead of them."""
NO_MEMORY = "out of memory; give the rule more mem_mb, or choose fewer walkers or frames"


class _Line(logging.Formatter):
    """Time and message, of a warning that it is one, and what follows each message."""

    def __init__(self, after: str = "") -> None:
        super().__init__("%(asctime)s", datefmt="%H:%M:%S")
        self.after = after

    def formatMessage(self, record: logging.LogRecord) -> str:
        """One line."""
        kind = "WARNING: " if record.levelno >= logging.WARNING else ""
        return f"{record.asctime} {kind}{record.message}{self.after}"


def log_to(path: Path | str) -> None:
    """Send log messages of the package to `path`, and warnings to standard error too.

    On standard error, where jobs of several systems and cells meet, warnings name `path`. To be
    called after all imports. From then on an error that ends the script is one line on standard
    error; its traceback goes to `path`.
    """
    gc.freeze()  # what imports made lives to the end; to take it apart then costs half a second
    handlers: list[logging.Handler] = [
        logging.FileHandler(path, mode="w", encoding="utf-8"),
        logging.StreamHandler(sys.stderr),
    ]
    handlers[0].setFormatter(_Line())
    handlers[1].setFormatter(_Line(f" (in {path})"))
    handlers[1].setLevel(logging.WARNING)
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)

    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        line = f"raremd: {explain(error)}"
        print(f"{line} (details in {path})", file=sys.stderr, flush=True)
        # A full disk takes no log either.
        with contextlib.suppress(OSError), open(path, "a", encoding="utf-8") as file:
            traceback.print_exception(kind, error, trace, file=file)
            print(line, file=file)
        if DISK_FULL in line or QUOTA in line:
            os._exit(1)  # HDF5 crashes when it tidies up what it could not write

    def note(unraisable: sys.UnraisableHookArgs) -> None:
        with contextlib.suppress(OSError), open(path, "a", encoding="utf-8") as file:
            traceback.print_exception(unraisable.exc_value, file=file)

    sys.excepthook = report
    sys.unraisablehook = note


def explain(error: BaseException) -> str:
    """One line for an error: the cause where it is known, else type and message.

    Libraries report a full disk and a lack of memory as errors of many types, hence
    the look into the text.
    """
    text = " ".join(str(error).split())
    number = error.errno if isinstance(error, OSError) else None
    for told, (numbers, words) in _NO_ROOM.items():
        if number in numbers or any(word.lower() in text.lower() for word in words):
            return told
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        return f"{NO_MEMORY} ({text})" if text else NO_MEMORY
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if type(error) is ValueError or type(error).__module__.startswith("raremd."):
        return text
    return f"{type(error).__name__}: {text}"

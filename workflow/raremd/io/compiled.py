"""Where compiled functions are kept: a folder that can be written, wherever the package lies.

Nothing here loads numba.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
NAME = "NUMBA_CACHE_DIR"


def _can_write_below(folder: Path) -> bool:
    """Whether a folder can be written, or can be made."""
    there = next((f for f in (folder, *folder.parents) if f.exists()), Path("/"))
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _user_cache() -> Path:
    """What numba takes where it cannot write beside a module."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "numba")


def _temporary() -> Path:
    """A folder of this user alone: what is in it is executed."""
    folder = Path(tempfile.gettempdir(), f"raremd-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid == os.getuid() and not folder.is_symlink() and not found.st_mode & 0o022:
        return folder
    return Path(tempfile.mkdtemp(prefix="raremd-"))


def keep_compiled_functions() -> None:
    """Have numba keep them in a temporary folder if package and user's cache cannot be written.

    To be called before any function is compiled; a folder that the user names is left alone.
    """
    if os.environ.get(NAME) or _can_write_below(PACKAGE) or _can_write_below(_user_cache()):
        return
    os.environ[NAME] = str(_temporary())
    numba = sys.modules.get("numba")
    if numba:  # it has read the environment already
        numba.config.CACHE_DIR = os.environ[NAME]

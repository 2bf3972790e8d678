"""Files from the web: resumed where a transfer broke off, and taken only with the right digest."""

from __future__ import annotations

import hashlib
import http.client
import logging
import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path

log = logging.getLogger(__name__)

BLOCK = 1 << 20
TIMEOUT = 60.0
ALGORITHMS = {64: "sha256", 32: "md5"}
"""By the number of hexadecimal digits."""


def download(url: str, digest: str, output: Path | str) -> None:
    """Fetch a file once.

    Parameters
    ----------
    url : str
        http, https, ftp or file.
    digest : str
        Its SHA-256 or MD5, hexadecimal.
    output : Path
        Appears only when whole and verified; beside it a `.part` remains of a transfer that broke
        off, and the next call goes on from there if the server can.

    Raises
    ------
    ValueError
        If the server does not deliver, or what it delivers has another digest.
    """
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_name(output.name + ".part")
    try:
        _fetch(url, part)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)  # URLError only wraps it
        kept = f"; {part.stat().st_size:,} bytes are kept" if part.exists() else ""
        raise ValueError(
            f"{url}: {reason}{kept}; run again to go on, or fetch the file yourself and name it "
            "with source.files"
        ) from error
    algorithm = ALGORITHMS[len(digest)]
    with part.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != digest.lower():
        part.unlink()
        raise ValueError(f"{url}: its {algorithm} is {found}, source.{algorithm} says {digest}")
    os.replace(part, output)


def _fetch(url: str, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing beyond what is there: it was whole
            return
        raise
    with response:
        resumed = have and response.status == 206
        log.info("%s: %s", url, f"resumed at byte {have}" if resumed else "from the start")
        expected = response.headers.get("Content-Length")
        with part.open("ab" if resumed else "wb") as file:
            before = file.tell()
            shutil.copyfileobj(response, file, BLOCK)
            if expected is not None and file.tell() - before < int(expected):
                raise OSError(f"broke off after {file.tell() - before} of {expected} bytes")

"""Where a user's files are: globs, downloads, and the checks that need no full read."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from raremd.data.imported.feature_files import check_header
from raremd.data.imported.kinds import NumberSource, Source, StateSource
from raremd.data.imported.tables import natural_key


def matching_files(patterns: Sequence[str], root: Path = Path()) -> list[str]:
    """Files that match globs, those of each glob in natural order (9 before 10).

    Parameters
    ----------
    patterns : sequence of str
        `**` matches any number of folders.
    root : Path
        What relative globs are relative to.

    Returns
    -------
    list of str
        Relative where the glob is.
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        # A file that exists is meant, whatever its name has of globs.
        matches = [pattern] if (root / pattern).is_file() else _globbed(pattern, root)
        files = [m for m in matches if (root / m).is_file()]
        # As Snakemake hands them over: without ./ in front.
        found |= dict.fromkeys(str(Path(file)) for file in sorted(files, key=natural_key))
    return list(found)


def _globbed(pattern: str, root: Path) -> list[str]:
    return glob.glob(pattern, root_dir=root, recursive=True)


def stamp_of(files: Iterable[str], root: Path = Path()) -> str:
    """Digest of names, sizes and modification times of files, quick whatever their size.

    Any replaced file changes it, also one with an older time, as `rsync -t` and archives give.

    Parameters
    ----------
    files : iterable of str
        They exist.
    root : Path
        What relative names are relative to.
    """
    found = [(file, (root / file).stat()) for file in files]
    lines = [f"{file} {stat.st_size} {stat.st_mtime_ns}\n" for file, stat in found]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def downloads(source: Source) -> dict[str, tuple[str, str]]:
    """File name -> URL and SHA-256 (or MD5) of what a source downloads."""
    pairs = zip(source.url, source.digests, strict=True)
    return {unquote(Path(urlsplit(url).path).name): (url, digest) for url, digest in pairs}


def _advice(pattern: str, root: Path) -> str:
    """What to do about a glob that nothing matches."""
    if pattern.startswith("~") or "$" in pattern:
        return "~ and $ are not expanded: write the path in full"
    if (root / pattern).is_dir():
        return f"it is a folder: name the files in it, such as {pattern.rstrip('/')}/*.npy"
    if (root / pattern).is_symlink():
        return "it is a link that leads nowhere"
    return "correct the path or glob"


def _refuse_name(file: str) -> None:
    """Names that are no text; and in braces, Snakemake sees a wildcard."""
    plain = file.encode("utf-8", "backslashreplace").decode()
    if plain != file:
        raise ValueError(f"{plain}: the name of the file or folder is not in UTF-8; rename it")
    if "{" in file or "}" in file:
        raise ValueError(f"{file}: a path with braces cannot be used; rename the file or folder")


def _refuse_links(files: Sequence[str], root: Path) -> None:
    """The same file under two names."""
    seen: dict[Path, str] = {}
    for file in files:
        other = seen.setdefault((root / file).resolve(), file)
        if other != file:
            raise ValueError(f"{file}: the same file as {other}; give each file once")


def check_source(source: Source, key: str, root: Path = Path()) -> None:
    """Files are there and are not, at first sight, of the wrong kind.

    Parameters
    ----------
    source : Source
    key : str
        What messages begin with, such as `systems.mine.source`.
    root : Path
        What relative paths are relative to.

    Raises
    ------
    ValueError
        Naming the key or file.
    """
    if bool(source.files) == bool(source.url):
        raise ValueError(f"{key}: give either files or url")
    if source.sha256 and source.md5:
        raise ValueError(f"{key}: give either sha256 or md5")
    urls, digests = source.url, source.digests
    if len(urls) != len(digests):
        raise ValueError(
            f"{key}: {len(urls)} url need as many sha256 (or md5), there are {len(digests)}"
        )
    for name in downloads(source):
        if "/" in name or name in ("", ".", ".."):
            raise ValueError(f"{key}.url: '{name}' is no file name; the address must end with one")
    if len(downloads(source)) != len(urls):
        raise ValueError(f"{key}.url: two downloads have the same file name")
    for name, file in source.single_files.items():
        if not (root / file).is_file():
            raise ValueError(f"{key}.{name}: there is no file {file}")
        _refuse_name(file)
    if source.url and source.validation:
        raise ValueError(f"{key}.validation: files can be named where there are files, not url")
    for pattern in source.globs:
        if not matching_files([pattern], root):
            at = "files" if pattern in source.files else "validation"
            raise ValueError(
                f"{key}.{at}: no file matches {pattern} (from {root.resolve()}); "
                f"{_advice(pattern, root)}"
            )
        for file in _globbed(pattern, root):
            if (root / file).is_symlink() and not (root / file).exists():
                raise ValueError(f"{file}: a link that leads nowhere; correct or delete it")
    files = matching_files(source.globs, root)
    _refuse_links(files, root)
    for file in files:
        _refuse_name(file)
        try:
            if isinstance(source, NumberSource):
                check_header(root / file, source.dataset, isinstance(source, StateSource))
            elif not (root / file).stat().st_size:
                raise ValueError(f"{file}: the file is empty")
        except OSError as error:
            raise ValueError(f"{file}: cannot be opened ({error.strerror})") from error

"""Numbers in text: csv, white space, PLUMED COLVAR, GROMACS xvg, each perhaps with .gz.

Lines that begin with # or @ are comments; a first line that is not a number names the columns, as
does `#! FIELDS`. Blocks of lines are parsed by pandas; only what it refuses is looked at again,
to name the line.
"""

from __future__ import annotations

import codecs
import gzip
import io
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from raremd.data.imported.tables import MAX_COLUMNS, Table

LINES = 1 << 16
"""Lines parsed at a time."""
CHARACTERS = 1 << 25
"""A limit for lines that are long."""
CHARACTERS_AT_A_TIME = 1 << 20
HEAD = 1 << 16
"""Bytes that tell whether a file is text."""


GZIP = b"\x1f\x8b"
"""Its first bytes."""


@dataclass
class _Layout:
    """What the top of the file tells."""

    names: tuple[str, ...] | None = None
    separator: str | None = None
    n_columns: int = 0
    limits: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def periods(self) -> dict[str, float]:
        return {n: v["max"] - v["min"] for n, v in self.limits.items() if {"min", "max"} <= set(v)}


def _number(word: str) -> float | None:
    """A number, or PLUMED's multiple of pi, or None."""
    sign, name = (-1.0, word[1:]) if word.startswith("-") else (1.0, word)
    if name.endswith("pi"):
        factor = name.removesuffix("pi").rstrip("*") or "1"
        return sign * float(factor) * math.pi if factor.replace(".", "").isdigit() else None
    try:
        return float(word)
    except ValueError:
        return None


def _words(line: str, separator: str | None) -> list[str]:
    return [word.strip().strip("\"'") for word in line.strip().split(separator)]


def _read_comment(line: str, number: int, layout: _Layout, label: str) -> None:
    """PLUMED's header: `#! FIELDS time phi psi`, `#! SET min_phi -pi`."""
    words = line.split()
    if words[:2] == ["#!", "FIELDS"]:
        if layout.names is not None and tuple(words[2:]) != layout.names:
            raise ValueError(
                f"{label}: line {number}: FIELDS differ from those above; split the file there"
            )
        layout.names = tuple(words[2:])
        layout.n_columns = len(layout.names)
    elif words[:2] == ["#!", "SET"] and len(words) == 4:
        side, _, name = words[2].partition("_")
        value = _number(words[3])
        if side in ("min", "max") and value is not None:
            layout.limits.setdefault(name, {})[side] = value


def _read_first_line(line: str, number: int, layout: _Layout, label: str) -> bool:
    """Separator and columns from the first line of data; whether it names the columns."""
    layout.separator = next((s for s in ";," if s in line), None)
    words = _words(line, layout.separator)
    if len(words) > MAX_COLUMNS:
        raise ValueError(f"{label}: line {number}: {len(words)} columns; frames are rows")
    named = layout.names is None and all(_number(w) is None for w in words if w)
    if named:
        layout.names = tuple(w or f"column_{k}" for k, w in enumerate(words, start=1))
    layout.n_columns = layout.n_columns or len(words)
    return named


def _refused(lines: list[tuple[int, str]], layout: _Layout, label: str) -> ValueError:
    """The line that could not be parsed."""
    for number, line in lines:
        words = _words(line, layout.separator)
        if len(words) != layout.n_columns:
            return ValueError(
                f"{label}: line {number}: {len(words)} columns where {layout.n_columns} are "
                "expected; is the file cut off or are two runs joined?"
            )
        for word in words:
            try:
                finite = math.isfinite(float(word))
            except ValueError:
                commas = "; numbers have decimal points, not commas" if "," in line else ""
                return ValueError(f"{label}: line {number}: '{word[:40]}' is not a number{commas}")
            if not finite:
                return ValueError(f"{label}: line {number}: '{word}' is not finite; repair it")
    return ValueError(f"{label}: lines {lines[0][0]} to {lines[-1][0]} cannot be read")


def _parse(lines: list[tuple[int, str]], layout: _Layout, label: str) -> np.ndarray:
    text = io.StringIO("\n".join(line for _, line in lines))
    try:
        values = pd.read_csv(
            text,
            sep=layout.separator or r"\s+",
            header=None,
            dtype=np.float64,
            na_filter=False,
            skip_blank_lines=False,
        ).to_numpy()
    except ValueError as error:  # pandas' own errors are ValueErrors too
        raise _refused(lines, layout, label) from error
    if values.shape != (len(lines), layout.n_columns) or not np.isfinite(values).all():
        raise _refused(lines, layout, label)
    return values


def _physical_lines(file: TextIO, label: str) -> Iterator[str]:
    """Lines in bounded memory: a file of another kind may be one line without end."""
    rest = ""
    while text := file.read(CHARACTERS_AT_A_TIME):
        if "\0" in text:
            raise ValueError(f"{label}: not a text file (it holds zero bytes)")
        *lines, rest = (rest + text).split("\n")
        yield from lines
        if len(rest) > CHARACTERS:
            raise ValueError(f"{label}: not a table (a line is longer than {CHARACTERS} bytes)")
    if rest:
        yield rest


def _lines(file: TextIO, layout: _Layout, label: str) -> Iterator[list[tuple[int, str]]]:
    """Blocks of (number, line) that hold data; the layout is filled in on the way."""
    waiting, held = [], 0
    started = False
    for number, line in enumerate(_physical_lines(file, label), start=1):
        stripped = line.strip()
        if not stripped:
            continue
        if stripped[0] in "#@":
            _read_comment(stripped, number, layout, label)
            continue
        if not started:
            started = True
            if _read_first_line(stripped, number, layout, label):
                continue
        waiting.append((number, stripped))
        held += len(stripped)
        if len(waiting) == LINES or held > CHARACTERS:
            yield waiting
            waiting, held = [], 0
    if waiting:
        yield waiting


def _blocks(path: Path, layout: _Layout, label: str) -> Iterator[np.ndarray]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as file:
            for lines in _lines(file, layout, label):
                yield _parse(lines, layout, label)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{label}: not a text file (byte {error.start} is no UTF-8; save it as such)"
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{label}: not a whole gzip file ({error})") from error


def check_text(path: Path) -> None:
    """Refuse, by the first bytes alone, what is no text.

    Raises
    ------
    ValueError
        Naming the file.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            head = file.read(HEAD)
        if head.startswith(GZIP):
            raise ValueError(f"{path}: a gzip file; its name must end in .gz")
        # A character may be cut in two at the end.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not a text file (byte {error.start} is no UTF-8; save it as such)"
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: not a whole gzip file ({error})") from error
    if b"\0" in head:
        raise ValueError(f"{path}: not a text file (it holds zero bytes)")


def read_text(path: Path | str) -> Table:
    """One trajectory in a text file.

    Raises
    ------
    ValueError
        If it is empty or not text; while reading, naming the line that is wrong.
    """
    path, layout = Path(path), _Layout()
    blocks = _blocks(path, layout, str(path))
    first = next(blocks, None)  # reads the header too
    if first is None:
        raise ValueError(f"{path}: there are no frames in it")

    def all_blocks() -> Iterator[np.ndarray]:
        yield first
        yield from blocks

    return Table(str(path), layout.names, all_blocks(), layout.periods)

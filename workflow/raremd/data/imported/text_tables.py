"""Numbers in text: csv, white space, PLUMED COLVAR, GROMACS xvg, each perhaps compressed.

Lines that begin with # or @ are comments; what the first lines tell is in `text_layout`. Blocks of
lines are parsed by pandas; only what it refuses is looked at again, line by line.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import itertools
import logging
import lzma
import math
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from raremd.data.imported.clocks import Interval
from raremd.data.imported.joined import Line, Watch, refuse_turns
from raremd.data.imported.tables import Table
from raremd.data.imported.text_layout import (
    COMMENTS,
    MISSING,
    Counts,
    Layout,
    check_comments,
    number,
    read_comment,
    read_first_lines,
    refuse_numbers_as_names,
    words_of,
)

log = logging.getLogger(__name__)

LINES = 1 << 16
"""Lines parsed at a time."""
CHARACTERS = 1 << 25
"""A limit for lines that are long."""
CHARACTERS_AT_A_TIME = 1 << 20
LINES_ALIKE = 50
"""So many lines above a cut one have as many digits each."""
HEAD = 1 << 16
"""Bytes that tell whether a file is text."""
PACKED: dict[str, tuple[bytes, Callable[..., IO[Any]]]] = {
    "gzip": (b"\x1f\x8b", gzip.open),
    "bzip2": (b"BZh", bz2.open),
    "xz": (b"\xfd7zXZ\0", lzma.open),
}
"""Kinds of compression: their first bytes, and what opens them."""
SUFFIXES = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz"}
ONE_DECIMAL = re.compile(r"-?\d+,\d")
"""A line that may be one number with a decimal comma."""
UNITS = re.compile(r"[(\[]?[^\W\d][\w/^*.-]{0,11}[)\]]?")
"""What may be a unit, as nm, [kJ/mol] or degrees."""
BROKEN_PACK = (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError, OSError)


def _packing(path: Path) -> str | None:
    """How a file is compressed, by what it holds."""
    with path.open("rb") as file:
        head = file.read(8)
    found = next((kind for kind, (magic, _) in PACKED.items() if head.startswith(magic)), None)
    wanted = SUFFIXES.get(path.suffix)
    if wanted is not None and found != wanted:
        raise ValueError(f"{path}: not a whole {wanted} file, as its name says")
    return found


def _line_by_line(
    lines: Sequence[Line], layout: Layout, columns: Sequence[int], label: str
) -> np.ndarray:
    """The wanted columns, (n, n_wanted); refuses the first line that is wrong."""
    values = np.empty((len(lines), len(columns)))
    for row, (at, line) in enumerate(lines):
        words = words_of(line, layout.separator)
        if len(words) != layout.n_columns:
            raise ValueError(
                f"{label}: line {at}: {len(words)} columns where {layout.n_columns} are "
                "expected; is the file cut off or are two runs joined?"
            )
        for place, column in enumerate(columns):
            value = number(words[column])
            if value is None:
                said = _no_number(words[column], column, layout, at)
                raise ValueError(f"{label}: line {at}: {said}")
            if not math.isfinite(value):
                shown = words[column][:40]
                advice = "write one number a line" if shown != words[column] else "repair it"
                raise ValueError(f"{label}: line {at}: '{shown}' is not finite; {advice}")
            values[row, place] = value
    return values


def _no_number(word: str, column: int, layout: Layout, at: int) -> str:
    """What is wrong with a word in a line."""
    name = layout.names[column] if layout.names else str(column + 1)
    if word.lower() in MISSING:
        what = f"is '{word}'" if word else "is empty"
        return f"column {name} {what}; fill it, or leave the column out with source.columns"
    parts = word.split()
    between = len(parts) > 1 and None not in map(number, parts) and layout.separator == ","
    advice = "; numbers have decimal points, not commas" if "," in word or between else ""
    if word[:1].isalpha() and layout.states:
        advice = "; number the words, one number for each state"
    elif at == layout.first and layout.names and UNITS.fullmatch(word):
        advice = "; delete the line if it holds units"
    return f"'{word[:40]}' is not a number{advice}"


def _parse(lines: Sequence[Line], layout: Layout, columns: Sequence[int], label: str) -> np.ndarray:
    """The wanted columns of some lines; of the others only their number is checked."""
    text = "\n".join(line for _, line in lines)
    options: dict[str, Any] = {
        "sep": layout.separator or r"\s+",
        "header": None,
        "dtype": np.float64,
        "na_filter": False,
        "skip_blank_lines": False,
    }
    try:
        values = pd.read_csv(io.StringIO(text), **options).to_numpy()
    except ValueError:  # pandas' own errors are ValueErrors too
        return _line_by_line(lines, layout, columns, label)
    # Pandas fills lines that are too short with NaN.
    if values.shape == (len(lines), layout.n_columns) and np.isfinite(values).all():
        return values[:, columns]
    return _line_by_line(lines, layout, columns, label)


def _decimals(line: str) -> int:
    """Signs behind the point of the last number."""
    return len(re.split(r"[\s,;]+", line.strip())[-1].partition(".")[2])


def _physical_lines(file: IO[Any], label: str) -> Iterator[str]:
    """Lines in bounded memory: a file of another kind may be one line without end.

    A last line without an end is cut off where its last number is shorter than all above.
    """
    rest, above, read = "", [""], 0
    while text := file.read(CHARACTERS_AT_A_TIME):
        if "\0" in text:
            raise ValueError(f"{label}: not a text file (it holds zero bytes)")
        *lines, rest = (rest + text).split("\n")
        yield from lines
        read, above = read + len(lines), (above + lines)[-LINES_ALIKE:]
        if len(rest) > CHARACTERS:
            raise ValueError(f"{label}: not a table (a line is longer than {CHARACTERS} bytes)")
    decimals = {_decimals(line) for line in above}
    if (
        rest
        and len(above) == LINES_ALIKE
        and len(decimals) == 1
        and _decimals(rest) < min(decimals)
    ):
        raise ValueError(
            f"{label}: line {read + 1}: '{rest.strip()[-40:]}' has fewer digits than the lines "
            "above; if the file is cut off, delete the line, else end it with a line break"
        )
    if rest:
        yield rest


def _data_lines(file: IO[Any], layout: Layout, label: str) -> Iterator[Line]:
    """Lines that hold data, or the names of the columns."""
    yielded, blank = 0, 0
    for at, line in enumerate(_physical_lines(file, label), start=1):
        stripped = line.strip()
        if not stripped:
            blank = blank or (at if yielded > 1 else 0)  # one may stand below the head
            continue
        if stripped == "&":
            raise ValueError(
                f"{label}: line {at}: '&' ends one data set of an xvg file and begins another; "
                "write each to a file of its own"
            )
        if stripped.startswith(COMMENTS):
            read_comment(stripped, at, layout, label, yielded > 0)
            continue
        if blank:
            raise ValueError(
                f"{label}: line {blank}: a blank line between frames; if two trajectories stand "
                "in the file, write each to a file of its own, else remove the line"
            )
        yield at, stripped
        yielded += 1


def _blocks_of_lines(file: IO[Any], layout: Layout, label: str) -> Iterator[list[Line]]:
    """Data, many lines at a time; the layout is filled in on the way."""
    waiting: list[Line] = []
    held, started = 0, False
    for at, line in _data_lines(file, layout, label):
        waiting.append((at, line))
        held += len(line)
        if len(waiting) >= max(LINES, 2) or held > CHARACTERS:
            started = started or _start(waiting, layout, label)
            check_comments(layout, at, label)
            yield waiting
            waiting, held = [], 0
    if waiting:
        started = started or _start(waiting, layout, label)
        check_comments(layout, at, label)
        if waiting:
            yield waiting


def _start(lines: list[Line], layout: Layout, label: str) -> bool:
    """Read the layout from the first lines, and take the head off."""
    (at, first), second = lines[0], lines[1][1] if len(lines) > 1 else None
    layout.first = at
    if read_first_lines(first, second, at, layout, label):
        del lines[0]
        layout.first = lines[0][0] if lines else at
        if len(lines) > 1:
            (below, one), (_, other) = lines[:2]
            refuse_numbers_as_names(one, other, below, layout, label, second=True)
    elif layout.separator == "," and _has_decimal_commas([line for _, line in lines]):
        raise ValueError(
            f"{label}: line {at}: '{first[:40]}' has decimal commas; numbers have decimal points; "
            "if they are whole numbers of several columns, name these in the first line"
        )
    elif layout.separator == "," and all(ONE_DECIMAL.fullmatch(line.strip()) for _, line in lines):
        log.warning(
            "%s: '%s' is read as two columns; if these are decimal commas, write decimal points",
            *(label, first[:40]),
        )
    return True


def _has_decimal_commas(lines: Sequence[str]) -> bool:
    """Whether pairs of whole numbers, without a head, are numbers with a comma instead.

    Their second halves have zeros in front, or one digit each and a -0 before them.
    """
    table = [line.split(",") for line in lines]
    if any(re.fullmatch(r"0\d+", word.strip()) for words in table for word in words):
        return True
    halves = [(words[k], words[k + 1]) for words in table for k in range(0, len(words) - 1, 2)]
    whole = all(re.fullmatch(r"-?\d+", a) and re.fullmatch(r"\d+", b) for a, b in halves)
    return whole and len(table[0]) % 2 == 0 and any(a == "-0" for a, _ in halves)


def _read_blocks(path: Path, layout: Layout, label: str) -> Iterator[list[Line]]:
    packing = _packing(path)
    opened: Callable[..., IO[Any]] = open if packing is None else PACKED[packing][1]
    try:
        with opened(path, "rt", encoding="utf-8-sig") as file:
            yield from _blocks_of_lines(file, layout, label)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{label}: not a text file (byte {error.start} is no UTF-8; save it as such)"
        ) from error
    except BROKEN_PACK as error:
        if packing is None:
            raise
        raise ValueError(f"{label}: not a whole {packing} file ({error})") from error


def check_text(path: Path) -> None:
    """Refuse, by the first bytes alone, what is no text.

    Raises
    ------
    ValueError
        Naming the file.
    """
    packing = _packing(path)
    opened: Callable[..., IO[Any]] = open if packing is None else PACKED[packing][1]
    try:
        with opened(path, "rb") as file:
            head = file.read(HEAD)
        # A character may be cut in two at the end.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not a text file (byte {error.start} is no UTF-8; save it as such)"
        ) from error
    except BROKEN_PACK as error:
        if packing is None:
            raise
        raise ValueError(f"{path}: not a whole {packing} file ({error})") from error
    if b"\0" in head:
        raise ValueError(f"{path}: not a text file (it holds zero bytes)")


def read_text(path: Path | str, states: bool = False, interval: Interval | None = None) -> Table:
    """One trajectory in a text file.

    Parameters
    ----------
    path : Path
    states : bool
        Whether the numbers are states, which may take turns.
    interval : Interval, optional
        That clocks which are no features are compared with.

    Raises
    ------
    ValueError
        If it is empty or not text; while reading, naming the line that is wrong.
    """
    path, layout = Path(path), Layout(states=states)
    blocks = _read_blocks(path, layout, str(path))
    first = next(blocks, None)  # reads the head too
    if not first:
        raise ValueError(f"{path}: there are no frames in it")

    def read(columns: Sequence[int]) -> Iterator[np.ndarray]:
        others = set(range(layout.n_columns)) - (set(columns) if states else set())
        refuse_turns(first, layout, sorted(others), str(path))
        counts, watch = Counts(), Watch(first, layout, columns, str(path), interval)
        for lines in itertools.chain([first], blocks):
            values = _parse(lines, layout, [*columns, *watch.columns], str(path))
            counts.add(values[:, 0])
            watch.look(values[:, len(columns) :], lines)
            yield values[:, : len(columns)]
        counts.refuse(str(path), layout.first)

    top = first[0][1] if layout.first == 1 else ""
    return Table(str(path), layout.n_columns, layout.names, read, layout.periods, top)

"""What the top of a text file tells of its columns: names, separator, periods."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from raremd.data.imported.tables import MAX_COLUMNS, TIME

COMMENTS = ("#", "@", "%", "!", "//")
"""What lines that hold no frame begin with."""
MISSING = ("", "na", "n/a", "nan", "null", "none", "-", "--")
"""What stands, in small letters, where there is no number."""
TRUTH = ("True", "False", "true", "false", "TRUE", "FALSE")
"""Words that are numbers, 1 and 0."""
RUNS = "traj|trajectory|run|replica|rep|walker|clone|segment"
"""Words by which trajectories are told apart."""
NEXT = re.compile(rf"\b({RUNS}|chain)\b", re.I)
"""In a comment above which one trajectory ends and another begins."""
LEAST_COUNT = 10
"""A smaller number is rather a state than the count of those below it."""
MANY = 3
"""So many columns whose heads count 0, 1, 2 have a head: two may be data."""


@dataclass
class Layout:
    """Columns of a text file, filled in line by line."""

    names: tuple[str, ...] | None = None
    separator: str | None = None
    n_columns: int = 0
    limits: dict[str, dict[str, float]] = field(default_factory=dict)
    remark: list[str] = field(default_factory=list)
    head: str = ""  # the line of the remark
    among: list[tuple[int, str]] = field(default_factory=list)  # frames: numbers and comments
    first: int = 0  # number of the line of the first frame
    states: bool = False  # whether the numbers are states

    @property
    def periods(self) -> dict[str, float]:
        """Column -> period, where PLUMED's header gives both its limits."""
        return {n: v["max"] - v["min"] for n, v in self.limits.items() if {"min", "max"} <= set(v)}


def number(word: str) -> float | None:
    """A number as C, Python or Fortran (1.0D-3) write it, else None."""
    try:
        return float(re.sub(r"(?<=[\d.])[dD](?=[+-]?\d)", "E", word)) if "_" not in word else None
    except ValueError:
        return None


def _limit(word: str) -> float | None:
    """A number, or PLUMED's multiple of pi, or None."""
    sign, name = (-1.0, word[1:]) if word.startswith("-") else (1.0, word)
    if name.endswith("pi"):
        factor = number(name.removesuffix("pi").rstrip("*") or "1")
        return None if factor is None else sign * factor * math.pi
    return number(word)


def words_of(line: str, separator: str | None) -> list[str]:
    """Fields of a line; a separator between quotes is none."""
    line = line.strip()
    if separator is not None and '"' in line:
        words = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    else:
        words = line.split(separator)
    return [word.strip().strip("\"'") for word in words]


def read_comment(line: str, at: int, layout: Layout, label: str, began: bool) -> None:
    """PLUMED's header, `#! FIELDS time phi psi` and `#! SET min_phi -pi`, or a remark.

    `began` tells whether a frame or head stands above it.

    Raises
    ------
    ValueError
        Where the fields change within a file, or its head stands in it again.
    """
    words = line.split()
    if began and line == layout.head and layout.remark and TIME not in layout.remark:
        raise ValueError(
            f"{label}: line {at}: '{line[:40]}' stands here again; if another trajectory "
            "begins there, write each to a file of its own, else remove the line"
        )
    if words[:2] == ["#!", "FIELDS"]:
        if "height" in words and any(word.startswith("sigma_") for word in words):
            raise ValueError(
                f"{label}: lists the hills of metadynamics, not frames of the MD, which are in "
                "COLVAR; leave it out of source.files"
            )
        if layout.names is not None and tuple(words[2:]) != layout.names:
            raise ValueError(
                f"{label}: line {at}: FIELDS differ from those above; split the file there"
            )
        layout.head, layout.remark = line, words[2:]
        layout.names = tuple(words[2:])
        layout.n_columns = len(layout.names)
    elif words[:2] == ["#!", "SET"] and len(words) == 4:
        side, _, name = words[2].partition("_")
        value = _limit(words[3])
        if side in ("min", "max") and value is not None:
            layout.limits.setdefault(name, {})[side] = value
    elif began:
        layout.among.append((at, line))
    elif not line.startswith("@"):
        layout.head = line
        layout.remark = line.strip("#%!/ \t").replace(",", " ").replace(";", " ").split()


def check_comments(layout: Layout, last: int, label: str) -> None:
    """Comments among the frames that may be some, as with #N/A in the first column, or part them.

    Times tell whether another trajectory begins at a comment, and of features its words do.

    Parameters
    ----------
    layout : Layout
    last : int
        Number of the last line that holds a frame.
    label : str

    Raises
    ------
    ValueError
        Naming the line.
    """
    for at, line in layout.among:
        words = words_of(line.lstrip("#%!/"), layout.separator)
        filled = all(number(word) is not None or word.lower() in MISSING for word in words)
        if filled and len(words) == layout.n_columns:
            raise ValueError(
                f"{label}: line {at}: '{line[:40]}' is a comment, and reads as a frame; if it is "
                "one, repair it, else remove the line"
            )
        between = layout.first < at < last and TIME not in (layout.names or ())
        if between and (layout.states or NEXT.search(line)):
            raise ValueError(
                f"{label}: line {at}: '{line[:40]}' stands between frames; if another trajectory "
                "begins there, write each to a file of its own, else remove the line"
            )
    layout.among = [(at, line) for at, line in layout.among if at > last]


class Counts:
    """Numbers of one column that say how many follow each of them, as some programs write.

    They occur nowhere else, and lead exactly to the end.
    """

    def __init__(self) -> None:
        self._found: list[int] = []
        self._frames = self._next = 0
        self._all = True

    def add(self, column: np.ndarray) -> None:
        """The next (n,) numbers."""
        places = []
        while self._all and self._next < self._frames + len(column):
            places.append(self._next - self._frames)
            count = column[places[-1]]
            self._all = bool(count % 1 == 0 and count >= LEAST_COUNT)
            self._found.append(int(count))
            self._next += int(count) + 1
        self._frames += len(column)
        self._all &= not np.isin(np.delete(column, places), self._found).any()

    def refuse(self, label: str, at: int) -> None:
        """All numbers were added, the first of which stands in line `at`.

        Raises
        ------
        ValueError
            If they are counts.
        """
        if self._all and self._next == self._frames:
            several = "; write each trajectory to a file of its own" * (len(self._found) > 1)
            raise ValueError(
                f"{label}: line {at}: '{self._found[0]}' is no frame but counts the "
                f"{self._found[0]} numbers below it; delete the line{several}"
            )


def _counts(words: Sequence[str]) -> bool:
    """Whether words are 0, 1, 2, ... or 1, 2, 3, ..., as pandas names columns without a name."""
    return any(list(words) == [str(k + first) for k in range(len(words))] for first in (0, 1))


def _may_be_names(words: Sequence[str], below: Sequence[str], second: bool = False) -> bool:
    """Whether a line of numbers may be names: whole ones above broken ones.

    They are all different, or none is 0 in a `second` line of names, and the numbers below have
    decimal points.
    """
    if not all(re.fullmatch(r"\d+", word) for word in words):
        return False
    if "0" in words if second else len(set(words)) < len(words):
        return False
    numbers = [number(word) for word in below]
    broken = any(value is not None and value % 1 > 0 for value in numbers)
    pointed = all("." in word for word in below) or _counts(words)
    return None not in numbers and broken and pointed and len(below) == len(words)


def refuse_numbers_as_names(
    line: str, below: str, at: int, layout: Layout, label: str, second: bool = False
) -> None:
    """Refuse a line of whole numbers above broken ones; `second` stands below a head.

    Raises
    ------
    ValueError
        Naming the line.
    """
    words, others = (words_of(part, layout.separator) for part in (line, below))
    if _may_be_names(words, others, second):
        raise ValueError(
            f"{label}: line {at}, '{line.strip()[:40]}', may be a frame or names as pandas gives "
            "them; delete it if it is names, or write 0.0 instead of 0 if it is a frame"
        )


def _between_tabs(first: str, second: str) -> bool:
    """Whether tabs alone part columns: as many in two lines, none beside another in the first.

    Numbers between them that are parted by spaces are columns of their own.
    """
    cells = [cell.split() for cell in second.split("\t")]
    apart = any(len(cell) > 1 and None not in map(number, cell) for cell in cells)
    return (
        first.count("\t") == len(cells) - 1 > 0
        and all(cell.strip() for cell in first.split("\t"))
        and not apart
    )


def read_first_lines(first: str, second: str | None, at: int, layout: Layout, label: str) -> bool:
    """Separator and columns from the first line of data; whether it is a head.

    A head names the columns, or counts them as pandas does where they have no names. Otherwise the
    comment above may name them.

    Parameters
    ----------
    first, second : str
        The first two lines that are no comments.
    at : int
        Number of the first.
    layout : Layout
        Filled in.
    label : str

    Raises
    ------
    ValueError
        If there are too many columns, or the first line may be a head or a frame.
    """
    # Names may hold what separates no numbers: d(1,5) and d(2,8) between tabs.
    layout.separator = next((s for s in ";," if s in first and s in (second or first)), None)
    if layout.separator is None and _between_tabs(first, second or first):
        layout.separator = "\t"
    words = words_of(first, layout.separator)
    if len(words) > MAX_COLUMNS:
        raise ValueError(f"{label}: line {at}: {len(words)} columns; frames are rows")
    layout.n_columns = layout.n_columns or len(words)
    if layout.names is not None:
        return False
    if all(number(w) is None for w in words if w) and not all(w in TRUTH for w in words):
        layout.names = tuple(w or f"column_{k}" for k, w in enumerate(words, start=1))
        below = words_of(second, layout.separator) if second is not None else words
        if len(below) != len(words):
            raise ValueError(
                f"{label}: line {at}: {len(words)} names above {len(below)} numbers; write one "
                "name above each column, without spaces, or put tabs or commas between all"
            )
        return True
    index = words[0] == ""  # of the rows, without a name
    if second is not None and _counts(words[index:]) and (index or len(words) >= MANY):
        if index:
            layout.names = ("column_1", *words[1:])
        return True
    if second is not None:
        refuse_numbers_as_names(first, second, at, layout, label)
    remark = layout.remark
    if len(remark) != len(words) and layout.separator is not None:  # names of several words
        remark = words_of(layout.head.strip("#%!/ \t"), layout.separator)
    named = len(remark) == len(words) and all(number(w) is None for w in remark)
    if named and len(set(remark)) == len(words):
        layout.names = tuple(remark)
    return False

"""Trajectories that stand in one text file, told apart by columns that need not be wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from raremd.data.imported.clocks import (
    CLOCK_FRAMES,
    COUNTS_FRAMES,
    FIRST_FRAMES,
    NO_TIMES,
    EvenSteps,
    Interval,
    clock_among,
    takes_turns,
)
from raremd.data.imported.tables import TIME
from raremd.data.imported.text_layout import RUNS, Layout, number, words_of

NUMBERING = re.compile(rf"({RUNS})([ _.-]?(id|idx|index|number|num|nr|no|name))?", re.I)
"""Names of columns that number trajectories."""
WORDS = 1 << 15
"""Looked at for rows that take turns."""
Line = tuple[int, str]
"""Number, counted from 1, and text."""


def _name(layout: Layout, column: int) -> str:
    return layout.names[column] if layout.names else f"column {column + 1}"


def refuse_turns(lines: Sequence[Line], layout: Layout, columns: Sequence[int], label: str) -> None:
    """Several molecules or runs that take turns, row by row, told apart by one of some columns."""
    n_rows = WORDS // layout.n_columns if columns else 0
    rows = [words_of(line, layout.separator) for _, line in lines[:n_rows]]
    for column in columns:
        words = [row[column] for row in rows if len(row) > column]
        if takes_turns(words):
            raise ValueError(
                f"{label}: {_name(layout, column)} is {words[0][:20]}, {words[1][:20]}, ... in "
                "turns, so the rows are no frames of one trajectory; write one row per frame, with "
                "all columns of it"
            )


def _column(lines: Sequence[Line], layout: Layout, column: int) -> np.ndarray:
    """The words of one column, as far as there are some."""
    rows = (words_of(line, layout.separator) for _, line in lines)
    return np.array([row[column] for row in rows if len(row) > column])


def _next_stretch(values: np.ndarray) -> int | None:
    """Where the second of a few stretches begins, each with a value of its own."""
    starts = np.flatnonzero(values[1:] != values[:-1]) + 1
    few = 0 < len(starts) * CLOCK_FRAMES < len(values)
    return int(starts[0]) if few and len(set(values.tolist())) == len(starts) + 1 else None


class Watch:
    """Looks in a file without times for columns that number trajectories, and for clocks.

    Parameters
    ----------
    lines : sequence of (int, str)
        The first of the file.
    layout : Layout
    wanted : sequence of int
        Columns that are features or states; of these, only names tell.
    label : str
        What messages begin with.
    interval : Interval, optional
        Between frames; without it, or if it says that times are wrong, clocks need not be even.

    Raises
    ------
    ValueError
        If a clock contradicts the interval.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        layout: Layout,
        wanted: Sequence[int],
        label: str,
        interval: Interval | None = None,
    ) -> None:
        self._layout, self._label, self._interval = layout, label, interval
        self._even: dict[int, EvenSteps] = {}  # column -> its steps
        self._last: np.ndarray | None = None
        self._numbering: list[int] = []
        self._clocks: list[int] = []
        names = layout.names or ()
        if TIME in names and names.index(TIME) in wanted:
            return
        named = {k for k, name in enumerate(names) if NUMBERING.fullmatch(name)}
        looked_at = named | set(range(layout.n_columns)) - set(wanted)
        n_rows = WORDS // layout.n_columns if looked_at else 0
        rows = [words_of(line, layout.separator) for _, line in lines[:n_rows]]
        for column in sorted(looked_at):
            numbers = [number(row[column]) if len(row) > column else None for row in rows]
            if column in named and None in numbers:
                self._refuse_change(_column(lines, layout, column), column, lines)
            elif column in named:
                self._numbering.append(column)
            elif None not in numbers:
                self._add_clock(column, np.array(numbers, np.float64))

    def _add_clock(self, column: int, numbers: np.ndarray) -> None:
        """Watch a column whose first numbers are those of a clock."""
        parts = [numbers]
        names = self._layout.names
        # What grows like a time without its name may be a restraint that moves, and stops.
        counts = COUNTS_FRAMES.fullmatch(names[column]) if names else column == 0
        counts = counts or (column == 0 and _name(self._layout, 0) == "column_1")
        if self._interval is not None and self._interval.written != NO_TIMES and counts:
            parts.append(numbers[:FIRST_FRAMES])
        if all(clock_among(part[:, None]) is None for part in parts):
            return
        self._clocks.append(column)
        if len(parts) > 1 and self._interval is not None:
            even = self._even[column] = EvenSteps(numbers)
            said = even.contradiction(_name(self._layout, column), self._interval)
            if said is not None:
                raise ValueError(f"{self._label}: {said}")

    @property
    def columns(self) -> list[int]:
        """That it is to be shown, in this order."""
        return [*self._numbering, *self._clocks]

    def look(self, values: np.ndarray, lines: Sequence[Line]) -> None:
        """The next frames of `columns`.

        Raises
        ------
        ValueError
            Naming the line where another trajectory begins.
        """
        if self._last is not None:
            values, lines = np.vstack([self._last, values]), [lines[0], *lines]
        self._last = values[-1:]
        for place, column in enumerate(self._numbering):
            self._refuse_change(values[:, place], column, lines)
        for place, column in enumerate(self._clocks, start=len(self._numbering)):
            steps = np.diff(values[:, place])
            back = np.flatnonzero(steps * np.median(steps) < 0)
            if len(back):
                self._refuse(column, lines[int(back[0]) + 1][0], "begins again")
            self._refuse_odd_step(column, values[:, place], lines)

    def _refuse_odd_step(self, column: int, values: np.ndarray, lines: Sequence[Line]) -> None:
        even = self._even.get(column)
        at = None if even is None else even.odd(values)
        if even is not None and at is not None:
            raise ValueError(
                f"{self._label}: line {lines[at + 1][0]}: {_name(self._layout, column)} grows by "
                f"{values[at + 1] - values[at]:.6g} and by {even.step:.6g} above; if frames are "
                "missing, repeated or saved at another interval, write each stretch to a file of "
                f"its own, else say 'times: {NO_TIMES}' in source"
            )

    def _refuse_change(self, values: np.ndarray, column: int, lines: Sequence[Line]) -> None:
        row = _next_stretch(values)
        if row is not None:
            now, before = (
                str(value).removesuffix(".0") for value in (values[row], values[row - 1])
            )
            self._refuse(column, lines[row][0], f"is {now} and was {before} above")

    def _refuse(self, column: int, at: int, what: str) -> None:
        raise ValueError(
            f"{self._label}: line {at}: {_name(self._layout, column)} {what}; if another "
            "trajectory begins there, write each to a file of its own, else take this column out "
            "of the file"
        )

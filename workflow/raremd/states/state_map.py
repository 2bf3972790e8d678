"""A given lumping: a text file that names the macrostate of each state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def read_map(path: Path | str, labels: Sequence[int]) -> tuple[int, ...]:
    """Macrostate of each label, from a text file with two columns: state and macrostate.

    Raises
    ------
    ValueError
        Naming the file and the line or state that is wrong.
    """
    macrostate: dict[int, int] = {}
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not a text file (byte {error.start} is no UTF-8; save it as such)"
        ) from error
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].replace(",", " ").replace(";", " ").split()
        if not words:
            continue
        if len(words) != 2 or not all(w.isdecimal() for w in words):
            raise ValueError(
                f"{path}: line {number}: expected a state and its macrostate, two whole numbers"
            )
        if int(words[0]) in macrostate:
            raise ValueError(f"{path}: line {number}: state {words[0]} appears twice")
        macrostate[int(words[0])] = int(words[1])
    missing = [label for label in labels if label not in macrostate]
    if missing:
        raise ValueError(f"{path}: state {missing[0]} of the trajectories is not in the map")
    return tuple(macrostate[label] for label in labels)

"""Which columns a list of names and globs means."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase


def select_features(patterns: Sequence[str] | None, names: Sequence[str]) -> list[int]:
    """Columns named by `patterns`, each once, in the order given.

    Parameters
    ----------
    patterns : sequence of str or None
        Names or globs; None selects all.
    names : sequence of str
        All feature names.

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        If a pattern matches nothing, naming it and the nearest feature.
    """
    if patterns is None:
        return list(range(len(names)))
    if not patterns:
        raise ValueError("features is empty: name at least one feature")
    columns: dict[int, None] = {}
    for pattern in patterns:
        # A literal name wins, because names such as 'distance[1,2]' look like globs.
        matches = [i for i, name in enumerate(names) if name == pattern]
        matches = matches or [i for i, name in enumerate(names) if fnmatchcase(name, pattern)]
        if not matches:
            nearest = difflib.get_close_matches(pattern, names, n=1, cutoff=0)[0]
            raise ValueError(f"features: '{pattern}' matches no feature; did you mean '{nearest}'?")
        columns |= dict.fromkeys(matches)
    return list(columns)

"""The name 0, which pandas gives a column without one, above states in text files."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

log = logging.getLogger(__name__)

NAME = "0"
ODDS = 1000.0
"""Against chance, that so many trajectories leave state 0 after one frame."""


class Heads:
    """Takes note of first frames that may be names, of discrete trajectories that stream by."""

    def __init__(self) -> None:
        self._named: list[bool] = []
        self._left_at_once = self._frames = self._stays = 0
        self._last = -1

    def add(self, states: np.ndarray, line: str | None) -> None:
        """The next (n,) states; `line` is the first of a text file, None further on.

        It is empty for a file of another kind.
        """
        if line is not None:
            self._named.append(line == NAME)
            self._left_at_once += int(line == NAME and states[1:2].any())
            states, self._last = states[1:], -1
        if not len(states):
            return
        zero = states == 0
        self._frames += int(zero.sum())
        self._stays += int((zero & (np.append(self._last, states[:-1]) != 0)).sum())
        self._last = int(states[-1])

    def check(self, labels: Sequence[str]) -> None:
        """All trajectories were added, of which these are the labels.

        Raises
        ------
        ValueError
            If all files begin with the name.
        """
        if not self._named or not all(self._named):
            return
        if not self._frames:
            raise ValueError(
                f"{labels[0]}: line 1, '{NAME}', stands nowhere else in the files and may be a "
                "frame or the name that pandas gives a column; delete it if it is a name, or write "
                "0.0 instead of 0 if it is a frame"
            )
        n = self._left_at_once
        if 2 * n >= len(labels) and (self._frames / self._stays) ** n > ODDS:
            log.warning(
                "%s and the others: all files begin with '%s', and %d go on in another state, "
                "though state 0 lasts %.3g frames on average; delete the first lines if they are "
                "names, as pandas writes them",
                *(labels[0], NAME, n, self._frames / self._stays),
            )

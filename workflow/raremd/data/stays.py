"""Stays of a discrete trajectory that streams by."""

from __future__ import annotations

import numpy as np


class Stays:
    """The stay that is not over yet, whose `state` and `length` the next frames may change."""

    def __init__(self) -> None:
        self.state, self.length = -1, 0

    def add(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """States and lengths of the stays that end within the next (n,) states, n at least 1.

        Examples
        --------
        >>> stays = Stays()
        >>> [x.tolist() for x in stays.add(np.array([0, 0, 1, 2, 2]))], stays.state, stays.length
        ([[0, 1], [2, 1]], 2, 2)
        >>> [x.tolist() for x in stays.add(np.array([2, 0]))]
        [[2], [3]]
        """
        begins = np.flatnonzero(np.append(True, states[1:] != states[:-1]))
        lengths = np.diff(np.append(begins, len(states)))
        visited = states[begins]
        if self.length and visited[0] == self.state:
            lengths[0] += self.length
        elif self.length:
            visited, lengths = np.append(self.state, visited), np.append(self.length, lengths)
        self.state, self.length = int(visited[-1]), int(lengths[-1])
        return visited[:-1], lengths[:-1]

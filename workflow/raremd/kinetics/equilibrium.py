"""Does a system obey detailed balance? Fluxes around cycles, against those of time reversed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import pinvh
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from raremd.kinetics.bootstrap import trajectory_blocks
from raremd.kinetics.transition_matrix import count_matrix

CHANCE = 1e-3
"""p value below which cycles are not put down to chance: few systems are tested."""
PARTS = 64
"""Into which the data are cut."""
FLIPS = 10_000


@dataclass(frozen=True)
class DetailedBalance:
    """Outcome of the test.

    Attributes
    ----------
    p_value : float
        Of fluxes around cycles as steady as these in equilibrium; 1 where no cycle was seen.
    forward, backward : float
        Independent jumps along the most one-sided link, and against it.
    states : tuple of int
        The two states of that link.
    """

    p_value: float
    forward: float
    backward: float
    states: tuple[int, int]

    @property
    def driven(self) -> bool:
        """Whether the system is driven around cycles."""
        return self.p_value < CHANCE


BALANCED = DetailedBalance(1.0, 0.0, 0.0, (0, 0))


def _part_counts(dtrajs: Sequence[np.ndarray], n_states: int, lag: int) -> np.ndarray:
    """Sliding-window counts (n_parts, n_states, n_states) of parts of about equal length."""
    lengths = [len(d) for d in dtrajs]
    blocks = trajectory_blocks(lengths, max(lag + 1, sum(lengths) // PARTS))
    of_part = np.linspace(0, PARTS, len(blocks), endpoint=False).astype(int)
    pieces: dict[int, list[np.ndarray]] = {}
    for part, (trajectory, start, stop) in zip(of_part.tolist(), blocks, strict=True):
        pieces.setdefault(part, []).append(dtrajs[trajectory][start:stop])
    return np.array([count_matrix(part, n_states, lag) for part in pieces.values()])


def detailed_balance(
    dtrajs: Sequence[np.ndarray], n_states: int, lag: int, rng: np.random.Generator
) -> DetailedBalance:
    """Test whether net fluxes around cycles keep their direction from part to part of the data.

    In equilibrium a part is as likely as the same part backwards in time (Onsager 1931), whatever
    the states and the memory in them; so the signs of the net fluxes of each part are flipped at
    random for what chance gives. Only what flows around cycles counts (Kolmogorov 1936): what
    trajectories that start out of equilibrium let flow downhill is projected out.

    Parameters
    ----------
    dtrajs : sequence of (n_frames,) int arrays
    n_states : int
    lag : int
        In frames; long enough for the states to have little memory.
    rng : numpy.random.Generator

    Returns
    -------
    DetailedBalance

    Notes
    -----
    With net fluxes A_p of part p and conductances c = (C + C^T) / 2 the cyclic share of
    <A_p, A_q> = sum_ij A_p A_q / c_ij is what a potential on the graph with conductances c does
    not explain (Schnakenberg, Rev. Mod. Phys. 48, 571, 1976). The statistic is its sum over p != q.
    """
    parts = _part_counts(dtrajs, n_states, lag)
    counts = parts.sum(axis=0)
    i, j = np.nonzero(np.triu(counts + counts.T, 1))
    n_sets, _ = connected_components(csr_array((np.ones(len(i)), (i, j)), counts.shape), False)
    if len(i) - n_states + n_sets < 1:
        return BALANCED
    conductance = (counts[i, j] + counts[j, i]) / 2
    net = parts[:, i, j] - parts[:, j, i]
    laplacian = np.zeros((n_states, n_states))
    laplacian[i, j] = laplacian[j, i] = -conductance
    np.fill_diagonal(laplacian, -laplacian.sum(axis=1))
    outflow = parts.sum(axis=2) - parts.sum(axis=1)
    products = (net / conductance) @ net.T - outflow @ pinvh(laplacian) @ outflow.T
    np.fill_diagonal(products, 0.0)
    signs = rng.choice([-1.0, 1.0], (FLIPS, len(parts)))
    by_chance = np.sum(signs @ products * signs, axis=1)
    p_value = (1 + np.count_nonzero(by_chance >= products.sum())) / (1 + FLIPS)
    most = int(np.argmax(net.sum(axis=0) ** 2 / conductance))
    link = int(i[most]), int(j[most])
    if counts[link] < counts[link[::-1]]:
        link = link[::-1]
    forward, backward = float(counts[link]) / lag, float(counts[link[::-1]]) / lag
    return DetailedBalance(float(p_value), forward, backward, link)

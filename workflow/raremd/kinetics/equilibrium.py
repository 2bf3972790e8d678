"""Does a system obey detailed balance? Fluxes around cycles, against those of time reversed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csc_array, csgraph, csr_array
from scipy.sparse.linalg import splu

from raremd.kinetics.bootstrap import trajectory_blocks

CHANCE = 1e-3
"""p value below which cycles are not put down to chance: few systems are tested."""
PARTS = 64
"""Into which the data are cut."""
FLIPS = 10_000
"""For each of `TESTS` tests: the least p value, times their number, is then well below `CHANCE`."""
TESTS = 5


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


class _Fluxes(NamedTuple):
    """Net sliding-window counts between states i < j, in parts of about equal length.

    i, j, forward, backward : (n_links,); net : (n_parts, n_links), forward minus backward.
    """

    i: np.ndarray
    j: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    net: csr_array

    @property
    def conductance(self) -> np.ndarray:
        """Of each link."""
        return (self.forward + self.backward) / 2


def _fluxes(dtrajs: Sequence[np.ndarray], n_states: int, lag: int) -> _Fluxes:
    lengths = [len(d) for d in dtrajs]
    blocks = trajectory_blocks(lengths, max(lag + 1, sum(lengths) // PARTS))
    of_part = np.linspace(0, PARTS, len(blocks), endpoint=False).astype(int)
    numbers, of_part = np.unique(of_part, return_inverse=True)
    parts, jumps, counts = [], [], []
    for part, (trajectory, start, stop) in zip(of_part, blocks, strict=True):
        d = dtrajs[trajectory][start:stop].astype(np.int64)
        a, b = d[:-lag], d[lag:]
        found, times = np.unique((a * n_states + b)[a != b], return_counts=True)
        parts.append(np.full(len(found), part))
        jumps.append(found)
        counts.append(times)
    part, jump, times = map(np.concatenate, (parts, jumps, counts))
    a, b = np.divmod(jump, n_states)
    ahead = a < b
    links, link = np.unique(np.where(ahead, jump, b * n_states + a), return_inverse=True)
    forward = np.bincount(link, np.where(ahead, times, 0), len(links))
    backward = np.bincount(link, np.where(ahead, 0, times), len(links))
    signed = np.where(ahead, times, -times).astype(float)
    net = csr_array((signed, (part, link)), (len(numbers), len(links)))
    return _Fluxes(*np.divmod(links, n_states), forward, backward, net)


def _explained(outflow: csr_array, graph: csr_array) -> np.ndarray:
    """What a potential explains of the products of fluxes, (n_parts, n_parts).

    With L the Laplacian of the graph it is outflow L^+ outflow^T; the potential of one state of
    each connected set is free, and put at zero.
    """
    _, component = csgraph.connected_components(graph, False)
    kept = np.setdiff1d(np.arange(len(component)), np.unique(component, return_index=True)[1])
    sources = outflow[:, kept].toarray()
    laplacian = csgraph.laplacian(graph + graph.T).tocsr()
    return sources @ splu(csc_array(laplacian[kept][:, kept])).solve(sources.T)


def detailed_balance(
    dtrajs: Sequence[np.ndarray],
    n_states: int,
    lag: int,
    rng: np.random.Generator,
    tests: int = 1,
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
    tests : int
        Of how many tests this is one, such as of the same system in other states.

    Returns
    -------
    DetailedBalance
        `p_value` is corrected for the number of tests (Bonferroni).

    Notes
    -----
    With net fluxes A_p of part p and conductances c = (C + C^T) / 2 the cyclic share of
    <A_p, A_q> = sum_ij A_p A_q / c_ij is what a potential on the graph with conductances c does
    not explain (Schnakenberg, Rev. Mod. Phys. 48, 571, 1976). The statistic is its sum over p != q.
    """
    found = _fluxes(dtrajs, n_states, lag)
    i, j, net, conductance = found.i, found.j, found.net, found.conductance
    n_links = len(i)
    graph = csr_array((conductance, (i, j)), (n_states, n_states))
    n_sets, _ = csgraph.connected_components(graph, False)
    if n_links - n_states + n_sets < 1:
        return BALANCED
    ends = np.tile(np.arange(n_links), 2), np.concatenate([i, j])
    incidence = csr_array((np.repeat([1.0, -1.0], n_links), ends), (n_links, n_states))
    products = (net.multiply(1 / conductance) @ net.T).toarray()
    products -= _explained(net @ incidence, graph)
    np.fill_diagonal(products, 0.0)
    as_large, rounds = 1, math.ceil(tests / TESTS)
    for _ in range(rounds):
        signs = rng.choice([-1.0, 1.0], (FLIPS, len(products)))
        by_chance = np.sum(signs @ products * signs, axis=1)
        as_large += int(np.count_nonzero(by_chance >= products.sum()))
    p_value = min(1.0, tests * as_large / (1 + rounds * FLIPS))
    total = found.forward - found.backward
    most = int(np.argmax(total**2 / conductance))
    jumps, back, link = found.forward[most], found.backward[most], (int(i[most]), int(j[most]))
    if jumps < back:
        jumps, back, link = back, jumps, link[::-1]
    return DetailedBalance(float(p_value), float(jumps) / lag, float(back) / lag, link)

"""Finite histories of a discrete trajectory: which ones occur, and what comes next.

A context is the metastable core that was visited last together with the last few states.
The core is what a rate needs: the flow from one core to the next is then right by construction,
however often the barrier between them is recrossed (Buchete & Hummer, J. Phys. Chem. B 112, 6057,
2008, use the last core as the state itself). The last few states carry the velocity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raremd.kinetics.timescales import count_matrix, estimate

NEVER_SEEN = -20.0
"""Logit of a jump that the training data never show: of finite cost, but practically never drawn.

A plain network gives all such jumps together of the order of 1e-4 a frame, which is enough to
short-circuit a slow process.
"""
CORE_SHARE = 0.5  # of a metastable state's population; results do not depend on it, see docs
CORE_LAG = 10  # frames; of the transition matrix whose metastable states are wanted
MINIMUM_VISITS = 5  # of a context; a rarer one is taken for its most recent part
ROWS = 10_000  # contexts that are followed at a time, to bound memory


def jump_penalty(trajectories: list[np.ndarray], n_states: int) -> np.ndarray:
    """0 for each jump that occurs, `NEVER_SEEN` for all others; (V, V) float64."""
    return np.where(count_matrix(trajectories, n_states, lag=1) > 0, 0.0, NEVER_SEEN)


def markov_probability(trajectories: list[np.ndarray], n_states: int, lag: int = 1) -> np.ndarray:
    """Reversible maximum-likelihood transition matrix over all states, (V, V) float64.

    States outside the connected set can only be left, to a state of it drawn from the
    stationary distribution.
    """
    model = estimate(count_matrix(trajectories, n_states, lag))
    probability = np.zeros((n_states, n_states))
    probability[:, model.active] = model.stationary
    probability[np.ix_(model.active, model.active)] = model.transition_matrix
    return probability


def log_probability(probability: np.ndarray) -> np.ndarray:
    """Logarithm, at least `NEVER_SEEN`."""
    bounded = np.maximum(probability, np.exp(NEVER_SEEN))
    return np.log(bounded, out=bounded)


def metastable_cores(
    trajectories: list[np.ndarray], n_states: int, n_cores: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cores of the metastable states: the states that belong to one of them most clearly.

    Parameters
    ----------
    trajectories : list of (n_frames,) int arrays
    n_states : int
    n_cores : int
        Metastable states of PCCA+ at a lag of `CORE_LAG` frames; where there are fewer states,
        as many as possible.

    Returns
    -------
    core : (n_states,) int64
        Which core a state is part of, -1 for none. A core holds the states with the
        highest membership, up to `CORE_SHARE` of the population.
    side : (n_states,) int64
        The metastable state of each state.
    """
    core, side = np.full(n_states, -1), np.zeros(n_states, np.int64)
    lag = min(CORE_LAG, max(map(len, trajectories)) - 1)
    model = estimate(count_matrix(trajectories, n_states, lag))
    n_cores = min(n_cores, len(model.active) - 1)
    if n_cores < 2:
        return core, side
    from deeptime.markov import pcca  # costs more to import than torch, and few models need it

    memberships = pcca(model.transition_matrix, n_cores).memberships
    lumped = memberships.argmax(axis=1)
    side[model.active] = lumped
    for a in range(n_cores):
        members = np.flatnonzero(lumped == a)
        members = members[np.argsort(-memberships[members, a], kind="stable")]
        held = np.cumsum(model.stationary[members])
        if len(held):
            deep = members[: 1 + np.searchsorted(held, CORE_SHARE * held[-1])]
            core[model.active[deep]] = a
    return core, side


def last_cores(trajectory: np.ndarray, core: np.ndarray, side: np.ndarray) -> np.ndarray:
    """The core visited last at each frame; before the first, the side that it begins on."""
    found = core[trajectory]
    inside = found >= 0
    at = np.maximum.accumulate(np.where(inside, np.arange(len(found)), -1))
    return np.where(at >= 0, found[at], side[trajectory[0]])


@dataclass(frozen=True)
class Contexts:
    """An automaton that reads states and is always in one context.

    Attributes
    ----------
    probability : (K, V) float64
        Of the next state in each context.
    follow : (K + 1, V) int32
        The context after reading a state in each context; K is the one before the first.
    """

    probability: np.ndarray
    follow: np.ndarray


def estimate_contexts(
    trajectories: list[np.ndarray], n_states: int, order: int, n_cores: int, strength: float
) -> Contexts:
    """Contexts of up to `order` states, with the core visited last, and what comes next.

    p(j | context) = (N(context, j) + strength p(j | shorter context)) / (N(context) + strength),
    down to the reversible Markov model (interpolation with a Dirichlet prior: MacKay & Peto,
    Nat. Lang. Eng. 1, 289, 1995). The flow out of each shorter context is kept.

    Parameters
    ----------
    trajectories : list of (n_frames,) int arrays
        Never joined.
    n_states : int
        V.
    order : int
        States in the longest context, at least 1.
    n_cores : int
        See `metastable_cores`; 0 for contexts without.
    strength : float
        Counts that the shorter context is worth. Contexts of fewer than `MINIMUM_VISITS` are
        taken for the shorter; at 0 all contexts are kept and counts are taken as they are, so
        that each flow is exactly that of the data.
    """
    if order < 1:
        raise ValueError(f"order: {order} is not at least 1")
    core, side = np.full(n_states, -1), np.zeros(n_states, np.int64)
    if n_cores:
        core, side = metastable_cores(trajectories, n_states, n_cores)
    seen = [last_cores(t, core, side) for t in trajectories]
    n_rows = int(max(side.max(), core.max())) + 1
    base = markov_probability(trajectories, n_states)
    enough = MINIMUM_VISITS if strength else 1

    # Level n holds contexts (core, n states) as numbers in base V; level 1 holds all of them.
    keys = [np.arange(n_rows * n_states)]
    tables = [np.tile(base, (n_rows, 1))]
    for n in range(1, order + 1):
        context, following = _level(trajectories, seen, n_states, n)
        pairs, counts = np.unique(context * n_states + following, return_counts=True)
        context, following = pairs // n_states, pairs % n_states
        if n == 1:
            shorter = tables.pop()
        else:
            found, at = np.unique(context, return_inverse=True)
            visits = np.bincount(at, counts)
            keys.append(found[visits >= enough])
            kept = visits[at] >= enough
            context, following, counts = context[kept], following[kept], counts[kept]
            shorter = tables[-1][_locate(keys[-2], _shorten(keys[-1], n_states, n))[1]]
        if n == 1 and not n_cores:
            tables.append(shorter)  # the Markov model itself
            continue
        table = strength * shorter
        np.add.at(table, (np.searchsorted(keys[-1], context), following), counts)
        total = table.sum(axis=1, keepdims=True)
        tables.append(np.divide(table, total, out=shorter, where=total > 0))
    return Contexts(np.concatenate(tables), _follow(keys, n_states, core, side))


def _level(
    trajectories: list[np.ndarray], seen: list[np.ndarray], n_states: int, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Number of the context of n states at each frame that has a next one, and that next."""
    contexts, nexts = [], []
    for trajectory, cores in zip(trajectories, seen, strict=True):
        if len(trajectory) <= n:  # too short for one
            continue
        t = trajectory.astype(np.int64)
        context = cores[n - 1 : -1].astype(np.int64)
        for age in range(n - 1, -1, -1):
            context = context * n_states + t[n - 1 - age : len(t) - 1 - age]
        contexts.append(context)
        nexts.append(t[n:])
    return np.concatenate(contexts), np.concatenate(nexts)


def _shorten(keys: np.ndarray, n_states: int, n: int) -> np.ndarray:
    """Contexts of n states without the oldest."""
    return keys // n_states**n * n_states ** (n - 1) + keys % n_states ** (n - 1)


def _locate(keys: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each wanted key is among the sorted ones, and where."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return keys[at] == wanted, at


def _follow(
    keys: list[np.ndarray], n_states: int, core: np.ndarray, side: np.ndarray
) -> np.ndarray:
    """From every context by every state to the longest context that is known."""
    read = np.arange(n_states)
    first = np.cumsum([0, *map(len, keys)])
    follow = np.empty((first[-1] + 1, n_states), np.int32)
    follow[-1] = side * n_states + read
    for n, begin in ((n, b) for n, own in enumerate(keys, 1) for b in range(0, len(own), ROWS)):
        own = keys[n - 1][begin : begin + ROWS]
        recent, last = own % n_states**n, own // n_states**n
        cores = np.where(core >= 0, core, last[:, None])
        rows = follow[first[n - 1] + begin :][: len(own)]
        for m in range(1, min(n + 1, len(keys)) + 1):  # longer contexts overwrite shorter ones
            history = cores * n_states ** (m - 1) + recent[:, None] % n_states ** (m - 1)
            known, at = _locate(keys[m - 1], history * n_states + read)
            rows[known] = (first[m - 1] + at)[known]
    return follow

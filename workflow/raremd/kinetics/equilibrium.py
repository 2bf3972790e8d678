"""Does a system obey detailed balance? Cyclic fluxes in the counts, against their own noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from raremd.kinetics.transition_matrix import estimate

CHANCE = 1e-3
"""p value below which cycles are not put down to chance: few systems are tested."""


@dataclass(frozen=True)
class DetailedBalance:
    """Outcome of the test.

    Attributes
    ----------
    p_value : float
        Of counts as one-sided as these in equilibrium; 1 where no cycle was seen.
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


def detailed_balance(counts: np.ndarray, lag: int) -> DetailedBalance:
    """Likelihood-ratio test of a reversible against an unrestricted transition matrix.

    Both are estimated from transitions out of given states, so that trajectories which start out
    of equilibrium are no evidence of a drive; only fluxes around cycles are (Kolmogorov 1936).

    Parameters
    ----------
    counts : (n_states, n_states) array
        Sliding-window counts at the lag, of few and metastable states.
    lag : int
        In frames: windows that overlap count one `lag`-th each.

    Returns
    -------
    DetailedBalance
    """
    model = estimate(counts)
    n = counts[np.ix_(model.active, model.active)] / lag
    reversible = model.transition_matrix
    total = n.sum(axis=1, keepdims=True)
    seen = n > 0
    expected = total * reversible
    likelihood_ratio = 2.0 * float(np.sum(n[seen] * np.log(n[seen] / expected[seen])))
    links = np.triu(seen | seen.T, 1)
    cycles = int(links.sum()) - len(n) + 1
    if cycles < 1:
        return DetailedBalance(1.0, 0.0, 0.0, (0, 0))
    excess = n - expected
    i, j = np.unravel_index(int(np.argmax(excess - excess.T)), n.shape)
    states = int(model.active[i]), int(model.active[j])
    p_value = float(stats.chi2.sf(likelihood_ratio, cycles))
    return DetailedBalance(p_value, float(n[i, j]), float(n[j, i]), states)

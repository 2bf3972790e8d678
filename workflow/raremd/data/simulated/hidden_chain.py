"""Hidden chains: exactly solvable test systems with slow, non-Markovian observed dynamics.

A walker has a position x on a line of K basins of n positions each, an activation e that is never
observed, and a fast phase y on a ring of mu points. In one frame, in this order:

- e in {0, 1} is redrawn from its stationary law (1 - p, p) with probability 1 - rho,
  rho = exp(-1 / memory), and else stays;
- x moves up or down with probability `HOP` each; the links between basins are open only if e = 1;
- y moves by a uniform integer from -h to h, h = mu // 3, around the ring.

The observed state is s = x mu + y. A walker that has just crossed between basins is likely still
activated and crosses back: recrossings with a memory that no observed state shows. The dynamics
is reversible, its stationary law is that of e times the uniform law of s, and p alone sets the
slowest timescale. Exact answers are in
`raremd.data.simulated.hidden_chain_exact`, samples in `raremd.data.simulated.hidden_chain_walk`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

HOP = 0.4
MOST_STATES = 32767
"""States are int16."""


@dataclass(frozen=True)
class HiddenChain:
    """One member of the family. Times are in frames.

    Attributes
    ----------
    t1 : float
        Slowest timescale.
    memory : float
        Correlation time of the activation; 0 makes the observed states a Markov chain.
    basins, positions, ring : int
        K, positions n in each basin, and points mu of the ring; K n mu observed states.

    Raises
    ------
    ValueError
        If a number is out of its range, naming it.
    """

    t1: float
    memory: float
    basins: int = 2
    positions: int = 4
    ring: int = 1

    def __post_init__(self) -> None:
        for name, least in (("basins", 2), ("positions", 1), ("ring", 1), ("memory", 0)):
            value = getattr(self, name)
            if not least <= value < math.inf:
                raise ValueError(f"{name}: {value:g} is out of range, give at least {least}")
        if self.ring == 2:
            raise ValueError("ring: 2 points never exchange, give 1 or at least 3")
        if self.n_states > MOST_STATES:
            raise ValueError(
                f"ring: {self.n_states} states (basins x positions x ring) are too many, at most "
                f"{MOST_STATES} are possible"
            )
        if not self.memory < self.t1 < math.inf:
            raise ValueError(f"t1: {self.t1:g} is not longer than memory, {self.memory:g} frames")
        free = self._free_timescale()
        if self.t1 <= free:
            raise ValueError(
                f"t1: {self.t1:g} is not longer than {free:.4g} frames, that of free diffusion "
                f"over {self.basins} basins of {self.positions} positions"
            )

    @property
    def n_states(self) -> int:
        """Observed states, K n mu."""
        return self.basins * self.states_per_basin

    @property
    def states_per_basin(self) -> int:
        """States of one basin, n mu: the basin of a state is ``state // states_per_basin``."""
        return self.positions * self.ring

    @property
    def half_width(self) -> int:
        """h: how far the phase moves at most in one frame."""
        return self.ring // 3

    @property
    def rho(self) -> float:
        """Correlation of the activation from one frame to the next."""
        return math.exp(-1.0 / self.memory) if self.memory > 0 else 0.0

    def _free_timescale(self) -> float:
        """Slowest timescale with all links open: 1 - 2 HOP (1 - cos(pi / N)), N positions."""
        angle = math.pi / (self.basins * self.positions)
        return -1.0 / math.log(1.0 - 2.0 * HOP * (1.0 - math.cos(angle)))


MEMBERS = {
    "easy": HiddenChain(t1=100.0, memory=1.0),
    "medium": HiddenChain(t1=1000.0, memory=10.0, basins=3, ring=5),
    "hard": HiddenChain(t1=20_000.0, memory=30.0, basins=4, ring=25),
}

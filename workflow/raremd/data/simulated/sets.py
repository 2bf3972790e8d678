"""Independent sets of trajectories: each replicate of a model can have an MD of its own."""

from __future__ import annotations

import numpy as np


def seeds_of_sets(seed: int, sets: int) -> list[int]:
    """Seed of each set; they do not change when sets are added, and the first is `seed` itself."""
    further = (np.random.SeedSequence((seed, number)) for number in range(2, sets + 1))
    return [seed, *(int(sequence.generate_state(1)[0]) for sequence in further)]

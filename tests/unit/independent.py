"""Discrete trajectories that share nothing, of many kinds, for the tests of what is refused."""

from __future__ import annotations

import numpy as np

from raremd.data.overlaps import Overlaps

SEEDS = 30


def found(trajectories, block=1 << 16):
    """The message that refuses them, or none."""
    seen = Overlaps()
    for number, states in enumerate(trajectories):
        seen.begin(f"t{number}")
        for start in range(0, len(states), block):
            seen.add(np.asarray(states[start : start + block], np.float32)[:, None])
    try:
        seen.check()
    except ValueError as error:
        return str(error)
    return ""


def stays(lengths, states=None):
    lengths = np.maximum(1, np.asarray(lengths).astype(int))
    return np.repeat(np.arange(len(lengths)) % 2 if states is None else states, lengths)


def chain(rng, timescale, n_frames, n_states=2):
    """States that are left after 2 timescales on average, for any of the others."""
    n = n_frames // timescale + 50
    steps = rng.integers(1, n_states, n) if n_states > 2 else np.ones(n, int)
    states = (rng.integers(n_states) + np.cumsum(steps)) % n_states
    return stays(rng.geometric(0.5 / timescale, n), states)[:n_frames]


def pulses(rng, n, spread):
    return stays(50 + rng.integers(-spread, spread + 1, n))[rng.integers(50) :]


def cycle(rng, n, pattern, spread=0, n_states=2):
    lengths = np.tile(pattern, n)
    lengths += rng.integers(-spread, spread + 1, len(lengths))
    states = np.arange(len(lengths)) % n_states
    return stays(lengths, states)[rng.integers(2 * sum(pattern)) :]


def swing(rng, n, period, noise):
    """Pulses whose rate goes up and down."""
    rate = 50 + 10 * np.sin(2 * np.pi * (np.arange(n) / period + rng.random()))
    return stays(np.rint(rate + noise * rng.normal(size=n)))[rng.integers(50) :]


def wandering(rng, n, step):
    """Pulses whose rate walks at random."""
    rate = rng.uniform(40, 80) + np.cumsum(step * rng.normal(size=n))
    return stays(np.rint(rate + step * rng.normal(size=n)))[rng.integers(30) :]


def resting(rng, n):
    lengths = np.where(np.arange(n) % 2, rng.geometric(0.5, n), rng.geometric(0.001, n))
    return stays(lengths)


def rounded(rng, n, noise):
    phase = rng.uniform(0, 2 * np.pi) + np.cumsum(0.01 + noise * rng.normal(size=n))
    return np.round(np.sin(phase), 2)


LONG_CYCLE = [34, 57, 91, 13, 77, 20, 64, 5]
INDEPENDENT = {
    "pulses, few": lambda rng: [pulses(rng, 30, 1) for _ in range(6)],
    "pulses": lambda rng: [pulses(rng, 400, 1) for _ in range(4)],
    "pulses, many short": lambda rng: [pulses(rng, 60, 3) for _ in range(20)],
    "cycle": lambda rng: [cycle(rng, 50, [34, 57, 91]) for _ in range(3)],
    "cycle of three states": lambda rng: [cycle(rng, 50, [34, 57, 91], 0, 3) for _ in range(3)],
    "cycle, two rounds": lambda rng: [cycle(rng, 4, LONG_CYCLE) for _ in range(3)],
    "cycle with noise": lambda rng: [cycle(rng, 25, LONG_CYCLE, 1) for _ in range(4)],
    "swing": lambda rng: [swing(rng, 300, 500, 0.5) for _ in range(4)],
    "fast swing": lambda rng: [swing(rng, 300, 200, 0.5) for _ in range(4)],
    "exact swing": lambda rng: [swing(rng, 2000, 500, 0) for _ in range(2)],
    "wandering": lambda rng: [wandering(rng, 300, 0.3) for _ in range(4)],
    "wandering slowly": lambda rng: [wandering(rng, 300, 0.1) for _ in range(4)],
    "rest": lambda rng: [resting(rng, 30) for _ in range(8)],
    "oscillation": lambda rng: [rounded(rng, 5000, 1e-4) for _ in range(3)],
    "oscillation with noise": lambda rng: [rounded(rng, 5000, 1e-3) for _ in range(3)],
    "fast": lambda rng: [rng.integers(0, 2, 5000) for _ in range(4)],
    "slow": lambda rng: [chain(rng, 100, 20_000) for _ in range(4)],
}

"""Trajectories of a hidden chain, 57 million frames a second and core."""

from __future__ import annotations

import numba
import numpy as np

from raremd.data.simulated.hidden_chain import HOP, HiddenChain
from raremd.data.simulated.hidden_chain_exact import SolvedChain


def simulate(chain: HiddenChain, n_walkers: int, n_frames: int, seed: int) -> np.ndarray:
    """Observed trajectories, each from the stationary law.

    Each walker has a random stream of its own, so that the first of more walkers, and the
    beginning of longer trajectories, are the same.

    Parameters
    ----------
    chain : HiddenChain
    n_walkers, n_frames : int
        At least 1.
    seed : int
        Not negative.

    Returns
    -------
    (n_walkers, n_frames) int16

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    for name, value, least in (
        ("n_walkers", n_walkers, 1),
        ("n_frames", n_frames, 1),
        ("seed", seed, 0),
    ):
        if value < least:
            raise ValueError(f"{name}: {value} is too small, give at least {least}")
    states = np.empty((n_walkers, n_frames), np.int16)
    starts = np.random.SeedSequence(seed).generate_state(n_walkers, np.uint64)
    solved = SolvedChain(chain)
    chances = np.array([*solved.flips[:, 1], solved.p])
    activation = np.round(chances * 2.0**53).astype(np.int64)
    for walker, start in enumerate(starts):
        _walk(start, states[walker], chain.basins, chain.positions, chain.ring, activation)
    return states


@numba.njit(cache=True)
def _mixed(bits: np.uint64) -> np.uint64:
    """The output function of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014), uint64."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@numba.njit(cache=True)
def _walk(
    start: np.uint64,
    states: np.ndarray,
    basins: int,
    positions: int,
    ring: int,
    activation: np.ndarray,
) -> None:
    """Fill the trajectory of one walker from a SplitMix64 stream, two words a frame.

    Parameters
    ----------
    start : uint64
        Where the walker's random stream begins.
    states : (n_frames,) int16
    basins, positions, ring : int
    activation : (3,) int64
        Chance of e = 1 after e = 0, after e = 1, and in the first frame, in units of 2^-53.
    """
    step = np.uint64(0x9E3779B97F4A7C15)
    up, down = np.int64(HOP * 2.0**32), np.int64(2.0 * HOP * 2.0**32)
    line, half = basins * positions, ring // 3
    start += step
    e = 1 if np.int64(_mixed(start) >> np.uint64(11)) < activation[2] else 0
    start += step
    word = _mixed(start)
    x = np.int64(word >> np.uint64(32)) * line >> 32
    y = np.int64(word & np.uint64(0xFFFFFFFF)) * ring >> 32
    states[0] = x * ring + y
    for frame in range(1, states.size):
        start += step
        e = 1 if np.int64(_mixed(start) >> np.uint64(11)) < activation[e] else 0
        start += step
        word = _mixed(start)
        move = np.int64(word >> np.uint64(32))
        if move < up:
            if (x + 1) % positions or (e and x + 1 < line):
                x += 1
        elif move < down and (x % positions or (e and x)):
            x -= 1
        y += (np.int64(word & np.uint64(0xFFFFFFFF)) * (2 * half + 1) >> 32) - half
        y += ring if y < 0 else -ring if y >= ring else 0
        states[frame] = x * ring + y

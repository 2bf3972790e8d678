"""The four-state model potential of Tsai, Kuo & Tiwary (2020), simulated with numba.

Four Gaussian wells around a Gaussian hill in two dimensions, held together by a weak quartic
wall, in reduced units (mass and friction 1)::

    V(x, y) = W (x^4 + y^4) + G(x, 0) G(y, 0) - sum over the wells (a, b) of G(x, a) G(y, b)
    G(u, u0) = exp(-(u - u0)^2 / (2 S^2)),  W = 1e-4,  S = 0.8

Source: S.-T. Tsai, E.-J. Kuo, P. Tiwary, Nat. Commun. 11, 5115 (2020). The dynamics is
underdamped Langevin; its exact slow timescales are in `raremd.data.simulated.klein_kramers`.
"""

from __future__ import annotations

import logging
import math
import time

import numba
import numpy as np

log = logging.getLogger(__name__)

BETA = 9.5
FRICTION = 1.0
TIME_STEP = 0.01
MINIMA = np.array([(2.0, -1.0), (0.5, 2.0), (-0.5, -2.0), (-2.0, 1.0)])

WALL = 1e-4
WIDTH = 0.8
BURN_IN_TIME = 200.0  # the slowest motion within a basin, out to the wall and back, takes 53

WALKERS_PER_GROUP = 64  # the state of a group stays in the first-level cache
STEPS_PER_CALL = 4_000_000  # a fraction of a second between two looks at the clock
SECONDS_BETWEEN_REPORTS = 5.0

_INVERSE_VARIANCE = 1.0 / WIDTH**2
_OUTER = math.exp(-0.5 * _INVERSE_VARIANCE * (2.0**2 + 1.0**2))
_INNER = math.exp(-0.5 * _INVERSE_VARIANCE * (0.5**2 + 2.0**2))


def potential(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Potential energy.

    Parameters
    ----------
    x, y : arrays of the same shape, or floats
        Position in reduced length.

    Returns
    -------
    array of the same shape
        Energy in reduced units (kT = 1 / BETA).
    """

    def gaussians(a: float, b: float) -> np.ndarray:
        return np.exp(-0.5 * _INVERSE_VARIANCE * ((x - a) ** 2 + (y - b) ** 2))

    wells = sum(gaussians(a, b) for a, b in MINIMA)
    return WALL * (x**4 + y**4) + gaussians(0.0, 0.0) - wells


@numba.njit(cache=True, fastmath=True)
def force(x: float, y: float) -> tuple[float, float]:
    """Minus the gradient of the potential, with three exponentials instead of five.

    exp(-|r - r0|^2 / 2 S^2) = exp(-r^2 / 2 S^2) exp(-r0^2 / 2 S^2) exp(r . r0 / S^2), and as the
    centres are multiples of 1/2 in x and of 1 in y, the last factor is a product of powers of
    ``half_x`` and ``unit_y``.

    Parameters
    ----------
    x, y : floats, or arrays of the same shape
        Position in reduced length.

    Returns
    -------
    force_x, force_y : of the same type
        Force in reduced units.
    """
    hill = np.exp(-0.5 * _INVERSE_VARIANCE * (x * x + y * y))
    half_x = np.exp(0.5 * _INVERSE_VARIANCE * x)
    unit_y = np.exp(_INVERSE_VARIANCE * y)
    inverse_half_x = 1.0 / half_x
    inverse_unit_y = 1.0 / unit_y
    two_x = (half_x * half_x) * (half_x * half_x)
    inverse_two_x = (inverse_half_x * inverse_half_x) * (inverse_half_x * inverse_half_x)

    # The wells in the order of MINIMA.
    well_1 = _OUTER * hill * two_x * inverse_unit_y
    well_2 = _INNER * hill * half_x * (unit_y * unit_y)
    well_3 = _INNER * hill * inverse_half_x * (inverse_unit_y * inverse_unit_y)
    well_4 = _OUTER * hill * inverse_two_x * unit_y

    total = hill - well_1 - well_2 - well_3 - well_4
    towards_x = 2.0 * (well_1 - well_4) + 0.5 * (well_2 - well_3)
    towards_y = well_4 - well_1 + 2.0 * (well_2 - well_3)
    force_x = _INVERSE_VARIANCE * (x * total + towards_x) - 4.0 * WALL * x * x * x
    force_y = _INVERSE_VARIANCE * (y * total + towards_y) - 4.0 * WALL * y * y * y
    return force_x, force_y


def nearest_minimum(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Index of the nearest of MINIMA, 0 to 3.

    Parameters
    ----------
    x, y : arrays of the same shape
        Position in reduced length.

    Returns
    -------
    int16 array of the same shape
    """
    squares = [(x - a) ** 2 + (y - b) ** 2 for a, b in MINIMA]
    return np.argmin(squares, axis=0).astype(np.int16)


def equilibrium_populations(box: float = 10.0, spacing: float = 0.05) -> np.ndarray:
    """Boltzmann weight of the points nearest to each minimum, by the midpoint rule.

    Parameters
    ----------
    box : float
        The square from -box to box is integrated over.
    spacing : float
        Grid spacing in reduced length.

    Returns
    -------
    (4,) float64
        Populations in the order of MINIMA; they sum to one.
    """
    points = np.arange(-box + 0.5 * spacing, box, spacing)
    x, y = np.meshgrid(points, points, indexing="ij")
    weight = np.exp(-BETA * potential(x, y))
    populations = np.bincount(nearest_minimum(x, y).ravel(), weight.ravel(), len(MINIMA))
    return populations / populations.sum()


@numba.njit(cache=True, fastmath=True)
def _advance(
    position: np.ndarray,
    velocity: np.ndarray,
    generator: np.ndarray,
    frames: np.ndarray,
    steps_per_frame: int,
) -> None:
    """Integrate one group of walkers in place and save a frame every `steps_per_frame` steps.

    BAOAB (Leimkuhler & Matthews 2013) with the two half kicks between the saved positions merged
    into one, so that `velocity` is the one half a kick earlier. The walkers are the inner loop:
    independent, they keep the arithmetic units busy.

    Parameters
    ----------
    position, velocity : (2, n_walkers) float64
        Overwritten with the state at the end.
    generator : (n_walkers,) uint64
        State of each walker's xorshift64* generator (Vigna 2016), never zero; overwritten.
    frames : (n_walkers, n_frames, 2) float32
        Where the positions go.
    steps_per_frame : int
        Steps before each saved frame.
    """
    decay = math.exp(-FRICTION * TIME_STEP)
    kick = math.sqrt((1.0 - decay * decay) / BETA)
    half_step = 0.5 * TIME_STEP
    for frame in range(frames.shape[1]):
        for _ in range(steps_per_frame):
            for i in range(generator.size):
                bits = generator[i]
                bits ^= bits << np.uint64(13)
                bits ^= bits >> np.uint64(7)
                bits ^= bits << np.uint64(17)
                generator[i] = bits
                bits *= np.uint64(2685821657736338717)
                # Both halves of the word feed one Box-Muller pair; signed integers convert faster.
                uniform = (np.int64(bits >> np.uint64(32)) + 1.0) * 2.0**-32
                angle = np.int64(bits & np.uint64(0xFFFFFFFF)) * (2.0 * math.pi * 2.0**-32)
                radius = kick * math.sqrt(-2.0 * math.log(uniform))

                x, y = position[0, i], position[1, i]
                force_x, force_y = force(x, y)
                vx = velocity[0, i] + TIME_STEP * force_x
                vy = velocity[1, i] + TIME_STEP * force_y
                x += half_step * vx
                y += half_step * vy
                vx = decay * vx + radius * math.cos(angle)
                vy = decay * vy + radius * math.sin(angle)
                position[0, i] = x + half_step * vx
                position[1, i] = y + half_step * vy
                velocity[0, i] = vx
                velocity[1, i] = vy
        for i in range(generator.size):
            frames[i, frame, 0] = position[0, i]
            frames[i, frame, 1] = position[1, i]


class _Progress:
    """Logs the share done and the time left, at most once every few seconds."""

    def __init__(self, n_steps: int) -> None:
        self._n_steps = n_steps
        self._done = 0
        self._start = self._last = time.monotonic()

    def add(self, n_steps: int) -> None:
        """Count steps that were made."""
        self._done += n_steps
        now = time.monotonic()
        if now - self._last < SECONDS_BETWEEN_REPORTS and self._done < self._n_steps:
            return
        self._last = now
        speed = self._done / max(now - self._start, 1e-9)
        log.info(
            "four-state potential: %.0f %% of %.3g steps, %.1f million steps/s, %.0f s left",
            100.0 * self._done / self._n_steps,
            self._n_steps,
            speed / 1e6,
            (self._n_steps - self._done) / speed,
        )


def simulate(
    n_walkers: int,
    n_frames: int,
    steps_per_frame: int,
    seed: int,
    burn_in_frames: int | None = None,
) -> np.ndarray:
    """Independent underdamped Langevin trajectories, close to equilibrium from the first frame.

    Each walker starts in a minimum drawn from the equilibrium populations, because no burn-in of
    reasonable length reaches the equilibrium between the wells; the burn-in spreads it within
    its well. The same arguments give the same bytes on the same machine.

    Parameters
    ----------
    n_walkers : int
        Number of trajectories.
    n_frames : int
        Frames to save from each.
    steps_per_frame : int
        Integration steps of TIME_STEP between two frames.
    seed : int
        Not negative.
    burn_in_frames : int, optional
        Frames to throw away first; by default as many as cover BURN_IN_TIME.

    Returns
    -------
    (n_walkers, n_frames, 2) float32
        Positions x, y in reduced length.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    if burn_in_frames is None:
        burn_in_frames = math.ceil(BURN_IN_TIME / (TIME_STEP * max(steps_per_frame, 1)))
    smallest = {"n_walkers": 1, "n_frames": 1, "steps_per_frame": 1, "seed": 0, "burn_in_frames": 0}
    given = (n_walkers, n_frames, steps_per_frame, seed, burn_in_frames)
    for (name, least), value in zip(smallest.items(), given, strict=True):
        if value < least:
            raise ValueError(f"{name}: {value} is too small, give at least {least}")

    rng = np.random.default_rng(seed)
    start = rng.choice(len(MINIMA), size=n_walkers, p=equilibrium_populations())
    velocity = rng.normal(scale=BETA**-0.5, size=(2, n_walkers))
    largest = np.iinfo(np.uint64).max
    generator = rng.integers(1, largest, size=n_walkers, dtype=np.uint64, endpoint=True)

    trajectories = np.empty((n_walkers, n_frames, 2), np.float32)
    progress = _Progress(n_walkers * (burn_in_frames + n_frames) * steps_per_frame)
    for first in range(0, n_walkers, WALKERS_PER_GROUP):
        group = slice(first, first + WALKERS_PER_GROUP)
        frames = trajectories[group]
        burn_in = np.empty((len(frames), burn_in_frames, 2), np.float32)
        state = (MINIMA[start[group]].T.copy(), velocity[:, group].copy(), generator[group].copy())
        steps_of_group = len(frames) * steps_per_frame
        frames_per_call = max(1, STEPS_PER_CALL // steps_of_group)
        for target in (burn_in, frames):
            for done in range(0, target.shape[1], frames_per_call):
                block = target[:, done : done + frames_per_call]
                _advance(*state, block, steps_per_frame)
                progress.add(block.shape[1] * steps_of_group)
    return trajectories

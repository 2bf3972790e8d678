"""Where simulated walkers of the four-state system are, and how fast, against quadrature."""

import numpy as np
import pytest
from scipy import stats

from raremd.data.simulated import four_state

N_SAMPLES = 4000
N_LONG = 1000


@pytest.fixture(scope="module")
def equilibrated():
    """Two frames, one step apart, of independent walkers 100 time units after their start."""
    frames = four_state.simulate(N_SAMPLES, 2, steps_per_frame=1, seed=11, burn_in_frames=10_000)
    return frames.astype(np.float64)


@pytest.fixture(scope="module")
def positions():
    """x and y of fewer walkers, 40 frames of 5 time units each, one walker after the other."""
    frames = four_state.simulate(N_LONG, 40, steps_per_frame=500, seed=12, burn_in_frames=20)
    return frames.reshape(-1, 2).T.astype(np.float64, order="C")


def boltzmann_grid(box=10.0, spacing=0.05):
    points = np.arange(-box + 0.5 * spacing, box, spacing)
    x, y = np.meshgrid(points, points, indexing="ij")
    weight = np.exp(-four_state.BETA * four_state.potential(x, y))
    return points, weight / weight.sum()


def test_populations_after_the_burn_in_match_the_quadrature(equilibrated):
    minimum = four_state.nearest_minimum(equilibrated[:, 1, 0], equilibrated[:, 1, 1])
    expected = N_SAMPLES * four_state.equilibrium_populations()
    assert stats.chisquare(np.bincount(minimum, minlength=4), expected).pvalue > 1e-3


@pytest.mark.parametrize("axis", [0, 1])
def test_positions_follow_the_boltzmann_distribution(equilibrated, axis):
    points, weight = boltzmann_grid()
    cumulative = np.cumsum(weight.sum(axis=1 - axis))
    upper = points + 0.5 * (points[1] - points[0])
    inner = upper[np.searchsorted(cumulative, np.arange(0.05, 0.99, 0.05))]
    share = np.diff([0.0, *np.interp(inner, upper, cumulative), 1.0])
    observed = np.bincount(np.searchsorted(inner, equilibrated[:, 1, axis]), minlength=share.size)
    assert stats.chisquare(observed, N_SAMPLES * share).pvalue > 1e-3


@pytest.mark.parametrize(
    "observable",
    [
        four_state.potential,
        lambda x, y: four_state.force(x, y)[0] ** 2,
        lambda x, y: four_state.force(x, y)[1] ** 2,
    ],
    ids=["energy", "force_x squared", "force_y squared"],
)
def test_means_match_the_quadrature(positions, observable):
    points, weight = boltzmann_grid()
    x, y = (grid.ravel() for grid in np.meshgrid(points, points, indexing="ij"))
    expected = (weight.ravel() * observable(x, y)).sum()
    means = observable(*positions).reshape(N_LONG, -1).mean(axis=1)
    assert abs(means.mean() - expected) < 3.5 * means.std() / np.sqrt(N_LONG)


def test_velocities_follow_equipartition(equilibrated):
    # One step moves by the mean of the velocities before and after the noise.
    displacement = np.diff(equilibrated, axis=1).ravel() / four_state.TIME_STEP
    decay = np.exp(-four_state.FRICTION * four_state.TIME_STEP)
    expected = 0.5 * (1.0 + decay) / four_state.BETA
    error = expected * np.sqrt(2.0 / displacement.size)
    assert abs(displacement.var() - expected) < 3.5 * error

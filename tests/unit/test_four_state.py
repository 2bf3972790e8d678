import json
import logging
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from raremd.data.simulated import four_state
from raremd.data.simulated.klein_kramers import exact_timescales, klein_kramers_operator

SPECTRUM = Path(__file__).parents[2] / "resources" / "four_state" / "exact_spectrum.json"


def test_potential_is_the_published_formula():
    def gaussian(u, u0):
        return np.exp(-((u - u0) ** 2) / (2 * 0.8**2))

    x, y = 0.7, -1.3
    expected = (
        1e-4 * (x**4 + y**4)
        + gaussian(x, 0) * gaussian(y, 0)
        - gaussian(x, 2) * gaussian(y, -1)
        - gaussian(x, 0.5) * gaussian(y, 2)
        - gaussian(x, -0.5) * gaussian(y, -2)
        - gaussian(x, -2) * gaussian(y, 1)
    )
    assert four_state.potential(x, y) == pytest.approx(expected, rel=1e-12)


def test_force_is_minus_the_gradient():
    x, y = np.random.default_rng(0).uniform(-4, 4, size=(2, 500))
    x[0], y[0] = 9.5, -9.5
    step = 1e-5
    energy = four_state.potential
    force_x, force_y = four_state.force(x, y)
    assert np.allclose(force_x, (energy(x - step, y) - energy(x + step, y)) / (2 * step), atol=1e-8)
    assert np.allclose(force_y, (energy(x, y - step) - energy(x, y + step)) / (2 * step), atol=1e-8)


def test_populations_have_the_symmetry_of_the_potential_and_do_not_hang_on_the_grid():
    populations = four_state.equilibrium_populations()
    assert populations.sum() == pytest.approx(1.0)
    assert populations == pytest.approx(populations[::-1], abs=1e-6)
    assert populations == pytest.approx(four_state.equilibrium_populations(8.0, 0.03), abs=2e-5)


def test_same_seed_same_bytes_and_other_seeds_differ(monkeypatch):
    arguments = dict(n_walkers=70, n_frames=30, steps_per_frame=3, burn_in_frames=5)
    first = four_state.simulate(seed=1, **arguments)
    assert first.shape == (70, 30, 2)
    assert first.dtype == np.float32
    assert four_state.simulate(seed=1, **arguments).tobytes() == first.tobytes()
    assert not np.any(four_state.simulate(seed=2, **arguments) == first)
    assert len(np.unique(first[:, -1, 0])) == 70

    monkeypatch.setattr(four_state, "STEPS_PER_CALL", 1)
    assert four_state.simulate(seed=1, **arguments).tobytes() == first.tobytes()


def test_frames_are_steps_per_frame_apart():
    every = four_state.simulate(8, 60, steps_per_frame=1, seed=3, burn_in_frames=0)
    sixth = four_state.simulate(8, 10, steps_per_frame=6, seed=3, burn_in_frames=0)
    late = four_state.simulate(8, 40, steps_per_frame=1, seed=3, burn_in_frames=20)
    assert np.array_equal(every[:, 5::6], sixth)
    assert np.array_equal(every[:, 20:], late)


def test_walkers_start_in_minima_in_proportion_to_their_populations():
    start = four_state.simulate(4000, 1, steps_per_frame=1, seed=5, burn_in_frames=0)[:, 0]
    minimum = four_state.nearest_minimum(start[:, 0], start[:, 1])
    assert np.abs(start - four_state.MINIMA[minimum]).max() < 0.05
    expected = 4000 * four_state.equilibrium_populations()
    assert stats.chisquare(np.bincount(minimum, minlength=4), expected).pvalue > 1e-3


@pytest.mark.parametrize(
    ("name", "value"),
    [("n_walkers", 0), ("n_frames", 0), ("steps_per_frame", 0), ("seed", -1)],
)
def test_numbers_out_of_range_are_refused_by_name(name, value):
    arguments = dict(n_walkers=1, n_frames=1, steps_per_frame=1, seed=0) | {name: value}
    with pytest.raises(ValueError, match=f"^{name}: {value} is too small"):
        four_state.simulate(**arguments)


def test_progress_is_logged(monkeypatch, caplog):
    monkeypatch.setattr(four_state, "SECONDS_BETWEEN_REPORTS", 0.0)
    monkeypatch.setattr(four_state, "STEPS_PER_CALL", 100)
    with caplog.at_level(logging.INFO, logger="raremd"):
        four_state.simulate(10, 40, steps_per_frame=1, seed=0, burn_in_frames=0)
    assert [record.getMessage().split()[2] for record in caplog.records] == [
        "25",
        "50",
        "75",
        "100",
    ]


def test_exact_timescales_of_the_harmonic_oscillator():
    # Rates of one dimension: friction / 2 +- sqrt(friction^2 / 4 - k); those of two add up.
    stiffness_x, stiffness_y, friction = 0.36, 0.51, 2.0
    slow_x, slow_y = (
        0.5 * friction - np.sqrt(0.25 * friction**2 - k) for k in (stiffness_x, stiffness_y)
    )
    times = exact_timescales(
        box=4.5,
        spacing=0.25,
        hermite_order=4,
        n_timescales=4,
        potential=lambda x, y: 0.5 * (stiffness_x * x**2 + stiffness_y * y**2),
        beta=4.0,
        friction=friction,
    )
    assert times == pytest.approx(
        1 / np.array([slow_x, slow_y, 2 * slow_x, slow_x + slow_y]), rel=0.01
    )


def test_exact_timescales_of_an_oscillation():
    # Below critical damping both rates are friction / 2 -+ i omega.
    times = exact_timescales(
        box=4.0,
        spacing=0.25,
        hermite_order=6,
        n_timescales=2,
        potential=lambda x, y: 0.5 * (x**2 + 4.0 * y**2),
        beta=4.0,
        friction=1.0,
    )
    assert times == pytest.approx([2.0, 2.0], rel=0.01)


def test_equilibrium_is_stationary_under_the_operator():
    operator = klein_kramers_operator(four_state.potential, 9.5, 1.0, 4.0, 0.5, 2)
    cells = np.arange(-3.75, 4.0, 0.5)
    x, y = np.meshgrid(cells, cells, indexing="ij")
    density = np.zeros(operator.shape[0])
    density[: x.size] = np.exp(-0.5 * 9.5 * four_state.potential(x, y)).ravel()
    assert np.abs(operator @ density).max() < 1e-12 * density.max()


def test_exact_timescales_of_the_four_state_system():
    # Small box and basis; the values come from an independent factorisation with pivoting.
    times = exact_timescales(box=4.0, spacing=0.25, hermite_order=4, n_timescales=3)
    assert times == pytest.approx([8218.62, 729.32, 669.58], rel=1e-4)


def test_spacing_must_divide_the_box():
    with pytest.raises(ValueError, match=r"^spacing: 0.3 does not divide .* 8.0"):
        exact_timescales(box=4.0, spacing=0.3)


def test_committed_spectrum_is_converged_and_near_the_reference():
    spectrum = json.loads(SPECTRUM.read_text())
    assert spectrum["timescales"] == pytest.approx([7710, 717, 656], rel=0.02)
    assert max(spectrum["relative_error"]) < 0.01
    assert {row["varied"] for row in spectrum["convergence"]} == {"box", "spacing", "hermite_order"}
    again = exact_timescales(box=6.0, spacing=0.4, hermite_order=6, n_timescales=3)
    assert again == pytest.approx(spectrum["timescales"], rel=0.01)

"""Power laws recover the exponents and floors of made-up data."""

import math

import numpy as np
import pytest

from raremd.analysis.power_law import PowerLaw, _criterion, fit_power_law

LEVELS = np.array([1e6, 2e6, 4e6, 1.6e7, 6.4e7, 3e8])


def made(law, seed, noise=0.1, seeds=5, levels=LEVELS):
    x = np.repeat(levels, seeds)
    rng = np.random.default_rng(seed)
    return x, np.array([law.at(v) for v in x]) * np.exp(noise * rng.normal(size=len(x)))


@pytest.mark.parametrize("exponent", [0.4, 0.9, 1.5])
def test_an_exponent_is_recovered_within_its_interval_and_no_floor_is_made_up(exponent):
    covered = 0
    for seed in range(12):
        fit = fit_power_law(*made(PowerLaw(1e3, exponent, 0.0), seed), 60, seed)
        found = fit.interval(lambda law: law.exponent)
        assert found.value == pytest.approx(exponent, abs=0.06)
        assert fit.law.floor < 0.3 * PowerLaw(1e3, exponent, 0.0).at(LEVELS[-1])
        covered += found.low <= exponent <= found.high
    assert covered >= 9


def test_a_floor_is_found_where_there_is_one():
    law = PowerLaw(1e4, 0.9, 3e-4)
    fit = fit_power_law(*made(law, 1), 60, 1)
    floor, exponent = fit.interval(lambda f: f.floor), fit.interval(lambda f: f.exponent)
    assert floor.value == pytest.approx(3e-4, rel=0.2) and floor.low < 3e-4 < floor.high
    assert exponent.value == pytest.approx(0.9, abs=0.1)
    assert fit.spread == pytest.approx(0.1, rel=0.4)


def test_exact_data_give_the_exact_law():
    x = LEVELS[:3]
    fit = fit_power_law(x, 5.0 * x**-0.5, 20, 0)
    assert fit.law.scale == pytest.approx(5.0) and fit.law.exponent == pytest.approx(0.5)
    assert fit.interval(lambda law: law.reach(1e-3)).value == pytest.approx(2.5e7)


def test_fits_are_compared_by_the_corrected_criterion_of_akaike():
    x = np.repeat(LEVELS[:4], 2)
    law = PowerLaw(5.0, 0.5, 0.0)
    y = np.array([law.at(v) for v in x]) * np.exp(np.tile([0.2, -0.2], 4))
    for k in (2, 3):  # numbers of the law, and with them that of the spread
        corrected = 8 * math.log(0.2**2) + 2 * (k + 1) + 2 * (k + 1) * (k + 2) / (8 - k - 2)
        assert _criterion(law, x, y, k) == pytest.approx(corrected)
    assert _criterion(law, x[:5], y[:5], 3) == math.inf


def test_the_spread_counts_what_the_fit_has_used_up():
    x = np.repeat(LEVELS[:3], 2)
    y = 5.0 * x**-0.5 * np.exp(np.tile([0.2, -0.2], 3))
    fit = fit_power_law(x, y, 5, 0)
    assert fit.law.exponent == pytest.approx(0.5)
    assert fit.spread == pytest.approx(0.2 * math.sqrt(6 / (6 - 2)))  # two numbers are fitted


def test_a_level_below_the_floor_is_never_reached():
    law = PowerLaw(1.0, 1.0, 0.1)
    assert law.reach(0.1) == math.inf and law.reach(0.2) == pytest.approx(10)
    assert PowerLaw(1.0, -0.2, 0.0).reach(0.5) == math.inf


def test_failures_are_left_out_and_two_levels_are_too_few():
    x, y = made(PowerLaw(1e3, 1.0, 0.0), 0, 0.0, 1)
    y[2] = np.nan
    assert fit_power_law(x, y, 5, 0).n == len(x) - 1
    y[[0, 1, 3]] = [0.0, np.inf, -1.0]
    assert fit_power_law(x, y, 5, 0) is None

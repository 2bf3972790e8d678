"""Extrapolated timescales against chains whose long lags are known."""

import numpy as np
import pytest

from raremd.kinetics.igme import extrapolate

LAGS = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0])
FITTED = (LAGS >= 5) & (LAGS <= 20)


def its(eigenvalues):
    return -LAGS[:, None] / np.log(eigenvalues)


def test_a_chain_with_a_fast_transient_is_extrapolated_exactly():
    # lambda(tau) = A exp(-tau / t) once the memory is gone, and less before.
    time, amplitude = np.array([300.0, 40.0]), np.array([0.9, 0.8])
    eigenvalues = amplitude * np.exp(-LAGS[:, None] / time)
    eigenvalues[:2] *= 1.05
    found = extrapolate(LAGS, its(eigenvalues), FITTED)
    np.testing.assert_allclose(found, its(eigenvalues), rtol=1e-10)
    # A Markov model at the longest lag of the fit would be far off.
    assert its(eigenvalues)[4, 0] < 0.8 * its(eigenvalues)[6, 0]


def test_memory_beyond_the_fit_is_missed():
    eigenvalues = np.exp(-LAGS[:, None] / 300.0) * (0.8 + 0.2 * np.exp(-LAGS[:, None] / 60.0))
    found = extrapolate(LAGS, its(eigenvalues), FITTED)
    np.testing.assert_array_equal(found[:5], its(eigenvalues)[:5])
    assert found[6, 0] < 0.9 * its(eigenvalues)[6, 0]


def test_samples_come_first_and_growing_eigenvalues_are_no_timescale():
    eigenvalues = np.exp(-LAGS[:, None] / 300.0)
    growing = np.where(FITTED[:, None], np.exp(-0.5 + 0.02 * LAGS[:, None]), eigenvalues)
    found = extrapolate(LAGS, its(np.stack([eigenvalues, growing])), FITTED)
    assert found.shape == (2, 7, 1)
    np.testing.assert_allclose(found[0], 300.0)
    assert found[1, 6, 0] != pytest.approx(300.0) and np.isnan(found[1, 6, 0])

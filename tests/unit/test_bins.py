"""Bins of the histogram behind the free energy."""

import numpy as np
import pytest

from raremd.states.histogram import MAP_BINS, bin_edges


@pytest.mark.parametrize("points", [2, 37, 120, 253, 900])
def test_each_bin_holds_as_many_grid_points(points):
    grid = (np.arange(points) / 119).astype(np.float32)
    edges = bin_edges(np.repeat(grid, 5), grid[0], grid[-1])
    counts, _ = np.histogram(grid, edges)
    assert len(counts) <= MAP_BINS
    assert counts.sum() == points
    assert len(set(counts[:-1])) <= 1 and counts[-1] <= counts[0]
    assert np.diff(edges) == pytest.approx(edges[1] - edges[0])


def test_grid_points_that_were_never_visited_keep_their_bins():
    edges = bin_edges(np.array([0.0, 1.0, 4.0]), 0.0, 4.0)
    assert edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5]


def test_a_flat_distribution_gives_a_flat_histogram():
    contacts = np.random.default_rng(0).integers(0, 120, 200_000) / 119
    counts, _ = np.histogram(contacts, bin_edges(contacts, 0.05, 0.95))
    assert counts[:-1].std() / counts[:-1].mean() < 0.05, "no teeth"


def test_values_off_a_grid_and_a_single_value():
    values = np.random.default_rng(0).normal(size=5000)
    assert bin_edges(values, -2.0, 3.0) == pytest.approx(np.linspace(-2, 3, MAP_BINS + 1))
    assert len(bin_edges(np.ones(5), 1.0, 1.0)) == MAP_BINS + 1

"""Rows that belong together, and what figures show beside them."""

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import BASE

from raremd.analysis import plotted
from raremd.analysis.tidy import (
    Levels,
    Removals,
    cells,
    full_grid,
    matrix,
    of_factor,
    of_grid,
    pick,
    removals,
)

SOURCES = {"md": [np.array([0, 1, 2, 2, 2])] * 4, "lstm": [np.array([2, 1, 0, 0])] * 4}


@pytest.fixture(scope="module")
def table():
    return made_up.comparison()


def test_pick_compares_numbers_with_tolerance():
    table = pd.DataFrame({"lag": [0.1 + 0.2, 0.4], "model": ["md", "lstm"]})
    assert list(pick(table, lag=0.3)["model"]) == ["md"]
    assert list(pick(table, model=["lstm", "md"])["model"]) == ["md", "lstm"]


@pytest.mark.parametrize("factor", ["dimension", "interval", "partition"])
def test_factor_keeps_cells_that_differ_in_it_alone(table, factor):
    assert len(list(cells(of_factor(table, factor, BASE)))) == 2


def test_cells_of_a_grid_agree_in_the_third_factor(table):
    found = list(cells(of_grid(table, ["interval", "partition"], BASE)))
    assert len(found) == 4
    assert {levels.coordinate for levels, _ in found} == {"xy"}


def test_grid_is_the_most_combinations_that_are_all_there():
    cells = [(1.0, "a"), (2.0, "a"), (4.0, "a"), (1.0, "b"), (4.0, "b"), (4.0, "c"), (1.0, "c")]
    table = pd.DataFrame(cells, columns=["interval", "partition"])
    assert full_grid(table, "interval", "partition") == ([1.0, 4.0], ["a", "b", "c"])
    assert full_grid(table[:4], "interval", "partition") == ([], [])


def test_removals_are_the_largest_group_that_differs_in_them_only():
    names = ["a", "a_cored", "a_dwell", "b", "b_cored", "c_cored"]
    table = pd.DataFrame({"partition": names, "coordinate": "x", "interval": 1.0})
    of = {"a_cored": "a", "a_dwell": "a", "b_cored": "b", "c_cored": "c"}
    base = Levels("x", 1.0, "b")
    assert removals(table, of, base) == Removals("x", 1.0, ("a", "a_cored", "a_dwell"))
    assert removals(table[1:], of, base) == Removals("x", 1.0, ("b", "b_cored"))
    assert removals(table[5:], of, base) is None


def test_matrix_is_indexed_from_and_to():
    table = pd.DataFrame({"i": [1, 2], "j": [2, 1], "value": [0.3, 0.7], "replicate": 0})
    table = table.assign(model="md", quantity="p")
    np.testing.assert_array_equal(matrix(table, "p", "md"), [[np.nan, 0.3], [0.7, np.nan]])


def test_errors_are_means_over_replicates_of_the_deviation_either_way(table):
    signs = table.assign(value=table["value"] * np.where(table["replicate"] == 2, -1, 1))
    found = plotted.mean_errors(signs, 100.0)
    assert set(found["error"]) == {2.5}
    assert len(found) == 2 * (2 * 5 + 1), "two readings; the control ran in one cell"


def test_errors_of_both_signs_do_not_cancel_and_are_capped(table):
    """The error is that of the verdicts, in the figure of costs too."""
    ratio = (table["quantity"] == "yardstick_log2_ratio") & (table["replicate"] > 0)
    signs = np.where(table["replicate"] % 2, 1.0, -9.0)
    table = table.assign(value=np.where(ratio, signs, table["value"]))
    cost = table[["coordinate", "interval", "partition", "model"]].drop_duplicates()
    found = plotted.cost_and_error(table, cost.assign(core_seconds=1.0), 100.0)
    replicates = table[ratio & (table["i"] == 1)].groupby("model")["replicate"].unique()
    for row in found.itertuples():
        each = [1.0 if n % 2 else 5.0 for n in replicates[row.model]]
        assert row.error == pytest.approx(np.mean(each))
    assert (found["error"] > 1).any()


def test_removed_recrossings_against_the_md_with_them():
    found = plotted.removal_times(made_up.cored(), 100.0)
    assert found.interval == 1.0
    assert found.band == pytest.approx((-np.log2(1.25), np.log2(1.25)))
    md = pick(found.own, model="md").set_index(["recrossing", "tau_c"])
    assert md.loc[("core_sets", 0.0), "value"] == pytest.approx(np.log2(0.9))
    over = found.own[found.own["over_cored"]]
    assert set(over["model"]) == {"md", "lstm"} and set(over["tau_c"]) == {50.0}


def test_matrices_and_their_difference(table):
    found = plotted.matrices(pick(table, **BASE._asdict()), ["lstm"], 100.0)
    np.testing.assert_allclose(found.md, [[0.9, 0.1], [0.1, 0.9]])
    np.testing.assert_allclose(found.differences["lstm"], np.zeros((2, 2)))


def test_free_energy_is_minus_log_above_the_minimum():
    found = plotted.free_energy(np.array([1, 8, 0]))
    np.testing.assert_allclose(found, [np.log(8), 0, np.nan])


def test_strips_are_equal_spans_in_metastable_states():
    chosen = plotted.strips(SOURCES, np.array([0, 0, 1]), np.inf, 0.5)
    assert {k: len(v) for k, v in chosen.sources.items()} == {"md": 3, "lstm": 3}
    assert chosen.n_states == 2
    np.testing.assert_array_equal(chosen.sources["md"][0], [0, 0, 1, 1])
    np.testing.assert_array_equal(chosen.sources["lstm"][0], [1, 0, 0, 0])


def test_strips_last_a_few_slow_timescales_where_there_is_more():
    chosen = plotted.strips({"md": [np.zeros(500, int)]}, np.array([0]), 5.0, 0.5)
    assert len(chosen.sources["md"][0]) == plotted.SPAN * 10


def test_histories_are_in_the_unit_of_the_system():
    of = plotted.Trained("toy", "xy", 10.0, "kmeans_100", "lstm")
    history = pd.DataFrame({"tokens": [10.0], "expected_timescale": [3.0]})
    comparison = made_up.comparison().assign(system="toy")
    row = plotted.training_histories([history], [of], comparison).iloc[0]
    assert (row["expected_timescale"], row["md_timescale"]) == (30.0, 300.0)

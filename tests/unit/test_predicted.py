"""Predicted against generated timescales, in a made-up study that follows the sum rule."""

import numpy as np
import pandas as pd
import pytest

from raremd.analysis.cell_result import Reading
from raremd.analysis.predicted import agreement, predictions
from raremd.report.figures import predicted
from raremd.report.figures.style import Look

MD, LAG = 100.0, 10.0
EXCESS = np.array([0.001, 0.01, 0.05])
"""Of the expected matrix's rate, one a replicate."""


def comparison():
    rows = []

    def add(model, replicate, quantity, lag, value, i=1):
        rows.append((model, replicate, quantity, i, lag, value))

    for quantity, lag in (("timescale", 1.0), ("yardstick_timescale", LAG)):
        add("md", 0, quantity, lag, MD)
    for replicate, excess in enumerate(EXCESS, start=1):
        add("lstm", replicate, "tokens", np.nan, 1e6, 0)
        add("lstm", replicate, "expected_timescale", 1.0, 1 / (1 / MD + excess))
        add("lstm", replicate, "timescale", 1.0, 1 / (1 / MD + 2 * excess))
        add("lstm", replicate, "yardstick_timescale", LAG, MD)  # all leaks return
        add("markov", replicate, "tokens", np.nan, 0.0, 0)
        add("markov", replicate, "expected_timescale", 1.0, MD)
        add("markov", replicate, "timescale", 1.0, MD)
        add("markov", replicate, "yardstick_timescale", LAG, MD)
    columns = ["model", "replicate", "quantity", "i", "lag", "value"]
    cell = {"system": "toy", "coordinate": "x", "interval": 1.0, "partition": "fine"}
    return pd.DataFrame(rows, columns=columns).assign(**cell)


def test_excess_twice_is_exact_at_one_step_and_wrong_at_the_long_lag():
    found = predictions(comparison(), {"toy": LAG})
    exact = found.agreement[Reading.ONE_STEP, "twice"]
    assert (exact.n, exact.left_out, exact.within) == (3, 0, 1.0)
    assert exact.rms == pytest.approx(0, abs=1e-12) and exact.correlation == pytest.approx(1)
    wanted = np.log((1 / MD + 2 * EXCESS) / (1 / MD + EXCESS))
    once = found.agreement[Reading.ONE_STEP, "expected"]
    assert once.rms == pytest.approx(np.sqrt(np.mean(wanted**2)))
    late = found.agreement[Reading.LONG_LAG, "twice"]
    assert late.rms == pytest.approx(np.sqrt(np.mean(np.log(1 + 2 * EXCESS * MD) ** 2)))
    assert np.isnan(late.correlation)


def test_only_what_was_trained_is_counted():
    ratios = predictions(comparison(), {"toy": LAG}).ratios[Reading.ONE_STEP]
    assert set(ratios["model"]) == {"lstm"}


def test_failures_are_counted_but_not_compared():
    found = agreement(np.array([1.0, np.inf, np.nan, 1.0]), np.array([2.0, 1.0, 1.0, np.nan]))
    assert (found.n, found.left_out, found.within) == (1, 3, 0.0)
    assert found.rms == pytest.approx(np.log(2)) and np.isnan(found.correlation)


def test_what_is_within_a_factor_of_one_and_a_half_is_good():
    generated = np.full(4, 10.0)
    found = agreement(np.array([14.9, 15.1, 10 / 1.49, 10 / 1.51]), generated)
    assert (found.n, found.within) == (4, 0.5)


def test_figure_has_a_mark_for_each_training_and_says_how_well():
    data = predictions(comparison(), {"toy": LAG})
    axes = predicted.draw(data, Look(models=("markov", "lstm"))).axes
    marks = [line for panel in axes for line in panel.lines if line.get_label() == "LSTM"]
    assert [len(line.get_xdata()) for line in marks] == [3] * 4
    np.testing.assert_allclose(marks[1].get_xdata(), marks[1].get_ydata())
    assert "rms 0.00, r 1.00 (n = 3)" in axes[1].get_title()


def test_each_replicate_is_held_against_the_md_of_its_own_set():
    table = comparison()
    sets = table[(table["model"] == "md")]
    sets = pd.concat([sets.assign(replicate=r, value=MD * (1 + r)) for r in (1, 2, 3)])
    found = predictions(pd.concat([table, sets]), {"toy": LAG})
    assert found.agreement[Reading.ONE_STEP, "twice"].n == 3
    ratios = found.ratios[Reading.LONG_LAG].sort_values("replicate")
    np.testing.assert_allclose(ratios["generated"], [1 / 2, 1 / 3, 1 / 4])


def test_what_is_predicted_is_across():
    axes = predicted.draw(predictions(comparison(), {"toy": LAG}), Look(models=("lstm",))).axes
    (mark,) = [line for line in axes[0].lines if line.get_label() == "LSTM"]
    assert (mark.get_xdata() > mark.get_ydata()).all(), "with the excess once, t1 is too long"

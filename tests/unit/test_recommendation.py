"""The recommendation, on tables whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from raremd.recommendation import candidates, recommend

LAG = 10.0
MD = {1: (100.0, 80.0, 125.0), 2: (30.0, 25.0, 36.0), 3: (4.0, 3.0, 5.0)}
SETTINGS = {
    "lag": LAG,
    "unit": "ps",
    "networks": ["lstm", "transformer"],
    "baselines": ["markov"],
    "tolerance": 0.32,
    "minimum_transitions": 20,
}


def cell(interval, partition, events=50, reference=(100.0, 100.0), md=MD, **models):
    """Rows of one cell; a model is given by its slow timescales."""
    rows = []

    def add(model, quantity, i, lag, value, low=np.nan, high=np.nan):
        rows.append(
            {
                "coordinate": "all", "dimension": 2, "interval": interval, "partition": partition,
                "model": model, "replicate": 0, "quantity": quantity, "i": i, "j": 0, "lag": lag,
                "value": value, "low": low, "high": high,
            }
        )  # fmt: skip

    for i, (value, low, high) in md.items():
        add("md", "yardstick_timescale", i, LAG, value, low, high)
        add("md", "timescale", i, interval, value)
    for lag, value in zip((LAG, 2 * LAG), reference, strict=True):
        add("reference", "yardstick_timescale", 1, lag, value)
    add("md", "slow_transitions", 0, LAG, events)
    for model, times in models.items():
        for i, time in enumerate(times, start=1):
            add(model, "yardstick_timescale", i, LAG, time)
            add(model, "yardstick_log2_ratio", i, LAG, np.log2(time / MD[i][0]))
    return pd.DataFrame(rows)


GOOD, SLOWEST_OFF, SECOND_OFF = (101, 29, 1), (20, 29, 4), (101, 60, 4)
STATES = {
    ("all", interval, partition): n
    for interval in (1.0, 5.0)
    for partition, n in (("micro", 100), ("macro", 4))
}


def text(*cells, **settings):
    return "\n".join(recommend("toy", pd.concat(cells), STATES, SETTINGS | settings))


def test_coarsest_interval_then_fewest_states():
    said = text(
        cell(1.0, "micro", lstm=GOOD, transformer=GOOD),
        cell(5.0, "micro", lstm=GOOD),
        cell(5.0, "macro", lstm=SECOND_OFF, transformer=GOOD),
    )
    assert "Take **5 ps** and `all`, `macro` (4 states) with the Transformer" in said
    assert "| t1 | 100 ps [80, 125] | 101 ps | 1.01 |" in said
    assert "t3" not in said.split("- Lost")[0], "faster than the yardstick's lag: not compared"
    assert "Lost: processes faster than the interval (4 ps at the finest one)" in said
    assert "Beware" not in said


def test_a_good_model_in_a_fine_cell_beats_a_bad_one_in_a_coarse_cell():
    said = text(
        cell(1.0, "micro", lstm=GOOD), cell(5.0, "macro", lstm=SLOWEST_OFF, transformer=SECOND_OFF)
    )
    assert "Take **1 ps** and `all`, `micro` (100 states) with the LSTM" in said
    assert "no process that the finest interval resolves" in said


def test_no_cell_does_and_the_nearest_is_named():
    said = text(cell(1.0, "micro", lstm=SLOWEST_OFF), cell(5.0, "macro", lstm=SECOND_OFF))
    assert "No cell does" in said
    assert "nearest is **5 ps** and `all`, `macro` (4 states) with the LSTM, off by 1.00" in said
    assert "Take" not in said


def test_a_cell_that_hides_the_slow_process_is_not_recommended():
    short = MD | {1: (50.0, 40.0, 60.0)}
    said = text(cell(1.0, "micro", lstm=GOOD), cell(5.0, "macro", md=short, lstm=(50, 29, 4)))
    assert "Take **1 ps** and `all`, `micro`" in said
    assert "| 5 ps | all | macro | LSTM | 1.00 | hides a slow process |" in said


def test_the_markov_baseline_is_told_and_never_recommended():
    said = text(cell(5.0, "macro", markov=GOOD, lstm=SECOND_OFF))
    assert "No cell does" in said
    assert "plain Markov model of that cell does: no network" in said
    assert "Markov model of that cell does not" in text(
        cell(5.0, "macro", markov=SECOND_OFF, lstm=GOOD)
    )


def test_weak_data_are_told():
    said = text(cell(1.0, "macro", events=7, reference=(100.0, 150.0), lstm=GOOD))
    assert "only 7 slow transitions" in said
    assert "still changes with lag" in said


def test_a_model_without_timescale_fails():
    table = cell(1.0, "macro", lstm=(np.nan, 29, 4), transformer=(np.inf, 29, 4))
    for candidate in candidates(table, STATES, LAG, SETTINGS["networks"], 0.32):
        assert not candidate.reproduces
        assert candidate.error == np.inf
    assert "No cell does" in text(table)


def test_an_unsuitable_yardstick_is_told():
    assert "no timescale longer than the yardstick's lag of 500 ps" in text(
        cell(1.0, "macro", lstm=GOOD).assign(lag=500.0), lag=500.0
    )

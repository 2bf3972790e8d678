"""The recommendation, on tables whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from raremd.analysis.recommendation import ALL_CELLS, as_markdown, candidates, recommend

LAG = 10.0
MD = {1: (100.0, 80.0, 125.0), 2: (30.0, 25.0, 36.0), 3: (4.0, 3.0, 5.0)}
SETTINGS = {
    "coordinate": "all",
    "partition": "yardstick",
    "lag": LAG,
    "unit": "ps",
    "networks": ["lstm", "transformer"],
    "baselines": ["markov"],
    "tolerance": 0.32,
    "minimum_transitions": 20,
}


def cell(interval, partition, events=50, reference=(100.0, 100.0), md=MD, **models):
    """Rows of one cell; a model is given by its slow timescales, the same in all replicates.

    A list gives those of each replicate.
    """
    rows = []

    def add(model, quantity, i, lag, value, low=np.nan, high=np.nan, replicate=0):
        rows.append(
            {
                "coordinate": "all", "dimension": 2, "interval": interval, "partition": partition,
                "model": model, "replicate": replicate, "quantity": quantity, "i": i, "j": 0,
                "lag": lag, "value": value, "low": low, "high": high,
            }
        )  # fmt: skip

    for i, (value, low, high) in md.items():
        add("md", "yardstick_timescale", i, LAG, value, low, high)
        add("md", "timescale", i, interval, value)
    for lag, value in zip((LAG, 2 * LAG), reference, strict=True):
        add("reference", "yardstick_timescale", 1, lag, value)
    add("md", "slow_transitions", 0, LAG, events)
    for model, times in models.items():
        replicates = times if isinstance(times, list) else [times] * 3
        for replicate, slow in enumerate(replicates, start=1):
            for i, time in enumerate(slow, start=1):
                add(model, "yardstick_timescale", i, LAG, time, replicate=replicate)
    return pd.DataFrame(rows)


GOOD, SLOWEST_OFF, SECOND_OFF = (101, 29, 1), (20, 29, 4), (101, 60, 4)
STATES = {
    ("all", interval, partition): n
    for interval in (1.0, 5.0)
    for partition, n in (("micro", 100), ("macro", 4), ("yardstick", 4))
}


def text(*cells, **settings):
    """The page of one system."""
    return as_markdown([recommend("toy", pd.concat(cells), STATES, SETTINGS | settings)])


def test_coarsest_interval_then_fewest_states():
    said = text(
        cell(1.0, "micro", lstm=GOOD, transformer=GOOD),
        cell(5.0, "micro", lstm=GOOD),
        cell(5.0, "macro", lstm=SECOND_OFF, transformer=GOOD),
    )
    assert "Take **5 ps** and `all`, `macro` (4 states) with the Transformer" in said
    assert "| t1 | 100 ps [80, 125] | 101 ps | 1.01 | 0 of 3 | yes |" in said
    assert "| toy | 5 ps | `all` | `macro` (4 states) | yes, the Transformer | no doubts |" in said
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
    assert "nearest is **5 ps** and `all`, `macro` (4 states) with the LSTM: t1 within the" in said
    assert "worst off by 1.00 log2 units" in said
    assert "| toy | 5 ps | `all` | `macro` (4 states) | no; nearest is the LSTM |" in said
    assert "Take" not in said


def test_time_and_ratio_say_the_same_and_failed_replicates_are_told():
    halting = [(100, 15, 1), (100, 15, 1), (100, np.nan, 1)]
    said = text(cell(1.0, "micro", lstm=halting))
    assert "| t1 | 100 ps [80, 125] | 100 ps | 1.00 | 0 of 3 | yes |" in said
    assert "| t2 | 30 ps [25, 36] | 15 ps | 0.50 | 1 of 3 | no |" in said
    assert "worst off by 4.00 log2 units in the mean over replicates (one without" in said
    assert "| 1 ps | all | micro | 100 | LSTM | 4.00 | 1 of 3 | no |" in said


def test_a_failed_replicate_forbids_a_recommendation():
    said = text(
        cell(5.0, "macro", lstm=[GOOD, GOOD, (np.inf, 29, 1)]), cell(1.0, "micro", lstm=GOOD)
    )
    assert "Take **1 ps**" in said


def test_replicates_off_in_opposite_directions_are_not_near():
    opposite = [(400, 29, 1), (25, 29, 1)]
    said = text(cell(5.0, "macro", lstm=opposite), cell(1.0, "micro", lstm=SLOWEST_OFF))
    assert "Take **5 ps**" in said, "their mean is right, and that is the rule"
    assert "Beware: the replicates' t1 differ by a factor of up to 16" in said
    nearest = text(
        cell(5.0, "macro", lstm=[(500, 60, 1), (20, 60, 1)]), cell(1.0, "micro", lstm=SECOND_OFF)
    )
    assert "The nearest is **1 ps**" in nearest


def test_one_hit_among_many_cells_may_be_chance():
    off = [cell(1.0 + n, "micro", lstm=SLOWEST_OFF) for n in range(4)]
    states = {("all", 1.0 + n, "micro"): 100 for n in range(5)}
    table = pd.concat([*off, cell(5.0, "micro", lstm=GOOD)])
    (doubt,) = recommend("toy", table, states, SETTINGS).weak
    assert doubt.startswith("of 5 cells this is the only one in which the LSTM is right")
    few = recommend("toy", table[table["interval"] > 1], states, SETTINGS)
    assert few.chosen.reproduces and few.weak == []


def test_the_answer_stands_before_the_table_of_all_cells():
    said = text(cell(1.0, "micro", lstm=GOOD), cell(5.0, "macro", lstm=SLOWEST_OFF))
    answer, _, lookup = said.partition(ALL_CELLS)
    assert answer.count("\n") < 30
    assert "all slow timescales are right: LSTM 1 of 2." in answer
    assert "3 trainings that differ in the seed; 50 slow transitions" in answer
    assert lookup.count("| LSTM |") == 2


def test_a_cell_that_misses_the_slow_process_is_not_recommended():
    short = MD | {1: (50.0, 40.0, 60.0)}
    said = text(cell(1.0, "micro", lstm=GOOD), cell(5.0, "macro", md=short, lstm=(50, 29, 4)))
    assert "Take **1 ps** and `all`, `micro`" in said
    assert (
        "| 5 ps | all | macro | 4 | LSTM | 0.05 | 0 of 3 | its states miss a slow process |" in said
    )


def test_the_yardstick_decides_what_is_slow_not_the_longest_of_all_cells():
    longer = MD | {1: (180.0, 160.0, 220.0)}
    cells = (
        cell(1.0, "yardstick", lstm=GOOD),
        cell(5.0, "macro", md=longer, lstm=(180, 29, 4)),  # lumps otherwise: another process
    )
    assert "Take **1 ps** and `all`, `yardstick`" in text(*cells)
    assert "LSTM | 0.05 | 0 of 3 | its states miss a slow process |" in text(*cells)


def test_noise_of_the_md_does_not_hide_a_process():
    lucky = MD | {1: (140.0, 100.0, 180.0)}
    unlucky = MD | {1: (105.0, 70.0, 145.0)}
    said = text(cell(1.0, "micro", md=lucky, lstm=GOOD), cell(5.0, "macro", md=unlucky, lstm=GOOD))
    assert "Take **5 ps**" in said


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
    for candidate in candidates(table, STATES, SETTINGS["networks"], SETTINGS):
        assert not candidate.reproduces
        assert candidate.error == 10
    assert "No cell does" in text(table)


def test_an_unsuitable_yardstick_is_told():
    assert "no timescale longer than the yardstick's lag of 500 ps" in text(
        cell(1.0, "macro", lstm=GOOD).assign(lag=500.0), lag=500.0
    )

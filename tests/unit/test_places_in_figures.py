"""Each number stands in the panel, on the axis and beside the word that it belongs to."""

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up import BASE

from raremd.analysis import plotted
from raremd.analysis.claim_records import Judgement
from raremd.analysis.tidy import pick
from raremd.analysis.verdicts import Verdict
from raremd.io.storage import write_arrays, write_table
from raremd.report.figures import (
    claims,
    controls,
    factor,
    heatmap,
    populations_mfpt,
    strips,
    style,
    timescales,
    transition_matrices,
)
from raremd.report.figures.style import Look

SEEN = {"models": tuple(made_up.MODELS), "controls": made_up.CONTROLS, "lag": 100.0}


def look(**levels):
    return Look(**SEEN, interval=1.0, tolerance=0.32, unit="tau", levels=levels)


@pytest.fixture(scope="module")
def table():
    """One step is off by a factor of two less than the long lag."""
    made = made_up.comparison()
    return made.assign(value=made["value"] + (made["quantity"] == "log2_ratio"))


def labelled(axes, label):
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return line


def test_the_long_lag_is_left_and_one_step_right(table):
    errors = plotted.mean_errors(pick(table, coordinate="xy"), 100.0)
    levels = {"interval": (1.0, 10.0), "partition": ("kmeans_100", "macrostates")}
    panels = [a for a in heatmap.draw(errors, look(**levels)).axes if a.images]
    assert [panel.texts[0].get_text() for panel in panels[:2]] == ["2.5", "1.5"]
    sides = controls.draw(pick(table, **BASE._asdict()), look()).axes[:2]
    marks = [next(x for x in side.lines if x.get_marker() == "o") for side in sides]
    assert [mark.get_xdata()[0] for mark in marks] == [-0.5, 0.5]
    sides = factor.draw(pick(table, partition="kmeans_100"), look(interval=(1.0, 10.0))).axes[:2]
    assert [labelled(side, "LSTM").get_ydata()[0] for side in sides] == [-0.5, 0.5]


def test_each_verdict_stands_beside_its_reading():
    one = made_up.record(long_lag=made_up.finding(Verdict.UNDECIDED))
    axes = claims.draw(Judgement((one,), ()), look()).axes[0]
    at = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert at["undecided"] < at["supported"], "the long lag above, as its mark"
    assert axes.yaxis_inverted()


def test_the_reference_is_drawn(table):
    rows = pick(table, **BASE._asdict(), quantity="timescale")
    rows = rows.assign(value=rows["value"] * np.where(rows["model"] == "reference", 2, 1))
    axes = style.new_figure(3, 3).subplots()
    timescales.draw_timescales(axes, rows, rows[:0], look().series)
    times = {name: [x.get_ydata()[0] for x in axes.lines if x.get_label() == name]
             for name in ("reference", "MD, t₁")}  # fmt: skip
    assert times == {"reference": [600.0], "MD, t₁": [300.0]}


def test_rows_are_where_a_jump_begins(table):
    axes = style.new_figure(2, 2).subplots()
    populations_mfpt.draw_ratios(axes, np.zeros((2, 2)), ["a", "b"])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("to state", "from state")
    found = plotted.matrices(pick(table, **BASE._asdict()), ["lstm", "lstm_twice"], 100.0)
    md, *_, last = [a for a in transition_matrices.draw(found, look()).axes if a.images]
    assert md.get_ylabel() == "from state" and last.get_xlabel() == "to state"


def test_strips_are_of_the_first_replicate_and_of_what_trains(tmp_path):
    states = {"md/0000": np.zeros(40, np.int16), "md/0001": np.ones(40, np.int16)}
    split = {"training": [[0, 0, 40]], "validation": [[1, 0, 40]], "n_states": 2, "dimension": 1}
    write_arrays(tmp_path / "s.h5", states, split)
    walkers = {f"replicate_{r}": np.full((3, 30), r % 2, np.int16) for r in (1, 2)}
    write_arrays(tmp_path / "lstm.h5", walkers)
    row = {"model": "md", "replicate": 0, "quantity": "yardstick_timescale", "i": 1, "lag": 5.0}
    table = pd.DataFrame([row | {"value": 100.0}])
    write_table(tmp_path / "k.h5", table, {"of_state": np.array([0, 1], np.int16)})
    files = {"kinetics": "k.h5", "states": "s.h5", "generated": "lstm.h5"}
    files = {kind: [str(tmp_path / name)] for kind, name in files.items()}
    seen = Look(models=("lstm",), lag=5.0, interval=2.0, stride=2)
    found = strips.read(files, seen).sources
    (md,) = found["md"]
    assert len(md) == 20 and (md == 0).all()
    assert all((strip == 1).all() for strip in found["lstm"])

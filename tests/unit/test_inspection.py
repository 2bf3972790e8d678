"""Inspection of data whose kinetics are known."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from chains import sample_chain
from judged import assessment

from raremd.analysis.assess import assess
from raremd.analysis.expected import Planned, Remedy, remedy
from raremd.analysis.inspection import RunningTime, _generated, inspect_system, running_time
from raremd.analysis.kept_laws import DialLaw, Expectation, KeptLaws, NetworkLaw
from raremd.analysis.power_law import Interval
from raremd.analysis.speed import Rates, probe
from raremd.io.storage import write_arrays
from raremd.report.figures.inspection import draw
from raremd.report.figures.style import Look
from raremd.report.pages.expected import expected_section
from raremd.report.pages.inspection import (
    as_markdown,
    changes_section,
    running_time_section,
    system_section,
)
from raremd.states.discrete_trajectories import read_states
from raremd.study.plans import (
    AssessmentPlan,
    Budget,
    InspectedCell,
    InspectionPlan,
    ModelPlan,
    Slicing,
    StatesFile,
)

SLOW = np.array([[0.98, 0.02], [0.02, 0.98]])
T1 = -1 / np.log(0.96)
LAW = DialLaw(scale=1e-3, tokens=1.0, states=0.5, spread=0.5)
LAWS = KeptLaws("made up", (NetworkLaw("lstm", LAW, LAW, passes=10.0),))
BUDGET = Budget(
    tokens=10**9, patience_tokens=10**9, evaluate_tokens=10**6,
    window=50, batch=4, learning_rate=1e-3,
)  # fmt: skip


def states_file(path, trajectories, n_states=3, dimension=1):
    """A third state is never visited; the last trajectory, or the end of one alone, validates."""
    ends = [len(t) for t in trajectories]
    cut = 0 if len(ends) > 1 else 4 * ends[-1] // 5
    training = [[k, 0, n] for k, n in enumerate(ends[:-1])]
    attributes = {
        "n_states": n_states,
        "dimension": dimension,
        "training": training or [[0, 0, cut]],
        "validation": [[len(ends) - 1, cut, ends[-1]]],
    }
    write_arrays(path, {f"md/{k:04d}": t for k, t in enumerate(trajectories)}, attributes)
    return str(path)


def plan(path, **changes):
    models = (
        ModelPlan("markov", "markov", {}, BUDGET),
        ModelPlan("lstm", "lstm", {"embedding": 4, "hidden": 4}, BUDGET),
    )
    cells = tuple(
        InspectedCell(
            "all", "given", "given", 0.5 * stride, Slicing(stride, "none", 1), models, (2, 2)
        )
        for stride in (1, 100)
    )
    settings = {
        "system": "toy", "unit": "ps", "frame_interval": 0.5, "lags": (1, 2, 5, 20),
        "yardstick_lag": 5, "yardstick": ("all", "given"), "block": 500, "timescales": 1,
        "samples": 20, "seed": 0, "tolerance": 0.32, "minimum_transitions": 20, "walkers": 8,
        "generation_frames": 10_000, "generation_limit": 10_000, "crossings": 0,
        "states": (StatesFile("all", "given", path),), "cells": cells,
    }  # fmt: skip
    return InspectionPlan(**settings | changes)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = [sample_chain(SLOW, 4000, seed).astype(np.int16) for seed in range(5)]
    return states_file(tmp_path_factory.mktemp("inspect") / "states.h5", made)


def inspected(plan):
    """The inspection of one system, its table and its section of the page."""
    own = {"names": (), "finer": ()}
    shared = {f: getattr(plan, f) for f in AssessmentPlan.__dataclass_fields__ if f not in own}
    (states,) = plan.states
    found = assess(read_states(states.path), {}, AssessmentPlan(**shared | own))
    found = inspect_system(plan, found, LAWS)
    return found, found.table, "\n".join([*changes_section(found), *system_section(found)])


def value(table, quantity, **levels):
    rows = table[table["quantity"] == quantity]
    for column, level in levels.items():
        rows = rows[rows[column] == level]
    (found,) = rows["value"]
    return found


def test_numbers_of_the_table(path):
    _, table, _ = inspected(plan(path))
    assert value(table, "states") == 3
    assert value(table, "visited_states") == value(table, "active_states") == 2
    assert value(table, "active_frames") == 1
    assert value(table, "jumps") == pytest.approx(20_000 * 0.02, rel=0.2)
    for lag in (0.5, 2.5, 10.0):
        row = table[(table["quantity"] == "timescale") & (table["lag"] == lag)].iloc[0]
        assert row["value"] == pytest.approx(0.5 * T1, rel=0.2), "times, not frames"
        assert row["low"] < row["value"] < row["high"]
        assert row["unit"] == "ps"
    events = table[table["quantity"] == "slow_transitions"]
    assert events["i"].tolist() == [1, 2, 3, 4, 5]
    assert (events["value"] > 40).all()
    assert value(table, "training_frames", interval=50.0) == 4 * 40


def test_cells_that_cannot_tell_are_told(path):
    _, table, text = inspected(plan(path))
    assert value(table, "can_tell", interval=0.5) == 1
    assert value(table, "can_tell", interval=50.0) == 0
    assert "longest trajectory of training or validation has 40 frames" in text
    assert "`training.window` (50 frames): the study stops" in text
    assert "20 frames suit every interval" in text
    assert "t1 at the yardstick's lag of 2.5 ps: converged with lag" in text
    assert "5 trajectories, 20,000 frames of 0.5 ps: 10,000 ps in all" in text


def test_a_validation_too_short_for_a_window_is_told(tmp_path):
    made = [sample_chain(SLOW, n, n).astype(np.int16) for n in (8000, 8000, 4900)]
    path = states_file(tmp_path / "s.h5", made)  # the last one is held out
    _, table, text = inspected(plan(path))
    assert value(table, "longest_trajectory", interval=50.0) == 49
    assert value(table, "can_tell", interval=50.0) == 0
    assert "24 frames suit every interval" in text


def test_few_events_and_bad_settings_are_told(tmp_path):
    rare = np.array([[0.997, 0.003], [0.003, 0.997]])
    made = [sample_chain(rare, 2000, seed).astype(np.int16) for seed in (1, 2)]
    path = states_file(tmp_path / "s.h5", made)
    _, _, text = inspected(plan(path, block=20, generation_frames=100, generation_limit=100))
    assert re.search(r"The training data hold only \d+ slow transitions", text)
    assert "no: see above" in text
    assert "`block` (10 ps) is shorter than t1" in text
    assert "`generation` makes at most 400 ps per replicate" in text


@pytest.mark.parametrize("lengths", [(2000, 2000), (5000,)])
def test_training_data_of_one_block_are_told(tmp_path, lengths):
    made = [sample_chain(SLOW, n, n).astype(np.int16) for n in lengths]
    path = states_file(tmp_path / "s.h5", made)
    _, _, text = inspected(plan(path, block=3000))
    assert "`block` (1,500 ps): the study stops" in text
    assert "(450 ps): the study stops" not in inspected(plan(path, block=900))[2]


def test_a_coring_time_that_no_state_is_held_for_is_told(path):
    first, *others = plan(path).cells
    coring = replace(first, slicing=Slicing(1, "dynamical_coring", 3000))
    _, table, text = inspected(plan(path, cells=(coring, *others)))
    assert value(table, "can_tell", interval=0.5) == 0
    assert "no: the study stops there, trajectory 1: no state is held for 3000" in text


def test_many_dimensions_and_a_long_lag_are_told(tmp_path):
    fast = np.array([[0.7, 0.3], [0.3, 0.7]])  # a timescale of 1.1 frames
    made = [sample_chain(fast, 4000, seed).astype(np.int16) for seed in range(4)]
    path = states_file(tmp_path / "s.h5", made, dimension=300)
    _, _, text = inspected(plan(path))
    assert "`all` has 300 dimensions" in text
    assert "No process of the MD is slower than the yardstick's lag of 2.5 ps" in text
    assert re.search(r"Add lags of 0\.\d+ ps or less, or save frames more often", text)
    assert "longer `lags`" not in text


def test_data_without_any_transition(tmp_path):
    path = states_file(tmp_path / "s.h5", [np.zeros(500, np.int16)] * 2)
    _, _, text = inspected(plan(path))
    assert "Record more MD" in text


def test_time_estimate_grows_with_the_budget(path):
    _, table, _ = inspected(plan(path))
    lstm = value(table, "core_seconds", interval=0.5, model="lstm")
    assert lstm > 60, "a thousand million frames twice"
    assert value(table, "core_seconds", interval=0.5, model="markov") < lstm / 10


def test_networks_that_are_only_corrected_take_no_time_to_train(path):
    made = plan(path)
    (cell, *_), (_, lstm) = made.cells, made.cells[0].models
    models = lstm, replace(lstm, name="after", corrects="lstm")
    _, table, _ = inspected(plan(path, cells=(replace(cell, models=models),)))
    plain, after = (value(table, "core_seconds", model=m) for m in ("lstm", "after"))
    assert after < plain / 10


def test_core_seconds_are_those_of_all_replicates(path, monkeypatch):
    monkeypatch.setattr("raremd.analysis.inspection.probe", lambda *_: Rates(1e6, 1e5))
    cells = tuple(replace(cell, replicates=(2, 3)) for cell in plan(path).cells)
    found, table, _ = inspected(plan(path, cells=cells))
    for cell, frames in zip(found.cells, (10_000, 100), strict=True):
        once = 1e9 / 1e6 + 8 * frames / 1e5
        interval = cell.cell.interval
        for model, replicates in (("markov", 2), ("lstm", 3)):
            told = value(table, "core_seconds", interval=interval, model=model)
            assert told == pytest.approx(replicates * once)
        assert cell.core_seconds == pytest.approx(5 * once)


def test_walkers_go_on_until_they_cross_as_often_as_is_wanted(path):
    """80 frames for each of 200 crossings; 8 walkers make 1000 frames at a time."""
    for crossings, frames in ((0, 1000), (1, 1000), (400, 4000), (401, 5000), (4000, 8000)):
        made = plan(path, generation_frames=1000, generation_limit=8000, crossings=crossings)
        assert _generated(made, 16_000, assessment()) == frames


def test_time_of_a_network_whose_prior_wants_long_histories():
    settings = {"embedding": 4, "hidden": 4, "prior": "markov", "order": 6}
    assert probe(ModelPlan("lstm", "lstm", settings, BUDGET), 5, 8).generation > 0


def test_a_clock_of_core_time_that_does_not_move_is_no_fault(monkeypatch):
    monkeypatch.setattr(time, "process_time", lambda: 1.0)
    found = probe(ModelPlan("markov", "markov", {}, BUDGET), 5, 8)
    assert 0 < found.generation < np.inf


def test_running_time_is_that_of_models_and_of_starting_jobs(path):
    found, _, _ = inspected(plan(path))
    cells = tuple(replace(cell, core_seconds=600.0) for cell in found.cells)
    # Two cells of two models: 2 x 600 s; 4 + 2 + 12 jobs of 6 s.
    time = running_time([replace(found, cells=cells)], 6.0, figures=12)
    assert time == RunningTime(pytest.approx(20), pytest.approx(2.2), 18)
    text = "\n".join(running_time_section(time, 2))
    assert "**11 min on 2 cores**" in text
    assert "training and generation 20 min of one core" in text


def test_the_page_begins_with_the_answer(path):
    found, _, _ = inspected(plan(path))
    page = as_markdown([found], RunningTime(1, 1, 1), 2, LAWS)
    assert page.splitlines()[4].startswith("| `toy` | Yes, this MD can tell:")


def test_timescales_shorter_than_the_lag_are_set_apart(tmp_path):
    # Timescales of 200 and 3 frames, seen at lags of 1 and 10.
    chain = np.kron([[0.995, 0.005], [0.005, 0.995]], [[0.86, 0.14], [0.14, 0.86]])
    made = [sample_chain(chain, 4000, seed).astype(np.int16) for seed in range(4)]
    path = states_file(tmp_path / "s.h5", made, 4)
    changes = {"lags": (1, 10, 30), "yardstick_lag": 10, "timescales": 2}
    _, _, text = inspected(plan(path, **changes))
    assert re.search(r"\| 0\.5 \| \d+\.?\d* \[[\d., ]+\] \| 1\.\d* \[[\d., ]+\] \|", text)
    assert re.search(r"\| 5 \| \d+\.?\d* \[[\d., ]+\] \| \(\d\.?\d*\) \|", text)


def test_figure(path):
    _, table, _ = inspected(plan(path))
    (panel,) = draw(table, Look()).axes
    assert panel.get_title().startswith("toy")
    np.testing.assert_allclose(panel.lines[0].get_xdata(), [0.5, 1.0, 2.5, 10.0])


def test_what_networks_will_get_wrong_and_what_would_help(path):
    """By the made-up law an LSTM adds 1e-3 sqrt(0.03) / 1e3 a frame after 1e9 tokens: nothing."""
    found, table, _ = inspected(plan(path))
    assert value(table, "expected_leak", interval=0.5) == pytest.approx(1.73e-7, rel=0.01)
    t1 = value(table, "expected_t1", interval=0.5)
    assert t1 == pytest.approx(0.5 * T1, rel=0.2)
    assert "nothing is needed" in "\n".join(expected_section([found], LAWS))

    few = replace(BUDGET, tokens=10_000)
    cells = [
        replace(c, models=(replace(c.models[1], budget=few),), replicates=(2,))
        for c in plan(path).cells
    ]
    found, table, _ = inspected(plan(path, cells=tuple(cells[:1]), lags=(1, 2, 5)))
    (one,) = found.planned
    rate = 1e-3 * 100 * 0.03**0.5
    assert one.expected.ratio.value == pytest.approx(1 / (1 + rate * one.t1))
    assert not one.enough
    needed = value(table, "tokens_needed")
    assert needed == pytest.approx(1e4 * rate * one.t1 / (1 / 0.9 - 1), rel=1e-6)
    text = "\n".join(expected_section([found], LAWS))
    longer = remedy(one, found.planned, 0.5).interval
    assert longer == 0.5 * np.ceil(rate * one.t1 * 9)
    assert f"an interval of {longer:g} or more or `match_seen_jumps: true`" in text


def test_what_is_expected_goes_from_the_shortest_interval_to_the_longest(path):
    """By number, and with t1 told finely enough that its bounds enclose it."""
    cells = tuple(
        replace(plan(path).cells[0], interval=0.5 * stride, slicing=Slicing(stride, "none", 1))
        for stride in (1, 20, 4)
    )
    found, _, _ = inspected(plan(path, cells=cells))
    rows = [line.split(" | ") for line in expected_section([found], LAWS) if "toy" in line]
    assert [row[1] for row in rows] == ["0.5 ps", "2 ps", "10 ps"]
    for cell in found.cells:
        told = value(found.table, "expected_t1", interval=cell.cell.interval)
        ratio = cell.expected["lstm"].ratio.value
        assert told == pytest.approx(ratio * cell.t1 * cell.cell.interval)
    for row in rows:
        told, low, high = map(float, re.match(r"([\d.]+) \[([\d.]+), ([\d.]+)\]", row[4]).groups())
        assert low <= told <= high


def test_a_planned_cell_that_is_within_its_budget_is_named():
    def planned(interval, partition, tokens):
        right = Interval(0.5, 0.4, 0.6)
        cell = InspectedCell("xy", partition, partition, interval, Slicing(1, "none", 1), (), ())
        expected = Expectation(right, right, Interval(tokens, tokens, tokens), tokens)
        return Planned(cell, "lstm", 1000, 100.0, expected)

    hard = planned(1.0, "fine", 1e6)
    others = [hard, planned(5.0, "fine", 500.0), planned(1.0, "coarse", 10.0)]
    others.append(planned(5.0, "coarse", 1.0))
    found = remedy(hard, others, 1.0)
    assert (found.intervals, found.partitions, found.interval) == ((5.0,), ("coarse",), 9.0)
    rare = planned(5.0, "fine", 1e6)
    assert remedy(rare, [*others[2:3], planned(1.0, "fine", 1.0), rare], 1.0).intervals == ()
    assert remedy(replace(rare, t1=20.0), [], 1.0).interval == 45.0, "t1 is 100, in its unit"
    assert remedy(rare, [], 4.0).interval == 48.0, "a multiple of the interval between frames"
    fast = replace(hard, t1=5.0)
    assert remedy(fast, [fast], 1.0) == Remedy((), (), np.inf)


def test_the_unit_stands_on_both_axes():
    rows = [("toy", "x", "k", "timescale", 1, lag, 50.0, 40.0, 60.0, "tau") for lag in (1.0, 9.0)]
    names = [
        "system",
        "coordinate",
        "partition",
        "quantity",
        "i",
        "lag",
        "value",
        "low",
        "high",
        "unit",
    ]
    panel = draw(pd.DataFrame(rows, columns=names), Look()).axes[0]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("lag time (τ)", "implied timescale (τ)")

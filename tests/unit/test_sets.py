"""Independent sets of trajectories: each replicate has an MD of its own."""

from __future__ import annotations

import runpy
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from chains import sample_chain, two_state
from hypothesis import given
from hypothesis import strategies as st
from judged import assessment, cell_result
from made_up import record
from whole_features import read_features

from raremd.analysis.assess import assess
from raremd.analysis.assessment import Cause
from raremd.analysis.budget_trial import step_times
from raremd.analysis.cell_kinetics import evaluate_cell
from raremd.analysis.cell_result import CellResult, Reading
from raremd.analysis.claims import judge_contrast
from raremd.analysis.comparison import compare
from raremd.analysis.contrasts import Contrast
from raremd.analysis.recommendation import Outcome, candidate
from raremd.analysis.tidy import without_sets
from raremd.analysis.verdicts import Verdict
from raremd.data.features import read_sets, write_features
from raremd.data.simulated.sets import seeds_of_sets
from raremd.io.provenance import ROOT
from raremd.io.storage import write_arrays, write_json
from raremd.learning.replicates import CellData
from raremd.learning.train_and_generate import train_and_generate
from raremd.report.pages.claims import how
from raremd.states.definition import states_definition
from raremd.states.discrete_trajectories import DiscreteSystem, read_states
from raremd.states.fit import fit_states
from raremd.states.split import pooled, split_frames, split_sets
from raremd.study import plan, source_plan
from raremd.study.load import load_study
from raremd.study.plans import Slicing
from raremd.study.settings.messages import ConfigError

T1 = 40.0, 160.0
"""Slowest timescale of each set, in frames."""
WALKERS, FRAMES = 5, 20_000
CONFIG = {
    "replicates": 2,
    "bootstrap_samples": 20,
    "models": {"markov": {}},
    "systems": {
        "toy": {
            "source": {
                "kind": "hidden_chain", "t1": 100, "memory": 0, "positions": 1,
                "walkers": WALKERS, "time": FRAMES, "sets": 2,
            },
            "lags": [1, 2, 4, 8],
            "yardstick": {"coordinate": "all", "partition": "given", "lag": 2},
            "generation": {"walkers": 50, "time": 10_000},
        }
    },
}  # fmt: skip


def study(replicates=2, **source):
    config = deepcopy(CONFIG) | {"replicates": replicates}
    config["systems"]["toy"]["source"] |= source
    return load_study(config)


class TestConfiguration:
    @pytest.mark.parametrize(
        ("sets", "replicates", "message"),
        [
            (10, 3, "systems.toy.source.sets: 10, but only 3 replicates, .* give 3, or 1"),
            (2, 3, "systems.toy.source.sets: 2, but 3 replicates, .* give 3, or 1"),
        ],
    )
    def test_a_set_for_each_replicate_or_one_for_all(self, sets, replicates, message):
        with pytest.raises(ConfigError, match=message):
            study(replicates, sets=sets)
        for fits in (1, replicates):
            study(replicates, sets=fits)

    def test_the_reference_is_one_set(self):
        four_state = {
            "kind": "four_state", "walkers": 4, "time": 2000, "sets": 3,
            "reference_walkers": 4, "reference_time": 2000,
        }  # fmt: skip
        made = load_study(
            {"replicates": 3, "systems": {"wells": FOUR_STATE | {"source": four_state}}}
        )
        parts = [
            source_plan.simulation_plan(made, "wells", part) for part in ("features", "reference")
        ]
        assert [part.sets for part in parts] == [3, 1]


FOUR_STATE = {
    "frame_interval": 1,
    "time_unit": "tau",
    "coordinates": {"xy": {"features": ["x", "y"]}},
    "partitions": {"k": {"method": "kmeans", "n_states": 4}},
    "base": {"coordinate": "xy", "interval": 1, "partition": "k"},
    "lags": [1, 5],
    "yardstick": {"coordinate": "xy", "partition": "k", "lag": 5},
    "generation": {"walkers": 4, "time": 1000},
}


def test_seeds_begin_with_that_of_the_study_and_stay_when_sets_are_added():
    seeds = seeds_of_sets(2021, 10)
    assert seeds[0] == 2021 and len(set(seeds) | {2022}) == 11  # 2022 is the reference's
    assert seeds[:3] == seeds_of_sets(2021, 3)


@pytest.mark.parametrize("kind", ["four_state", "hidden_chain"])
def test_the_first_set_is_what_a_single_one_is(tmp_path, kind):
    if kind == "four_state":
        source = {"kind": kind, "walkers": 3, "time": 60}
        made = load_study({"systems": {"toy": FOUR_STATE | {"source": source}}} | SHORT)
        simulation = source_plan.simulation_plan(made, "toy", "features")
    else:
        simulation = source_plan.hidden_chain_plan(study(walkers=3, time=500), "toy")
    simulate = runpy.run_path(str(ROOT / f"workflow/scripts/simulate_{kind}.py"))[
        f"simulate_{kind}"
    ]
    for sets in (1, 2):
        simulate(replace(simulation, sets=sets), tmp_path / f"{sets}.h5")
        assert read_sets(tmp_path / f"{sets}.h5") == sets
    one, two = (read_features(tmp_path / f"{sets}.h5").trajectories for sets in (1, 2))
    assert len(two) == 6
    for same, first, second in zip(one, two[:3], two[3:], strict=True):
        assert np.array_equal(same, first)
        assert same.shape == second.shape and not np.array_equal(same, second)


SHORT = {"training": {"window": 20}}


@given(
    walkers=st.integers(1, 12), sets=st.integers(1, 6), frames=st.integers(40, 60),
    gap=st.integers(0, 10),
)  # fmt: skip
def test_each_set_is_split_alike_and_they_share_no_frame(walkers, sets, frames, gap):
    found = split_sets([frames] * (walkers * sets), 0.2, gap, sets=sets)
    alone = split_frames([frames] * walkers, 0.2, gap)
    assert found[0] == alone and len(found) == sets
    seen = np.zeros((walkers * sets, frames), int)
    for number, split in enumerate(found):
        for own, first in zip(
            (*split.training, *split.validation), (*alone.training, *alone.validation), strict=True
        ):
            assert own.trajectory == first.trajectory + number * walkers
            assert (own.start, own.stop) == (first.start, first.stop)
            seen[own.trajectory, own.start : own.stop] += 1
    assert seen.max() == 1
    md = [np.zeros(frames, np.int16)] * (walkers * sets)
    assert DiscreteSystem(1, 1, md, md, [], [], pooled(found), sets).sets == found


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """Two sets of two-state trajectories of which the second is four times as slow."""
    folder = tmp_path_factory.mktemp("sets")
    flips = [(1 - np.exp(-1 / t)) / 2 for t in T1]
    dtrajs = [
        sample_chain(two_state(p, p), FRAMES, seed=10 * number + walker)
        for number, p in enumerate(flips)
        for walker in range(WALKERS)
    ]
    write_features(
        folder / "features.h5", (d[:, None] for d in dtrajs), frame_interval=1.0,
        time_unit="frame", feature_names=["state"], periods=[0.0], checksum="",
        state_labels=range(2), sets=2,
    )  # fmt: skip
    definition = states_definition(plan.states_plan(study(), "toy", "all", "given"))
    fit_states(folder / "features.h5", None, definition, folder / "states.h5")
    return folder / "states.h5"


@pytest.fixture(scope="module")
def evaluated(states):
    """Kinetics of a Markov model of which each replicate was trained on its own set."""
    made, folder = study(), states.parent
    base = made.base("toy")
    train_and_generate(
        states, plan.training_plan(made, base, "markov"), plan.generation_plan(made, base), "",
        folder / "w.safetensors", folder / "history.parquet", folder / "markov.h5",
        folder / "run.json",
    )  # fmt: skip
    kinetics = plan.kinetics_plan(made, base)
    return evaluate_cell(states, states, {"markov": folder / "markov.h5"}, kinetics)


def times(table, model, lag=1.0):
    """Slowest timescale by replicate."""
    rows = table[(table["model"] == model) & (table["quantity"] == "yardstick_timescale")]
    rows = rows[(rows["i"] == 1) & (rows["lag"] == lag)]
    return rows.set_index("replicate")["value"]


def test_a_replicate_sees_its_own_set_only(states):
    system = read_states(states)
    assert system.n_sets == 2
    for replicate in (1, 2):
        data = CellData.of(system, Slicing(1, "none", 1), replicate)
        own = system.md[WALKERS * (replicate - 1) : WALKERS * replicate]
        assert len(data.training) == 4 and len(data.validation) == 1
        for part in (*data.training, *data.validation):
            assert sum(np.array_equal(part, d) for d in own) == 1


def test_what_a_replicate_generates_stands_beside_its_own_set(states, tmp_path):
    """Walkers that repeat the training data of their set have its timescale."""
    system, how = read_states(states), Slicing(2, "none", 1)
    own = {r: CellData.of(system, how, r).training for r in (1, 2)}
    write_arrays(tmp_path / "made.h5", {f"replicate_{r}": np.stack(d) for r, d in own.items()})
    found = step_times(states, tmp_path / "made.h5", how)
    assert found.ratios == (1.0, 1.0)
    assert found.md[1] > 2 * found.md[0]


def test_states_are_fitted_to_the_first_set(tmp_path):
    """k-means of a first set on [0, 1] and a second one on [10, 11] is that of the first alone."""
    rng = np.random.default_rng(0)
    first, second = (rng.random((4, 2000, 2), np.float32) + offset for offset in (0, 10))
    made = load_study({"systems": {"toy": FOUR_STATE | {"source": WELLS}}})
    definition = states_definition(plan.states_plan(made, "toy", "xy", "k"))
    found = []
    for sets, trajectories in ((1, first), (2, [*first, *second])):
        what = {"frame_interval": 1.0, "time_unit": "tau", "feature_names": ["x", "y"]}
        write_features(
            tmp_path / "f.h5", trajectories, periods=[0.0, 0.0], checksum="", sets=sets, **what
        )
        fit_states(tmp_path / "f.h5", None, definition, tmp_path / f"{sets}.h5")
        found.append(read_states(tmp_path / f"{sets}.h5"))
    for alone, together in zip(found[0].md, found[1].md[:4], strict=True):
        assert np.array_equal(alone, together)


WELLS = {"kind": "four_state", "walkers": 4, "time": 2000}


class TestKinetics:
    def test_the_md_of_each_set_stands_beside_that_of_all(self, evaluated):
        table = evaluated.table
        md = times(table, "md")
        assert md.index.tolist() == [0, 1, 2]
        assert md[[1, 2]].tolist() == pytest.approx(T1, rel=0.15)
        assert md[1] < md[0] < md[2]
        sets = table[(table["model"] == "md") & (table["replicate"] > 0)]
        assert sets["low"].isna().all()
        whole = table[(table["model"] == "md") & (table["quantity"] == "slow_transitions")]
        events = whole.set_index("replicate")["value"]
        assert events[0] == events[1] + events[2]

    def test_models_follow_their_own_md(self, evaluated):
        table = evaluated.table
        ratio = times(table, "markov") / times(table, "md")
        assert np.log2(ratio[[1, 2]].to_numpy(float)) == pytest.approx([0, 0], abs=0.15)

    def test_ratios_are_taken_over_the_own_md(self, evaluated, states):
        folder, made = states.parent, study()
        evaluated.write(folder / "kinetics.h5")
        write_json(folder / "exact.json", {"timescales": [1.0]})
        (factors,) = made.factors()
        found = compare(
            [factors], [folder / "kinetics.h5"], [folder / "run.json"],
            {"toy": folder / "exact.json"}, {"toy": "frame"}, seed=1,
        )  # fmt: skip
        rows = found[(found["quantity"] == "yardstick_log2_ratio") & (found["i"] == 1)]
        ratios = rows[rows["lag"] == 1.0].set_index("replicate")
        assert ratios.loc[[1, 2], "value"].tolist() == pytest.approx([0, 0], abs=0.15)
        both = ratios.loc[[1, 2], "value"].to_numpy()
        mean, half = both.mean(), 12.706 * both.std(ddof=1) / np.sqrt(2)  # Student, n = 2
        assert ratios.loc[0, "value"] == pytest.approx(mean)
        width = ratios.loc[0, "high"] - ratios.loc[0, "low"]
        assert width == pytest.approx(2 * half, rel=0.25)
        cell = CellResult(made.base("toy"), 1.0, found)
        assert cell.deviations("markov", Reading.LONG_LAG) == pytest.approx(both)


def with_sets(cell: CellResult, factors) -> CellResult:
    """The cell with an MD for each replicate, and models that deviate from that."""
    t, factors = cell.table, np.asarray(factors)
    models = (t["model"] != "md") & (t["replicate"] > 0)
    scaled = t.assign(value=t["value"].where(~models, t["value"] * factors[t["replicate"] - 1]))
    alone = t[t["model"] == "md"]
    own = [alone.assign(replicate=r, value=alone["value"] * f) for r, f in enumerate(factors, 1)]
    return replace(cell, table=pd.concat([scaled, *own], ignore_index=True))


FACTORS = [0.5, 1.0, 2.0, 1.0, 0.5]
NO_ERROR = [0.0] * 5


class TestStatements:
    def test_errors_are_measured_against_the_own_md(self):
        cell = with_sets(cell_result(lstm=NO_ERROR), FACTORS)
        for reading in Reading:
            assert cell.errors("lstm", reading).tolist() == NO_ERROR
            assert cell.md_timescale(reading) == cell_result(lstm=NO_ERROR).md_timescale(reading)
        pooled_only = replace(cell, table=without_sets(cell.table))
        assert pooled_only.deviations("lstm", Reading.LONG_LAG) == pytest.approx([-1, 0, 1, 0, -1])

    def test_a_set_without_the_process_is_left_out(self):
        cell = with_sets(cell_result(lstm=NO_ERROR), [1e-3, *FACTORS[1:]])
        found = cell.deviations("lstm", Reading.LONG_LAG)
        assert np.isnan(found[0]) and found[1:].tolist() == [0.0] * 4

    def test_claims_and_recommendation_do_not_see_how_sets_differ(self):
        sound = assessment(by_set=(200,) * 5)
        easy, hard = (
            with_sets(cell_result(partition=name, lstm=[error + d for d in SCATTER]), FACTORS)
            for name, error in (("macro", 0.0), ("micro", 1.0))
        )
        found = judge_contrast(Contrast("C4", "toy", easy, hard), "lstm", [], sound)
        assert found.long_lag.verdict is Verdict.SUPPORTED
        assert found.sets == 5
        close = judge_contrast(Contrast("C1", "toy", easy, None), "lstm", [], sound)
        assert close.long_lag.verdict is Verdict.SUPPORTED
        assert candidate(easy, "lstm", 4, sound).outcome is Outcome.REPRODUCED
        assert candidate(hard, "lstm", 4, sound).outcome is Outcome.NOT_REPRODUCED

    def test_the_page_says_which_md_verdicts_hold_for(self):
        assert "at\nhand; within" in how([record()])
        text = how([record(), record(system="wells", sets=10)])
        assert (
            "(on `wells`, where each replicate has its own, for any MD" in text
            and "`four_state`" not in text
        )


SCATTER = [0.0, 0.05, 0.1, 0.05, 0.0]


def test_every_set_needs_its_transitions(states):
    system, made = read_states(states), study()
    found = assess(system, {}, plan.assessment_plan(made, "toy"))
    assert found.transitions == min(found.by_set) == found.by_set[1]
    assert found.by_set[0] > 2 * found.by_set[1]
    few = replace(plan.assessment_plan(made, "toy"), minimum_transitions=found.by_set[1] + 1)
    (doubt,) = [d for d in assess(system, {}, few).doubts if d.cause is Cause.EVENTS]
    assert doubt.text == f"one of 2 training sets holds only {found.by_set[1]} slow transitions"

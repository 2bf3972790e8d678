"""The plan of each rule: what is in it, and that it changes just where the study does."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace

import pytest
import yaml
from toy_study import toy

from raremd.analysis.levels import factor_levels, grid_levels, microstates, recrossing_cells
from raremd.io.provenance import ROOT
from raremd.report.figures.looks import factor
from raremd.states.definition import states_definition
from raremd.study import plan, plans, source_plan, verdict_plans
from raremd.study.cell import Cell
from raremd.study.load import load_study
from raremd.study.plans import as_param, from_param
from raremd.study.settings.models import KINDS
from raremd.study.settings.partitions import KMeans

CONFIG = yaml.safe_load((ROOT / "config/smoke.yaml").read_text())
BASE = Cell("four_state", "xy", 5.0, "macrostates")
SMALL = {"settings": {"hidden": 16}}
CORED = Cell("four_state", "xy", 5.0, "macrostates_coring")


def study(**changes):
    """The smoke study, with keys replaced: `study(seed=3)`, `study(training__window=30)`."""
    config = deepcopy(CONFIG)
    for path, value in changes.items():
        *parents, key = path.split("__")
        place = config
        for parent in parents:
            place = place[parent]
        place[key] = value
    return load_study(config)


STUDY = study()
MADE = {
    plans.SimulationPlan: lambda s: source_plan.simulation_plan(s, "four_state", "reference"),
    plans.LengthsPlan: lambda s: plan.lengths_plan(s, "four_state"),
    plans.StatesPlan: lambda s: plan.states_plan(s, "four_state", "x", "kmeans_10"),
    plans.TrainingPlan: lambda s: plan.training_plan(s, BASE, "lstm"),
    plans.GenerationPlan: lambda s: plan.generation_plan(s, BASE),
    plans.KineticsPlan: lambda s: plan.kinetics_plan(s, BASE),
    plans.AssessmentPlan: lambda s: plan.assessment_plan(s, "four_state"),
    plans.InspectionPlan: lambda s: plan.inspection_plan(s, "four_state"),
    verdict_plans.ComparisonPlan: plan.comparison_plan,
    verdict_plans.ClaimsPlan: plan.claims_plan,
    verdict_plans.RecommendationPlan: plan.recommendation_plan,
    verdict_plans.RankingPlan: plan.ranking_plan,
    verdict_plans.ResultsPagePlan: plan.results_page_plan,
}


def test_the_number_of_metastable_states_is_known_or_that_of_the_data():
    assert plan.metastable(STUDY, "four_state") == "macrostates 4"
    source = {"kind": "dtraj", "files": "*.npy"}
    own = {"source": source, "frame_interval": 1, "time_unit": "ns"}
    for partitions, expected in (
        ({"micro": {"method": "given"}}, "micro own"),
        ({"macro": {"method": "given", "map": "map.dat"}}, "macro 0"),
    ):
        given = load_study({"systems": {"mine": own | {"partitions": partitions}}})
        assert plan.metastable(given, "mine") == expected


def changed_by(**changes):
    """Plans that are not those of the study as it was."""
    other = study(**changes)
    return {k for k, make in MADE.items() if as_param(make(other)) != as_param(make(STUDY))}


@pytest.mark.parametrize("kind", MADE)
def test_a_plan_comes_back_from_its_parameter(kind):
    made = MADE[kind](STUDY)
    assert from_param(kind, as_param(made)) == made


@pytest.mark.parametrize("kind", MADE)
def test_the_order_of_keys_in_a_configuration_decides_nothing(kind):
    def turned(value):
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return value

    config = deepcopy(CONFIG)
    config["training"] = turned(config["training"])
    system = config["systems"]["four_state"]
    for key in ("source", "base", "yardstick", "generation"):
        system[key] = turned(system[key])
    system["partitions"] = {name: turned(p) for name, p in system["partitions"].items()}
    assert as_param(MADE[kind](load_study(config))) == as_param(MADE[kind](STUDY))


def test_plans_are_frozen_and_json():
    for kind, make in MADE.items():
        made = make(STUDY)
        assert is_dataclass(kind) and kind.__dataclass_params__.frozen
        assert set(json.loads(as_param(made))) <= {field.name for field in fields(kind)}


def test_a_longer_lag_reaches_what_looks_at_lags():
    lags = [*CONFIG["systems"]["four_state"]["lags"], 200]
    found = changed_by(systems__four_state__lags=lags)
    assert found == {
        plans.LengthsPlan,
        plans.KineticsPlan,
        plans.AssessmentPlan,
        plans.InspectionPlan,
    }


def test_another_budget_reaches_training():
    found = changed_by(training__tokens=40_000)
    assert found == {plans.TrainingPlan, plans.InspectionPlan}


def test_more_generated_frames_train_nothing():
    longer = {"walkers": 16, "time": 4000}
    found = changed_by(systems__four_state__generation=longer)
    assert found == {plans.GenerationPlan, plans.InspectionPlan}


def test_another_tolerance_trains_and_estimates_nothing():
    found = changed_by(tolerance=0.2)
    assert found == {plans.AssessmentPlan, plans.InspectionPlan, verdict_plans.RankingPlan}


def test_a_default_written_out_changes_nothing():
    model = {"settings": {"embedding": 8, "hidden": 16, "prior": "none"}, "budget": 1}
    assert not changed_by(models__lstm=model)


class TestTraining:
    def test_settings_are_complete_and_the_budget_is_worked_in(self):
        once = plan.training_plan(STUDY, BASE, "lstm")
        twice = plan.training_plan(STUDY, BASE, "lstm_twice")
        assert once.model.kind == twice.model.kind == "lstm"
        assert once.model.settings == KINDS["lstm"].settings(embedding=8, hidden=16).model_dump()
        assert twice.model.budget.tokens == 2 * once.model.budget.tokens == 60_000
        assert twice.model.budget.patience_tokens == 60_000
        assert twice.model.budget.window == once.model.budget.window == 20

    def test_own_window_batch_and_ways_of_training(self):
        own = {"settings": {}, "window": 40, "batch": 5, "two_pass": 0.5, "slow_share": 0.25}
        budget = plan.model_plan(study(models__lstm=own), "lstm").budget
        assert (budget.window, budget.batch) == (40, 5)
        assert (budget.two_pass, budget.slow_share) == (0.5, 0.25)

    def test_each_model_may_have_a_recipe_of_its_own(self):
        own = {"settings": {}, "learning_rate": 0.02, "weight_decay": 0, "schedule": "late_decay"}
        made = study(models__lstm=own, models__gru={"settings": {}})
        budget, common = (plan.model_plan(made, name).budget for name in ("lstm", "gru"))
        assert (budget.learning_rate, budget.weight_decay) == (0.02, 0)
        assert budget.schedule == "late_decay"
        training = made.settings.training
        assert common.learning_rate == training.learning_rate
        assert (common.weight_decay, common.schedule) == (0.01, "cosine")

    def test_removal_is_counted_in_saved_frames(self):
        assert plan.slicing(STUDY, BASE) == plans.Slicing(5, "none", 1)
        assert plan.slicing(STUDY, CORED) == plans.Slicing(5, "dynamical_coring", 2)

    def test_generation_goes_on_to_400_crossings_by_default(self):
        longer = study(systems__four_state__generation={"walkers": 16, "time": 2000})
        made = plan.generation_plan(longer, BASE)
        assert made == plans.GenerationPlan(16, 400, 400, 10, 3200)
        looked_at = plan.inspection_plan(longer, "four_state")
        assert (looked_at.generation_frames, looked_at.generation_limit) == (2000, 16_000)
        stated = {"walkers": 16, "time": 2000, "crossings": 50, "limit": 5000}
        made = plan.generation_plan(study(systems__four_state__generation=stated), BASE)
        assert (made.crossings, made.limit) == (50, 1000)

    def test_generation_is_counted_in_saved_frames(self):
        assert plan.generation_plan(STUDY, BASE) == plans.GenerationPlan(16, 400, 0, 10, 400)


def test_reference_has_its_own_walkers_time_and_seed():
    made = source_plan.simulation_plan(STUDY, "four_state", "reference")
    assert made == plans.SimulationPlan(walkers=8, frames=8000, frame_interval=1, seed=8, sets=1)
    assert source_plan.simulation_plan(STUDY, "four_state", "features").seed == 7
    assert source_plan.has_reference(STUDY, "four_state")


def test_states_of_a_removal_are_those_of_its_partition():
    path = plan.states_file(STUDY, "four_state", "xy", "macrostates_coring")
    assert path == "results/smoke/four_state/xy/states/macrostates.h5"


def test_lengths_name_the_longest_window_of_each_interval():
    longer = study(models__lstm_twice__window=30)
    assert plan.lengths_plan(longer, "four_state").windows == (plans.IntervalWindow("5", 5, 30),)
    assert plan.lengths_plan(STUDY, "four_state").longest_lag == 100


def test_kinetics_are_counted_in_saved_frames():
    made = plan.kinetics_plan(STUDY, BASE)
    assert (made.lags, made.yardstick_lag, made.interval) == ((1, 2, 10, 20), 10, 5)
    assert made.block == 2000


def test_contrasts_point_at_cells():
    first, second = plan.contrasts(STUDY)
    assert first == verdict_plans.ContrastPlan("four_state", "C1", BASE, None)
    assert second == verdict_plans.ContrastPlan("four_state", "C5", CORED, BASE)


def test_controls_say_what_they_vary():
    assert plan.claims_plan(STUDY).controls == (
        verdict_plans.Control("lstm_twice", "lstm", "budget", 2.0),
        verdict_plans.Control("lstm_corrected", "lstm", "prior", 1.0),
    )


def test_a_control_counts_its_budget_by_that_of_its_model():
    half = study(models__lstm__budget=0.5)
    assert plan.controls(half)[0] == verdict_plans.Control("lstm_twice", "lstm", "budget", 4.0)


def test_lags_of_states_are_counted_in_frames():
    """Those of TICA and PCCA+ are times; here of 20 ps."""
    full = load_study(yaml.safe_load((ROOT / "config/study.yaml").read_text()))
    system = next(s for s in full.settings.systems if "pcca" in full.system(s).partitions)
    made = plan.states_plan(full, system, "tica_4", "pcca")
    for frame_interval in (0.25, 4.0):
        found = states_definition(replace(made, frame_interval=frame_interval))
        lag = made.coordinate.tica_lag / frame_interval
        assert (found.partition.lag, found.coordinate.tica_lag) == (20 / frame_interval, lag)


def test_a_system_that_is_not_simulated_has_no_simulation():
    with pytest.raises(ValueError, match="is not imported"):
        source_plan.import_plan(STUDY, "four_state")
    config = yaml.safe_load((ROOT / "config/protein.yaml").read_text())
    with pytest.raises(ValueError, match="is no four_state system"):
        source_plan.simulation_plan(load_study(config), "protein", "features")


class TestLevels:
    study = load_study(yaml.safe_load((ROOT / "config/study.yaml").read_text()))

    def test_levels_stand_in_the_order_of_the_axis(self):
        levels = factor_levels(self.study, "four_state", "dimension")
        declared = self.study.system("four_state").coordinates
        assert levels == tuple(name for name in declared if name in levels) and len(levels) > 1
        intervals = factor_levels(self.study, "four_state", "interval")
        assert intervals == tuple(sorted(intervals)) and len(intervals) > 1

    def test_grids_are_full_and_removals_a_group(self):
        grid = grid_levels(self.study, "four_state", "dimension_interval")
        for coordinate in grid["dimension"]:
            for interval in grid["interval"]:
                base = self.study.base("four_state")
                assert Cell(base.system, coordinate, interval, base.partition) in self.study.cells
        assert "macrostates" in recrossing_cells(self.study, "four_state").partitions

    def test_microstates_are_those_of_kmeans_but_the_base(self):
        partitions = self.study.system("four_state").partitions.items()
        clustered = {name for name, partition in partitions if isinstance(partition, KMeans)}
        found = microstates(self.study, "four_state")
        assert set(found) == clustered - {self.study.base("four_state").partition}


class TestLongestTrained:
    """A figure shows a network at the largest budget that ran in most of its cells."""

    STUDY = load_study(
        toy(
            **{
                "models.lstm_4": {"kind": "lstm", "control_of": "lstm", "budget": 4} | SMALL,
                "models.lstm_16": {"kind": "lstm", "control_of": "lstm", "budget": 16} | SMALL,
                "systems.toy.claims": {},
                "systems.toy.sweeps": [
                    {"coordinate": ["x"], "models": ["lstm", "lstm_4"]},
                    {"models": ["lstm_4", "lstm_16"]},
                ],
            }
        )
    )

    @pytest.mark.parametrize(
        "cells, longest",
        [(["xy"], "lstm_16"), (["x"], "lstm_4"), (["x", "xy"], "lstm_4"), ([], "lstm_16")],
    )
    def test_in_some_cells(self, cells, longest):
        among = [cell for cell in self.STUDY.cells if cell.coordinate in cells]
        assert len(among) == len(cells)
        assert self.STUDY.longest_trained(among) == ["markov", longest]

    def test_it_has_the_colour_of_the_network(self):
        shown = factor("dimension")(self.STUDY, "toy")
        assert shown.models == ("markov", "lstm_4")
        plain = replace(shown, models=("markov", "lstm"))
        assert shown.series["lstm_4"].color == plain.series["lstm"].color

    def test_what_varies_another_thing_does_not_stand_for_it(self):
        assert study().longest_trained([BASE]) == ["markov", "lstm_twice", "transformer"]

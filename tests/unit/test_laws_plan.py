"""What a study of budgets plans: networks, families, the prediction, and the real configuration."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from toy_study import toy

from raremd.study import laws_plan, plan
from raremd.study.load import load_study
from raremd.study.settings.messages import ConfigError, check_keys

SCALING = Path(__file__).parents[2] / "config/scaling.yaml"
LAWS = {"system": "toy", "model": "lstm"}


@pytest.fixture(scope="module")
def scaling():
    check_keys(SCALING)
    return load_study(yaml.safe_load(SCALING.read_text()))


def test_budgets_and_recipes_of_a_network_belong_together_and_sizes_and_priors_do_not(scaling):
    of = {m.name: m for m in laws_plan.laws_plan(scaling).models}
    assert {m.network for n, m in of.items() if n.startswith("lstm") and m.plain} == {"lstm"}
    assert of["lstm_masked_4"].network == "lstm_masked"
    assert of["lstm_masked_4"].variant == "prior seen_jumps" and not of["lstm_masked"].plain
    assert of["two_pass_4"].network == "two_pass" and of["two_pass"].variant == "two passes"
    assert not of["lstm_size_128"].plain and of["lstm_size_128"].variant == ""


def test_systems_that_differ_in_their_amount_of_md_are_one_family(scaling):
    of = {s.name: s for s in laws_plan.laws_plan(scaling).systems}
    family = {name for name, s in of.items() if s.family == "four_state"}
    assert family == {"four_state", "four_state_2m", "four_state_200k"}
    assert of["map_300_40"].family == "map_300_40" and of["protein"].held_out
    assert of["hard"].chain.n_states == 400 and of["protein"].chain is None


def test_the_axes_reach_as_far_as_they_should(scaling):
    tokens = {m: plan.model_plan(scaling, m).budget.tokens for m in scaling.settings.models}
    assert min(tokens.values()) == 1.4e6
    assert tokens["lstm_357"] > 4.9e8 and tokens["transformer_93"] > 1.3e8
    chains = laws_plan.laws_plan(scaling).chains.values()
    assert {c.n_states for c in chains} >= {8, 40, 200, 400}
    assert {c.memory for c in chains} >= {0, 3, 10, 30}


def test_the_largest_budgets_have_few_replicates(scaling):
    cell = scaling.base("four_state")
    trained = {m: plan.training_plan(scaling, cell, m).replicates for m in scaling.cells[cell]}
    assert trained["lstm"] == 5 and trained["lstm_64"] == 2 and trained["lstm_357"] == 1
    inspected = plan.inspection_plan(scaling, "four_state").cells
    here = next(c for c in inspected if (c.partition, c.interval) == ("kmeans_100", 1))
    assert dict(zip((m.name for m in here.models), here.replicates, strict=True)) == trained


def test_the_cells_of_a_line_may_have_fewer_replicates_but_keep_those_of_other_lines():
    sweeps = [
        {"interval": [5, 10], "replicates": 1},
        {"interval": [10], "models": ["lstm_twice"], "replicates": 2},
        {"interval": [10, 25], "models": ["lstm"], "replicates": 2},
    ]
    study = load_study(toy(**{"systems.toy.sweeps": sweeps, "systems.toy.claims": {}}))
    base = study.base("toy")
    at = {interval: replace(base, interval=interval) for interval in (5, 10, 25)}
    trained = {k: {m: study.trainings[c, m] for m in study.cells[c]} for k, c in at.items()}
    assert trained[5] == {"markov": 3, "lstm": 3}, "those of the base"
    assert trained[10] == {"markov": 1, "lstm": 2, "lstm_twice": 2}
    assert trained[25] == {"lstm": 2}
    assert plan.training_plan(study, at[25], "lstm").replicates == 2


def test_one_point_of_each_curve_is_the_smallest_budget_of_a_network(scaling):
    points = {(p.cell.system, p.model) for p in laws_plan.point_plans(scaling)}
    assert {("four_state", "lstm"), ("four_state", "transformer")} <= points
    assert not {model for _, model in points} & {"lstm_2", "tsai_1024", "gpt"}


def test_the_training_that_tries_the_prediction_has_seeds_of_its_own():
    study = load_study(toy(laws=LAWS | {"replicates": 2, "fitted_up_to": 3}))
    tried = laws_plan.predicted_training_plan(study)
    usual = plan.training_plan(study, study.base("toy"), "lstm")
    assert tried.model.name not in study.settings.models and tried.replicates == 2
    assert tried.model.settings == usual.model.settings and tried.slicing == usual.slicing
    found = laws_plan.laws_plan(study).predicted
    assert found.most_fitted == 3 * study.settings.training.tokens and found.network == "lstm"


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ({"laws": LAWS | {"system": "toys"}}, "laws.system: 'toys' is not among systems"),
        ({"laws": LAWS | {"model": "lstm_twise"}}, "did you mean 'lstm_twice'?"),
        ({"laws": LAWS | {"held_out": ["toyy"]}}, "laws.held_out: 'toyy' is not among systems"),
        (
            {"systems.toy.sweeps": [{"interval": [2], "replicates": 4}]},
            "systems.toy.sweeps.0.replicates: 4 are more than replicates, 3",
        ),
        ({"models.lstm.replicates": 4}, "models.lstm.replicates: 4 are more than replicates, 3"),
    ],
)
def test_mistakes_are_told(at, message):
    with pytest.raises(ConfigError, match=r".*") as caught:
        load_study(toy(**at))
    assert message in str(caught.value)


def test_a_study_without_laws_says_so():
    with pytest.raises(ValueError, match="no such section"):
        laws_plan.laws_plan(load_study(toy()))

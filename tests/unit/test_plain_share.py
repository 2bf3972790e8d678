"""Networks that are trained plainly first, and forbidden the jumps never seen afterwards."""

import numpy as np
import pytest
import torch
from chains import double_well, sample_chain

from raremd.kinetics.timescales import count_matrix
from raremd.learning.generation import draw_prompts, generate
from raremd.learning.replicates import CellData, train_model
from raremd.models import build_model
from raremd.study.plans import Budget, ModelPlan
from raremd.study.settings.messages import ConfigError
from raremd.study.settings.models import read_model_settings

V = 12
SMALL = {
    "lstm": {"embedding": 4, "hidden": 8},
    "gru": {"embedding": 4, "hidden": 8},
    "transformer": {"layers": 1, "width": 8, "heads": 1, "feed_forward": 8, "context": 8},
}
BUDGET = Budget(
    tokens=40_000,
    patience_tokens=40_000,
    evaluate_tokens=10_000,
    window=20,
    batch=20,
    learning_rate=0.01,
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As a study's jobs: at these sizes threads wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data():
    chain = sample_chain(double_well(V, 3.0), 10_500, seed=2)
    return CellData(V, [chain[:10_000]], [chain[10_000:]])


def trained(path, data, name, **options):
    plan = ModelPlan("toy", name, SMALL[name] | options, BUDGET)
    return train_model(data, plan, (1, 2), "cpu", path / "checkpoint.safetensors", "toy")


def network(found):
    return {k: v for k, v in found.model.state_dict().items() if not k.startswith("prior.")}


@pytest.mark.parametrize("name", SMALL)
def test_after_training_the_network_is_the_plain_one_and_leaks_nothing(name, data, tmp_path):
    plain = trained(tmp_path, data, name)
    after = trained(tmp_path, data, name, prior="seen_jumps", plain_share=1)
    for weight, same in zip(network(plain).values(), network(after).values(), strict=True):
        assert torch.equal(weight, same)
    assert after.held_out.leak < 1e-6 < 1e-4 < plain.held_out.leak
    seen = count_matrix(data.training, V, 1) > 0
    prompts = draw_prompts(after.training, 50, np.random.default_rng(0))
    found = [
        count_matrix(list(generate(one.model, prompts, 400, 3)), V, 1)[~seen].sum()
        for one in (plain, after)
    ]
    assert found[0] > 0 == found[1]
    again = build_model(name, V, SMALL[name] | {"prior": "seen_jumps", "plain_share": 1})
    assert again.prior.empty
    again.load_state_dict(after.model.state_dict())
    inputs = torch.from_numpy(prompts)
    assert torch.equal(*(one.loss(inputs, inputs) for one in (again, after.model)))


def test_the_second_training_has_the_rest_of_the_budget(data, tmp_path):
    options = {"prior": "seen_jumps", "cores": 2, "plain_share": 0.25}
    found = trained(tmp_path, data, "lstm", **options)
    tokens = found.history["tokens"].to_numpy()
    assert tokens.tolist() == [10_000, 20_000, 30_000, 40_000]
    assert (np.diff(found.history["seconds"]) > 0).all()
    # Both trainings are read from their checkpoints.
    again = trained(tmp_path, data, "lstm", **options)
    assert again.history.equals(found.history)
    for name, weight in found.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name])
    after = trained(tmp_path, data, "lstm", **options | {"plain_share": 1})
    assert not torch.equal(found.model.readout.weight, after.model.readout.weight)


def test_calibration_follows(data, tmp_path):
    options = {"prior": "seen_jumps", "plain_share": 1}
    tables = [
        trained(tmp_path, data, "lstm", **options, calibration=n).model.prior.fixed for n in (0, 2)
    ]
    forbidden = torch.from_numpy(count_matrix(data.training, V, 1) == 0)
    assert (tables[0][~forbidden] == 0).all() and (tables[1][~forbidden] != 0).any()
    assert tables[1][forbidden].max() < -15


@pytest.mark.parametrize("prior", ["none", "markov"])
def test_only_never_seen_jumps_can_be_forbidden_later(prior):
    with pytest.raises(ValueError, match="plain_share: needs `prior: seen_jumps`"):
        build_model("gru", V, {"prior": prior, "plain_share": 0.5})


def test_matching_the_seen_jumps_is_short_for_three_options():
    short = read_model_settings("transformer", {"match_seen_jumps": True, "width": 8})
    options = {"prior": "seen_jumps", "plain_share": 1, "calibration": 4}
    assert (
        short.model_dump()
        == read_model_settings("transformer", options | {"width": 8}).model_dump()
    )
    assert read_model_settings("gru", {"match_seen_jumps": False}) == read_model_settings("gru", {})


def test_what_is_short_for_an_option_leaves_no_room_for_it():
    with pytest.raises(ConfigError, match=r"match_seen_jumps: sets prior itself; leave"):
        read_model_settings("lstm", {"match_seen_jumps": True, "prior": "markov"})

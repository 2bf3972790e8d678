"""Own models: modes and random numbers are theirs, and mistakes are told in one line."""

from __future__ import annotations

import numpy as np
import odd_models
import pytest
import torch
from chains import double_well, sample_chain

from raremd.learning.batches import second_pass
from raremd.learning.generation import generate
from raremd.learning.replicates import CellData, train_model
from raremd.study.plans import Budget, ModelPlan
from raremd.study.settings import models

BUDGET = Budget(
    tokens=6_000,
    patience_tokens=6_000,
    evaluate_tokens=1_000,
    window=20,
    batch=10,
    learning_rate=0.05,
)
V = 4


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    """Every class of `odd_models` is a kind of model."""

    class NoSettings(models.Section):
        """None."""

    made = {
        name: models.Kind(NoSettings, f"odd_models:{name}")
        for name, one in vars(odd_models).items()
        if isinstance(one, type) and issubclass(one, odd_models.SequenceModel)
    }
    monkeypatch.setattr(models, "KINDS", models.KINDS | made)


@pytest.fixture(scope="module")
def data():
    chain = sample_chain(double_well(V, 1.5), 6_000, seed=2)
    return CellData(V, [chain[:4_000]], [chain[4_000:]])


def trained(data, path, kind, watch=None):
    plan = ModelPlan(kind, kind, {}, BUDGET)
    checkpoint = path / "checkpoint.safetensors"
    return train_model(data, plan, (1, 2), "cpu", checkpoint, "toy", watch=watch)


class Killed(Exception):
    pass


def kill_at(step):
    def watch(progress):
        if progress.step == step:
            raise Killed

    return watch


class TestModes:
    def test_only_optimiser_steps_are_in_training_mode(self, data, tmp_path):
        model = trained(data, tmp_path, "WatchedModes").model
        assert model.seen == {
            ("loss with gradients", True),
            ("loss", False),
            ("step", False),
            ("calibrate", False),
        }

    def test_generation_and_a_second_pass_are_in_evaluation_mode(self, data, tmp_path):
        model = trained(data, tmp_path, "Dropping").model
        prompts = data.training[0][:20].astype(int)[None]
        inputs = torch.from_numpy(prompts)
        walks = [generate(model.train(), prompts, 50, seed=1) for _ in range(2)]
        assert (walks[0] == walks[1]).all()
        rng = (np.random.default_rng(1) for _ in range(2))
        one, other = (second_pass(model.train(), inputs, 0.5, r) for r in rng)
        assert torch.equal(one, other)


class TestResuming:
    @pytest.mark.parametrize("kind", ["Noisy", "Dropping"])
    def test_a_loss_with_random_numbers_goes_on_to_the_same_bits(self, kind, data, tmp_path):
        (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
        whole = trained(data, tmp_path / "a", kind)
        with pytest.raises(Killed):
            trained(data, tmp_path / "b", kind, kill_at(17))
        torch.rand(3)
        resumed = trained(data, tmp_path / "b", kind)
        for name, value in whole.model.state_dict().items():
            assert torch.equal(value, resumed.model.state_dict()[name]), name
        assert whole.cross_entropy == resumed.cross_entropy

    def test_each_step_draws_its_own(self, data, tmp_path):
        drawn = []
        torch.manual_seed(3)
        trained(data, tmp_path, "Noisy", lambda progress: drawn.append(torch.rand(()).item()))
        assert len(set(drawn)) == len(drawn) == 30

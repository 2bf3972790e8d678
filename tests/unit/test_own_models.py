"""Own models: modes and random numbers are theirs, and mistakes are told in one line."""

from __future__ import annotations

import numpy as np
import odd_models
import odd_predictions
import pytest
import torch
from chains import double_well, sample_chain

from raremd.learning.batches import second_pass
from raremd.learning.checks import check_agreement, load_weights, loss_after_warm_up
from raremd.learning.estimators import estimator
from raremd.learning.fitted import Record
from raremd.learning.generation import generate
from raremd.learning.leak import HeldOutWindows, read_held_out
from raremd.learning.replicates import CellData, train_model
from raremd.learning.saved import load
from raremd.learning.trial import WALKERS, check_predictions
from raremd.learning.windows import Windows
from raremd.models import build_model, model_class
from raremd.models.base import ModelError
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
    """Every class of `odd_models` and `odd_predictions` is a kind of model."""

    def without_options(name):
        return type(f"{name}Settings", (models.Section,), {"__doc__": "None."})

    for name, one in (vars(odd_models) | vars(odd_predictions)).items():
        if isinstance(one, type) and issubclass(one, odd_models.SequenceModel):
            kind = models.Kind(without_options(name), f"{one.__module__}:{name}")
            monkeypatch.setitem(models.KINDS, name, kind)


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
    @pytest.mark.parametrize("kind", ["Noisy", "Dropping", "Tied", "InBfloat16"])
    def test_it_goes_on_to_the_same_bits(self, kind, data, tmp_path):
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


def refused(*words):
    """An error in one line that holds all the words."""
    return pytest.raises(ModelError, match=r"(?s)^(?!.*\n)" + "".join(f"(?=.*{w})" for w in words))


def walk(kind, n_frames=20, n_states=V):
    return generate(build_model(kind, n_states, {}), np.zeros((3, 5), np.int64), n_frames, seed=1)


class TestTrajectories:
    @pytest.mark.parametrize("method", ["prepare", "encode", "restrict", "calibrate"])
    def test_a_model_that_changes_them_is_told(self, method, data, tmp_path):
        kind = f"{method.capitalize()}sInPlace"
        own = CellData(V, *([t.copy() for t in part] for part in (data.training, data.validation)))
        with refused(kind, rf"{method}\(\)", "changes the trajectories"):
            trained(own, tmp_path, kind)


class TestNaN:
    def test_of_step_is_told_with_its_frame(self):
        with refused("NaNStep.step", "NaN", "generated frame 3 "):
            walk("NaNStep")

    @pytest.mark.parametrize(
        ("kind", "when"), [("NaNCalibrated", "calibrate"), ("NaNClosedForm", "before")]
    )
    def test_of_the_loss_is_told(self, kind, when, data, tmp_path):
        with refused(kind, "nan", when):
            trained(data, tmp_path, kind)

    def test_no_fit_has_converged_whose_loss_is_unknown(self):
        assert Record(validation_loss=1.0, markov_loss=1.0).converged
        assert not Record(validation_loss=np.nan, markov_loss=1.0).converged


class TestGenerate:
    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("WritesNegative", ["filled with -1", "frame 0"]),
            ("WritesTooHigh", ["filled with 4", "from 0 to 3"]),
            ("WritesNothing", ["unfilled"]),
            ("ReturnsNothing", ["pair"]),
            ("ReturnsOneToken", ["tokens"]),
        ],
    )
    def test_what_it_wrote_is_checked(self, kind, words):
        with refused(kind, r"generate\(\)", *words):
            walk(kind)

    def test_pieces_count_on(self):
        with refused("WritesLateNothing", "frame 299"):
            walk("WritesLateNothing", 300)

    def test_own_tokens_need_it(self):
        with refused("EncodesOnly", "encode", "generate"):
            model_class("EncodesOnly")


class TestStep:
    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("StepReturnsNone", ["None"]),
            ("StepReturnsLogits", ["Tensor", "pair"]),
            ("StepOfThreeAxes", [r"\(3, 1, 4\)"]),
            ("StepOfTooMany", [r"\(3, 5\)", r"\(3, 4\)"]),
            ("StepOfInts", ["int64"]),
        ],
    )
    def test_shape_and_type_are_checked_in_generation_and_on_held_out_data(
        self, kind, words, data, tmp_path
    ):
        with refused(kind, r"step\(\)", *words):
            walk(kind)
        with refused(kind, r"step\(\)"):
            trained(data, tmp_path, kind)

    def test_bfloat16_is_fine(self, data, tmp_path):
        found = trained(data, tmp_path, "StepOfBfloat16")
        assert generate(found.model, np.zeros((3, 5), np.int64), 20, seed=1).max() < V


class TestAgreement:
    @pytest.mark.parametrize("kind", ["SeesTheFuture", "Summed", "StepForbids", "ForgetsThePrompt"])
    def test_loss_and_step_that_differ_are_told(self, kind, data, tmp_path):
        with refused(kind, r"loss\(\) says \S+ nats a frame, step\(\) says"):
            trained(data, tmp_path, kind)

    @pytest.mark.parametrize("kind", ["LossOfEach", "LossOfNothing", "LossDetached"])
    def test_a_loss_without_gradients_is_told(self, kind, data, tmp_path):
        with refused(kind, r"loss\(\) must return one number"):
            trained(data, tmp_path, kind)

    def test_a_negative_loss_is_told(self, data, tmp_path):
        with refused("Negative", "never negative"):
            trained(data, tmp_path, "Negative")

    @pytest.mark.parametrize("kind", ["lstm", "gru", "transformer"])
    def test_they_are_compared_on_the_same_frames(self, kind, data):
        torch.manual_seed(0)
        model = build_model(kind, V, {}).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(2.0)
        windows = [Windows.of(part, 20) for part in (data.training, data.validation)]
        held_out = HeldOutWindows.of(*windows, V, 100)
        by_step = read_held_out(model, held_out).loss
        check_agreement(model, held_out, by_step)
        by_loss = loss_after_warm_up(model, held_out)
        assert by_loss == pytest.approx(by_step, rel=1e-3)


def told_at_once(kind, data, path, *words):
    """A model is refused before its first step, in one line."""
    steps = []
    with refused(kind, *words):
        trained(data, path, kind, steps.append)
    assert not steps


class TestTrial:
    def test_random_predictions_are_told_at_once(self, data, tmp_path):
        for kind in ("AlwaysDrops", "NoisyStep"):
            told_at_once(kind, data, tmp_path, "random numbers in evaluation mode", "training")

    def test_a_loss_that_changes_its_inputs_is_told_at_once(self, data, tmp_path):
        told_at_once("ChangesInputs", data, tmp_path, r"loss\(\) changes its inputs", "copy")

    def test_positions_that_end_are_told_at_once(self, data, tmp_path):
        words = (r"step\(\) fails 21 frames after a prompt of 20", "IndexError", "positions")
        told_at_once("Positions", data, tmp_path, *words)

    @pytest.mark.parametrize("kind", ["MixesWalkers", "StateOnSelf"])
    def test_walkers_that_depend_on_each_other_are_told_at_once(self, kind, data, tmp_path):
        told_at_once(kind, data, tmp_path, "walkers depend on each other", "self")

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("Lazy", ["'out.weight' has no shape yet", "__init__", "LazyLinear"]),
            ("Complex", ["'phases' is complex", "two parameters"]),
            ("SparseGradients", ["sparse gradient", "sparse=True"]),
        ],
    )
    def test_parameters_that_cannot_be_trained_are_told_at_once(self, kind, words, data, tmp_path):
        told_at_once(kind, data, tmp_path, *words)

    @pytest.mark.parametrize("kind", ["Recurrent", "LastPositions", "CachesPhases"])
    def test_sound_models_are_trained(self, kind, data, tmp_path):
        assert np.isfinite(trained(data, tmp_path, kind).cross_entropy)

    @pytest.mark.parametrize("kind", sorted(models.KINDS))
    def test_kinds_of_the_package_pass_as_they_are_and_with_large_weights(self, kind, data):
        model = build_model(
            kind, V, {"two_level": {"cores": 2}, "hmm": {"hidden": 2}}.get(kind, {})
        )
        model.prepare(data.training)
        windows = Windows.of([model.encode(t) for t in data.validation], 20).spread(WALKERS)
        check_predictions(model, windows)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(3.0)
        check_predictions(model, windows)

    def test_torch_goes_on_with_its_own_random_numbers(self, data):
        windows = Windows.of(data.validation, 20).spread(WALKERS)
        model = build_model("Recurrent", V, {})
        before = torch.get_rng_state()
        check_predictions(model, windows)
        assert torch.equal(torch.get_rng_state(), before)


class TestWeights:
    @pytest.mark.parametrize("kind", ["Attribute", "AttributeOverWeights", "LateBuffer"])
    def test_what_they_do_not_hold_is_told(self, kind, data, tmp_path):
        with refused(kind, "buffers registered in __init__"):
            trained(data, tmp_path, kind)

    def test_a_file_of_other_weights_is_told(self):
        model = build_model("Bigram", V, {})
        with refused("toy", "table", "buffers registered"):
            load_weights(model, {}, "toy")

    @pytest.mark.parametrize("kind", ["Tied", "InBfloat16"])
    def test_a_file_of_a_fit_makes_the_same_model(self, kind, data, tmp_path):
        options = {"tokens": 4_000, "window": 20, "batch": 10, "gap": 0}
        fitted = estimator(kind)(**options).fit([data.training[0]], progress=False)
        fitted.save(tmp_path / "model.safetensors")
        loaded = load(tmp_path / "model.safetensors")
        pair = [of.network.state_dict() for of in (fitted, loaded)]
        for name, value in pair[0].items():
            assert torch.equal(value, pair[1][name]), name
        walks = [of.generate(3, 40, progress=False) for of in (fitted, loaded)]
        assert np.array_equal(*walks)

    def test_a_model_without_tensors_works(self, data, tmp_path):
        found = trained(data, tmp_path, "NoTensors")
        assert found.cross_entropy == pytest.approx(np.log(V), rel=1e-6)
        assert generate(found.model, np.zeros((3, 5), np.int64), 20, seed=1).shape == (3, 20)

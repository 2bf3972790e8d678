import logging
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from chains import sample_chain
from safetensors.torch import load_file, save_file

from raremd.learning import training as training_module
from raremd.learning.training import (
    LEAK_WINDOWS,
    TrainingSettings,
    held_out_leak,
    held_out_loss,
    resolve_device,
    train,
    validation_loss,
)
from raremd.learning.windows import Windows
from raremd.models import build_model

SETTINGS = TrainingSettings(
    tokens=12_000,
    patience_tokens=12_000,
    evaluate_tokens=2_000,
    window=20,
    batch=10,
    learning_rate=0.01,
)
OPTIONS = {
    "lstm": {"embedding": 8, "hidden": 16},
    "transformer": {"layers": 1, "width": 16, "heads": 1, "feed_forward": 32, "context": 20},
}
SEED = (7, 1, 2)
N_VALIDATION = 100


@pytest.fixture(autouse=True)
def few_validation_windows(monkeypatch):
    monkeypatch.setattr(training_module, "VALIDATION_WINDOWS", N_VALIDATION)


def ring(n_states=4):
    """Goes round with probability 0.8: far from both uniform and certain."""
    matrix = np.full((n_states, n_states), 0.05)
    matrix[np.arange(n_states), (np.arange(n_states) + 1) % n_states] = 0.8
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, 1.0 - matrix.sum(axis=1))
    return matrix


def entropy_rate(matrix):
    """Nats a step; the ring is doubly stochastic, so all states are equally likely."""
    np.testing.assert_allclose(matrix.sum(axis=0), 1.0)
    return -(matrix * np.log(matrix)).sum(axis=1).mean()


def windows(seed, n_frames=20_000, length=SETTINGS.window):
    return Windows.of([sample_chain(ring(), n_frames, seed)], length)


def fresh(name="lstm", seed=0):
    torch.manual_seed(seed)
    return build_model(name, 4, OPTIONS.get(name, {}))


def trained(path, name="lstm", settings=SETTINGS, seed=SEED, initial=0, training=None, code=""):
    model = fresh(name, initial)
    data = training or windows(1), windows(2)
    history = train(model, *data, settings, seed, path / "c", "cell", code)
    return model, history


def assert_same_weights(a, b):
    for (name, x), y in zip(a.state_dict().items(), b.state_dict().values(), strict=True):
        assert torch.equal(x, y), name


CLOCKS = ["seconds", "cpu_seconds"]


def assert_same_history(a, b):
    pd.testing.assert_frame_equal(a.drop(columns=CLOCKS), b.drop(columns=CLOCKS), check_exact=True)


class Killed(Exception):
    pass


def kill_at(monkeypatch, step):
    """The batch of this step cannot be drawn any more."""
    draw, drawn = Windows.draw, []

    def failing(self, n, rng):
        drawn.append(n)
        if len(drawn) > step:
            raise Killed
        return draw(self, n, rng)

    monkeypatch.setattr(Windows, "draw", failing)


def count_draws(monkeypatch):
    draw, drawn = Windows.draw, []

    def counting(self, n, rng):
        drawn.append(n)
        return draw(self, n, rng)

    monkeypatch.setattr(Windows, "draw", counting)
    return drawn


class TestLearning:
    @pytest.mark.parametrize("name", ["lstm", "transformer"])
    def test_loss_falls_to_the_entropy_rate(self, name, tmp_path, monkeypatch):
        monkeypatch.setattr(training_module, "VALIDATION_WINDOWS", 1000)
        settings = replace(
            SETTINGS, tokens=80_000, patience_tokens=80_000, evaluate_tokens=20_000, batch=20
        )
        _, history = trained(tmp_path, name, settings)
        start = validation_loss(fresh(name), torch.from_numpy(windows(2).spread(1000)), 20)
        limit = entropy_rate(ring())
        assert start > limit + 0.4
        best = history["validation_loss"].min()
        assert abs(best - limit) < 0.03
        assert history["training_loss"].iloc[-1] < history["training_loss"].iloc[0]

    def test_closed_form_reaches_it_without_training(self, tmp_path, monkeypatch):
        monkeypatch.setattr(training_module, "VALIDATION_WINDOWS", 1000)
        model = fresh("markov")
        model.prepare([sample_chain(ring(), 20_000, 1)])
        history = train(model, windows(1), windows(2), SETTINGS, SEED, tmp_path / "c")
        # Detailed balance costs the ring its direction: the entropy of forward and backward mixed.
        mixed = 0.5 * (ring() + ring().T)
        wanted = -(ring() * np.log(mixed)).sum(axis=1).mean()
        assert history["validation_loss"].item() == pytest.approx(wanted, abs=0.03)
        assert history["tokens"].item() == 0
        assert not (tmp_path / "c").exists()


class TestHistory:
    def test_rows(self, tmp_path):
        _, history = trained(tmp_path)
        assert list(history) == [
            "step",
            "tokens",
            "training_loss",
            "validation_loss",
            "learning_rate",
            "seconds",
            "cpu_seconds",
            "leak",
            "expected_timescale",
            "loss_after_crossing",
        ]
        assert history["step"].tolist() == list(range(10, 61, 10))
        assert history["tokens"].tolist() == list(range(2_000, 12_001, 2_000))
        assert (history["seconds"].diff().dropna() > 0).all()

    def test_best_weights_are_kept(self, tmp_path):
        # Few data and much training: it overfits, the best evaluation is not the last.
        few = windows(1, n_frames=150)
        settings = replace(SETTINGS, tokens=40_000, patience_tokens=40_000, learning_rate=0.02)
        model, history = trained(tmp_path, settings=settings, training=few)
        best = history["validation_loss"].min()
        assert best < history["validation_loss"].iloc[-1] - 0.05
        held_out = torch.from_numpy(windows(2).spread(N_VALIDATION))
        assert validation_loss(model, held_out, SETTINGS.batch) == best
        assert held_out_loss(model, windows(2), SETTINGS.batch) == best

    def test_early_stopping_by_patience(self, tmp_path):
        few = windows(1, n_frames=150)
        settings = replace(SETTINGS, tokens=200_000, patience_tokens=6_000, learning_rate=0.02)
        _, history = trained(tmp_path, settings=settings, training=few)
        best = history["validation_loss"].argmin()
        assert history["tokens"].iloc[-1] < settings.tokens
        assert history["tokens"].iloc[-1] - history["tokens"].iloc[best] == 6_000

    def test_budget_ends_with_an_evaluation(self, tmp_path):
        settings = replace(SETTINGS, tokens=5_100)
        _, history = trained(tmp_path, settings=settings)
        assert history["step"].tolist() == [10, 20, 26]

    def test_schedule(self):
        settings = replace(SETTINGS, tokens=200 * 1000)
        rates = [settings.rate(step) for step in range(settings.steps)]
        assert settings.steps == 1000
        assert rates[0] == pytest.approx(0.01 / 20)
        assert max(rates) == rates[20] == rates[19] == 0.01
        assert (np.diff(rates[:20]) > 0).all()
        assert (np.diff(rates[20:]) < 0).all()
        assert rates[-1] == pytest.approx(0.0005, rel=0.01)

    def test_late_decay(self):
        settings = replace(SETTINGS, tokens=200 * 1000, schedule="late_decay")
        rates = [settings.rate(step) for step in range(settings.steps)]
        assert set(rates[20:900]) == {0.01}
        assert (np.diff(rates[905:]) < 0).all()
        assert rates[-1] == pytest.approx(0.0005, rel=0.25)


class TestLeak:
    COLUMNS = ("leak", "expected_timescale", "loss_after_crossing")

    def test_is_read_at_the_budget_halved_again_and_again(self, tmp_path):
        _, history = trained(tmp_path)
        read = history["tokens"][history["leak"].notna()]
        assert read.tolist() == [2_000, 4_000, 6_000, 12_000]
        wide = replace(SETTINGS, tokens=64 * 2_000)
        assert [n for n in range(1, 65) if wide.reads_leak(10 * n)] == [1, 2, 4, 8, 16, 32, 64]

    def test_and_where_training_ends_early(self, tmp_path):
        few = windows(1, n_frames=150)
        settings = replace(SETTINGS, tokens=200_000, patience_tokens=6_000, learning_rate=0.02)
        _, history = trained(tmp_path, settings=settings, training=few)
        assert not settings.reads_leak(history["step"].iloc[-1])
        assert np.isfinite(history["leak"].iloc[-1])

    def test_is_that_of_the_model(self, tmp_path):
        few = windows(1, n_frames=40)  # in which some jumps are not seen
        once = replace(SETTINGS, evaluate_tokens=SETTINGS.tokens)
        model, history = trained(tmp_path, settings=once, training=few)
        last = held_out_leak(model, few, windows(2), LEAK_WINDOWS)
        assert history["leak"].item() == pytest.approx(last.leak, rel=1e-6) and last.leak > 0.01

    def test_changes_no_weight(self, tmp_path, monkeypatch):
        (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
        first, _ = trained(tmp_path / "a", "transformer")
        monkeypatch.setattr(training_module, "reads_states", lambda model: False)
        second, history = trained(tmp_path / "b", "transformer")
        assert_same_weights(first, second)
        assert history[list(self.COLUMNS)].isna().all(axis=None)

    def test_has_one_row_without_training(self, tmp_path):
        model = fresh("markov")
        model.prepare([sample_chain(ring(), 20_000, 1)])
        history = train(model, windows(1), windows(2), SETTINGS, SEED, tmp_path / "c")
        assert history["leak"].notna().tolist() == [True]


class TestReproducibility:
    def test_same_seed_same_weights(self, tmp_path):
        (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
        first, history = trained(tmp_path / "a")
        second, again = trained(tmp_path / "b")
        assert_same_weights(first, second)
        assert_same_history(history, again)

    def test_seeds_differ(self, tmp_path):
        first, _ = trained(tmp_path)
        second, _ = trained(tmp_path, seed=(7, 1, 3))
        assert not torch.equal(first.readout.weight, second.readout.weight)

    def test_leaves_the_processor_as_it_was(self, tmp_path):
        """Denormal numbers are flushed to zero while training, and only then."""
        tiny = np.full(8, 1e-40, np.float32)
        trained(tmp_path)
        assert (tiny * np.float32(0.5) > 0).all()
        with pytest.raises(FloatingPointError, match="learning_rate"):
            trained(tmp_path, settings=replace(SETTINGS, learning_rate=math.nan))
        assert (tiny * np.float32(0.5) > 0).all()

    def test_does_not_touch_global_random_numbers(self, tmp_path):
        torch.manual_seed(5)
        before = torch.random.get_rng_state()
        model = build_model("lstm", 4, OPTIONS["lstm"])
        after = torch.random.get_rng_state()
        assert not torch.equal(before, after)
        train(model, windows(1), windows(2), SETTINGS, SEED, tmp_path / "c")
        assert torch.equal(torch.random.get_rng_state(), after)


class TestResuming:
    @pytest.mark.parametrize(("name", "step"), [("lstm", 5), ("lstm", 37), ("transformer", 37)])
    def test_goes_on_to_the_same_bits(self, name, step, tmp_path, monkeypatch):
        (tmp_path / "whole").mkdir(), (tmp_path / "killed").mkdir()
        model, history = trained(tmp_path / "whole", name)
        with monkeypatch.context() as patch:
            kill_at(patch, step)
            with pytest.raises(Killed):
                trained(tmp_path / "killed", name)
        assert (tmp_path / "killed" / "c").exists() == (step > 10)
        drawn = count_draws(monkeypatch)
        resumed, after = trained(tmp_path / "killed", name)
        assert len(drawn) == 60 - step // 10 * 10
        assert_same_weights(model, resumed)
        assert_same_history(history, after)

    def test_twice_interrupted(self, tmp_path, monkeypatch):
        (tmp_path / "whole").mkdir(), (tmp_path / "killed").mkdir()
        model, history = trained(tmp_path / "whole")
        for step in (33, 25):
            with monkeypatch.context() as patch:
                kill_at(patch, step)
                with pytest.raises(Killed):
                    trained(tmp_path / "killed")
        resumed, after = trained(tmp_path / "killed")
        assert_same_weights(model, resumed)
        assert_same_history(history, after)
        assert (after["seconds"].diff().dropna() > 0).all()

    def test_a_finished_training_is_not_repeated(self, tmp_path, monkeypatch):
        model, history = trained(tmp_path)
        drawn = count_draws(monkeypatch)
        again, after = trained(tmp_path)
        assert drawn == []
        names = load_file(tmp_path / "c")
        assert names and all(name.startswith("best.") for name in names)
        assert_same_weights(model, again)
        pd.testing.assert_frame_equal(history, after)

    @pytest.mark.parametrize(
        "other",
        [
            {"settings": replace(SETTINGS, learning_rate=0.011)},
            {"seed": (7, 1, 3)},
            {"initial": 1},
            {"code": "another"},
            {"training": windows(3)},
            # The same frames, cut into trajectories elsewhere: other windows.
            {"training": Windows.of(np.split(windows(1).states, [5_000]), SETTINGS.window)},
        ],
        ids=["settings", "seed", "weights", "code", "data", "cuts"],
    )
    def test_a_checkpoint_of_another_training_is_ignored(self, other, tmp_path, monkeypatch):
        trained(tmp_path)
        drawn = count_draws(monkeypatch)
        found, history = trained(tmp_path, **other)
        assert len(drawn) == 60
        (tmp_path / "alone").mkdir()
        wanted, alone = trained(tmp_path / "alone", **other)
        assert_same_weights(found, wanted)
        assert_same_history(history, alone)

    def test_a_checkpoint_of_other_validation_data_is_ignored(self, tmp_path):
        train(fresh(), windows(1), windows(2), SETTINGS, SEED, tmp_path / "c")
        history = train(fresh(), windows(1), windows(5), SETTINGS, SEED, tmp_path / "c")
        alone = train(fresh(), windows(1), windows(5), SETTINGS, SEED, tmp_path / "d")
        assert_same_history(history, alone)

    @pytest.mark.parametrize("kind", ["empty", "noise", "truncated", "no metadata"])
    def test_a_corrupt_checkpoint_warns_and_starts_from_the_beginning(self, kind, tmp_path, caplog):
        model, history = trained(tmp_path)
        checkpoint = tmp_path / "c"
        content = checkpoint.read_bytes()
        if kind == "no metadata":
            save_file(load_file(checkpoint), checkpoint)
        else:
            noise = np.random.default_rng(0).bytes(500)
            checkpoint.write_bytes(
                {"empty": b"", "noise": noise, "truncated": content[: len(content) // 2]}[kind]
            )
        with caplog.at_level(logging.WARNING):
            again, after = trained(tmp_path)
        (warning,) = [r for r in caplog.records if r.levelno == logging.WARNING]
        text = "unreadable checkpoint, training starts from the beginning"
        assert warning.getMessage() == f"{checkpoint}: {text}"
        assert_same_weights(model, again)
        assert_same_history(history, after)
        assert list(tmp_path.iterdir()) == [checkpoint]


class TestFaults:
    def test_nan_loss_stops_with_one_line(self, tmp_path, monkeypatch):
        model = fresh()
        monkeypatch.setattr(
            model,
            "loss",
            lambda inputs, targets: model.readout.weight.sum() * torch.tensor(math.nan),
        )
        with pytest.raises(FloatingPointError) as error:
            train(model, windows(1), windows(2), SETTINGS, SEED, tmp_path / "c", "a/b/lstm")
        message = str(error.value)
        assert message.startswith("a/b/lstm: the validation loss is nan at step 10")
        assert "learning_rate" in message and "\n" not in message
        assert not (tmp_path / "c").exists()

    def test_device(self):
        assert resolve_device("cpu") == torch.device("cpu")
        assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")

    def test_gpu_where_there_is_none(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        with pytest.raises(ValueError, match="device: PyTorch finds no GPU here"):
            resolve_device("cuda")

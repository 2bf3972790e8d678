"""What one optimiser step sees: strata whose mean is the whole's, and inputs of the model's own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from chains import double_well, sample_chain

from raremd.learning.batches import Strata, second_pass, slow_windows
from raremd.learning.training import TrainingSettings, train
from raremd.learning.windows import Windows
from raremd.models import build_model
from raremd.models.priors.contexts import last_cores, metastable_cores

V, LENGTH = 8, 12
SETTINGS = TrainingSettings(
    tokens=24_000,
    patience_tokens=24_000,
    evaluate_tokens=4_000,
    window=LENGTH,
    batch=20,
    learning_rate=0.01,
)
SMALL = {"embedding": 8, "hidden": 16}


@pytest.fixture(scope="module")
def dtrajs():
    chain = sample_chain(double_well(V, 5.0), 30_000, seed=4)
    return [chain[:9000], chain[9000:9005], chain[9005:]]  # the second is shorter than a window


@pytest.fixture(scope="module")
def windows(dtrajs):
    return Windows.of(dtrajs, LENGTH)


def test_trajectories_are_those_with_windows(dtrajs, windows):
    found = windows.trajectories()
    assert len(found) == 2
    for a, b in zip(found, [dtrajs[0], dtrajs[2]], strict=True):
        np.testing.assert_array_equal(a, b)


def test_slow_windows_hold_an_arrival_in_the_other_core(dtrajs, windows):
    rare = slow_windows(windows, V)
    assert 0 < len(rare) < 0.2 * len(windows)
    core, side = metastable_cores([dtrajs[0], dtrajs[2]], V, 2)
    wanted, number = [], 0
    for t in (dtrajs[0], dtrajs[2]):
        last = last_cores(t, core, side)
        for k in range(len(t) - LENGTH):
            if len(set(last[k : k + LENGTH + 1].tolist())) > 1:
                wanted.append(number)
            number += 1
    assert number == len(windows)
    np.testing.assert_array_equal(rare, wanted)


def test_weighted_strata_have_the_mean_of_all_windows(windows):
    rare = slow_windows(windows, V)
    strata = Strata(windows, rare, 0.4)
    everything = windows.gather(windows.starts(np.arange(len(windows))))

    def value(w):
        return (w == 0).mean(axis=1) + 3.0 * np.isin(w[:, -1], [3, 4])

    rng, drawn, sizes = np.random.default_rng(0), [], set()
    for _ in range(4000):
        parts = strata.draw(50, rng)
        sizes.add(tuple(len(w) for _, w in parts))
        drawn.append(sum(weight * value(w).mean() for weight, w in parts))
    assert sizes == {(20, 30)}
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert abs(np.mean(drawn) - value(everything).mean()) < 4 * error
    number = {window.tobytes() for window in windows.gather(windows.starts(rare))}
    (_, slow), (_, common) = strata.draw(50, rng)
    assert all(w.tobytes() in number for w in slow)
    assert sum(weight for weight, _ in strata.draw(50, rng)) == pytest.approx(1.0)
    assert any(len(set(w.tolist())) > 1 for w in common)


@pytest.mark.parametrize(("rare", "share"), [([], 0.4), (range(600), 0.01), ([3], 0.001)])
def test_nothing_to_stratify_is_drawn_evenly(rare, share, windows):
    strata = Strata(windows, np.array(rare, np.int64), share)
    ((weight, found),) = strata.draw(50, np.random.default_rng(1))
    assert weight == 1.0
    np.testing.assert_array_equal(found, windows.draw(50, np.random.default_rng(1)))


def test_second_pass_replaces_the_share_by_likely_tokens():
    cycle = torch.arange(40) % 4
    inputs = torch.stack([cycle[k : k + 30] for k in range(10)])
    model = build_model("ngram", 4, {"order": 1})
    model.prepare([np.tile(np.arange(4, dtype=np.int16), 500)])
    model.logits = lambda tokens: 50.0 * torch.nn.functional.one_hot((tokens + 2) % 4, 4).float()
    rng = np.random.default_rng(2)
    found = second_pass(model, inputs, 0.25, rng)
    changed = found != inputs
    assert 0.15 < changed.float().mean() < 0.35
    assert not changed[:, 0].any()
    wanted = (inputs[:, :-1] + 2) % 4
    assert (found[:, 1:] == wanted)[changed[:, 1:]].all()
    assert torch.equal(second_pass(model, inputs, 0.0, rng), inputs)


@pytest.mark.parametrize("option", [{"two_pass": 0.5}, {"slow_share": 0.4}])
def test_trains_and_resumes_to_the_same_bits(option, windows, tmp_path, monkeypatch):
    settings = replace(SETTINGS, **option)

    def trained(path):
        torch.manual_seed(1)
        model = build_model("lstm", V, SMALL)
        history = train(model, windows, windows, settings, (3, 1), path)
        return history, model.state_dict()

    history, whole = trained(tmp_path / "a")
    assert history["validation_loss"].iloc[-1] < history["validation_loss"].iloc[0]

    class Killed(Exception):
        pass

    gather, calls = Windows.gather, []

    def failing(self, starts):
        calls.append(1)
        if len(calls) > 90:
            raise Killed
        return gather(self, starts)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Windows, "gather", failing)
        trained(tmp_path / "b")
    assert (tmp_path / "b").exists()
    _, resumed = trained(tmp_path / "b")
    for name, value in whole.items():
        assert torch.equal(value, resumed[name])
    torch.manual_seed(1)
    plain = build_model("lstm", V, SMALL)
    train(plain, windows, windows, SETTINGS, (3, 1), tmp_path / "c")
    assert not torch.equal(plain.readout.weight, whole["readout.weight"])

import numpy as np
import pytest
import torch
from chains import double_well, sample_chain
from scipy import stats

from raremd.kinetics.timescales import count_matrix
from raremd.learning import generation
from raremd.learning.generation import draw_prompts, generate
from raremd.learning.windows import Windows
from raremd.models import build_model

OPTIONS = {
    "markov": {},
    "lstm": {"embedding": 8, "hidden": 16},
    "transformer": {"layers": 1, "width": 16, "heads": 1, "feed_forward": 32, "context": 8},
}
N_STATES = 5


@pytest.fixture(scope="module")
def dtraj():
    return sample_chain(double_well(N_STATES, 1.5), 30_000, seed=2)


def model_of(name, dtraj):
    torch.manual_seed(0)
    model = build_model(name, N_STATES, OPTIONS[name])
    model.prepare([dtraj])
    return model


def prompts_of(dtraj, n_walkers, length=10):
    return draw_prompts(Windows.of([dtraj], length), n_walkers, np.random.default_rng(1))


@pytest.mark.parametrize("name", OPTIONS)
class TestEveryModel:
    def test_shape_dtype_and_range(self, name, dtraj):
        found = generate(model_of(name, dtraj), prompts_of(dtraj, 7), 30, seed=1)
        assert found.shape == (7, 30)
        assert found.dtype == np.int16
        assert found.min() >= 0 and found.max() < N_STATES

    def test_same_seed_same_bytes(self, name, dtraj):
        model, prompts = model_of(name, dtraj), prompts_of(dtraj, 16)
        first = generate(model, prompts, 100, seed=1)
        assert first.tobytes() == generate(model, prompts.copy(), 100, seed=1).tobytes()
        assert first.tobytes() == generate(model_of(name, dtraj), prompts, 100, seed=1).tobytes()

    def test_seeds_and_walkers_differ(self, name, dtraj):
        model = model_of(name, dtraj)
        prompts = np.repeat(prompts_of(dtraj, 1), 6, axis=0)
        first = generate(model, prompts, 200, seed=1)
        assert len(np.unique(first, axis=0)) == 6
        second = generate(model, prompts, 200, seed=2)
        assert not (first == second).all(axis=1).any()

    def test_more_frames_continue_the_same_walk(self, name, dtraj):
        model, prompts = model_of(name, dtraj), prompts_of(dtraj, 5)
        short, long = (generate(model, prompts, n, seed=4) for n in (20, 60))
        np.testing.assert_array_equal(short, long[:, :20])

    def test_leaves_model_and_prompts_alone(self, name, dtraj):
        model, prompts = model_of(name, dtraj), prompts_of(dtraj, 5)
        before, copy = {k: v.clone() for k, v in model.state_dict().items()}, prompts.copy()
        generate(model, prompts, 20, seed=4)
        assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
        np.testing.assert_array_equal(prompts, copy)


@pytest.mark.parametrize("at_once", [1, 7, 64])
def test_batching_of_walkers_does_not_matter(at_once, dtraj, monkeypatch):
    model, prompts = model_of("markov", dtraj), prompts_of(dtraj, 64)
    whole = generate(model, prompts, 200, seed=3)
    monkeypatch.setattr(generation, "WALKERS_AT_ONCE", at_once)
    np.testing.assert_array_equal(generate(model, prompts, 200, seed=3), whole)


@pytest.mark.parametrize("name", ["lstm", "transformer"])
def test_batching_of_networks_differs_by_rounding_at_most(name, dtraj, monkeypatch):
    """A number may fall between two roundings of one probability: a walker in a thousand."""
    model, prompts = model_of(name, dtraj), prompts_of(dtraj, 64)
    whole = generate(model, prompts, 50, seed=3)
    monkeypatch.setattr(generation, "WALKERS_AT_ONCE", 10)
    same = (generate(model, prompts, 50, seed=3) == whole).all(axis=1)
    assert same.mean() > 0.95


def test_transition_counts_agree_with_the_model(dtraj):
    model = model_of("markov", dtraj)
    probability = model.log_probability.softmax(1).double().numpy()
    walkers = generate(model, prompts_of(dtraj, 256), 1000, seed=8)
    counts = count_matrix(walkers, N_STATES, 1)
    for row, expected in zip(counts, probability * counts.sum(axis=1)[:, None], strict=True):
        kept = expected > 5
        assert row[~kept].sum() <= 15
        statistic = ((row - expected)[kept] ** 2 / expected[kept]).sum()
        assert stats.chi2.sf(statistic, kept.sum() - 1) > 1e-4


def test_the_first_frame_follows_the_prompt(dtraj):
    """Each walker goes on from the last frame of its prompt, and the prompt is not returned."""
    ring = np.arange(3000, dtype=np.int16) % N_STATES
    model = build_model("markov", N_STATES, {})
    step = np.full((N_STATES, N_STATES), -40.0, np.float32)
    step[np.arange(N_STATES), (np.arange(N_STATES) + 1) % N_STATES] = 0.0
    model.log_probability.copy_(torch.from_numpy(step))
    prompts = prompts_of(ring, 9)
    found = generate(model, prompts, 12, seed=0)
    np.testing.assert_array_equal(found, (prompts[:, -1:] + np.arange(1, 13)) % N_STATES)


def test_networks_read_the_whole_prompt(dtraj):
    """Two prompts that end alike give other numbers where the model has memory."""
    model = model_of("lstm", dtraj)
    prompts = prompts_of(dtraj, 2)
    prompts[1] = prompts[0]
    prompts[1, :-1] = (prompts[0, :-1] + 1) % N_STATES
    with torch.inference_mode():
        states = [model.initial_state(torch.from_numpy(p[None])) for p in prompts]
        logits = [
            model.step(torch.from_numpy(p[-1:]), s)[0].clone()
            for p, s in zip(prompts, states, strict=True)
        ]
    assert not torch.allclose(*logits)


def test_prompts_are_windows_of_the_training_data():
    windows = Windows.of([np.arange(100, dtype=np.int16), np.arange(200, 230, dtype=np.int16)], 6)
    prompts = draw_prompts(windows, 500, np.random.default_rng(0))
    assert prompts.shape == (500, 6) and prompts.dtype == np.int64
    assert (np.diff(prompts, axis=1) == 1).all()
    assert set(prompts[:, 0]) <= set(range(94)) | set(range(200, 224))

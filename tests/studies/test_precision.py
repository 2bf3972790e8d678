"""What networks learn and generate with products in bfloat16, and in float32."""

import numpy as np
import pytest
import torch
from chains import double_well, sample_chain
from networks import assert_walkers_are_independent, lstm, transformer
from wide_networks import WIDE, fast_bfloat16_is

from raremd.kinetics.timescales import count_matrix, estimate, timescales
from raremd.learning.generation import generate
from raremd.learning.optimiser import AdamW
from raremd.models import build_model
from raremd.models.base import SequenceModel, Stream
from raremd.models.transformer import Transformer


@pytest.mark.parametrize("kind", WIDE)
def test_training_in_bfloat16_learns_the_same(kind, monkeypatch):
    """Five seeds: held-out losses differ by a hundredth of what was learned, and not one way."""
    chain = sample_chain(double_well(10, 2.0), 8_000, seed=5)
    windows = torch.from_numpy(np.stack([chain[k : k + 33] for k in range(0, 7_900, 50)]))
    windows = windows.long()
    training, held_out = windows[:128], windows[128:]
    lost = []
    for seed in range(5):
        losses = []
        for fast in (True, False):
            fast_bfloat16_is(monkeypatch, fast)
            torch.manual_seed(seed)
            model = build_model(kind, 10, WIDE[kind])
            optimiser = AdamW(model.parameters(), 3e-3, 0.01)
            for step in range(20):
                part = training[32 * (step % 4) :][:32]
                optimiser.zero_grad()
                model.loss(part[:, :-1], part[:, 1:]).backward()
                optimiser.step()
            with torch.no_grad():
                losses.append(model.loss(held_out[:, :-1], held_out[:, 1:]).item())
        assert max(losses) < np.log(10) - 0.5
        lost.append((losses[0] - losses[1]) / (np.log(10) - losses[1]))
    assert np.abs(lost).max() < 0.02
    assert abs(np.mean(lost)) < 0.01


def test_timescales_of_what_is_generated_in_bfloat16_are_those_of_float32(monkeypatch):
    """Three seeds, each with the same weights and random numbers in both."""
    chain = sample_chain(double_well(10, 2.0), 8_000, seed=5)
    windows = torch.from_numpy(np.stack([chain[k : k + 33] for k in range(0, 7_900, 50)]))
    windows = windows.long()
    moved = []
    for seed in range(3):
        torch.manual_seed(seed)
        model = build_model("transformer", 10, WIDE["transformer"])
        optimiser = AdamW(model.parameters(), 3e-3, 0.01)
        for step in range(20):
            part = windows[32 * (step % 4) :][:32]
            optimiser.zero_grad()
            model.loss(part[:, :-1], part[:, 1:]).backward()
            optimiser.step()
        times = []
        for fast in (True, False):
            fast_bfloat16_is(monkeypatch, fast)
            walkers = generate(model, windows[:64, :20].numpy(), 300, seed)
            found = estimate(count_matrix(list(walkers), 10, 1))
            times.append(timescales(found.transition_matrix, 1, 1, found.stationary)[0])
        moved.append(np.log2(times[0] / times[1]))
    assert np.abs(moved).max() < 0.2
    assert abs(np.mean(moved)) < 0.1


@pytest.mark.parametrize("shape", [(4, 51), (9, 301)])  # the latter in several blocks and groups
@pytest.mark.parametrize("kind", WIDE)
def test_bfloat16_keeps_the_loss_within_a_thousandth(kind, shape, monkeypatch):
    torch.manual_seed(0)
    model = build_model(kind, 10, WIDE[kind])
    windows = torch.from_numpy(np.random.default_rng(3).integers(10, size=shape))
    gradients, losses = [], []
    for fast in (True, False):
        fast_bfloat16_is(monkeypatch, fast)
        losses.append(model.loss(windows[:, :-1], windows[:, 1:]))
        gradients.append(torch.autograd.grad(losses[-1], list(model.parameters())))
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-3)
    assert losses[0].item() != losses[1].item()
    for ours, exact in zip(*gradients, strict=True):
        assert torch.cosine_similarity(ours.flatten(), exact.flatten(), dim=0) > 0.999


@pytest.mark.parametrize(("build", "tolerance"), [(lstm, 1e-3), (transformer, 1e-2)])
def test_generation_in_bfloat16_draws_the_same_states_as_one_step_a_frame(
    build, tolerance, monkeypatch
):
    """Probabilities too stay close to those in float32."""
    fast_bfloat16_is(monkeypatch, True)
    model = build(20, 128)
    prompts = torch.from_numpy(np.random.default_rng(0).integers(20, size=(140, 6)))
    found = np.empty((2, 50, 140), np.int16)
    with torch.inference_mode():
        for way, out in zip((type(model).generate, SequenceModel.generate), found, strict=True):
            state, tokens = model.initial_state(prompts), prompts[:, -1].clone()
            way(model, tokens, state, Stream(3, 5, 7), out)
        ours, _ = model.step(prompts[:, -1].contiguous(), model.initial_state(prompts))
        fast_bfloat16_is(monkeypatch, False)
        exact, _ = model.step(prompts[:, -1].contiguous(), model.initial_state(prompts))
    assert (found[0] == found[1]).all(axis=0).mean() >= 0.95
    torch.testing.assert_close(ours.softmax(-1), exact.softmax(-1), rtol=0.02, atol=tolerance)


@pytest.mark.parametrize(("width", "heads", "context"), [(128, 4, 16), (144, 8, 9)])
def test_a_cache_in_bfloat16_equals_a_pass_over_the_whole_context(
    width, heads, context, monkeypatch
):
    """Also where a head's channels and the context are no multiple of what is added up at once."""
    fast_bfloat16_is(monkeypatch, True)
    model = transformer(30, width, heads, context)
    plain = Transformer(30, model.settings)
    plain.load_state_dict(model.state_dict())
    tokens = torch.from_numpy(np.random.default_rng(4).integers(30, size=(35, 40)))
    with torch.inference_mode():
        whole, state = plain.logits(tokens), model.initial_state(tokens[:, :5])
        spread = whole.std()
        for k in range(4, 40):
            logits, state = model.step(tokens[:, k].contiguous(), state)
            difference = logits - whole[:, k]
            assert 0 < difference.std() < 0.012 * spread
            assert difference.abs().max() < 0.06 * spread


@pytest.mark.parametrize("build", [lstm, transformer])
def test_a_walker_in_bfloat16_does_not_depend_on_how_many_there_are(build, monkeypatch):
    fast_bfloat16_is(monkeypatch, True)
    assert_walkers_are_independent(build(20, 128), monkeypatch)

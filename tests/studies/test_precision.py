"""What networks learn and generate with products in bfloat16, and in float32."""

import numpy as np
import pytest
import torch
from chains import double_well, sample_chain
from wide_networks import WIDE, fast_bfloat16_is

from raremd.kinetics.timescales import count_matrix, estimate, timescales
from raremd.learning.generation import generate
from raremd.learning.optimiser import AdamW
from raremd.models import build_model


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

"""Networks with weights at which all their terms show, and what any of them must do."""

from __future__ import annotations

import numpy as np
import torch

from raremd.learning import generation
from raremd.learning.generation import generate
from raremd.models import build_model


def lstm(n_states, hidden, seed=0):
    torch.manual_seed(seed)
    model = build_model("lstm", n_states, {"embedding": 8, "hidden": hidden})
    with torch.no_grad():
        model.readout.weight.mul_(5.0)  # far from uniform
    return model


def transformer(n_states, width, heads=2, context=8, seed=0):
    torch.manual_seed(seed)
    options = {"layers": 2, "width": width, "heads": heads, "feed_forward": 40, "context": context}
    model = build_model("transformer", n_states, options)
    with torch.no_grad():
        for parameter in model.parameters():  # norms and biases too: all terms must show
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def assert_walkers_are_independent(model, monkeypatch):
    """A walker does not depend on how many there are, nor on the pieces of its trajectory."""
    prompts = np.random.default_rng(1).integers(20, size=(200, 4))
    whole = generate(model, prompts, 60, seed=2)
    np.testing.assert_array_equal(generate(model, prompts[:33], 60, seed=2), whole[:33])
    monkeypatch.setattr(generation, "WALKERS_AT_ONCE", 128)
    monkeypatch.setattr(generation, "FRAMES_AT_ONCE", 7)
    np.testing.assert_array_equal(generate(model, prompts, 60, seed=2), whole)

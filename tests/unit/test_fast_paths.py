"""Each fast path against the readable file that it replaces, with the same weights."""

import numpy as np
import pytest
import torch
from chains import double_well, sample_chain

from raremd.models import build_model
from raremd.models.base import Stream
from raremd.models.lstm import LSTM
from raremd.models.transformer import Transformer

V = 9
OPTIONS = {
    "lstm": {"embedding": 6, "hidden": 20},
    "transformer": {"layers": 2, "width": 24, "heads": 2, "feed_forward": 40, "context": 7},
}
PLAIN = {"lstm": LSTM, "transformer": Transformer}
PRIORS = {
    "none": {},
    "seen_jumps": {"prior": "seen_jumps", "cores": 2},
    "markov_free": {"prior": "markov_free", "order": 2},
}
LOGITS = LOSS = GRADIENT = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture(params=[(name, prior) for name in OPTIONS for prior in PRIORS], ids="-".join)
def pair(request):
    """The fast model and the plain one, with all weights far from where they begin."""
    name, prior = request.param
    torch.manual_seed(0)
    fast = build_model(name, V, OPTIONS[name] | PRIORS[prior])
    fast.prepare([sample_chain(double_well(V, 2.0), 5000, seed=3)])
    with torch.no_grad():
        for parameter in fast.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    plain = PLAIN[name](V, fast.settings)
    plain.load_state_dict(fast.state_dict())
    assert type(fast) is not type(plain) and isinstance(fast, type(plain))
    return fast, plain


def windows(seed, n=40, length=33):
    return torch.from_numpy(np.random.default_rng(seed).integers(V, size=(n, length)))


def test_loss_and_gradients(pair):
    inputs, targets = windows(1)[:, :-1], windows(1)[:, 1:]
    losses, gradients = [], []
    for model in pair:
        loss = model.loss(inputs, targets)
        losses.append(loss)
        gradients.append(torch.autograd.grad(loss, list(model.parameters())))
    torch.testing.assert_close(*losses, **LOSS)
    for found, wanted in zip(*gradients, strict=True):
        torch.testing.assert_close(found, wanted, **GRADIENT)
    with torch.no_grad():
        validation = [model.loss(inputs, targets) for model in pair]
        torch.testing.assert_close(*[model.logits(inputs) for model in pair], **LOGITS)
    torch.testing.assert_close(*validation, **LOSS)


@pytest.mark.parametrize("n_prompt", [1, 12])
def test_logits_of_each_step(pair, n_prompt):
    tokens = windows(2)
    with torch.inference_mode():
        states = [model.initial_state(tokens[:, :n_prompt]) for model in pair]
        for k in range(n_prompt - 1, tokens.shape[1]):
            steps = [
                model.step(tokens[:, k].contiguous(), state)
                for model, state in zip(pair, states, strict=True)
            ]
            torch.testing.assert_close(*[logits for logits, _ in steps], **LOGITS)
            states = [state for _, state in steps]


def test_walkers(pair):
    """The same random numbers; a draw may fall between two roundings of one probability."""
    prompts, found = windows(4, length=10), np.empty((2, 100, 40), np.int16)
    with torch.inference_mode():
        for model, out in zip(pair, found, strict=True):
            state, tokens = model.initial_state(prompts), prompts[:, -1].clone()
            model.generate(tokens, state, Stream(3, 5, 7), out)
    assert (found[0] == found[1]).all(axis=0).mean() >= 0.95

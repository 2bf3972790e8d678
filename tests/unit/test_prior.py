"""Tables added to a network's logits, in the fast paths and in the slow and obvious way."""

import numpy as np
import pytest
import torch
from chains import double_well, sample_chain

from raremd.kinetics.timescales import count_matrix, estimate
from raremd.learning.generation import generate
from raremd.models import build_model, model_class
from raremd.models.base import SequenceModel, Stream
from raremd.models.priors.contexts import NEVER_SEEN
from raremd.models.priors.prior import KINDS, Prior

SMALL = {
    "lstm": {"embedding": 8, "hidden": 16},
    "transformer": {"layers": 2, "width": 16, "heads": 2, "feed_forward": 24, "context": 8},
}
WITH_PRIOR = [kind for kind in KINDS if kind != "none"]
V = 7


@pytest.fixture(scope="module")
def dtrajs():
    chain = sample_chain(double_well(V - 1, 2.0), 6000, seed=4)  # the last state is never visited
    return [chain[:2500], chain[2500:]]


def built(name, prior, dtrajs, noise=0.3):
    torch.manual_seed(0)
    model = build_model(name, V, SMALL[name] | {"prior": prior})
    model.prepare(dtrajs)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(noise * torch.randn_like(parameter))
    return model


def network_alone(model, tokens):
    """The logits of the same weights without the prior, by the plain modules."""
    name = next(name for name in SMALL if isinstance(model, model_class(name)))
    plain = build_model(name, V, SMALL[name])
    own = {k: v for k, v in model.state_dict().items() if not k.startswith("prior.")}
    plain.load_state_dict(own)
    if name == "lstm":
        return plain, plain.readout(plain.recurrence(plain.embedding(tokens))[0])
    return plain, plain.logits(tokens)


def slow_table(model, dtrajs):
    """What the prior must add for each (state, next state)."""
    counts = count_matrix(dtrajs, V, 1)
    if model.prior.kind == "seen_jumps":
        return np.where(counts > 0, 0.0, NEVER_SEEN)
    if model.prior.kind == "smoothed":
        return np.log((counts + 1) / (counts + 1).sum(axis=1, keepdims=True))
    msm = estimate(counts)
    table = np.full((V, V), NEVER_SEEN)
    for a, i in enumerate(msm.active):
        for b, j in enumerate(msm.active):
            p = msm.transition_matrix[a, b]
            table[i, j] = max(np.log(p), NEVER_SEEN) if p > 0 else NEVER_SEEN
    for i in set(range(V)) - set(msm.active.tolist()):
        table[i, msm.active] = np.log(msm.stationary)
    return table


@pytest.mark.parametrize("prior", WITH_PRIOR)
@pytest.mark.parametrize("name", SMALL)
def test_loss_and_gradients_equal_the_obvious_way(name, prior, dtrajs):
    model = built(name, prior, dtrajs)
    windows = torch.from_numpy(np.random.default_rng(1).integers(V, size=(5, 21)))
    tokens, nexts = windows[:, :-1], windows[:, 1:]
    plain, logits = network_alone(model, tokens)
    table = torch.tensor(slow_table(model, dtrajs), dtype=torch.float32, requires_grad=True)
    if prior == "markov_free":
        logits = logits + model.prior.moved.detach()[tokens]
    full = logits + table[tokens]
    torch.testing.assert_close(model.logits(tokens), full, rtol=1e-5, atol=1e-5)
    loss = torch.nn.functional.cross_entropy(full.flatten(0, 1), nexts.flatten())
    loss.backward()
    found = model.loss(windows[:, :-1], windows[:, 1:])
    torch.testing.assert_close(found, loss, rtol=1e-5, atol=1e-5)
    found.backward()
    wanted = {k: p.grad for k, p in plain.named_parameters()}
    if prior == "markov_free":
        wanted["prior.moved"] = table.grad
    mine = dict(model.named_parameters())
    assert set(mine) == set(wanted)
    for key, gradient in wanted.items():
        torch.testing.assert_close(mine[key].grad, gradient, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n_prompt", [1, 6])
@pytest.mark.parametrize("prior", WITH_PRIOR)
@pytest.mark.parametrize("name", SMALL)
def test_steps_equal_the_full_pass(name, prior, n_prompt, dtrajs):
    model = built(name, prior, dtrajs)
    tokens = torch.from_numpy(np.random.default_rng(2).integers(V, size=(3, 30)))
    with torch.inference_mode():
        full = model.logits(tokens)
        state = model.initial_state(tokens[:, :n_prompt])
        for k in range(n_prompt - 1, 30):
            logits, state = model.step(tokens[:, k].contiguous(), state)
            torch.testing.assert_close(logits, full[:, k], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("prior", WITH_PRIOR)
def test_compiled_generation_equals_one_step_a_frame(prior, dtrajs):
    model = built("lstm", prior, dtrajs)
    prompts = torch.from_numpy(np.random.default_rng(0).integers(V - 1, size=(40, 6)))
    found = np.empty((2, 100, 40), np.int16)
    with torch.inference_mode():
        for way, out in zip((type(model).generate, SequenceModel.generate), found, strict=True):
            state, tokens = model.initial_state(prompts), prompts[:, -1].clone()
            tokens, state = way(model, tokens, state, Stream(3, 5, 7), out[:60])
            way(model, tokens, state, Stream(3, 5, 67), out[60:])
    # The two form logits by other products: a draw may fall between two roundings.
    assert (found[0] == found[1]).all(axis=0).mean() >= 0.95


@pytest.mark.parametrize("name", SMALL)
def test_generated_chains_make_no_unseen_jump(name, dtrajs):
    seen = count_matrix(dtrajs, V, 1) > 0
    prompts = np.stack([dtrajs[0][k : k + 5] for k in range(50)]).astype(np.int64)
    jumps = {}
    for prior in ("none", "seen_jumps"):
        model = built(name, prior, dtrajs, noise=1.0)
        walkers = generate(model, prompts, 2000, seed=1)
        jumps[prior] = count_matrix(list(np.hstack([prompts[:, -1:], walkers])), V, 1)
    assert jumps["seen_jumps"][~seen].sum() == 0
    assert jumps["none"][~seen].sum() > 1000  # the test can fail


def test_jumps_are_forbidden_by_the_core_visited_last(dtrajs):
    prior, counted = Prior("seen_jumps", V, 1, 2), Prior("markov", V, 1, 2)
    counted.strength = 0.0
    for one in (prior, counted):
        one.fit(dtrajs)
    assert torch.equal(prior.follow, counted.follow)
    assert set(prior.fixed.unique().tolist()) == {0.0, NEVER_SEEN}
    assert torch.equal(prior.fixed == NEVER_SEEN, counted.fixed == NEVER_SEEN)
    assert len(prior.fixed) == 2 * V


@pytest.mark.parametrize("prior", ["markov", "markov_free"])
@pytest.mark.parametrize("name", SMALL)
def test_an_untrained_network_is_the_markov_model(name, prior, dtrajs):
    model = built(name, prior, dtrajs, noise=0.0)
    markov = build_model("markov", V, {})
    markov.prepare(dtrajs)
    windows = torch.from_numpy(np.stack([dtrajs[1][k : k + 30] for k in range(40)]).astype(int))
    assert model.loss(windows[:, :-1], windows[:, 1:]).item() == pytest.approx(
        markov.loss(windows[:, :-1], windows[:, 1:]).item(), rel=1e-5
    )


@pytest.mark.parametrize("name", SMALL)
def test_no_prior_leaves_no_trace(name):
    assert not any(k.startswith("prior") for k in build_model(name, V, SMALL[name]).state_dict())


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match=r"prior: 'seen' is not one of .*seen_jumps"):
        Prior("seen", 4)

"""Generation goes on until the slow process has crossed often enough."""

import numpy as np
import pytest
import torch
from chains import double_well, sample_chain

from raremd.kinetics.residence import CrossingCounter, crossings
from raremd.kinetics.timescales import slow_split
from raremd.kinetics.transition_matrix import count_matrix, estimate
from raremd.learning import generation
from raremd.learning.generation import Enough, generate
from raremd.models import build_model

V, STEP = 6, 50
OPTIONS = {
    "markov": {},
    "lstm": {"embedding": 4, "hidden": 8, "prior": "markov"},
    "transformer": {"width": 8, "heads": 1, "feed_forward": 8, "context": 5, "prior": "markov"},
    "persistence": {"embedding": 4, "hidden": 8, "longest": 3},
}


@pytest.fixture(scope="module")
def dtraj():
    return sample_chain(double_well(V, 1.5), 30_000, seed=2)


@pytest.fixture(scope="module")
def sides(dtraj):
    return slow_split(estimate(count_matrix([dtraj], V, 1)))


def model_of(name, dtraj):
    torch.manual_seed(0)
    model = build_model(name, V, OPTIONS[name])
    model.prepare([dtraj])
    return model


def prompts_of(model, dtraj, n=12):
    tokens = model.encode(dtraj)
    return np.stack([tokens[k * 20 : k * 20 + 8] for k in range(n)]).astype(np.int64)


@pytest.mark.parametrize("lag", [1, 7])
def test_counting_goes_on_where_it_was(lag, dtraj, sides):
    whole = dtraj[:9000].reshape(3, 3000)
    wanted = crossings(list(whole), sides, lag)[0].sum()
    assert wanted > 30
    counter = CrossingCounter(sides, lag, 3)
    for part in np.split(whole, [1, 2, 700, 701, 2990], axis=1):
        counter.add(part)
    assert counter.mean == pytest.approx(wanted)


@pytest.mark.parametrize("name", OPTIONS)
def test_ends_at_the_first_multiple_with_enough(name, dtraj, sides):
    model = model_of(name, dtraj)
    prompts = prompts_of(model, dtraj)
    whole = generate(model, prompts, 40 * STEP, seed=5)
    counts = [crossings(list(whole[:, : k * STEP]), sides, 3)[0].sum() for k in range(1, 41)]
    wanted = int(counts[6])
    assert counts[0] < wanted < counts[-1]
    enough = Enough(sides, 3, wanted, 40 * STEP)
    found = generate(model, prompts, STEP, seed=5, enough=enough)
    assert found.shape[1] == STEP * (1 + np.searchsorted(counts, wanted))
    np.testing.assert_array_equal(found, whole[:, : found.shape[1]])


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize(("walkers", "frames"), [(4, 7), (5, 1000), (12, 1)])
def test_same_bytes_whatever_the_chunks(name, walkers, frames, dtraj, sides, monkeypatch):
    model = model_of(name, dtraj)
    prompts, enough = prompts_of(model, dtraj), Enough(sides, 3, 20, 600)
    whole = generate(model, prompts, STEP, seed=5, enough=enough)
    monkeypatch.setattr(generation, "WALKERS_AT_ONCE", walkers)
    monkeypatch.setattr(generation, "FRAMES_AT_ONCE", frames)
    assert generate(model, prompts, STEP, seed=5, enough=enough).tobytes() == whole.tobytes()


def test_ends_at_the_limit(dtraj, sides):
    model = model_of("markov", dtraj)
    prompts = prompts_of(model, dtraj)
    never = np.zeros(V, np.int8)
    found = generate(model, prompts, STEP, seed=5, enough=Enough(never, 1, 1, 3 * STEP + 9))
    assert found.shape == (12, 3 * STEP + 9)
    np.testing.assert_array_equal(found, generate(model, prompts, found.shape[1], seed=5))
    short = generate(model, prompts, STEP, seed=5, enough=Enough(sides, 1, 10**6, 20))
    np.testing.assert_array_equal(short, found[:, :20])

"""Flows of a generated trajectory against those of the data, on chains with known answers."""

import numpy as np
import pytest
import torch
from chains import double_well, sample_chain

from raremd.models import build_model
from raremd.models.priors import calibration
from raremd.models.priors.calibration import correction, counted_flows, generated_flows, match_flows

V = 8
SMALL = {"embedding": 4, "hidden": 8}


@pytest.fixture(scope="module")
def dtrajs():
    chain = sample_chain(double_well(V, 3.0), 60_000, seed=4)
    return [chain[:20_000], chain[20_000:20_003], chain[20_003:]]


def prompts_of(trajectory, n=256, length=20):
    return np.stack([trajectory[k * 60 : k * 60 + length] for k in range(n)]).astype(np.int64)


def by_row(flows):
    return flows / flows.sum(1, keepdim=True).clamp(min=1e-9)


def test_counted_flows_are_those_of_a_loop(dtrajs):
    model = build_model("ngram", V, {"order": 2, "cores": 2})
    model.prepare(dtrajs)
    some = [t[:2_000] for t in dtrajs]
    found = counted_flows(model.prior, some)
    wanted = torch.zeros_like(found)
    for t in some:
        row = len(model.prior.follow) - 1
        for now, after in zip(t[:-1].tolist(), t[1:].tolist(), strict=True):
            row = model.prior.follow[row, now].item()
            wanted[row, after] += 1
    assert torch.equal(found, wanted)


def test_generated_flows_are_expectations_along_the_chain(dtrajs):
    model = build_model("ngram", V, {"order": 1, "cores": 2, "strength": 0})
    model.prepare(dtrajs)
    found = generated_flows(model, model.prior, prompts_of(dtrajs[0]), 400, seed=3)
    assert found.sum().item() == pytest.approx(256 * 400)
    visited = found.sum(1) > 0
    wanted = model.prior.table.double().softmax(1)
    torch.testing.assert_close(by_row(found)[visited], wanted[visited], rtol=1e-6, atol=1e-9)


def test_correction_is_exact_where_there_are_counts_and_nothing_where_not():
    wanted = torch.tensor([[8e6, 2e6, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]).double()
    found = torch.tensor([[5e5, 5e5, 0.0], [3.0, 1.0, 0.0], [0.5, 0.5, 0.0]]).double()
    shift = correction(wanted, found)
    assert (shift[0, 0] - shift[0, 1]).item() == pytest.approx(np.log(4), rel=1e-4)
    assert (shift[:, 2] == 0).all()
    assert shift[1].abs().max() == 0
    assert 0 < shift[2, 0] < 0.2


def test_no_counts_are_no_correction_only_if_both_agree():
    # A row that the data never leave has nothing to say.
    wanted, found = torch.zeros(1, 3).double(), torch.tensor([[1e4, 1e4, 0.0]]).double()
    torch.testing.assert_close(correction(wanted, found), torch.zeros(1, 3).double())


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_a_wrong_network_gets_the_flows_of_the_data(name, dtrajs):
    torch.manual_seed(0)
    options = SMALL | {"prior": "seen_jumps", "cores": 2, "calibration": 5}
    model = build_model(name, V, options)
    model.prepare(dtrajs)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    weights = model.readout.weight.clone()
    wanted = counted_flows(model.prior, dtrajs)
    often = wanted.sum(1) > 500

    def error():
        found = generated_flows(model, model.prior, prompts_of(dtrajs[0]), 400, seed=9)
        return (by_row(found) - by_row(wanted))[often].abs().max().item()

    before = error()
    model.calibrate(dtrajs, seed=1)
    assert before > 0.2
    assert error() < 0.03
    assert torch.equal(model.readout.weight, weights)
    never = wanted == 0
    visited = wanted.sum(1) > 0
    assert model.prior.fixed[never & visited[:, None]].max() < -15


def test_the_same_seed_gives_the_same_table(dtrajs):
    tables = []
    for _ in range(2):
        model = build_model("ngram", V, {"order": 1, "cores": 2, "strength": 50})
        model.prepare(dtrajs)
        match_flows(model, model.prior, dtrajs, 2, seed=5)
        tables.append(model.prior.fixed)
    assert torch.equal(*tables)


def test_rounds_begin_anywhere_with_equal_chance_and_weigh_less_and_less(monkeypatch):
    rounds = []

    def made_up(model, prior, prompts, n_frames, seed):
        rounds.append((prompts.copy(), seed))
        return torch.tensor([[8e5, 2e5], [2e5, 8e5]]).double()

    monkeypatch.setattr(calibration, "generated_flows", made_up)
    dtrajs = [np.tile(np.array([0, 0, 1, 1], np.int16), 2_500), np.ones(64, np.int16)]
    model = build_model("ngram", 2, {"order": 1})
    model.prepare(dtrajs)
    before = model.prior.fixed.clone()
    match_flows(model, model.prior, dtrajs, 3, seed=5)
    (prompts, _), *_ = rounds
    assert prompts.all(axis=1).mean() < 0.02, "the short one has one start in 9,938"
    assert len({seed for _, seed in rounds}) == 3
    shift = correction(counted_flows(model.prior, dtrajs), made_up(None, None, prompts, 0, 0))
    weights = 2 / 2 + 2 / 3 + 2 / 4
    torch.testing.assert_close(model.prior.fixed, before + (weights * shift).float())


def test_calibration_without_a_table_is_refused():
    with pytest.raises(ValueError, match="calibration: needs a prior"):
        build_model("lstm", V, {"calibration": 2})

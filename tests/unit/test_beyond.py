"""Models beyond the paper: what each does that no other does."""

import numpy as np
import pytest
import torch
from chains import double_well, sample_chain

from raremd.kinetics.timescales import count_matrix
from raremd.learning.generation import generate
from raremd.models import build_model
from raremd.models.base import Stream
from raremd.models.priors.contexts import last_cores, metastable_cores

V = 8


@pytest.fixture(scope="module")
def dtrajs():
    chain = sample_chain(double_well(V, 3.0), 40_000, seed=4)
    return [chain[:15_000], chain[15_000:15_003], chain[15_003:]]


def windows_of(trajectory, n=40, length=30):
    found = np.stack([trajectory[k * 7 : k * 7 + length] for k in range(n)])
    return torch.from_numpy(found.astype(np.int64))


class TestPersistence:
    @pytest.fixture
    def model(self):
        torch.manual_seed(0)
        return build_model("persistence", V, {"embedding": 4, "hidden": 8, "longest": 5})

    def test_tokens_lose_nothing(self, model, dtrajs):
        for t in (dtrajs[0], dtrajs[1], np.full(23, 3, np.int16)):
            tokens = model.encode(t)
            np.testing.assert_array_equal(model.decode(tokens), t)
        assert model.encode(np.array([2] * 7 + [0], np.int16)).tolist() == [14, 11, 0]
        assert model.encode(np.array([2] * 5 + [0] * 5, np.int16)).tolist() == [14, 4]

    def test_loss_is_that_of_the_tokens_a_frame(self, model, dtrajs):
        windows = windows_of(model.encode(dtrajs[0]))
        inputs, targets = windows[:, :-1], windows[:, 1:]
        logits = model.network.logits(inputs)
        nats = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), reduction="sum"
        )
        frames = sum(len(model.decode(w.numpy())) for w in targets)
        assert model.loss(inputs, targets).item() == pytest.approx(nats.item() / frames, rel=1e-5)

    def test_walkers_go_on_frame_by_frame(self, model, dtrajs):
        prompts = windows_of(model.encode(dtrajs[0]), n=5, length=10).numpy()
        whole = generate(model, prompts, 700, seed=3)
        with torch.inference_mode():
            read = torch.from_numpy(prompts)
            state, tokens = model.initial_state(read), read[:, -1].clone()
            drawn = np.empty((700, 5), np.int16)
            model.network.generate(tokens, state.network, Stream(3, 0, 0), drawn)
        for walker, column in zip(whole, drawn.T, strict=True):
            np.testing.assert_array_equal(walker, model.decode(column)[:700])

    def test_too_many_tokens_are_refused(self):
        with pytest.raises(ValueError, match="longest: 400 of 100 states are too many"):
            build_model("persistence", 100, {"longest": 400})


class TestTwoLevel:
    STRIDE = 10

    @pytest.fixture
    def model(self, dtrajs):
        model = build_model("two_level", V, {"cores": 2, "stride": self.STRIDE})
        model.prepare(dtrajs)
        return model

    def test_levels_are_probabilities(self, model):
        for table in (model.slow, model.fast):
            torch.testing.assert_close(
                table.sum(-1), torch.ones(table.shape[:-1]), rtol=1e-4, atol=1e-4
            )

    def test_prediction_is_the_sum_over_all_ends(self, model, dtrajs):
        """By brute force: P(x1..xn | x0) = sum over ends of P(end) P(x1..xn | end)."""
        core, side = metastable_cores(dtrajs, V, 2)
        outside = np.flatnonzero((core[dtrajs[0]] < 0) & (side[dtrajs[0]] == 1))
        for start in (0, 1000, 1500, outside[0]):
            t = dtrajs[0][start : start + self.STRIDE + 1]
            cores = last_cores(t, core, side)
            likelihood = 0.0
            for end in range(2):
                p = model.slow[cores[0], end].item()
                for k in range(self.STRIDE):
                    p *= model.fast[cores[k], t[k], end, t[k + 1]].item()
                likelihood += p
            tokens = torch.from_numpy(t[None].astype(np.int64))
            found = model.loss(tokens[:, :-1], tokens[:, 1:]).item()
            assert found == pytest.approx(-np.log(likelihood) / self.STRIDE, rel=1e-4)

    def test_generated_chain_leaves_each_state_as_the_data(self, model, dtrajs):
        prompts = windows_of(dtrajs[0], n=200, length=12).numpy()
        walkers = generate(model, prompts, 2000, seed=1)
        found, wanted = (count_matrix(list(t), V, 1) for t in (walkers, dtrajs))
        often = wanted.sum(axis=1) > 1000
        rates = [c[often] / c[often].sum(axis=1, keepdims=True) for c in (found, wanted)]
        np.testing.assert_allclose(*rates, atol=0.05)

    def test_trajectories_shorter_than_a_stride_are_no_error(self):
        model = build_model("two_level", 3, {"cores": 2, "stride": 50})
        model.prepare([np.array([0, 1, 2, 1, 0, 1] * 4, np.int16)])
        assert torch.isfinite(model.loss(torch.tensor([[0, 1]]), torch.tensor([[1, 2]])))

import itertools

import numba
import numpy as np
import pytest
import torch
import yaml
from chains import double_well, sample_chain
from scipy import stats

from raremd.io.provenance import ROOT
from raremd.kinetics.timescales import count_matrix, estimate
from raremd.models import build_model, model_class
from raremd.models.kernels.sampling import exp2_32, exp32, sample_states, uniform
from raremd.models.priors.contexts import NEVER_SEEN
from raremd.study.settings.models import KINDS, LSTMSettings

DEFAULT_CONFIG = ROOT / "config.yaml"
SMALL_TRANSFORMER = {"layers": 2, "width": 16, "heads": 2, "feed_forward": 24, "context": 8}


def built(name, n_states, seed=0, **options):
    torch.manual_seed(seed)
    model = build_model(name, n_states, options)
    with torch.no_grad():
        for parameter in model.parameters():  # also the biases: all terms must show
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def tokens_of(n_states, shape, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).integers(n_states, size=shape))


def stepwise(model, tokens, n_prompt):
    """Logits after each token from `n_prompt` - 1 on, one step at a time."""
    found = []
    with torch.inference_mode():
        state = model.initial_state(tokens[:, :n_prompt])
        for k in range(n_prompt - 1, tokens.shape[1]):
            logits, state = model.step(tokens[:, k].contiguous(), state)
            found.append(logits.clone())
    return torch.stack(found, dim=1)


class TestLSTM:
    @pytest.mark.parametrize(
        ("n_states", "embedding", "hidden", "batch", "length"),
        [(4, 3, 5, 2, 1), (4, 32, 48, 7, 30), (100, 8, 16, 20, 20), (1000, 16, 33, 5, 12)],
    )
    def test_fast_path_equals_torch(self, n_states, embedding, hidden, batch, length):
        model = built("lstm", n_states, embedding=embedding, hidden=hidden)
        windows = tokens_of(n_states, (batch, length + 1))
        plain = model.readout(model.recurrence(model.embedding(windows[:, :-1]))[0])
        torch.testing.assert_close(model.logits(windows[:, :-1]), plain, rtol=1e-5, atol=1e-5)
        loss = torch.nn.functional.cross_entropy(plain.flatten(0, 1), windows[:, 1:].flatten())
        wanted = torch.autograd.grad(loss, list(model.parameters()))
        fast = model.loss(windows[:, :-1], windows[:, 1:])
        torch.testing.assert_close(fast, loss, rtol=1e-5, atol=1e-5)
        found = torch.autograd.grad(fast, list(model.parameters()))
        for (name, _), a, b in zip(model.named_parameters(), found, wanted, strict=True):
            torch.testing.assert_close(
                a, b, rtol=1e-5, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
            )

    def test_saturated_gates_stay_finite(self):
        model = built("lstm", 4)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(100.0)
        windows = tokens_of(4, (3, 20))
        plain = model.readout(model.recurrence(model.embedding(windows))[0])
        fast = model.logits(windows)
        assert torch.isfinite(fast).all()
        torch.testing.assert_close(fast, plain, rtol=1e-4, atol=1e-2)


class TestStepByStep:
    @pytest.mark.parametrize("n_prompt", [1, 6])
    @pytest.mark.parametrize("n_states", [4, 100])
    @pytest.mark.parametrize(
        ("name", "options"),
        [
            ("lstm", {"embedding": 8, "hidden": 16}),
            ("transformer", SMALL_TRANSFORMER | {"context": 64}),
            ("transformer", SMALL_TRANSFORMER),  # the ring buffer goes round five times
            ("transformer", SMALL_TRANSFORMER | {"context": 1, "layers": 1}),
        ],
    )
    def test_equals_the_full_pass(self, name, options, n_states, n_prompt):
        model = built(name, n_states, **options)
        tokens = tokens_of(n_states, (3, 42))
        with torch.no_grad():
            full = model.logits(tokens)[:, n_prompt - 1 :]
        torch.testing.assert_close(stepwise(model, tokens, n_prompt), full, rtol=1e-4, atol=1e-4)

    def test_a_layer_sees_context_tokens_and_no_more(self):
        model = built("transformer", 6, **SMALL_TRANSFORMER | {"layers": 1})
        tokens = tokens_of(6, (1, 30))
        changed = tokens.clone()
        changed[0, 10] = (changed[0, 10] + 1) % 6
        with torch.no_grad():
            moved = (model.logits(tokens) - model.logits(changed)).abs().amax(dim=(0, 2))
        assert (moved[10:18] > 1e-4).all()
        assert (moved[:10] == 0).all() and (moved[18:] == 0).all()

    def test_rotary_phases_hold_at_late_positions(self):
        model = built("transformer", 6, **SMALL_TRANSFORMER | {"layers": 1})
        tokens = tokens_of(6, (2, 8))
        with torch.inference_mode():
            state = model.initial_state(tokens[:, :1])
            state.position = 8_000_000  # a whole number of turns of the ring
            for token in tokens.T.contiguous():
                late, state = model.step(token, state)
            # By now all of the ring is written. Attention depends on differences of positions.
            wanted = model.logits(tokens)[:, -1]
        torch.testing.assert_close(late, wanted, rtol=1e-4, atol=1e-4)


class TestCausality:
    @pytest.mark.parametrize("name", ["lstm", "transformer"])
    def test_a_later_token_changes_no_earlier_logits(self, name):
        model = built(name, 5)
        tokens = tokens_of(5, (4, 100))
        for at in (1, 37, 99):
            changed = tokens.clone()
            changed[:, at:] = (changed[:, at:] + 1) % 5
            with torch.no_grad():
                before, after = model.logits(tokens), model.logits(changed)
            torch.testing.assert_close(before[:, :at], after[:, :at], rtol=0, atol=1e-6)
            assert not torch.allclose(before[:, at], after[:, at])

    @pytest.mark.parametrize("name", ["lstm", "transformer"])
    def test_loss_predicts_the_next_token(self, name):
        model = built(name, 5)
        windows = tokens_of(5, (3, 12))
        with torch.no_grad():
            log_p = model.logits(windows[:, :-1]).log_softmax(-1).numpy()
            loss = model.loss(windows[:, :-1], windows[:, 1:]).item()
        terms = [
            -log_p[b, t, int(windows[b, t + 1])] for b, t in itertools.product(range(3), range(11))
        ]
        assert loss == pytest.approx(np.mean(terms), rel=1e-5)


class TestMarkov:
    @pytest.fixture
    def chain(self):
        dtraj = sample_chain(double_well(6, 2.0), 20_000, seed=4)
        model = build_model("markov", 8, {})  # states 6 and 7 are never visited
        model.prepare([dtraj[:9000], dtraj[9000:]])
        return [dtraj[:9000], dtraj[9000:]], model

    def test_step_gives_the_msm(self, chain):
        dtrajs, model = chain
        msm = estimate(count_matrix(dtrajs, 8, 1))
        state = model.initial_state(torch.arange(8)[:, None])
        probability = model.step(torch.arange(8), state)[0].softmax(1).numpy()
        seen = msm.transition_matrix > 0
        np.testing.assert_allclose(
            probability[:6, :6][seen], msm.transition_matrix[seen], rtol=1e-5
        )
        np.testing.assert_allclose(probability[6:, :6], [msm.stationary] * 2, rtol=1e-5)
        assert probability[:6, 6:].max() < 3e-9

    def test_loss_is_the_cross_entropy_of_the_chain(self, chain):
        dtrajs, model = chain
        windows = torch.from_numpy(dtrajs[0][:8000].astype(np.int64).reshape(-1, 20))
        matrix = estimate(count_matrix(dtrajs, 8, 1)).transition_matrix
        terms = -np.log(matrix[windows[:, :-1].numpy(), windows[:, 1:].numpy()])
        assert model.loss(windows[:, :-1], windows[:, 1:]).item() == pytest.approx(
            terms.mean(), rel=1e-5
        )

    def test_never_seen_jumps_are_not_drawn(self):
        ring = np.array([0, 1, 2, 3] * 500 + [3, 2, 1, 0] * 500, np.int16)
        model = build_model("markov", 4, {})
        model.prepare([ring])
        logits = model.step(torch.arange(4), model.initial_state(torch.arange(4)[:, None]))[0]
        never = (count_matrix([ring], 4, 1) + count_matrix([ring], 4, 1).T) == 0
        assert never.sum() > 4
        assert (logits.numpy()[never] == NEVER_SEEN).all()
        drawn = np.empty(4, np.int64)
        for step in range(20_000):
            sample_states(logits.numpy().copy(), 5, 0, step, drawn)
            assert not never[np.arange(4), drawn].any()


class TestRegistry:
    def test_models_are_found_by_name(self):
        for name in ("markov", "lstm", "transformer"):
            assert name in model_class(name).__name__.lower()

    def test_unknown_model_names_the_nearest(self):
        with pytest.raises(ValueError, match=r"'lsmt'.*did you mean 'lstm'\?") as error:
            build_model("lsmt", 4, {})
        assert "\n" not in str(error.value)
        with pytest.raises(ValueError, match=r"'zzz' is not one of .*markov"):
            model_class("zzz")

    def test_unknown_option_names_the_nearest(self):
        with pytest.raises(ValueError, match=r"unknown key 'hiden'; did you mean 'hidden'"):
            build_model("lstm", 4, {"hiden": 3})
        with pytest.raises(ValueError, match=r"unknown key 'hidden' \(valid: \['lag'\]\)"):
            build_model("markov", 4, {"hidden": 3})

    def test_width_must_fit_the_heads(self):
        with pytest.raises(ValueError, match="width 20 is not a multiple of 2 x heads"):
            build_model("transformer", 4, {"width": 20, "heads": 4})

    def test_options_replace_defaults(self):
        assert build_model("lstm", 4, {"hidden": 7}).settings == LSTMSettings(hidden=7)

    def test_every_kind_has_a_class_that_is_built_from_its_options(self):
        for kind in KINDS:
            options = {"hidden": 2} if kind == "hmm" else {}
            assert isinstance(build_model(kind, 4, options), model_class(kind))


@pytest.mark.parametrize("n_states", [3, 4, 20, 100])
def test_default_study_matches_parameters_within_ten_percent(n_states):
    models = yaml.safe_load(DEFAULT_CONFIG.read_text())["models"]
    sizes = {
        name: sum(
            p.numel() for p in build_model(name, n_states, models[name]["settings"]).parameters()
        )
        for name in ("lstm", "transformer")
    }
    assert max(sizes.values()) / min(sizes.values()) < 1.10


@numba.njit
def _each(x, base_two):
    y = np.empty_like(x)
    for i in range(len(x)):
        y[i] = exp2_32(x[i]) if base_two else exp32(x[i])
    return y


class TestElementaryFunctions:
    def test_power_of_two(self):
        x = np.linspace(-126.0, 127.5, 1_000_001, dtype=np.float32)
        wanted = np.exp2(x.astype(np.float64))
        error = np.abs(_each(x, True) - wanted) / np.spacing(wanted.astype(np.float32))
        assert error.max() <= 2.0
        whole = np.arange(-126, 128, dtype=np.float32)
        np.testing.assert_array_equal(_each(whole, True), 2.0 ** whole.astype(np.float64))

    def test_exp(self):
        x = np.linspace(-87.0, 88.0, 1_000_001, dtype=np.float32)
        error = np.abs(_each(x, False) / np.exp(x.astype(np.float64)) - 1)
        assert (error / (1 + np.abs(x))).max() <= 2e-7
        assert _each(np.zeros(1, np.float32), False)[0] == 1.0

    def test_exp_of_very_negative_numbers_is_tiny(self):
        x = np.array([-90.0, -1e3, -1e9, -3e38, -np.inf], np.float32)
        np.testing.assert_allclose(_each(x, False), 2.0**-126, rtol=1e-6)


@numba.njit
def _uniforms(seed, walker, step, n, which):
    out = np.empty(n)
    for k in range(n):
        counters = [seed, walker, step]
        counters[which] += k
        out[k] = uniform(counters[0], counters[1], counters[2])
    return out


class TestUniform:
    def test_is_a_function_of_its_counters(self):
        once = _uniforms(7, 3, 100, 1000, 2)
        np.testing.assert_array_equal(once[500:], _uniforms(7, 3, 600, 500, 2))
        assert uniform(7, 3, 100) == once[0]
        assert len({uniform(*c) for c in itertools.product(range(4), repeat=3)}) == 64

    @pytest.mark.parametrize("which", [0, 1, 2])
    def test_chi_square_along_each_counter(self, which):
        numbers = _uniforms(2021, 0, 0, 100_000, which)
        assert numbers.min() >= 0.0 and numbers.max() < 1.0
        counts = np.histogram(numbers, 100, (0.0, 1.0))[0]
        assert stats.chisquare(counts).pvalue > 1e-4
        pairs = np.histogram2d(numbers[:-1:2], numbers[1::2], 20, ((0, 1), (0, 1)))[0]
        assert stats.chisquare(pairs.ravel()).pvalue > 1e-4
        # The low bits too.
        fine = np.histogram((numbers * 2**30) % 1.0, 100, (0.0, 1.0))[0]
        assert stats.chisquare(fine).pvalue > 1e-4

    def test_no_walker_follows_another(self):
        streams = np.array([_uniforms(1, walker, 0, 5000, 2) for walker in range(20)])
        correlation = np.corrcoef(streams) - np.eye(20)
        assert np.abs(correlation).max() < 5 / np.sqrt(5000)


def drawn_from(logits, n, seed=3, first_walker=0, step=0):
    out = np.empty(n, np.int64)
    sample_states(np.tile(np.asarray(logits, np.float32), (n, 1)), seed, first_walker, step, out)
    return out


class TestSampleStates:
    @pytest.mark.parametrize("n_states", [4, 100])
    def test_chi_square_on_a_million_draws(self, n_states):
        logits = np.random.default_rng(n_states).normal(0, 1.5, n_states).astype(np.float32)
        probability = np.exp(logits.astype(np.float64))
        probability /= probability.sum()
        counts = sum(
            np.bincount(drawn_from(logits, 100_000, step=k), minlength=n_states) for k in range(10)
        )
        assert stats.chisquare(counts, probability * 1_000_000).pvalue > 1e-4

    @pytest.mark.parametrize("forbidden", [-np.inf, -1e9])
    @pytest.mark.parametrize("n_states", [4, 16, 100])
    def test_forbidden_states_are_never_drawn(self, n_states, forbidden):
        logits = np.random.default_rng(0).normal(size=n_states)
        logits[::3] = forbidden
        logits[-1] = forbidden
        drawn = drawn_from(logits, 300_000)
        allowed = np.flatnonzero(np.isfinite(logits) & (logits > -1e8))
        np.testing.assert_array_equal(np.unique(drawn), allowed)

    @pytest.mark.parametrize("n_states", [4, 16, 100])
    def test_the_last_state_is_not_drawn_by_rounding(self, n_states):
        """A number just below 1 must not fall past the end of a sum rounded to float32."""
        step = _counter_of_the_largest(0, 20_000_000)
        assert uniform(9, 0, step) > 1.0 - 1e-6
        rng = np.random.default_rng(1)
        for _ in range(3000):
            logits = rng.normal(size=n_states).astype(np.float32)
            logits[-1] = -np.inf
            assert drawn_from(logits, 1, seed=9, step=step)[0] < n_states - 1

    def test_batching_changes_nothing(self):
        rng = np.random.default_rng(5)
        logits = rng.normal(size=(1000, 30)).astype(np.float32)
        whole = np.empty(1000, np.int64)
        sample_states(logits.copy(), 11, 0, 4, whole)
        for edges in ([0, 1, 256, 1000], [0, 999, 1000]):
            for first, last in itertools.pairwise(edges):
                part = np.empty(last - first, np.int64)
                sample_states(logits[first:last].copy(), 11, first, 4, part)
                np.testing.assert_array_equal(part, whole[first:last])

    def test_large_logits_do_not_overflow(self):
        assert set(drawn_from([1e30, -1e30, 1e30], 1000)) == {0, 2}
        assert set(drawn_from([-3e38, -3e38], 1000)) == {0, 1}

    def test_one_state(self):
        assert drawn_from([0.0], 10).tolist() == [0] * 10


@numba.njit
def _counter_of_the_largest(walker, n):
    best, at = -1.0, 0
    for step in range(n):
        number = uniform(9, walker, step)
        if number > best:
            best, at = number, step
    return at

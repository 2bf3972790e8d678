"""Fast paths of generation, training data and files against slow and obvious ones."""

import numpy as np
import pytest
import torch
from networks import assert_walkers_are_independent, lstm, transformer
from scipy import stats
from wide_networks import WIDE, fast_bfloat16_is

from raremd.io.storage import map_arrays, read_arrays, write_arrays
from raremd.learning.generation import generate
from raremd.learning.optimiser import AdamW
from raremd.learning.windows import Windows
from raremd.models import build_model
from raremd.models.base import Precision, SequenceModel, Stream
from raremd.models.kernels.lstm_loops import cross_entropy
from raremd.models.kernels.sampling import sample_states
from raremd.models.kernels.transformer import CompiledTransformer
from raremd.models.kernels.transformer_loops import add_and_gelu
from raremd.models.transformer import Transformer
from raremd.study.settings.models import TransformerSettings


@pytest.mark.parametrize(
    ("build", "size", "n_states"),
    [
        (lstm, 16, 5),
        (lstm, 48, 100),
        (lstm, 64, 16),
        (lstm, 80, 33),
        (transformer, 32, 100),
        (transformer, 72, 5),
    ],
)
@pytest.mark.parametrize("n_walkers", [1, 40])
def test_compiled_generation_equals_one_step_a_frame(build, size, n_states, n_walkers):
    """The two form logits by other products: a draw may fall between two roundings."""
    model = build(n_states, size)
    prompts = torch.from_numpy(np.random.default_rng(0).integers(n_states, size=(n_walkers, 6)))
    found = np.empty((2, 100, n_walkers), np.int16)
    ways = type(model).generate, SequenceModel.generate
    with torch.inference_mode():
        for way, out in zip(ways, found, strict=True):
            state, tokens = model.initial_state(prompts), prompts[:, -1].clone()
            tokens, _ = way(model, tokens, state, Stream(3, 5, 7), out)
            np.testing.assert_array_equal(tokens.numpy(), out[-1])
    assert (found[0] == found[1]).all(axis=0).mean() >= 0.95


@pytest.mark.parametrize("build", [lstm, transformer])
@pytest.mark.parametrize("size", [48, 80])
def test_a_walker_does_not_depend_on_how_many_there_are(build, size, monkeypatch):
    assert_walkers_are_independent(build(20, size), monkeypatch)


@pytest.mark.parametrize(("width", "heads", "context"), [(32, 1, 64), (32, 4, 9), (72, 2, 16)])
def test_cached_logits_equal_a_pass_over_the_whole_context(width, heads, context):
    """By compiled loops and by the plain file, as on a GPU; the ring goes round several times."""
    model = transformer(30, width, heads, context)
    plain = Transformer(30, model.settings)
    plain.load_state_dict(model.state_dict())
    tokens = torch.from_numpy(np.random.default_rng(4).integers(30, size=(35, 150)))
    with torch.inference_mode():
        whole = model.logits(tokens)
        for found in (model, plain):
            state = found.initial_state(tokens[:, :5])
            for k in range(4, 150):
                logits, state = found.step(tokens[:, k].contiguous(), state)
                torch.testing.assert_close(logits, whole[:, k], rtol=1e-5, atol=1e-5)


def test_gelu_equals_torch():
    x = torch.linspace(-12, 12, 9_001)[None]
    found = (x - 0.5).numpy().copy()
    add_and_gelu(found, np.full(9_001, 0.5, np.float32))
    wanted = torch.nn.functional.gelu(x.double())[0]
    np.testing.assert_array_less(
        np.abs(found[0] - wanted.numpy()), 1e-7 + 3e-7 * np.abs(x[0].numpy())
    )


@pytest.mark.parametrize("n_states", [4, 16, 100])
def test_a_million_draws_follow_the_softmax(n_states):
    logits = np.random.default_rng(n_states).normal(size=n_states).astype(np.float32)
    expected = np.exp(logits.astype(np.float64))
    expected *= 10**6 / expected.sum()
    drawn = np.empty(10**4, np.int64)
    counts = np.zeros(n_states)
    for step in range(100):
        sample_states(np.tile(logits, (10**4, 1)), 11, 0, step, drawn)
        counts += np.bincount(drawn, minlength=n_states)
    assert stats.chisquare(counts, expected).pvalue > 1e-4


@pytest.mark.parametrize("n_states", [1, 2, 15, 16, 17, 32, 100])
@pytest.mark.parametrize("certain", [0, -1])
def test_a_certain_state_is_always_drawn(n_states, certain):
    logits = np.full((1000, n_states), -100.0, np.float32)
    logits[:, certain] = 30.0
    drawn = np.empty(1000, np.int64)
    sample_states(logits, 0, 0, 0, drawn)
    assert (drawn == certain % n_states).all()


@pytest.mark.parametrize("n_states", [2, 33, 1000])
def test_cross_entropy_and_its_gradient(n_states):
    torch.manual_seed(0)
    logits = (10 * torch.randn(50, n_states)).requires_grad_()
    targets = torch.randint(n_states, (50,))
    wanted = torch.nn.functional.cross_entropy(logits, targets)
    wanted.backward()
    found = logits.detach().clone().numpy()
    assert cross_entropy(found, targets.numpy()) == pytest.approx(wanted.item(), rel=1e-5)
    np.testing.assert_allclose(found, logits.grad.numpy(), atol=1e-7)


@pytest.mark.parametrize(("hidden", "batch"), [(16, 70), (64, 33), (72, 40)])
def test_gradients_of_many_windows_equal_torch(hidden, batch):
    """More windows than go through time together."""
    model = lstm(7, hidden)
    windows = torch.from_numpy(np.random.default_rng(2).integers(7, size=(batch, 13)))
    logits = model.readout(model.recurrence(model.embedding(windows[:, :-1]))[0])
    plain = torch.nn.functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
    parameters = list(model.parameters())
    pairs = zip(
        torch.autograd.grad(3 * model.loss(windows[:, :-1], windows[:, 1:]), parameters),
        torch.autograd.grad(3 * plain, parameters),
        strict=True,
    )
    for found, wanted in pairs:
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("build", [lstm, transformer])
def test_a_network_tells_its_precision(build, monkeypatch):
    for fast, name in ((True, "bfloat16"), (False, "float32")):
        fast_bfloat16_is(monkeypatch, fast)
        assert build(5, 128).precision == Precision(name, name)
        assert build(5, 32).precision == Precision("float32", "float32")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no GPU here")
@pytest.mark.parametrize("kind", WIDE)
def test_a_gpu_trains_to_the_same_loss_and_generates(kind):
    windows = torch.from_numpy(np.random.default_rng(3).integers(10, size=(8, 51)))
    losses = []
    for device in ("cpu", "cuda"):
        torch.manual_seed(0)
        model = build_model(kind, 10, WIDE[kind]).to(device)
        optimiser = AdamW(model.parameters(), 1e-3, 0.01)
        part = windows.to(device)
        for _ in range(5):
            optimiser.zero_grad()
            loss = model.loss(part[:, :-1], part[:, 1:])
            loss.backward()
            optimiser.step()
        losses.append(loss.item())
        out = generate(model, windows[:, :5].numpy(), 20, seed=1)
        assert out.shape == (8, 20)
        assert 0 <= out.min() <= out.max() < 10
    assert losses[0] == pytest.approx(losses[1], rel=5e-3)


def test_narrow_transformers_and_validation_stay_in_float32():
    torch.manual_seed(0)
    options = {"layers": 1, "width": 128, "heads": 4, "feed_forward": 128, "context": 8}
    windows = torch.arange(18).reshape(2, 9) % 5
    wide = CompiledTransformer(5, TransformerSettings(**options))
    narrow = CompiledTransformer(5, TransformerSettings(**options | {"width": 32}))
    with torch.no_grad():
        exact = torch.nn.functional.cross_entropy(
            wide.logits(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten()
        )
        assert wide.loss(windows[:, :-1], windows[:, 1:]).item() == exact.item()
    with torch.no_grad():
        exact = narrow.loss(windows[:, :-1], windows[:, 1:]).item()
    assert narrow.loss(windows[:, :-1], windows[:, 1:]).item() == exact


def test_windows_store_nothing_for_each_window():
    trajectories = [np.arange(n, dtype=np.int16) for n in (10_000, 3, 20_000)]
    windows = Windows.of(trajectories, 5)
    assert len(windows) == 9_995 + 19_995
    assert len(windows.ends) == len(windows.shifts) == 3
    found = windows.gather(windows.starts(np.array([0, 9_994, 9_995, len(windows) - 1])))
    np.testing.assert_array_equal(found[:, 0], [0, 9_994, 0, 19_994])
    np.testing.assert_array_equal(found[:, -1], [5, 9_999, 5, 19_999])


def test_mapped_arrays_equal_those_read(tmp_path):
    path = tmp_path / "states.h5"
    arrays = {f"md/{k}": np.arange(k, 100 + k, dtype=np.int16) for k in range(3)}
    write_arrays(path, arrays | {"other": np.zeros(3)})
    found, wanted = map_arrays(path, "md"), read_arrays(path, "md")
    assert list(found) == list(wanted)
    for name in wanted:
        np.testing.assert_array_equal(found[name], wanted[name])
        assert found[name].dtype == np.int16
    found["0"][0] = 9  # a private copy
    assert read_arrays(path, "md")["0"][0] == 0
    assert map_arrays(path, "none") == {}

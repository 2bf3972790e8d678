"""Measure the product's own training and generation beside plain PyTorch and the roofline.

Writes benchmarks/results.json and benchmarks/README.md. One thread; A and B take turns.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from plain import LSTMsTogether, PlainLSTM, PlainTransformer
from plain import training_step as plain_step

from raremd.io.provenance import provenance
from raremd.learning.training import Part, TrainingSettings, make_optimiser, training_step
from raremd.models import build_model
from raremd.models.base import Stream
from report import write_report

HERE = Path(__file__).parent
BATCH, WINDOW, WALKERS, EMBEDDING = 64, 100, 512, 32
CONTEXT = 128
REPLICATES = 5
TRANSFORMERS = {"2x32": (2, 32, 1, 64), "4x128": (4, 128, 4, 512), "8x256": (8, 256, 8, 1024)}
SETTINGS = TrainingSettings(
    tokens=10**9,
    patience_tokens=10**9,
    evaluate_tokens=10**9,
    window=WINDOW,
    batch=BATCH,
    learning_rate=3e-3,
)


def take_turns(functions: dict[str, Callable[[], int]], repeats: int) -> dict[str, dict]:
    """Frames a second of CPU time of each function, which returns its frames; in turns."""
    for function in functions.values():
        function()
    rates: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            started = time.process_time()
            frames = function()
            rates[name].append(frames / (time.process_time() - started))
    return {name: summary(values) for name, values in rates.items()}


def summary(values: list[float]) -> dict:
    """Median, quartiles and the values themselves."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": median, "low": low, "high": high, "values": list(values)}


def ratio(a: dict, b: dict) -> dict:
    """Of pairs measured one after the other."""
    return summary([x / y for x, y in zip(a["values"], b["values"], strict=True)])


def products(shapes: list[tuple[int, int, int, float]], frames: int) -> Callable[[], int]:
    """Matrix products (m, k, n, how many times) that cannot be avoided for so many frames."""
    work = []
    for m, k, n, times in shapes:
        a, b, out = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
        work.append((partial(torch.mm, a, b, out=out), round(times)))

    def run() -> int:
        for multiply, times in work:
            for _ in range(times):
                multiply()
        return frames

    return run


def lstm_pair(hidden: int, n_states: int):
    product = build_model("lstm", n_states, {"embedding": EMBEDDING, "hidden": hidden})
    plain = PlainLSTM(n_states, EMBEDDING, hidden)
    plain.load_state_dict(product.state_dict())
    return product, plain


def transformer_pair(size: str, n_states: int, context: int = CONTEXT):
    layers, width, heads, feed_forward = TRANSFORMERS[size]
    options = {
        "layers": layers,
        "width": width,
        "heads": heads,
        "feed_forward": feed_forward,
        "context": context,
    }
    return build_model("transformer", n_states, options), PlainTransformer(n_states, **options)


def tokens_of(n_states: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(n_states, size=shape))


def generating(model, n_states: int, walkers: int, frames: int, prompt: int) -> Callable[[], int]:
    """The product's generation from a state that has read its prompt."""
    prompts = tokens_of(n_states, walkers, prompt)
    with torch.inference_mode():
        state = model.initial_state(prompts)
    tokens = prompts[:, -1].clone()
    out = np.empty((frames, walkers), np.int16)

    def run() -> int:
        with torch.inference_mode():
            model.generate(tokens, state, Stream(1, 0, 0), out)
        return out.size

    return run


def generating_plain(model, n_states, walkers, frames, prompt) -> Callable[[], int]:
    prompts = tokens_of(n_states, walkers, prompt)
    return lambda: model.generate(prompts, frames).numel()


def training(product, plain, windows: torch.Tensor, steps: int) -> dict[str, Callable[[], int]]:
    parts = [Part(1.0, windows[:, :-1], windows[:, 1:])]
    ours = make_optimiser(product, SETTINGS)
    theirs = torch.optim.AdamW(plain.parameters(), SETTINGS.learning_rate)
    frames = steps * windows[:, 1:].numel()

    def run(step: Callable, model, optimiser, batch, *more) -> int:
        for _ in range(steps):
            step(model, optimiser, batch, *more)
        return frames

    return {
        "product": partial(run, training_step, product, ours, parts, SETTINGS.gradient_norm),
        "plain": partial(run, plain_step, plain, theirs, windows),
    }


def rows_of_lstm() -> list[dict]:
    rows = []
    for hidden in (64, 256):
        for n_states in (4, 100, 1000):
            product, plain = lstm_pair(hidden, n_states)
            small = hidden == 64
            step = [(WALKERS, hidden, 4 * hidden, 20), (WALKERS, hidden, n_states, 20)]
            measured = take_turns(
                {
                    "product": generating(product, n_states, WALKERS, 400 if small else 40, 2),
                    "plain": generating_plain(plain, n_states, WALKERS, 50 if small else 20, 2),
                    "roofline": products(step, 20 * WALKERS),
                },
                7,
            )
            name = f"LSTM {hidden}, {n_states} states"
            rows.append({"task": "generation", "model": name, **measured})
            n = BATCH * WINDOW
            step = [
                (BATCH, hidden, 4 * hidden, WINDOW),
                (BATCH, 4 * hidden, hidden, WINDOW),
                (4 * hidden, n, hidden, 1),
                (n, hidden, n_states, 1),
                (n, n_states, hidden, 1),
                (n_states, n, hidden, 1),
            ]
            steps = 10 if small else 2
            windows = tokens_of(n_states, BATCH, WINDOW + 1)
            functions = training(product, plain, windows, steps)
            measured = take_turns(functions | {"roofline": products(step, n)}, 7)
            rows.append({"task": "training", "model": name, **measured})
    return rows


def rows_of_transformer() -> list[dict]:
    rows = []
    walkers, batch, n_states = 64, 16, 100
    for size, (layers, width, _, feed_forward) in TRANSFORMERS.items():
        product, plain = transformer_pair(size, n_states)

        def linear(m, times, layers=layers, width=width, feed_forward=feed_forward):
            shapes = [(width, 3 * width), (width, width), (width, feed_forward)]
            shapes.append((feed_forward, width))
            return [(m, *s, layers * times) for s in shapes] + [(m, width, n_states, times)]

        measured = take_turns(
            {
                "product": generating(product, n_states, walkers, 16, CONTEXT),
                "plain": generating_plain(plain, n_states, walkers, 1, CONTEXT),
                "roofline": products(linear(walkers, 8), 8 * walkers),
            },
            3,
        )
        name = f"Transformer {layers} layers, d = {width}"
        rows.append({"task": "generation", "model": name, **measured})
        windows = tokens_of(n_states, batch, CONTEXT + 1)
        functions = training(product, plain, windows, 1)
        # Forward once, backward twice.
        functions["roofline"] = products(linear(batch * CONTEXT, 3), batch * CONTEXT)
        rows.append({"task": "training", "model": name, **take_turns(functions, 5)})
    return rows


def replicates() -> dict:
    """Five LSTMs, batch 50, window 64, 100 states: in turn and together.

    Steps of training, frames a second, and the recurrent products alone, floating-point
    operations a second.
    """
    batch, window, n_states = 50, 64, 100
    windows = tokens_of(n_states, REPLICATES, batch, window + 1)
    found = {}
    for hidden in (48, 64):
        pairs = [lstm_pair(hidden, n_states) for _ in range(REPLICATES)]
        singles = [training(*p, w, 1) for p, w in zip(pairs, windows, strict=True)]
        together = LSTMsTogether([plain for _, plain in pairs])
        optimiser = torch.optim.AdamW(together.parameters(), SETTINGS.learning_rate)

        def in_turn(name, singles=singles) -> int:
            return sum(single[name]() for single in singles)

        def at_once(together=together, optimiser=optimiser) -> int:
            together.step(optimiser, windows)
            return windows[..., 1:].numel()

        a, b = torch.randn(REPLICATES, batch, hidden), torch.randn(REPLICATES, hidden, 4 * hidden)
        out = torch.empty(REPLICATES, batch, 4 * hidden)

        def products_in_turn(a=a, b=b, out=out) -> int:
            a, b, out = a.numpy(), b.numpy(), out.numpy()
            for _ in range(100):
                for left, right, product in zip(a, b, out, strict=True):
                    np.dot(left, right, product)
            return 200 * a.size * b.shape[2]

        def products_at_once(a=a, b=b, out=out) -> int:
            for _ in range(100):
                torch.bmm(a, b, out=out)
            return 200 * a.numel() * b.shape[2]

        found[f"LSTM {hidden}"] = take_turns(
            {
                "product, in turn": partial(in_turn, "product"),
                "plain, in turn": partial(in_turn, "plain"),
                "together": at_once,
                "products in turn": products_in_turn,
                "products together": products_at_once,
            },
            7,
        )
    return found


def walkers_curve() -> dict:
    """Generation of the LSTM (64, 100 states) by walkers: product and plain."""
    product, plain = lstm_pair(64, 100)
    curve = {"walkers": [1, 8, 64, 512, 4096], "product": [], "plain": []}
    for walkers in curve["walkers"]:
        frames = max(20, min(2000, 100_000 // walkers))
        functions = {
            "product": generating(product, 100, walkers, frames, 2),
            "plain": generating_plain(plain, 100, walkers, max(10, min(200, frames // 10)), 2),
        }
        for name, rate in take_turns(functions, 3).items():
            curve[name].append(rate["median"])
    return curve


def seconds_of(function: Callable[[], int], repeats: int = 3) -> float:
    function()
    best = []
    for _ in range(repeats):
        started = time.process_time()
        function()
        best.append(time.process_time() - started)
    return float(np.median(best))


def cost_curves() -> dict:
    """CPU seconds by size, and the slope of the last points on double-logarithmic axes."""
    lstm = partial(lstm_pair, 64)
    curves = {}
    sizes = [250, 500, 1000, 2000, 4000]
    product, _ = lstm(100)
    curves["LSTM generation by frames"] = (
        sizes,
        [seconds_of(generating(product, 100, 64, n, 2)) for n in sizes],
    )
    sizes = [4, 16, 64, 256, 1024]
    curves["LSTM generation by states"] = (
        sizes,
        [seconds_of(generating(lstm(v)[0], v, 128, 300, 2)) for v in sizes],
    )
    curves["LSTM training by states"] = (
        sizes,
        [
            seconds_of(training(*lstm(v), tokens_of(v, BATCH, WINDOW + 1), 3)["product"])
            for v in sizes
        ],
    )
    sizes = [16, 32, 64, 128, 256]
    curves["Transformer generation by context"] = (
        sizes,
        [
            seconds_of(generating(transformer_pair("4x128", 100, n)[0], 100, 32, 8, n))
            for n in sizes
        ],
    )
    sizes = [64, 128, 256, 512, 1024]
    curves["LSTM generation by walkers"] = (
        sizes,
        [seconds_of(generating(product, 100, n, 200, 2)) for n in sizes],
    )
    return {
        name: {
            "size": x,
            "seconds": y,
            "slope": float(np.polyfit(np.log(x[-3:]), np.log(y[-3:]), 1)[0]),
        }
        for name, (x, y) in curves.items()
    }


def loss_curves() -> dict:
    """The same data, weights and batches for product and plain: final training losses."""
    rng = np.random.default_rng(3)
    walk = np.clip(np.cumsum(rng.integers(-1, 2, size=(400, 1000)), axis=1) % 20, 0, 19)
    found = {"LSTM 64": [], "Transformer 4 layers, d = 128": []}
    for seed in (1, 2, 3):
        for name in found:
            torch.manual_seed(seed)
            if name.startswith("LSTM"):
                product, plain = lstm_pair(64, 20)
                steps, batch = 150, BATCH
            else:
                product, plain = transformer_pair("4x128", 20)
                copy_weights(product, plain)
                steps, batch = 25, 8
            ours = make_optimiser(product, SETTINGS)
            theirs = torch.optim.AdamW(plain.parameters(), SETTINGS.learning_rate)
            batches = np.random.default_rng(seed)
            losses = []
            for _ in range(steps):
                rows, first = batches.integers(400, size=batch), batches.integers(800, size=batch)
                windows = torch.from_numpy(walk[rows[:, None], first[:, None] + np.arange(101)])
                parts = [Part(1.0, windows[:, :-1], windows[:, 1:])]
                a = training_step(product, ours, parts, SETTINGS.gradient_norm)
                losses.append((a, plain_step(plain, theirs, windows)))
            found[name].append(np.mean(losses[-10:], axis=0).tolist())
    return found


def copy_weights(product, plain) -> None:
    """Of a Transformer; the product holds query, key and value in one matrix."""
    weights = {}
    for name, value in product.state_dict().items():
        if "query_key_value" in name:
            for part, rows in zip(("query", "key", "value"), value.chunk(3), strict=True):
                weights[name.replace("query_key_value", part)] = rows
        else:
            weights[name] = value
    plain.load_state_dict(weights)


def cache_error() -> float:
    """Largest difference of logits, cached generation against the full pass, 8 layers."""
    product, _ = transformer_pair("8x256", 100)
    tokens = tokens_of(100, 4, CONTEXT)
    with torch.inference_mode():
        logits, _ = product.step(tokens[:, -1], product.initial_state(tokens))
        return float((logits - product.logits(tokens)[:, -1]).abs().max())


def main() -> None:
    """Everything, in less than eight minutes."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    started = time.monotonic()
    one = lstm_pair(64, 100)[1]
    results = {
        "machine": provenance(),
        "rows": rows_of_lstm() + rows_of_transformer(),
        "one_walker": take_turns({"plain": generating_plain(one, 100, 1, 500, 2)}, 3)["plain"],
        "replicates": replicates(),
        "walkers": walkers_curve(),
        "curves": cost_curves(),
        "losses": loss_curves(),
        "cache_error": cache_error(),
        "memory": json.loads(
            subprocess.run(
                [sys.executable, HERE / "memory.py"], capture_output=True, text=True, check=True
            ).stdout
        ),
    }
    for row in results["rows"]:
        row["over_plain"] = ratio(row["product"], row["plain"])
        row["share_of_roofline"] = ratio(row["product"], row["roofline"])
    results["seconds"] = time.monotonic() - started
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    results["cpu_seconds"] = time.process_time() + children.ru_utime + children.ru_stime
    (HERE / "results.json").write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    write_report(results, HERE)


if __name__ == "__main__":
    main()

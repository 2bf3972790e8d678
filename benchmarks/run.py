"""Measure the product's own training and generation beside plain PyTorch and the roofline.

Writes benchmarks/results.json and benchmarks/README.md. One thread; A and B take turns.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from curves import cost_curves, walkers_curve
from pairs import (
    BATCH,
    CONTEXT,
    EMBEDDING,
    REPLICATES,
    SETTINGS,
    TRANSFORMERS,
    WALKERS,
    WINDOW,
    copy_weights,
    generating,
    generating_cached,
    generating_in_float32,
    generating_plain,
    in_float32,
    lstm_pair,
    tokens_of,
    training,
    transformer_pair,
)
from plain import LSTMsTogether
from plain import training_step as plain_step
from timing import ratio, rooflines, take_turns

from raremd.io.provenance import provenance
from raremd.learning.training import Part, make_optimiser, training_step
from report import write_report

HERE = Path(__file__).parent


def rows_of_lstm() -> list[dict]:
    rows = []
    sizes = [(h, v, EMBEDDING) for h in (64, 256) for v in (4, 100, 1000)]
    for hidden, n_states, embedding in [*sizes, (128, 100, EMBEDDING), (1024, 20, 128)]:
        product, plain = lstm_pair(hidden, n_states, embedding)
        small, repeats = hidden <= 128, 7 if hidden <= 256 else 3
        step = [(WALKERS, hidden, 4 * hidden, 20), (WALKERS, hidden, n_states, 20)]
        measured = take_turns(
            {
                "product": generating(product, n_states, WALKERS, 400 if small else 40, 2),
                "plain": generating_plain(plain, n_states, WALKERS, 50 if small else 20, 2),
                **rooflines(step, 20 * WALKERS),
            },
            repeats,
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
        steps = 10 if small else 1
        windows = tokens_of(n_states, BATCH, WINDOW + 1)
        functions = training(product, plain, windows, steps)
        measured = take_turns(functions | rooflines(step, n), repeats)
        rows.append({"task": "training", "model": name, **measured})
    return rows


def rows_of_transformer() -> list[dict]:
    rows = []
    walkers, n_states = 64, 100
    for size, (layers, width, _, feed_forward) in TRANSFORMERS.items():
        # The smallest is trained as the study does.
        batch, window = (50, 64) if width == 32 else (16, CONTEXT)
        product, plain = transformer_pair(size, n_states)

        def linear(m, times, layers=layers, width=width, feed_forward=feed_forward):
            shapes = [(width, 3 * width), (width, width), (width, feed_forward)]
            shapes.append((feed_forward, width))
            return [(m, *s, layers * times) for s in shapes] + [(m, width, n_states, times)]

        measured = take_turns(
            {
                "product": generating(product, n_states, walkers, 16, CONTEXT),
                "float32": generating_in_float32(product, n_states, walkers, 4, CONTEXT),
                "plain": generating_plain(plain, n_states, walkers, 1, CONTEXT),
                "peers": generating_plain(plain, n_states, 1, 2, CONTEXT),
                "cached": generating_cached(plain, n_states, walkers, 8, CONTEXT),
                **rooflines(linear(walkers, 8), 8 * walkers),
            },
            3,
        )
        measured["over_float32"] = ratio(measured["product"], measured["float32"])
        name = f"Transformer {layers} layers, d = {width}"
        rows.append({"task": "generation", "model": name, **measured})
        product, plain = transformer_pair(size, n_states, window)
        windows = tokens_of(n_states, batch, window + 1)
        functions = training(product, plain, windows, 5 if width == 32 else 1)
        # Forward once, backward twice.
        functions |= rooflines(linear(batch * window, 3), batch * window)
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


def cache_error() -> float:
    """Largest difference of logits, cached generation against the full pass, 8 layers, float32."""
    product, _ = transformer_pair("8x256", 100)
    tokens = tokens_of(100, 4, CONTEXT)
    with torch.inference_mode(), in_float32():
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
        "machine": asdict(provenance()),
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
        row["share_of_bfloat16"] = ratio(row["product"], row["bfloat16"])
    results["seconds"] = time.monotonic() - started
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    results["cpu_seconds"] = time.process_time() + children.ru_utime + children.ru_stime
    (HERE / "results.json").write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    write_report(results, HERE)


if __name__ == "__main__":
    main()

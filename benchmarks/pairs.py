"""The product's networks beside plain ones, as functions that train or generate some frames."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from unittest import mock

import numpy as np
import torch
from plain import PlainLSTM, PlainTransformer
from plain import training_step as plain_step

from raremd.learning.training import Part, TrainingSettings, make_optimiser, training_step
from raremd.models import build_model
from raremd.models.base import Stream
from raremd.models.kernels import transformer

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


def lstm_pair(hidden: int, n_states: int, embedding: int = EMBEDDING):
    product = build_model("lstm", n_states, {"embedding": embedding, "hidden": hidden})
    plain = PlainLSTM(n_states, embedding, hidden)
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


def in_float32() -> AbstractContextManager[object]:
    """The product as it is where the processor is not fast at bfloat16."""
    return mock.patch.object(transformer, "fast_bfloat16", return_value=False)


def generating_in_float32(model, n_states, walkers, frames, prompt) -> Callable[[], int]:
    with in_float32():
        return generating(model, n_states, walkers, frames, prompt)


def generating_plain(model, n_states, walkers, frames, prompt) -> Callable[[], int]:
    prompts = tokens_of(n_states, walkers, prompt)
    return lambda: model.generate(prompts, frames).numel()


def generating_cached(model, n_states, walkers, frames, prompt) -> Callable[[], int]:
    """Plain PyTorch with a cache that has read its prompt."""
    prompts = tokens_of(n_states, walkers, prompt)
    cache = model.cache(prompts)
    return lambda: model.generate_cached(prompts[:, -1], cache, frames).numel()


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

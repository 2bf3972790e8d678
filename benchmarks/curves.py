"""How cost grows with walkers, frames, states, context, window and batch."""

from __future__ import annotations

from functools import partial

import numpy as np
from pairs import (
    BATCH,
    WINDOW,
    generating,
    generating_plain,
    lstm_pair,
    tokens_of,
    training,
    transformer_pair,
)
from timing import seconds_of, take_turns


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
    for name, pair in (
        ("LSTM 64", lambda: lstm(100)),
        ("Transformer 2 layers, d = 32", lambda: transformer_pair("2x32", 100, 64)),
    ):
        sizes = [64, 128, 256, 512]
        # The same number of tokens: level if a token's cost does not depend on the window.
        curves[f"{name} training by window, tokens fixed"] = (
            sizes,
            [
                seconds_of(training(*pair(), tokens_of(100, 25_600 // n, n + 1), 3)["product"])
                for n in sizes
            ],
        )
        sizes = [16, 32, 64, 128, 256]
        curves[f"{name} training by batch"] = (
            sizes,
            [seconds_of(training(*pair(), tokens_of(100, n, 65), 3)["product"]) for n in sizes],
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

"""Rates of functions that take turns, and the matrix products that bound them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch


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


def rooflines(shapes: list[tuple[int, int, int, float]], frames: int) -> dict:
    """`products` in both precisions."""
    return {
        "roofline": products(shapes, frames, torch.float32),
        "bfloat16": products(shapes, frames, torch.bfloat16),
    }


def products(
    shapes: list[tuple[int, int, int, float]], frames: int, dtype: torch.dtype
) -> Callable[[], int]:
    """Matrix products (m, k, n, how many times) that cannot be avoided for so many frames."""
    work = []
    for m, k, n, times in shapes:
        a, b, out = (torch.randn(*s).to(dtype) for s in ((m, k), (k, n), (m, n)))
        work.append((partial(torch.mm, a, b, out=out), round(times)))

    def run() -> int:
        for multiply, times in work:
            for _ in range(times):
                multiply()
        return frames

    return run


def seconds_of(function: Callable[[], int], repeats: int = 3) -> float:
    function()
    best = []
    for _ in range(repeats):
        started = time.process_time()
        function()
        best.append(time.process_time() - started)
    return float(np.median(best))

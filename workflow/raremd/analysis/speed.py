"""How fast models train and generate on this machine: short timings, before a study is run."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import torch

from raremd.learning.training import Part, TrainingSettings, make_optimiser, training_step
from raremd.learning.windows import Windows
from raremd.models import build_model
from raremd.models.base import Stream
from raremd.study.plans import ModelPlan

PROBE_STEPS = 2
PROBE_FRAMES = 24
REPEATS = 10
"""Times that each random history is seen at least."""
HEAVIEST = "raremd.learning.train_and_generate, raremd.analysis.cell_kinetics, matplotlib.figure"
"""What jobs import."""


@dataclass(frozen=True)
class Rates:
    """Measured speed of one model, in frames a second on one core."""

    training: float
    generation: float


def probe(plan: ModelPlan, n_states: int, walkers: int) -> Rates:
    """Core time of a few steps of training and of generation, with random states."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    how = TrainingSettings(**vars(plan.budget))
    model = build_model(plan.kind, n_states, plan.settings)
    n = max(how.batch, walkers) + how.window
    # The same few again and again: priors take no notice of a history that is seen too rarely.
    states = np.resize(rng.integers(n_states, size=-(-n // REPEATS), dtype=np.int16), n)
    model.prepare([states])
    windows = Windows.of([model.encode(states)], how.window)
    rate = np.inf
    if any(p.requires_grad for p in model.parameters()):
        optimiser = make_optimiser(model, how)
        drawn = torch.from_numpy(windows.draw(how.batch, rng))
        batch = [Part(1.0, drawn[:, :-1], drawn[:, 1:])]
        for step in range(PROBE_STEPS + 1):
            if step == 1:  # the first one warms up
                started = _clocks()
            training_step(model, optimiser, batch, how.gradient_norm)
        rate = PROBE_STEPS * how.batch * how.window / _core_seconds_since(started)
    prompt = torch.from_numpy(windows.draw(walkers, rng)[:, :-1])
    with torch.inference_mode():
        state, tokens = model.initial_state(prompt), prompt[:, -1].clone()
        out = np.empty((PROBE_FRAMES, walkers), np.int16)
        tokens, state = model.generate(tokens, state, Stream(0, 0, 0), out[:1])  # warms up
        started = _clocks()
        model.generate(tokens, state, Stream(0, 0, 1), out)
    return Rates(rate, PROBE_FRAMES * walkers / _core_seconds_since(started))


def _clocks() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def _core_seconds_since(started: tuple[float, float]) -> float:
    """Core time, or the time that went by: under a limit of core time Linux counts whole ticks."""
    core, all_time = (now - then for now, then in zip(_clocks(), started, strict=True))
    return core or all_time


def job_start() -> float:
    """Core seconds until a job on this machine has loaded what it needs."""
    import resource  # not on Windows

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", f"import {HEAVIEST}"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

"""Long trajectories from a trained model, many walkers at once."""

from __future__ import annotations

import logging
import time

import numpy as np
import torch

from raremd.learning.windows import Windows
from raremd.models import SequenceModel
from raremd.models.base import Stream

log = logging.getLogger(__name__)

LOG_SECONDS = 5.0
WALKERS_AT_ONCE = 256
FRAMES_AT_ONCE = 256


def draw_prompts(training: Windows, n_walkers: int, rng: np.random.Generator) -> np.ndarray:
    """Windows of the training data that walkers start from, (n_walkers, length) int64."""
    return training.draw(n_walkers, rng)[:, :-1]


def generate(
    model: SequenceModel, prompts: np.ndarray, n_frames: int, seed: int, label: str = ""
) -> np.ndarray:
    """Continue each prompt.

    Parameters
    ----------
    model : SequenceModel
    prompts : (n_walkers, length) int64
        Read by the model, not part of what is returned.
    n_frames : int
        Frames to generate for each walker.
    seed : int
        With the walker's number and the frame's it decides each random number, so
        that the result does not depend on how walkers are batched.
    label : str
        Names this generation in the log.

    Returns
    -------
    (n_walkers, n_frames) int16
    """
    out = np.empty((len(prompts), n_frames), np.int16)
    started = spoken = time.monotonic()
    device = next(iter(model.state_dict().values())).device
    with torch.inference_mode():
        for first in range(0, len(prompts), WALKERS_AT_ONCE):
            prompt = torch.from_numpy(prompts[first : first + WALKERS_AT_ONCE]).to(device)
            state = model.initial_state(prompt)
            tokens = prompt[:, -1].clone()
            for frame in range(0, n_frames, FRAMES_AT_ONCE):
                chunk = np.empty((min(FRAMES_AT_ONCE, n_frames - frame), len(prompt)), np.int16)
                stream = Stream(seed, first, frame)
                tokens, state = model.generate(tokens, state, stream, chunk)
                out[first : first + len(prompt), frame : frame + len(chunk)] = chunk.T
                if time.monotonic() - spoken > LOG_SECONDS:
                    spoken = time.monotonic()
                    frames = first * n_frames + (frame + len(chunk)) * len(prompt)
                    done = frames / (len(prompts) * n_frames)
                    left = (spoken - started) * (1 - done) / done
                    log.info("%s %.0f %% generated, %.0f s left", label, 100 * done, left)
    return out

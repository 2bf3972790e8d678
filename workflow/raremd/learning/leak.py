"""What a model predicts on held-out windows: its leak and the timescale that follows from it.

See `raremd.kinetics.leak` for what these numbers mean. Nothing is generated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from raremd.kinetics import leak
from raremd.kinetics.timescales import estimate, slow_split, timescales
from raremd.models import SequenceModel

WINDOWS_AT_ONCE = 256


@dataclass(frozen=True)
class HeldOut:
    """A model's one-step predictions over held-out contexts.

    Attributes
    ----------
    expected : (n_states, n_states) float64
        Expected counts: probabilities summed by state.
    leak : float
        Mean probability on jumps that the training data never show.
    timescales : (n,) float64
        Of the expected one-step matrix, in frames, slowest first, estimated as those of the data.
    loss : float
        Mean cross-entropy in nats a frame.
    loss_after_crossing : float
        The same over frames just after a crossing of the slowest process; NaN without any.
    frames_after_crossing : int
        How many these are.
    """

    expected: np.ndarray
    leak: float
    timescales: np.ndarray
    loss: float
    loss_after_crossing: float
    frames_after_crossing: int


def after_crossing(windows: np.ndarray, sides: np.ndarray, recent: int) -> np.ndarray:
    """Frames that follow a crossing by less than `recent` frames, the first one included.

    Parameters
    ----------
    windows : (n, length) int array
        States.
    sides : (n_states,) int array
        -1, 0 or 1, from `raremd.kinetics.timescales.slow_split`. A crossing is a change of the
        last non-zero side within a window.
    recent : int
        At least 1.

    Returns
    -------
    (n, length) bool
    """
    side, frame = sides[windows], np.arange(windows.shape[1])
    at = np.maximum.accumulate(np.where(side != 0, frame, -1), axis=1)
    last = np.where(at >= 0, np.take_along_axis(side, np.maximum(at, 0), axis=1), 0)
    crossed = np.zeros(windows.shape, bool)
    crossed[:, 1:] = (last[:, 1:] != last[:, :-1]) & (last[:, :-1] != 0)
    latest = np.maximum.accumulate(np.where(crossed, frame, -recent), axis=1)
    return frame - latest < recent


def read_held_out(
    model: SequenceModel,
    windows: np.ndarray,
    counts: np.ndarray,
    n_timescales: int,
    warm_up: int,
    recent: int,
) -> HeldOut:
    """Let a model predict each next frame of held-out windows.

    Parameters
    ----------
    model : SequenceModel
        Trained.
    windows : (n, length) int64
        States of frames that the model was not trained on.
    counts : (n_states, n_states) array
        One-step counts of the training data; they define what is unseen, and the slowest process.
    n_timescales : int
    warm_up : int
        Frames of each window that are read first and not predicted from, below length - 1.
    recent : int
        Frames that count as just after a crossing, see `after_crossing`.

    Returns
    -------
    HeldOut

    Raises
    ------
    ValueError
        If windows are too short for anything to be predicted.
    """
    if windows.shape[1] < warm_up + 2:
        raise ValueError(
            f"warm_up: {warm_up} frames leave nothing to predict in windows of {windows.shape[1]}"
        )
    expected = np.zeros(counts.shape)
    losses = np.empty((len(windows), windows.shape[1] - 1 - warm_up))
    device = next(iter(model.state_dict().values())).device
    with torch.inference_mode():
        for first in range(0, len(windows), WINDOWS_AT_ONCE):
            rows = slice(first, first + WINDOWS_AT_ONCE)
            batch = torch.from_numpy(windows[rows]).to(device)
            state = model.initial_state(batch[:, : warm_up + 1])
            for number, frame in enumerate(range(warm_up, windows.shape[1] - 1)):
                logits, state = model.step(batch[:, frame], state)
                log_chance = logits.double().log_softmax(dim=1).cpu().numpy()
                now, then = windows[rows, frame], windows[rows, frame + 1]
                expected += leak.expected_counts(now, np.exp(log_chance), len(counts))
                losses[rows, number] = -log_chance[np.arange(len(now)), then]
    sides = slow_split(estimate(counts))
    rare = losses[after_crossing(windows, sides, recent)[:, warm_up:-1]]
    chain = estimate(expected)
    return HeldOut(
        expected=expected,
        leak=leak.leak(expected, counts),
        timescales=timescales(chain.transition_matrix, 1, n_timescales, chain.stationary),
        loss=float(losses.mean()),
        loss_after_crossing=float(rare.mean()) if rare.size else np.nan,
        frames_after_crossing=rare.size,
    )

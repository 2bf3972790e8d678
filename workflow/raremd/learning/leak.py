"""What a model predicts on held-out windows: its leak and the timescale that follows from it.

See `raremd.kinetics.leak` for what these numbers mean. Nothing is generated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from raremd.kinetics import leak
from raremd.kinetics.timescales import count_matrix, estimate, slow_split, timescales
from raremd.learning.windows import Windows
from raremd.models import SequenceModel
from raremd.models.base import checked_step, device_of, refuse_nan

WINDOWS_AT_ONCE = 256
RECENT = 10
"""Frames that count as just after a crossing."""


@dataclass(frozen=True)
class HeldOutWindows:
    """Windows that a model was not trained on, and what its training data say of their states.

    Attributes
    ----------
    windows : (n, length) int64
        States.
    counts : (n_states, n_states) array
        One-step counts of the training data; they define what is unseen.
    sides : (n_states,) int8
        Of the slowest process, from `raremd.kinetics.timescales.slow_split`.
    warm_up : int
        Frames of each window that are read first and not predicted from.
    recent : int
        Frames that count as just after a crossing, see `after_crossing`.

    Raises
    ------
    ValueError
        If windows are too short for anything to be predicted.
    """

    windows: np.ndarray
    counts: np.ndarray
    sides: np.ndarray
    warm_up: int
    recent: int = RECENT

    def __post_init__(self) -> None:
        if self.windows.shape[1] < self.warm_up + 2:
            raise ValueError(
                f"warm_up: {self.warm_up} frames leave nothing to predict in windows of "
                f"{self.windows.shape[1]}"
            )

    @classmethod
    def of(cls, training: Windows, validation: Windows, n_states: int, n: int) -> HeldOutWindows:
        """At most `n` windows spread evenly; the first half of each is only read."""
        counts = count_matrix(training.trajectories(), n_states, 1)
        sides = slow_split(estimate(counts))
        return cls(validation.spread(n), counts, sides, (validation.length - 1) // 2)


@dataclass(frozen=True)
class HeldOut:
    """A model's one-step predictions over held-out contexts.

    Attributes
    ----------
    expected : (n_states, n_states) float64
        Expected counts: probabilities summed by state.
    leak : float
        Mean probability on jumps that the training data never show.
    timescale : float
        Slowest of the expected one-step matrix, in frames, estimated as that of the data; NaN
        where there is none.
    loss : float
        Mean cross-entropy in nats a frame.
    loss_after_crossing : float
        The same over frames just after a crossing of the slowest process; NaN without any.
    frames_after_crossing : int
        How many these are.
    """

    expected: np.ndarray
    leak: float
    timescale: float
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


def read_held_out(model: SequenceModel, held_out: HeldOutWindows) -> HeldOut:
    """Let a trained model whose tokens are states predict each next frame of held-out windows."""
    model.eval()
    windows, warm_up, n_states = held_out.windows, held_out.warm_up, len(held_out.counts)
    expected = np.zeros((n_states, n_states))
    losses = np.empty((len(windows), windows.shape[1] - 1 - warm_up))
    device = device_of(model)
    with torch.inference_mode():
        for first in range(0, len(windows), WINDOWS_AT_ONCE):
            rows = slice(first, first + WINDOWS_AT_ONCE)
            batch = torch.from_numpy(windows[rows]).to(device)
            state = model.initial_state(batch[:, : warm_up + 1])
            for number, frame in enumerate(range(warm_up, windows.shape[1] - 1)):
                logits, state = checked_step(model, batch[:, frame], state)
                log_chance = logits.double().log_softmax(dim=1).cpu().numpy()
                refuse_nan(model, log_chance, "held-out frames")
                now, then = windows[rows, frame], windows[rows, frame + 1]
                expected += leak.expected_counts(now, np.exp(log_chance), n_states)
                losses[rows, number] = -log_chance[np.arange(len(now)), then]
    recent = after_crossing(windows, held_out.sides, held_out.recent)[:, warm_up:-1]
    rare = losses[recent]
    return HeldOut(
        expected=expected,
        leak=leak.leak(expected, held_out.counts),
        timescale=_slowest(expected),
        loss=float(losses.mean()),
        loss_after_crossing=float(rare.mean()) if rare.size else np.nan,
        frames_after_crossing=rare.size,
    )


def _slowest(expected: np.ndarray) -> float:
    try:
        chain = estimate(expected)
    except (ValueError, np.linalg.LinAlgError):  # what an untrained model expects may be anything
        return np.nan
    return float(timescales(chain.transition_matrix, 1, 1, chain.stationary)[0])

"""The one interface of sequence models, and how one is built from its options."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from raremd.models.kernels.sampling import sample_states
from raremd.study.settings.models import kind_of_model, read_model_settings


class Stream(NamedTuple):
    """A place in the counter-based random stream of generation."""

    seed: int
    walker: int
    frame: int


@dataclass(frozen=True)
class Precision:
    """What matrix products take: "float32" or "bfloat16"; they add up in float32 in any case."""

    training: str = "float32"
    generation: str = "float32"


class SequenceModel(torch.nn.Module):
    """Predicts the next state of a discrete trajectory from the states before.

    A model is one file in this package, a subclass, and an entry in
    `raremd.study.settings.models`. Tokens are states, counted from 0, unless
    `encode` says otherwise.

    Parameters
    ----------
    n_states : int
        Vocabulary size V.
    settings : Section
        The model's own options.
    """

    def __init__(self, n_states: int, settings: Any) -> None:
        super().__init__()
        self.n_states = n_states
        self.settings = settings

    def prepare(self, trajectories: list[np.ndarray]) -> None:
        """Estimate what has a closed form from the training trajectories; by default nothing.

        Parameters
        ----------
        trajectories : list of (n_frames,) int16
            Discrete training trajectories at the saving interval, never joined.
        """

    @property
    def precision(self) -> Precision:
        """On this machine, on the device where the model is; by default float32."""
        return Precision()

    @property
    def plain_share(self) -> float:
        """Share of the training budget that comes before `restrict` is called; 0: it is not."""
        return 0.0

    def restrict(self, trajectories: list[np.ndarray]) -> None:
        """Change what the model may predict after its plain training; by default nothing.

        Parameters
        ----------
        trajectories : list of (n_frames,) int16
            Those of `prepare`.
        """

    def encode(self, trajectory: np.ndarray) -> np.ndarray:
        """What the model reads and is trained on, called after `prepare`; by default the states.

        Parameters
        ----------
        trajectory : (n_frames,) int16
            One discrete trajectory at the saving interval.

        Returns
        -------
        (n_tokens,) int16
            The tokens of the model's own vocabulary; `generate` writes states in any case.
        """
        return trajectory

    def loss(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy of each next token, in nats a frame; by default frame by frame.

        Parameters
        ----------
        inputs, targets : (n_windows, length) int64 tensors
            Tokens, and the token that follows each.

        Returns
        -------
        () float tensor
        """
        state, total = self.initial_state(inputs[:, :1]), torch.zeros(())
        for tokens, nexts in zip(inputs.T, targets.T, strict=True):
            logits, state = self.step(tokens, state)
            total = total + torch.nn.functional.cross_entropy(logits, nexts)
        return total / inputs.shape[1]

    def logits(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits after each token of whole sequences; needed by two-pass training alone.

        Parameters
        ----------
        tokens : (n_windows, length) int64 tensor

        Returns
        -------
        (n_windows, length, V) float tensor
        """
        raise TypeError(f"{type(self).__name__} does not define logits()")

    def calibrate(self, trajectories: list[np.ndarray], seed: int) -> None:
        """Correct the trained model as a whole, by what it generates; by default nothing.

        Parameters
        ----------
        trajectories : list of (n_frames,) int16
            Those of `prepare`.
        seed : int
            Of what is generated.
        """

    def initial_state(self, prompt: torch.Tensor) -> Any:
        """What `step` needs after all but the last token of each prompt were read.

        Parameters
        ----------
        prompt : (n_walkers, length) int64 tensor
        """
        raise TypeError(f"{type(self).__name__} does not define initial_state()")

    def step(self, tokens: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        """Logits of the next state for all walkers at once.

        Parameters
        ----------
        tokens : (n_walkers,) int64 tensor
            The current states.
        state : object
            As returned by `initial_state` or the step before; may be changed in place.

        Returns
        -------
        logits : (n_walkers, V) float tensor
            Valid until the next call.
        state : object
        """
        raise TypeError(f"{type(self).__name__} does not define step()")

    def generate(
        self, tokens: torch.Tensor, state: Any, stream: Stream, out: np.ndarray
    ) -> tuple[torch.Tensor, Any]:
        """Let all walkers go on; a model may do it faster than by one `step` a frame.

        Parameters
        ----------
        tokens, state
            As in `step`; changed in place.
        stream : Stream
            Where in the random stream the first walker and frame are.
        out : (n_frames, n_walkers) int16
            Filled.

        Returns
        -------
        tokens, state
            To go on from.
        """
        drawn = np.empty(len(tokens), np.int64)
        for frame, row in enumerate(out, stream.frame):
            logits, state = self.step(tokens, state)
            sample_states(logits.cpu().numpy(), stream.seed, stream.walker, frame, drawn)
            tokens = torch.from_numpy(drawn).to(tokens.device)
            row[:] = drawn
        return tokens, state


def model_class(kind: str) -> type[SequenceModel]:
    """The class of a kind of model, see `raremd.study.settings.models.KINDS`.

    Raises
    ------
    ConfigError
        If there is no such kind.
    """
    entry = kind_of_model(kind)
    return getattr(importlib.import_module(entry.module), entry.name)


def build_model(kind: str, n_states: int, options: Mapping[str, object]) -> SequenceModel:
    """A fresh model with the given options over the defaults of its kind.

    Raises
    ------
    ConfigError
        If the kind or an option is unknown.
    """
    return model_class(kind)(n_states, read_model_settings(kind, dict(options)))

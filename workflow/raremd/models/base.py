"""The one interface of sequence models, and how one is built from its options."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from raremd.models.kernels.sampling import sample_states
from raremd.study.settings.messages import ConfigError
from raremd.study.settings.models import kind_of_model, read_model_settings


class ModelError(ValueError):
    """A model does not do what `SequenceModel` asks for; the message names class and method."""


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
            logits, state = checked_step(self, tokens, state)
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
            logits, state = checked_step(self, tokens, state)
            chances = logits.cpu().numpy()
            refuse_nan(self, chances, f"generated frame {frame}")
            sample_states(chances, stream.seed, stream.walker, frame, drawn)
            tokens = torch.from_numpy(drawn).to(tokens.device)
            row[:] = drawn
        return tokens, state


def reads_states(model: SequenceModel) -> bool:
    """Whether a model's tokens are states, so that its predictions are a transition matrix."""
    return type(model).encode is SequenceModel.encode


def device_of(model: SequenceModel) -> torch.device:
    """Where a model's weights are; the CPU if it has none."""
    first = next(iter(model.state_dict().values()), None)
    return torch.device("cpu") if first is None else first.device


def checked_step(
    model: SequenceModel, tokens: torch.Tensor, state: Any
) -> tuple[torch.Tensor, Any]:
    """`SequenceModel.step`, and whether it returned what it should.

    Returns
    -------
    logits : (n_walkers, V) tensor
        float32 or float64, whatever the model computes in.
    state : object

    Raises
    ------
    ModelError
        If type or shape are wrong.
    """
    made, name = model.step(tokens, state), f"{type(model).__name__}.step()"
    if not (isinstance(made, tuple) and len(made) == 2 and isinstance(made[0], torch.Tensor)):
        raise ModelError(f"{name} returned {_named(made)}; return a pair of logits and state")
    logits, state = made
    wanted = len(tokens), model.n_states if reads_states(model) else logits.shape[-1]
    if logits.shape != wanted or not logits.dtype.is_floating_point:
        raise ModelError(
            f"{name} returned logits of shape {tuple(logits.shape)} and {logits.dtype}; return one "
            f"row of floats for each walker and one column for each state, here {wanted}"
        )
    return logits if logits.dtype in (torch.float32, torch.float64) else logits.float(), state


def refuse_nan(model: SequenceModel, logits: np.ndarray, where: str) -> None:
    """Refuse logits or their logarithmic softmax, (n_walkers, V), from which nothing can be drawn.

    Raises
    ------
    ModelError
        If the highest of a row is not finite; a state that is impossible may have -inf.
    """
    highest = logits.max(axis=1)
    if not np.isfinite(highest).all():
        value = highest[~np.isfinite(highest)][0]
        raise ModelError(
            f"{type(model).__name__}.step() returned NaN or infinite logits at {where} (the "
            f"highest is {value}); check the weights and what step() divides by"
        )


def _named(made: object) -> str:
    """What something is, for a message."""
    if isinstance(made, tuple):
        return f"({', '.join(map(_named, made))})"
    return "None" if made is None else type(made).__name__


def model_class(kind: str) -> type[SequenceModel]:
    """The class of a kind of model, see `raremd.study.settings.models.KINDS`.

    Raises
    ------
    ConfigError
        If there is no such kind, or its entry names no class.
    ModelError
        If its class lacks a method that another one needs.
    """
    entry = kind_of_model(kind)
    try:
        found: type[SequenceModel] = getattr(importlib.import_module(entry.module), entry.name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"KINDS['{kind}']: '{entry.where}' names no class: {error}") from error
    own_tokens = found.encode is not SequenceModel.encode
    if own_tokens and found.generate is SequenceModel.generate:
        raise ModelError(
            f"{found.__name__} has encode() and no generate(): where tokens are not states, "
            "define a generate() that writes states"
        )
    return found


def build_model(kind: str, n_states: int, options: Mapping[str, object]) -> SequenceModel:
    """A fresh model with the given options over the defaults of its kind.

    Raises
    ------
    ConfigError
        If the kind or an option is unknown.
    """
    return model_class(kind)(n_states, read_model_settings(kind, dict(options)))

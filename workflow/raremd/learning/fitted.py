"""A fitted model and what is known of its fit, in memory and as a safetensors file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError, safe_open

from raremd.data.state_numbers import StateNumbers
from raremd.io.tensors import write_tensors
from raremd.learning.trained import is_far_above
from raremd.models import SequenceModel
from raremd.study.settings.fitting import Fitting
from raremd.study.settings.study import Settings

TOLERANCE: float = Settings.model_fields["tolerance"].default
KEY = "raremd"
"""Of the metadata: JSON of `Header`."""


@dataclass(frozen=True)
class Record:
    """How a fit went; NaN where it is not known.

    Attributes
    ----------
    validation_loss, markov_loss : float
        Of the validation data in nats a frame, and of a Markov model on the same.
    leak : float
    expected_timescale : float
        In frames.
    loss_moved_log2, timescale_moved_log2 : float
        Over the last doubling of tokens, see `last_doubling`.
    """

    validation_loss: float
    markov_loss: float = np.nan
    leak: float = np.nan
    expected_timescale: float = np.nan
    loss_moved_log2: float = np.nan
    timescale_moved_log2: float = np.nan

    @property
    def converged(self) -> bool:
        """Whether the loss came near the Markov model's, and nothing moves any more."""
        still = np.nanmax([abs(self.loss_moved_log2), abs(self.timescale_moved_log2), 0.0])
        known = np.isfinite(self.validation_loss)
        return known and not (
            is_far_above(self.validation_loss, self.markov_loss) or still > TOLERANCE
        )


@dataclass(frozen=True)
class Header:
    """What a file holds beside tensors: kind and options of the estimator, and how its fit went."""

    kind: str
    options: dict[str, Any]
    record: Record
    history: list[dict[str, float]]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model.

    Attributes
    ----------
    model : SequenceModel
        On the CPU.
    states : StateNumbers
        The user's numbers of its states.
    prompts : (n, window) int16
        Tokens that walkers start from.
    history : pandas.DataFrame
        See `training.train`.
    record : Record
    """

    model: SequenceModel
    states: StateNumbers
    prompts: np.ndarray
    history: pd.DataFrame
    record: Record

    def save(self, path: Path, kind: str, options: Fitting) -> None:
        """Write a safetensors file."""
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors["states"] = torch.from_numpy(self.states.labels)
        tensors["prompts"] = torch.from_numpy(self.prompts)
        header = Header(
            kind,
            options.model_dump(exclude_unset=True),
            self.record,
            self.history.to_dict("records"),
        )
        write_tensors(path, tensors, {KEY: json.dumps(asdict(header))})


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file.

    Raises
    ------
    ValueError
        If it cannot be read, naming it.
    """
    try:
        with safe_open(path, "pt") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except FileNotFoundError:
        raise ValueError(f"{path}: there is no such file") from None
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: not a safetensors file, or a damaged one ({error})") from None

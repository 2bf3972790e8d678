"""LSTM trained on filtered trajectories, as Tsai, Kuo and Tiwary (2020) do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raremd.models.base import register
from raremd.models.lstm import LSTM
from raremd.states.recrossing import minimum_dwell


@register("lstm_filtered")
class FilteredLSTM(LSTM):
    """Short visits are removed before training; what it generates is judged by the MD as it is."""

    @dataclass(frozen=True)
    class Settings:
        """Sizes, and frames of the shortest visit that is kept."""

        embedding: int = 32
        hidden: int = 48
        dwell: int = 5
        prior, order, cores, calibration = "none", 1, 0, 0  # no options of this model

    def encode(self, trajectory: np.ndarray) -> np.ndarray:
        return minimum_dwell(trajectory, self.settings.dwell)

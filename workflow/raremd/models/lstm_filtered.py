"""LSTM trained on filtered trajectories, as Tsai, Kuo and Tiwary (2020) do."""

from __future__ import annotations

import numpy as np

from raremd.models.lstm import LSTM
from raremd.states.recrossing import minimum_dwell


class FilteredLSTM(LSTM):
    """Short visits are removed before training; what it generates is judged by the MD as it is."""

    def encode(self, trajectory: np.ndarray) -> np.ndarray:
        return minimum_dwell(trajectory, self.settings.dwell)

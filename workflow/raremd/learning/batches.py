"""What one optimiser step sees: windows, by default drawn evenly and read as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from raremd.learning.windows import Windows
from raremd.models import SequenceModel
from raremd.models.kernels.sampling import sample_states
from raremd.models.priors.contexts import last_cores, metastable_cores


def slow_windows(windows: Windows, n_states: int) -> np.ndarray:
    """Windows in which the walker comes from one of the two most metastable cores to the other.

    Parameters
    ----------
    windows : Windows
    n_states : int

    Returns
    -------
    (n,) int64
        Their numbers, in order.
    """
    trajectories = windows.trajectories()
    core, side = metastable_cores(trajectories, n_states, 2)
    found, first = [], 0
    for trajectory in trajectories:
        last = last_cores(trajectory, core, side)
        arrivals = np.concatenate([[0], np.cumsum(last[1:] != last[:-1])])
        reach = windows.length - 1
        found.append(first + np.flatnonzero(arrivals[reach:] > arrivals[:-reach]))
        first += len(trajectory) - reach
    return np.concatenate(found)


@dataclass(frozen=True)
class Strata:
    """Windows in two strata, each sampled by itself (stratified sampling).

    Attributes
    ----------
    windows : Windows
    rare : (n,) int64
        Numbers of the windows in the rare stratum, in order.
    share : float
        Of a batch that is drawn from it. Where it is natural to draw as many, or where there
        are none, batches are drawn evenly.
    """

    windows: Windows
    rare: np.ndarray
    share: float

    def draw(self, n: int, rng: np.random.Generator) -> list[tuple[float, np.ndarray]]:
        """Parts of a batch of `n` windows: weight, and windows (n_part, length) int64.

        The weighted sum of the parts' mean losses is an unbiased estimate of the mean loss over
        all windows: weights are the strata's shares of the data.
        """
        natural, n_rare = len(self.rare) / len(self.windows), round(self.share * n)
        if not 0 < natural < self.share or not 0 < n_rare < n:
            return [(1.0, self.windows.draw(n, rng))]
        rare = self.rare[rng.integers(len(self.rare), size=n_rare)]
        common = rng.integers(len(self.windows), size=n - n_rare)
        while (wrong := self._is_rare(common)).any():
            common[wrong] = rng.integers(len(self.windows), size=wrong.sum())
        gather, starts = self.windows.gather, self.windows.starts
        return [(natural, gather(starts(rare))), (1 - natural, gather(starts(common)))]

    def _is_rare(self, numbers: np.ndarray) -> np.ndarray:
        at = np.minimum(np.searchsorted(self.rare, numbers), len(self.rare) - 1)
        return self.rare[at] == numbers


def second_pass(
    model: SequenceModel, inputs: torch.Tensor, share: float, rng: np.random.Generator
) -> torch.Tensor:
    """Inputs of which a share is replaced by what the model itself would have drawn there.

    Scheduled sampling (Bengio et al., NeurIPS 2015) in two passes over whole sequences
    (Mihaylova & Martins, ACL 2019): the first pass reads the true tokens.

    Parameters
    ----------
    model : SequenceModel
        With `logits`.
    inputs : (n_windows, length) int64 tensor
    share : float
    rng : numpy.random.Generator

    Returns
    -------
    (n_windows, length) int64 tensor
        The first token of each window is always the true one.
    """
    model.eval()
    with torch.no_grad():
        logits = model.logits(inputs[:, :-1])
    drawn = np.empty(logits.shape[0] * logits.shape[1], np.int64)
    seed = int(rng.integers(2**63))
    sample_states(logits.flatten(0, 1).contiguous().cpu().numpy(), seed, 0, 0, drawn)
    replaced = torch.from_numpy(rng.random(logits.shape[:2]) < share).to(inputs.device)
    own = torch.from_numpy(drawn).view(logits.shape[:2]).to(inputs.device)
    return torch.cat([inputs[:, :1], torch.where(replaced, own, inputs[:, 1:])], dim=1)

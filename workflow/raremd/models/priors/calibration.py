"""A trained model is held to the flows of its training data, by what it generates."""

from __future__ import annotations

import numpy as np
import torch

from raremd.models.base import SequenceModel, checked_step
from raremd.models.kernels.sampling import sample_states
from raremd.models.priors.prior import Prior

WALKERS = 256
FRAMES = 4_000  # most that a walker makes in a round
PROMPT = 64
PSEUDO_COUNTS = 5.0


def counted_flows(prior: Prior, trajectories: list[np.ndarray]) -> torch.Tensor:
    """How often each state follows in each row of the prior, (K, V) float64."""
    n_rows, n_states = prior.fixed.shape
    counts = torch.zeros(n_rows * n_states, dtype=torch.int64)
    for trajectory in trajectories:
        tokens = torch.from_numpy(trajectory.astype(np.int64))
        rows = prior.rows(tokens[None].to(prior.fixed.device))[0].cpu()
        counts += torch.bincount(rows[:-1] * n_states + tokens[1:], minlength=len(counts))
    return counts.view(n_rows, n_states).double()


def generated_flows(
    model: SequenceModel, prior: Prior, prompts: np.ndarray, n_frames: int, seed: int
) -> torch.Tensor:
    """How often each state is expected to follow in each row, along generated trajectories.

    The probabilities are added up, not the states that are drawn: an outcome of 1e-4 a frame is
    then known without waiting for it.

    Parameters
    ----------
    model : SequenceModel
    prior : Prior
        The one that it holds.
    prompts : (n_walkers, length) int64
    n_frames : int
        That each walker makes.
    seed : int

    Returns
    -------
    (K, V) float64 tensor
    """
    found = torch.zeros_like(prior.fixed, dtype=torch.float64)
    read = torch.from_numpy(prompts).to(found.device)
    drawn = np.empty(len(prompts), np.int64)
    with torch.inference_mode():
        state, rows, tokens = model.initial_state(read), prior.first_rows(read), read[:, -1].clone()
        for frame in range(n_frames):
            logits, state = checked_step(model, tokens, state)
            rows = prior.follow[rows, tokens].long()
            found.index_add_(0, rows, logits.double().softmax(1))
            sample_states(logits.cpu().numpy(), seed, 0, frame, drawn)
            tokens = torch.from_numpy(drawn).to(tokens.device)
    return found


def correction(wanted: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
    """Logits to add so that what follows in each row goes from `found` to `wanted`; all (K, V).

    Both are shrunk by `PSEUDO_COUNTS` towards what they have in common: a row that is hardly
    visited is hardly moved, and what neither shows is left alone.
    """
    pooled = wanted + found
    share = pooled / pooled.sum(1, keepdim=True).clamp(min=1e-300)
    logs = [
        ((n + PSEUDO_COUNTS * share) / (n.sum(1, keepdim=True) + PSEUDO_COUNTS)).log()
        for n in (wanted, found)
    ]
    return torch.where(share > 0, logs[0] - logs[1], 0.0)


def match_flows(
    model: SequenceModel, prior: Prior, trajectories: list[np.ndarray], rounds: int, seed: int
) -> None:
    """Shift the prior's table until generated trajectories leave each row as the data do.

    Stochastic approximation (Robbins & Monro, Ann. Math. Stat. 22, 400, 1951): in round k the
    model generates, and `correction` is added with a weight of 2 / (k + 2).

    Parameters
    ----------
    model : SequenceModel
    prior : Prior
        The one that it holds; its table is changed in place.
    trajectories : list of (n_frames,) int arrays
        Training data.
    rounds : int
        None of them, nothing done.
    seed : int
    """
    if not rounds:
        return
    rng = np.random.default_rng(seed)
    wanted = counted_flows(prior, trajectories).to(prior.fixed.device)
    length = min(PROMPT, max(map(len, trajectories)))
    usable = [t for t in trajectories if len(t) >= length]
    share = np.array([len(t) - length + 1 for t in usable], float)
    n_frames = min(max(sum(map(len, trajectories)) // WALKERS, 100), FRAMES)
    for k in range(rounds):
        prompts = np.empty((WALKERS, length), np.int64)
        for prompt in prompts:
            trajectory = usable[rng.choice(len(usable), p=share / share.sum())]
            start = rng.integers(len(trajectory) - length + 1)
            prompt[:] = trajectory[start : start + length]
        found = generated_flows(model, prior, prompts, n_frames, int(rng.integers(2**63)))
        prior.fixed += 2 / (k + 2) * correction(wanted, found)

"""Hidden Markov model (Noe et al., J. Chem. Phys. 139, 184114, 2013), by deeptime."""

from __future__ import annotations

import logging

import numpy as np
import torch
from deeptime.markov import pcca
from deeptime.markov.hmm import HiddenMarkovModel, MaximumLikelihoodHMM

from raremd.kinetics.timescales import count_matrix, estimate
from raremd.models.base import SequenceModel
from raremd.models.priors.contexts import CORE_LAG
from raremd.study.settings.models import HMMSettings

log = logging.getLogger(__name__)

LEAST = 1e-9  # probability of a state that a hidden state never shows


class HMM(SequenceModel):
    """A reversible chain of hidden states, each showing microstates at random.

    The Baum-Welch iteration starts at the metastable states of PCCA+.
    """

    settings: HMMSettings
    transition: torch.Tensor
    emission: torch.Tensor
    start: torch.Tensor

    def __init__(self, n_states: int, settings: HMMSettings) -> None:
        super().__init__(n_states, settings)
        n_hidden = settings.hidden
        self.register_buffer("transition", torch.eye(n_hidden))
        self.register_buffer("emission", torch.full((n_hidden, n_states), 1.0 / n_states))
        self.register_buffer("start", torch.full((n_hidden,), 1.0 / n_hidden))

    def prepare(self, trajectories: list[np.ndarray]) -> None:
        s, v = self.settings, self.n_states
        msm = estimate(count_matrix(trajectories, v, CORE_LAG))
        if not 2 <= s.hidden < len(msm.active):
            raise ValueError(
                f"hmm: {s.hidden} hidden states of {len(msm.active)} connected states; "
                "ask for at least 2, and fewer than there are states"
            )
        memberships = pcca(msm.transition_matrix, s.hidden).memberships
        emission = np.full((s.hidden, v), LEAST)
        emission[:, msm.active] += memberships.T * msm.stationary
        emission /= emission.sum(axis=1, keepdims=True)
        side = np.zeros(v, np.int64)
        side[msm.active] = memberships.argmax(axis=1)
        flow = count_matrix([side[t] for t in trajectories], s.hidden, 1)
        flow = flow + flow.T + 1e-3  # of metastable states that PCCA+ left without members
        initial = HiddenMarkovModel(flow / flow.sum(axis=1, keepdims=True), emission)
        stride = max(1, -(-sum(map(len, trajectories)) // s.frames))
        chosen = [t.astype(np.int32) for t in trajectories[::stride]]
        try:
            estimator = MaximumLikelihoodHMM(initial, lagtime=1, maxit=s.iterations)
            model = estimator.fit(chosen).fetch_model()
        except RuntimeError as error:  # a hidden state has died out
            log.warning("hmm: %s; the model of PCCA+ is kept, ask for fewer hidden states", error)
            model = initial
        emission = model.output_probabilities + LEAST
        self.transition.copy_(torch.from_numpy(model.transition_model.transition_matrix))
        self.emission.copy_(torch.from_numpy(emission / emission.sum(axis=1, keepdims=True)))
        self.start.copy_(torch.from_numpy(model.transition_model.stationary_distribution))

    def initial_state(self, prompt: torch.Tensor) -> torch.Tensor:
        """Probability of each hidden state before the next token is shown, (W, H)."""
        state = self.start.expand(len(prompt), -1).clone()
        for tokens in prompt[:, :-1].T:
            _, state = self.step(tokens, state)
        return state

    def step(self, tokens: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        posterior = state * self.emission.T[tokens]
        posterior = posterior / posterior.sum(dim=1, keepdim=True)
        state = posterior @ self.transition
        return (state @ self.emission).log(), state

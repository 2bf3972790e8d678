"""Models of a user whose predictions are sound on a window, and wrong in training or generation."""

from __future__ import annotations

import torch
from odd_models import Bigram
from torch import nn
from torch.nn import functional


class Embedded(Bigram):
    """The current state decides, through an embedding; sound."""

    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.embedding, self.out = nn.Embedding(n_states, 8), nn.Linear(8, n_states)

    def logits(self, tokens):
        return self.out(self.embedding(tokens))


class AlwaysDrops(Embedded):
    """Drops out in generation too."""

    def logits(self, tokens):
        return self.out(functional.dropout(self.embedding(tokens), 0.3))


class NoisyStep(Bigram):
    """Only `step` is random."""

    def step(self, tokens, state):
        logits = self.logits(tokens)
        return logits + torch.randn_like(logits), state


class ChangesInputs(Bigram):
    """Its loss writes into the windows."""

    def loss(self, inputs, targets):
        inputs[:, ::3] = 0
        return super().loss(inputs, targets)


class CalibratesInPlace(Bigram):
    """Rewrites the trajectories after its training."""

    def calibrate(self, trajectories, seed):
        trajectories[0][:100] = 0


class MixesWalkers(Embedded):
    """Each walker is predicted from all others too."""

    def step(self, tokens, state):
        logits = self.logits(tokens)
        return logits - 0.2 * logits.mean(0, keepdim=True), state


class Recurrent(Embedded):
    """A GRU; sound."""

    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.recurrence = nn.GRU(8, 8, batch_first=True)

    def embedded(self, tokens, first):
        return self.embedding(tokens)

    def logits(self, tokens):
        return self.out(self.recurrence(self.embedded(tokens, 0))[0])

    def initial_state(self, prompt):
        read = prompt[:, :-1]
        hidden = self.recurrence(self.embedded(read, 0))[1] if read.shape[1] else None
        return hidden, read.shape[1]

    def step(self, tokens, state):
        hidden, position = state
        out, hidden = self.recurrence(self.embedded(tokens[:, None], position), hidden)
        return self.out(out[:, 0]), (hidden, position + 1)


class StateOnSelf(Recurrent):
    """Remembers walkers itself, so that two groups of them are confused."""

    def initial_state(self, prompt):
        self.state = super().initial_state(prompt)

    def step(self, tokens, state):
        logits, self.state = super().step(tokens, self.state)
        return logits, None


class Positions(Recurrent):
    """Learns positions, for twice the window."""

    LONGEST = 40

    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.positions = nn.Embedding(self.LONGEST, 8)

    def embedded(self, tokens, first):
        at = torch.arange(first, first + tokens.shape[1])
        return self.embedding(tokens) + self.positions(at)


class LastPositions(Positions):
    """The same, where all later positions are alike; sound."""

    def embedded(self, tokens, first):
        at = torch.arange(first, first + tokens.shape[1]).clamp(max=self.LONGEST - 1)
        return self.embedding(tokens) + self.positions(at)


class CachesPhases(Bigram):
    """Makes a tensor at its first use, which training needs; sound."""

    phases = None

    def logits(self, tokens):
        if self.phases is None:
            self.phases = torch.ones(self.n_states)
        return self.table(tokens) * self.phases


class Lazy(Embedded):
    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.out = nn.LazyLinear(n_states)


class SparseGradients(Embedded):
    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.embedding = nn.Embedding(n_states, 8, sparse=True)


class Complex(Embedded):
    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.phases = nn.Parameter(torch.randn(8, dtype=torch.cfloat))

    def logits(self, tokens):
        return self.out((self.embedding(tokens) * self.phases).real)

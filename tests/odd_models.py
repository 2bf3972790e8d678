"""Models of a user: sound ones with unusual parts, and ones with a mistake each."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from raremd.models.base import SequenceModel


class Bigram(SequenceModel):
    """The current state decides; sound."""

    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.table = nn.Embedding(n_states, n_states)

    def logits(self, tokens):
        return self.table(tokens)

    def loss(self, inputs, targets):
        return functional.cross_entropy(self.logits(inputs).flatten(0, 1), targets.flatten())

    def initial_state(self, prompt):
        return None

    def step(self, tokens, state):
        return self.logits(tokens), state


class Dropping(Bigram):
    """Dropout and batch normalisation: their modes differ, and dropout is random."""

    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.embedding, self.out = nn.Embedding(n_states, 8), nn.Linear(8, n_states)
        self.norm, self.drop = nn.BatchNorm1d(8), nn.Dropout(0.5)

    def logits(self, tokens):
        hidden = self.norm(self.embedding(tokens).flatten(0, -2))
        return self.out(self.drop(hidden)).unflatten(0, tokens.shape)


class Tied(Bigram):
    """Embedding and read-out are the same weights, two biases parts of one tensor; sound."""

    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        del self.table
        self.embedding, self.out = nn.Embedding(n_states, 8), nn.Linear(8, n_states)
        self.out.weight = self.embedding.weight
        both = torch.zeros(2 * n_states)
        self.bias, self.more = nn.Parameter(both[:n_states]), nn.Parameter(both[n_states:])

    def logits(self, tokens):
        return self.out(self.embedding(tokens)) + self.bias + self.more


class InBfloat16(Bigram):
    """Its weights are in bfloat16; sound."""

    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.bfloat16()


class WatchedModes(Bigram):
    """Notes in which mode each method finds it."""

    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.seen: set[tuple[str, bool]] = set()

    def loss(self, inputs, targets):
        self.seen.add(("loss with gradients" if torch.is_grad_enabled() else "loss", self.training))
        return super().loss(inputs, targets)

    def step(self, tokens, state):
        self.seen.add(("step", self.training))
        return super().step(tokens, state)

    def calibrate(self, trajectories, seed):
        self.seen.add(("calibrate", self.training))


class Noisy(Bigram):
    """Its loss draws from torch's global generator."""

    def loss(self, inputs, targets):
        noise = 0.1 * torch.rand(self.n_states)
        logits = self.logits(inputs) + (noise if self.training else 0)
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


class NaNStep(Bigram):
    """NaN from the fourth frame on."""

    def initial_state(self, prompt):
        return 0

    def step(self, tokens, state):
        return self.table(tokens) * (torch.nan if state >= 3 else 1.0), state + 1


class NaNCalibrated(Bigram):
    def calibrate(self, trajectories, seed):
        self.table.weight.data.fill_(torch.nan)


class NaNClosedForm(SequenceModel):
    """Without parameters, and its loss is NaN."""

    def loss(self, inputs, targets):
        return torch.tensor(torch.nan)

    def initial_state(self, prompt):
        return None

    def step(self, tokens, state):
        return torch.zeros(len(tokens), self.n_states), state


class Negative(Bigram):
    def loss(self, inputs, targets):
        return -super().loss(inputs, targets)


class SeesTheFuture(Bigram):
    """Its loss reads the targets."""

    def loss(self, inputs, targets):
        return super().loss(targets, targets)


class Attribute(SequenceModel):
    """What it estimates is no buffer."""

    def prepare(self, trajectories):
        counts = np.ones((self.n_states,) * 2)
        for t in trajectories:
            np.add.at(counts, (t[:-1], t[1:]), 1)
        self.table = torch.tensor(np.log(counts / counts.sum(1, keepdims=True))).float()

    def loss(self, inputs, targets):
        return -self.table[inputs, targets].mean()

    def initial_state(self, prompt):
        return None

    def step(self, tokens, state):
        return self.table[tokens], state


class AttributeOverWeights(Attribute):
    """As `Attribute`, beside weights that are kept, and with a value before `prepare`."""

    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.bias, self.table = nn.Parameter(torch.zeros(n_states)), torch.zeros(n_states, n_states)

    def loss(self, inputs, targets):
        logits = self.table[inputs] + self.bias
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())

    def step(self, tokens, state):
        return self.table[tokens] + self.bias, state


class LateBuffer(Attribute):
    """Registers its buffer in `prepare`."""

    def prepare(self, trajectories):
        super().prepare(trajectories)
        table = self.table
        del self.table
        self.register_buffer("table", table)


class NoTensors(SequenceModel):
    """Every state alike, and nothing to keep; sound."""

    def initial_state(self, prompt):
        return None

    def step(self, tokens, state):
        return torch.zeros(len(tokens), self.n_states), state


class EncodesOnly(Bigram):
    """Its tokens are not states, and nothing writes states."""

    def encode(self, trajectory):
        return trajectory[::2]


class PreparesInPlace(Bigram):
    """Rewrites the trajectories that it is shown."""

    def prepare(self, trajectories):
        trajectories[0][:100] = 0


class EncodesInPlace(Bigram):
    """Rewrites the trajectory that it reads."""

    def encode(self, trajectory):
        trajectory[:100] = 0
        return trajectory

    def generate(self, tokens, state, stream, out):
        out[:] = 0
        return tokens, state


class RestrictsInPlace(Bigram):
    """Rewrites the trajectories after half of its training."""

    plain_share = 0.5

    def restrict(self, trajectories):
        trajectories[0][:100] = 0


class Summed(Bigram):
    """Adds up over frames what should be a mean."""

    def loss(self, inputs, targets):
        return super().loss(inputs, targets) * targets.numel()


class StepForbids(Bigram):
    """A state that occurs is impossible by `step`."""

    def step(self, tokens, state):
        return self.table(tokens).index_fill(1, torch.tensor([0]), -torch.inf), state


class ForgetsThePrompt(Bigram):
    """The state before the current one decides too, by its loss alone."""

    def __init__(self, n_states, settings):
        super().__init__(n_states, settings)
        self.pairs = nn.Embedding(n_states**2, n_states)

    def loss(self, inputs, targets):
        pairs = self.n_states * inputs[:, :-1] + inputs[:, 1:]
        logits = self.pairs(pairs).flatten(0, 1)
        return functional.cross_entropy(logits, targets[:, 1:].flatten())

    def initial_state(self, prompt):
        return torch.zeros(len(prompt), dtype=torch.int64)

    def step(self, tokens, state):
        return self.pairs(self.n_states * state + tokens), state


class LossOfEach(Bigram):
    def loss(self, inputs, targets):
        logits = self.logits(inputs).flatten(0, 1)
        return functional.cross_entropy(logits, targets.flatten(), reduction="none")


class LossOfNothing(Bigram):
    def loss(self, inputs, targets):
        pass


class LossDetached(Bigram):
    def loss(self, inputs, targets):
        return super().loss(inputs, targets).detach()


class WritesNegative(Bigram):
    def generate(self, tokens, state, stream, out):
        out[:] = -1
        return tokens, state


class WritesTooHigh(Bigram):
    def generate(self, tokens, state, stream, out):
        out[:] = self.n_states
        return tokens, state


class WritesNothing(Bigram):
    def generate(self, tokens, state, stream, out):
        out = np.zeros_like(out)
        return tokens, state


class WritesLateNothing(Bigram):
    """Leaves the last frame of what is the second piece of 300 frames."""

    def generate(self, tokens, state, stream, out):
        return super().generate(tokens, state, stream, out[: len(out) - (stream.frame >= 256)])


class ReturnsNothing(Bigram):
    def generate(self, tokens, state, stream, out):
        out[:] = 0


class ReturnsOneToken(Bigram):
    def generate(self, tokens, state, stream, out):
        out[:] = 0
        return tokens[:1], state


class StepReturnsNone(Bigram):
    def step(self, tokens, state):
        pass


class StepReturnsLogits(Bigram):
    def step(self, tokens, state):
        return self.table(tokens)


class StepOfThreeAxes(Bigram):
    def step(self, tokens, state):
        return self.table(tokens)[:, None], state


class StepOfTooMany(Bigram):
    """A column for a token that only begins."""

    def step(self, tokens, state):
        return functional.pad(self.table(tokens), (0, 1)), state


class StepOfInts(Bigram):
    def step(self, tokens, state):
        return self.table(tokens).long(), state


class StepOfBfloat16(Bigram):
    def step(self, tokens, state):
        return self.table(tokens).bfloat16(), state

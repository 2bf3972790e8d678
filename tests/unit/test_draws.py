"""A model's own `generate` against its `step`."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from raremd.learning.draws import check_draws
from raremd.models import SequenceModel
from raremd.models.base import ModelError, Stream
from raremd.models.kernels.sampling import sample_states

PROMPTS = np.random.default_rng(0).integers(0, 4, (64, 3))
COMMON = [[0.7, 0.1, 0.1, 0.1], [0.3, 0.4, 0.2, 0.1], [0.1, 0.2, 0.4, 0.3], [0.1, 0.1, 0.2, 0.6]]
RARE = np.eye(4) * 0.996 + 0.001


class Chain(SequenceModel):
    """A Markov chain with a fixed matrix, and a `generate` that may be wrong."""

    def __init__(self, matrix=COMMON, wrong="", n_states=4):
        super().__init__(n_states, {})
        self.matrix, self.wrong = torch.tensor(np.array(matrix)), wrong

    def step(self, tokens, state):
        return torch.log(self.matrix[tokens]), state

    def initial_state(self, prompt):
        return ()

    def generate(self, tokens, state, stream, out):
        matrix = self.matrix.numpy()
        if self.wrong == "temperature":
            matrix = matrix**2 / (matrix**2).sum(1, keepdims=True)
        drawn = tokens.numpy().copy()
        for n, row in enumerate(out):
            chances = np.log(matrix[drawn]).astype(np.float32)
            at = Stream(stream.seed, stream.walker, stream.frame + n)
            if self.wrong == "frames":
                at = Stream(stream.seed, stream.walker, 0)
            if self.wrong == "pieces":
                at = Stream(stream.seed, stream.walker, n)
            if self.wrong == "walkers":
                cuts = np.exp(chances).cumsum(1)
                u = np.random.default_rng((at.seed, at.frame)).random()
                drawn = (u > cuts[:, :-1]).sum(1)
            else:
                sample_states(chances, at.seed, at.walker, at.frame, drawn)
            row[:] = np.roll(drawn, n) if self.wrong == "order" else drawn
        return torch.from_numpy(drawn), state


@pytest.mark.parametrize("matrix", [COMMON, RARE, np.full((4, 4), 0.25)])
def test_right_draws_pass(matrix):
    check_draws(Chain(matrix), PROMPTS)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("temperature", "must be the same model"),
        ("order", "must be the same model"),
        ("walkers", "neighbouring walkers"),
        ("frames", "random numbers from `stream`"),
        ("pieces", "successive calls"),
    ],
)
def test_wrong_draws_are_told(wrong, told):
    with pytest.raises(ModelError, match=told):
        check_draws(Chain(wrong=wrong), PROMPTS)


@pytest.mark.parametrize("wrong", ["NumPy", "torch", "Python"])
def test_numbers_that_nobody_can_repeat_are_told(wrong):
    class OwnTokens(Chain):
        def encode(self, trajectory):
            return trajectory.copy()

        def generate(self, tokens, state, stream, out):
            if wrong == "NumPy":
                out[:] = np.random.default_rng().integers(4, size=out.shape)
            if wrong == "torch":
                out[:] = torch.randint(4, out.shape).numpy()
            if wrong == "Python":
                out[:] = [[random.randrange(4) for _ in row] for row in out]
            return tokens, state

    with pytest.raises(ModelError, match=r"OwnTokens: generate\(\) draws something else"):
        check_draws(OwnTokens(), PROMPTS)


def test_rare_states_that_happen_together_prove_nothing():
    for seed in range(20):
        prompts = np.random.default_rng(seed).integers(0, 4, (64, 3))
        check_draws(Chain(RARE), prompts)


def test_nothing_is_asked_of_a_model_that_generates_by_steps():
    class ByStep(Chain):
        generate = SequenceModel.generate

        def step(self, tokens, state):
            raise AssertionError("not to be called")

    check_draws(ByStep(), PROMPTS)

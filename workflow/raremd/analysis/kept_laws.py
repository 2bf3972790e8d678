"""Laws for use: what a network will get wrong, before anything is trained.

At one step a network of a given kind adds a rate of false crossings to the true one. Measured on
exactly solvable chains that rate does not depend on the timescale of the data, falls with the
tokens of training and grows with the number of states, each by a power. So t1 generated over t1 of
the data is 1 / (1 + rate t1), t1 in saved frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from raremd.analysis.power_law import Interval

TOKENS, STATES = 1e6, 100.0
"""Where the scale of a law stands."""
SURE = 2.0
"""Standard deviations of an interval."""
SHORT_T1, SHORT_STATES = 1000.0, 100
"""Timescale in saved frames and number of states of the example on pages."""
WITHIN = 0.1
"""Deviation of t1 that a budget should reach."""


@dataclass(frozen=True)
class DialLaw:
    """scale (tokens / 1e6)^-tokens (states / 100)^states.

    Attributes
    ----------
    scale : float
        A probability or rate a frame.
    tokens, states : float
        Exponents.
    spread : float
        Standard deviation of the logarithm, of trainings around the law.
    """

    scale: float
    tokens: float
    states: float
    spread: float

    def at(self, tokens: float, states: float) -> Interval:
        """The value with its interval."""
        value = self.scale * (tokens / TOKENS) ** -self.tokens * (states / STATES) ** self.states
        factor = math.exp(SURE * self.spread)
        return Interval(value, value / factor, value * factor)

    def reach(self, value: float, states: float) -> Interval:
        """Tokens at which the law falls to a value, with their interval; inf without a fall."""
        if self.tokens <= 0:
            return Interval(math.inf, math.inf, math.inf)
        tokens = TOKENS * (self.at(TOKENS, states).value / value) ** (1.0 / self.tokens)
        factor = math.exp(SURE * self.spread / self.tokens)
        return Interval(tokens, tokens / factor, tokens * factor)


@dataclass(frozen=True)
class NetworkLaw:
    """Laws of one kind of network.

    Attributes
    ----------
    kind : str
    leak : DialLaw
        Mean probability of jumps that the training data never show.
    excess : DialLaw
        Rate of false crossings a frame, at one step.
    passes : float
        How often a frame of the MD can be seen before more MD is worth more than more training.
    """

    kind: str
    leak: DialLaw
    excess: DialLaw
    passes: float


@dataclass(frozen=True)
class KeptLaws:
    """The laws in resources/laws.json, and in words what they were fitted to."""

    origin: str
    networks: tuple[NetworkLaw, ...]

    def of(self, kind: str) -> NetworkLaw | None:
        """Of one kind of network; None if there is none."""
        return next((law for law in self.networks if law.kind == kind), None)


@dataclass(frozen=True)
class Expectation:
    """What a network is expected to do at one step in one cell.

    Attributes
    ----------
    leak, ratio, tokens : Interval
        Probability; t1 generated over t1 of the MD; tokens until that is within `WITHIN`.
    frames : float
        Unique frames that so many tokens ask for.
    """

    leak: Interval
    ratio: Interval
    tokens: Interval
    frames: float


def expectation(
    law: NetworkLaw, tokens: float, states: int, t1: float, leaks: bool = True
) -> Expectation:
    """Of a network in a cell.

    Parameters
    ----------
    law : NetworkLaw
    tokens : float
        Of its training.
    states : int
    t1 : float
        Slowest timescale of the MD at one step, in saved frames.
    leaks : bool
        False if jumps that were never seen are forbidden: nothing is added then.
    """
    if not leaks:
        none, right, soon = Interval(0, 0, 0), Interval(1, 1, 1), Interval(0, 0, 0)
        return Expectation(none, right, soon, 0.0)
    rate = law.excess.at(tokens, states)
    ratio = Interval(
        1.0 / (1.0 + rate.value * t1), 1.0 / (1.0 + rate.high * t1), 1.0 / (1.0 + rate.low * t1)
    )
    enough = law.excess.reach((1.0 / (1.0 - WITHIN) - 1.0) / t1, states)
    return Expectation(law.leak.at(tokens, states), ratio, enough, enough.value / law.passes)

"""Was a network trained to the end? Its held-out loss beside a Markov model's."""

from __future__ import annotations

EXCESS_SHARE, EXCESS_NATS = 0.1, 0.02
"""A held-out loss above the Markov model's by more than this share of it, and by more than so many
nats a frame, is far above."""


def is_far_above(loss: float, markov: float) -> bool:
    """Whether a held-out loss, in nats a frame, is far above that of a Markov model.

    Examples
    --------
    >>> is_far_above(0.54, 0.5), is_far_above(0.56, 0.5), is_far_above(0.03, 0.011)
    (False, True, False)
    """
    return loss - markov > max(EXCESS_NATS, EXCESS_SHARE * markov)

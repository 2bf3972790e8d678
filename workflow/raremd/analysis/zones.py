"""What is known of a trained network before it generates: guaranteed, undetermined or failed.

By `raremd.kinetics.leak.possible_ratios` a small enough excess loss over the lowest possible one
guarantees the rate of crossings; by the expected matrix with its excess twice a network is
predicted to fail. Between them neither can tell. What is generated at one step can be off by twice
as much as what is expected (`docs/theory.md`), so half of the tolerance is asked of the loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from raremd.kinetics.leak import possible_ratios

NOISE = 4.0
"""Over the root of the training frames: two standard errors of a loss over a quarter of them."""


class Zone(StrEnum):
    """What is known of a network."""

    GUARANTEED = "guaranteed"
    UNDETERMINED = "undetermined"
    FAILED = "failed"


@dataclass(frozen=True)
class ZoneCount:
    """Trainings in one zone, and those whose t1 at one step came out within the tolerance."""

    zone: Zone
    trainings: int
    right: int


def zone(excess_loss: float, frames: float, t1: float, predicted: float, within: float) -> Zone:
    """The zone of one training.

    Parameters
    ----------
    excess_loss : float
        Held-out loss over the lowest possible one, in nats a frame.
    frames : float
        Of the training data.
    t1 : float
        Of the data at one step, in saved frames; crossings are (1 - exp(-1 / t1)) / 2 a frame.
    predicted : float
        t1 at one step over that of the data, before generation.
    within : float
        Share by which it may be off.
    """
    least, most = 1.0 - within, 1.0 / (1.0 - within)
    if not least <= predicted <= most:
        return Zone.FAILED
    rate = -math.expm1(-1.0 / t1) / 2.0
    at_most = max(excess_loss, 0.0) + NOISE / math.sqrt(frames)
    low, high = (1.0 + 2.0 * (ratio - 1.0) for ratio in possible_ratios(rate, at_most))
    return Zone.GUARANTEED if least <= low and high <= most else Zone.UNDETERMINED


def zone_counts(
    points: pd.DataFrame, solved: Sequence[str], within: float
) -> tuple[ZoneCount, ...]:
    """Zones of the trainings on systems whose lowest possible loss is known.

    Parameters
    ----------
    points : pandas.DataFrame
        See `law_points.points`.
    solved : sequence of str
        Those systems.
    within : float
        As in `zone`.
    """
    known = points[points["system"].isin(list(solved)) & (points["t1"] > 0)]
    columns = (known[name] for name in ("excess_loss", "frames", "t1", "predicted_ratio", "ratio"))
    trainings = dict.fromkeys(Zone, 0)
    right = dict.fromkeys(Zone, 0)
    for loss, frames, t1, predicted, ratio in zip(*columns, strict=True):
        found = zone(loss, frames, t1, predicted, within)
        trainings[found] += 1
        right[found] += 1.0 - within <= ratio <= 1.0 / (1.0 - within)
    return tuple(ZoneCount(each, trainings[each], right[each]) for each in Zone)

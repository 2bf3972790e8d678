"""Do the two sides of a claim differ in what the claim is about?"""

from __future__ import annotations

from raremd.study.cell import Cell
from raremd.study.settings.messages import ConfigError, exact
from raremd.study.settings.partitions import CoreSets, Removal
from raremd.study.study import Study

VARIED = {"C2": "coordinate", "C3": "interval", "C4": "partition", "C5": "partition"}
"""What the sides of each claim differ in."""


def check_sides(study: Study, claim: str, hard: Cell, easy: Cell, key: str) -> None:
    """They differ in what the claim is about, in its direction where that is known.

    Raises
    ------
    ConfigError
        Naming `key`, the claim.
    """
    factor = VARIED[claim]
    if getattr(hard, factor) == getattr(easy, factor):
        raise ConfigError(
            f"{key}: hard and easy have the same {factor}, {getattr(hard, factor)}, but the claim "
            f"is about the {factor}; give two"
        )
    if claim == "C3" and easy.interval < hard.interval:
        raise ConfigError(
            f"{key}: the claim is that a longer saving interval helps, but {exact(easy.interval)}, "
            f"that of easy, is shorter than {exact(hard.interval)}, that of hard; swap them"
        )
    removed = [
        isinstance(study.partition(cell.system, cell.partition), Removal | CoreSets)
        for cell in (hard, easy)
    ]
    if claim == "C5" and removed != [False, True]:
        raise ConfigError(
            f"{key}: the claim is that removing recrossings helps; let easy have a partition that "
            "removes them (recrossing, or core sets) and hard one that keeps them"
        )

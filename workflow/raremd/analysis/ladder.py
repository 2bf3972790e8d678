"""The same network at several budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from raremd.analysis.cell_result import CellResult
from raremd.study.verdict_plans import Control

Step = TypeVar("Step")


@dataclass(frozen=True)
class Rung:
    """A network, or a control of it, that saw `budget` times the network's own tokens.

    Attributes
    ----------
    name : str
    budget : float
    below, above : Rung or None
        The same at the next smaller and at the next larger budget, where they ran.
    of : str
        The network's own name, where `name` is that of its control.
    """

    name: str
    budget: float = 1.0
    below: Rung | None = None
    above: Rung | None = None
    of: str = ""

    @property
    def words(self) -> str:
        """The network and its budget, in a sentence."""
        more = f" with {self.budget:g} x tokens" * (self.budget != 1)
        return f"`{self.of or self.name}`{more}"


def rungs(model: str, controls: Sequence[Control], cells: Sequence[CellResult]) -> list[Rung]:
    """The budgets of a network that ran in all of some cells, smallest first."""
    ladder = [(1.0, model)]
    ladder += [(k.budget, k.name) for k in controls if k.of == model and k.varies == "budget"]
    return _linked(
        Rung(name, budget, of=model)
        for budget, name in sorted(ladder)
        if all(name in cell.models for cell in cells)
    )


def _linked(ran: Iterable[Rung]) -> list[Rung]:
    """Each rung, smallest first, between those below and above it."""
    ladder: list[Rung] = []
    for rung in ran:
        ladder.append(replace(rung, below=ladder[-1] if ladder else None))
    above: Rung | None = None
    for k in reversed(range(len(ladder))):
        above = ladder[k] = replace(ladder[k], above=above)
    return ladder


def in_cell(rung: Rung, cell: CellResult) -> Rung:
    """The same rung between the budgets that ran in one cell; others may have run elsewhere."""

    def beyond(side: str) -> Iterator[Rung]:
        at = getattr(rung, side)
        while at is not None:
            if at.name in cell.models:
                yield at
            at = getattr(at, side)

    below = list(beyond("below"))[::-1]
    return _linked([*below, rung, *beyond("above")])[len(below)]


def best_rung(
    ladder: Sequence[Step], trained: Callable[[Step], bool], past_best: Callable[[Step], bool]
) -> Step:
    """The highest rung that is trained to the end, without those past their best if others are.

    If none is trained it is the last.

    Parameters
    ----------
    ladder : sequence
        Smallest budget first, at least one.
    trained, past_best : callable
        What is known of a rung.
    """
    done = [rung for rung in ladder if trained(rung)]
    return ([rung for rung in done if not past_best(rung)] or done or ladder)[-1]

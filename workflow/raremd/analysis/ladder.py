"""The same network at several budgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raremd.analysis.cell_result import CellResult
from raremd.study.verdict_plans import Control


@dataclass(frozen=True)
class Rung:
    """A network, or a control of it, that saw `budget` times the network's own tokens."""

    name: str
    budget: float


def rungs(model: str, controls: Sequence[Control], cells: Sequence[CellResult]) -> list[Rung]:
    """The budgets of a network that ran in all of some cells, smallest first."""
    ladder = [Rung(model, 1.0)]
    ladder += [Rung(k.name, k.budget) for k in controls if k.of == model and k.varies == "budget"]
    ran = [rung for rung in ladder if all(rung.name in cell.models for cell in cells)]
    return sorted(ran, key=lambda rung: rung.budget)

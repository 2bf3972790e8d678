"""Was a network trained to the end? Its loss beside a Markov model's, and its last doubling."""

from __future__ import annotations

import numpy as np

from raremd.analysis.assessment import Cause, Doubt
from raremd.analysis.cell_result import MARKOV, CellResult
from raremd.analysis.ladder import Rung
from raremd.analysis.words import number
from raremd.learning.trained import is_far_above

REMEDY = "raise `training.tokens` at least fourfold"
MOVED = {"expected_timescale": "expected one-step timescale", "cross_entropy": "held-out loss"}
"""What must not move any more over the last doubling of tokens."""


def budget_doubt(cell: CellResult, rung: Rung, tolerance: float) -> Doubt | None:
    """Why a network's result in a cell is one of its budget; None if nothing speaks for that.

    Parameters
    ----------
    cell : CellResult
    rung : Rung
        The network at one budget. What the last doubling changed is read from the network below
        it, trained on fewer tokens to the end of its schedule, or else from its own history.
    tolerance : float
        log2 change per doubling of tokens that counts as none.
    """
    model = rung.name
    tokens = cell.values(model, "tokens")
    spent = f"{number(float(np.median(tokens)))} tokens" if len(tokens) else "its tokens"
    seen = _far_above_markov(cell, model) or _still_moving(cell, rung, tolerance)
    if seen is None:
        return None
    text = f"`{model}` is not trained to the end in `{cell.name}`: after {spent} its {seen}"
    return Doubt(Cause.BUDGET, text, REMEDY)


def _far_above_markov(cell: CellResult, model: str) -> str | None:
    loss, markov = (cell.values(m, "cross_entropy") for m in (model, MARKOV))
    if len(loss) and len(markov) and model != MARKOV:
        mine, baseline = float(np.median(loss)), float(np.median(markov))
        if is_far_above(mine, baseline):
            return f"held-out loss is {mine:.3f} nats, a Markov model's {baseline:.3f}"
    return None


def _still_moving(cell: CellResult, rung: Rung, tolerance: float) -> str | None:
    """The median over replicates decides; those without a value, as one that failed, are left out.

    Replicates move either way, so that it is taken of the sizes.
    """
    for quantity, name in MOVED.items():
        moved = _moved(cell, rung, quantity)
        known = moved[np.isfinite(moved)]
        if len(known) and np.median(abs(known)) > tolerance:
            factor = 2.0 ** np.median(abs(known))
            return f"{name} still moved by a factor of {factor:.2f} over the last doubling of them"
    return None


def _moved(cell: CellResult, rung: Rung, quantity: str) -> np.ndarray:
    """log2 change over the last doubling of tokens, by replicate."""
    lag = cell.cell.interval if quantity == "expected_timescale" else None
    if rung.below is None or not len(cell.values(rung.below.name, quantity, lag)):
        return cell.values(rung.name, f"{quantity}_moved_log2")
    more, less = (cell.values(name, quantity, lag) for name in (rung.name, rung.below.name))
    n = min(len(more), len(less))
    return np.log2(more[:n] / less[:n]) / np.log2(rung.budget / rung.below.budget)

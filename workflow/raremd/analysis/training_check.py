"""Was a network trained to the end? Its held-out loss beside a Markov model's."""

from __future__ import annotations

import numpy as np

from raremd.analysis.assessment import Cause, Doubt
from raremd.analysis.cell_result import MARKOV, CellResult
from raremd.analysis.words import number

EXCESS_SHARE, EXCESS_NATS = 0.1, 0.02
"""A held-out loss above the Markov model's by more than this share of it, and by more than so many
nats a frame, is far above."""


def budget_doubt(cell: CellResult, model: str) -> Doubt | None:
    """Why a network's result in a cell is one of its budget; None if nothing speaks for that.

    Parameters
    ----------
    cell : CellResult
    model : str
    """
    tokens = cell.values(model, "tokens")
    spent = f"{number(float(np.median(tokens)))} tokens" if len(tokens) else "its tokens"
    remedy = "raise `training.tokens` at least fourfold"
    loss, markov = (cell.values(m, "cross_entropy") for m in (model, MARKOV))
    if len(loss) and len(markov) and model != MARKOV:
        mine, baseline = float(np.median(loss)), float(np.median(markov))
        if mine - baseline > max(EXCESS_NATS, EXCESS_SHARE * baseline):
            return Doubt(
                Cause.BUDGET,
                f"{model} is not trained to the end in {cell.name}: after {spent} its held-out "
                f"loss is {mine:.3f} nats, a Markov model's {baseline:.3f}",
                remedy,
            )
    return None

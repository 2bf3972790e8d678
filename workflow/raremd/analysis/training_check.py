"""Was a network trained to the end? Its loss beside a Markov model's, and what more tokens changed.

At the long lag a network can be done long before it is at one step, since jumps that it should not
make mostly return at once. Each reading is therefore checked by its own timescale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from raremd.analysis.assessment import Cause, Doubt
from raremd.analysis.cell_result import LOG2_CAP, MARKOV, CellResult, Reading
from raremd.analysis.ladder import Rung, best_rung, in_cell
from raremd.analysis.verdicts import paired_effect
from raremd.analysis.words import number
from raremd.learning.trained import is_far_above

REMEDY = "raise `training.tokens` at least fourfold"
MORE_MD = "run more MD, or train a smaller network"
ONE_STEP, LOSS = "expected_timescale", "cross_entropy"
NAMES = {ONE_STEP: "expected one-step timescale", LOSS: "held-out loss"}


def budget_doubt(cell: CellResult, rung: Rung, tolerance: float, reading: Reading) -> Doubt | None:
    """Why a network's result in a cell is one of its budget; None if nothing speaks for that.

    What little changed over a doubling may yet be far from right. So without a Markov model's loss
    or a second budget nothing tells whether the network is trained.

    Parameters
    ----------
    cell : CellResult
    rung : Rung
        The network at one budget. What more tokens change is read from the same network at the
        next smaller and at all larger budgets that ran in this cell, each at the end of its own
        schedule, or, where it ran at no other, from its history.
    tolerance : float
        log2 change per doubling of tokens that counts as none.
    reading : Reading
        The long lag is checked by the timescale of what was generated, which only trainings at
        several budgets can tell; without them by the expected one-step timescale, as one step is.
    """
    rung = in_cell(rung, cell)
    model = rung.name
    tokens = cell.values(model, "tokens")
    spent = f"{number(float(np.median(tokens)))} tokens" if len(tokens) else "its tokens"
    behind = _far_above_markov(cell, model) or _learns_more(cell, rung)
    seen = behind or _still_moving(cell, rung, tolerance, reading)
    if seen is None:
        return _nothing_beside(cell, rung)
    if not behind and overfits(cell, model):
        best = number(float(np.median(cell.values(model, "best_tokens"))))
        text = (
            f"{rung.words} overfits in `{cell.name}`: its held-out loss was lowest after {best} of "
            f"{spent}, and its {seen}"
        )
        return Doubt(Cause.OVERFIT, text, MORE_MD)
    text = f"{rung.words} is not trained to the end in `{cell.name}`: after {spent} its {seen}"
    return Doubt(Cause.BUDGET, text, REMEDY)


def rung_to_judge(
    cell: CellResult, ladder: Sequence[Rung], tolerance: float, reading: Reading
) -> Rung:
    """The best rung of a network in one cell; parameters as in `budget_doubt`."""
    return best_rung(
        ladder,
        lambda rung: budget_doubt(cell, rung, tolerance, reading) is None,
        lambda rung: past_best(cell, rung),
    )


def past_best(cell: CellResult, rung: Rung) -> bool:
    """Whether a network's held-out loss is, beyond doubt, above that of the same on fewer tokens.

    Then its longer training did it harm, even though it keeps the weights of its lowest loss.
    """
    mine, at = cell.values(rung.name, LOSS), in_cell(rung, cell).below
    while at is not None:
        fewer = cell.values(at.name, LOSS)
        n = min(len(mine), len(fewer))
        low, _ = paired_effect(mine[:n] - fewer[:n]).interval()
        if low > 0:
            return True
        at = at.below
    return False


def _far_above_markov(cell: CellResult, model: str) -> str | None:
    loss, markov = (cell.values(m, "cross_entropy") for m in (model, MARKOV))
    if len(loss) and len(markov) and model != MARKOV:
        mine, baseline = float(np.median(loss)), float(np.median(markov))
        if is_far_above(mine, baseline):
            return f"held-out loss is {mine:.3f} nats, a Markov model's {baseline:.3f}"
    return None


def _memory(cell: CellResult, model: str) -> float:
    """What a network knows of memory: by how much its loss is below a Markov model's, in nats.

    Of the weights that are kept, those of the lowest held-out loss; NaN without a Markov model.
    """
    loss, markov = (cell.values(m, "cross_entropy") for m in (model, MARKOV))
    n = min(len(loss), len(markov))
    return float(np.median(markov[:n] - loss[:n])) if n else float("nan")


def _learns_more(cell: CellResult, rung: Rung) -> str | None:
    """Whether the same network learns most of the memory only with more tokens."""
    mine, at = _memory(cell, rung.name), rung.above
    while at is not None:
        longer = _memory(cell, at.name)
        if longer > 0 and mine < longer / 2:
            side = "above" if mine < 0 else "below"
            return (
                f"held-out loss is {number(abs(mine))} nats {side} a Markov model's, with "
                f"{at.budget:g} x tokens {number(longer)} below it"
            )
        at = at.above
    return None


def overfits(cell: CellResult, model: str) -> bool:
    """Whether the second half of a network's tokens no longer lowered its held-out loss."""
    best, spent = (cell.values(model, name) for name in ("best_tokens", "tokens"))
    return bool(len(best)) and bool(np.median(best) < np.median(spent) / 2)


def _nothing_beside(cell: CellResult, rung: Rung) -> Doubt | None:
    """That a network was trained which nothing is there to be measured by."""
    trained = (cell.values(rung.name, "tokens") > 0).any()
    if not trained or MARKOV in cell.models or rung.below or rung.above:
        return None
    text = (
        f"nothing tells whether {rung.words} is trained to the end in `{cell.name}`: neither a "
        "Markov model nor another budget ran there"
    )
    return Doubt(Cause.BUDGET, text, "add `markov: {}` to `models`")


def _still_moving(cell: CellResult, rung: Rung, tolerance: float, reading: Reading) -> str | None:
    """Whether the last doubling of tokens, or one beyond them, changed more than it may.

    A longer training that went wrong itself, or overfits, ends the search.
    """
    at: Rung | None = rung
    while at is not None and (at is rung or _is_sound(cell, at)):
        for name, changes in _changes(cell, at, reading).items():
            known = abs(changes[np.isfinite(changes)])
            if len(known) and np.median(known) > tolerance:
                when = (
                    "over the last doubling of them" if at is rung else "per doubling beyond them"
                )
                return f"{name} still moved by a factor of {2.0 ** np.median(known):.2f} {when}"
        at = at.above
    return None


def _is_sound(cell: CellResult, rung: Rung) -> bool:
    """Whether a training can say something against a shorter one."""
    ran = rung.name in cell.models
    return ran and not _far_above_markov(cell, rung.name) and not overfits(cell, rung.name)


def _changes(cell: CellResult, rung: Rung, reading: Reading) -> dict[str, np.ndarray]:
    """log2 changes over the last doubling of tokens, by replicate.

    Replicates move either way, so that the median of the sizes decides; those without a value, as
    one that failed, are left out.
    """
    if reading is Reading.LONG_LAG and rung.below is not None:
        at_long_lag = _per_doubling(rung, rung.below, lambda name: _generated(cell, name))
        if np.isfinite(at_long_lag).sum() > len(at_long_lag) / 2:
            return {
                "timescale at the long lag": at_long_lag,
                "mean error at the long lag": _error_moved(cell, rung, rung.below),
                NAMES[LOSS]: _moved(cell, rung, LOSS),
            }
    return {name: _moved(cell, rung, quantity) for quantity, name in NAMES.items()}


def _error_moved(cell: CellResult, rung: Rung, below: Rung) -> np.ndarray:
    """What the mean error over all replicates, by which claims are judged, changed; (1,).

    It tells where some replicates have learned and others have not, which the median does not.
    """

    def mean(name: str) -> np.ndarray:
        return np.array([paired_effect(cell.errors(name, Reading.LONG_LAG)).mean])

    return _per_doubling(rung, below, mean)


def _generated(cell: CellResult, model: str) -> np.ndarray:
    """log2 of the generated timescale; NaN of a replicate that failed altogether."""
    deviations = cell.deviations(model, Reading.LONG_LAG)
    return np.where(abs(deviations) < LOG2_CAP, deviations, np.nan)


def _moved(cell: CellResult, rung: Rung, quantity: str) -> np.ndarray:
    """From the training on fewer tokens, or else from the history of this one."""
    lag = cell.cell.interval if quantity == ONE_STEP else None
    below, above = rung.below, rung.above
    if below is not None and len(cell.values(below.name, quantity, lag)):
        return _per_doubling(rung, below, lambda name: np.log2(cell.values(name, quantity, lag)))
    if above is not None and _is_sound(cell, above):  # which tells more than the history
        return np.array([])
    return cell.values(rung.name, f"{quantity}_moved_log2")


def _per_doubling(rung: Rung, below: Rung, log2_of: Callable[[str], np.ndarray]) -> np.ndarray:
    """What two budgets differ by, replicate by replicate, per doubling of tokens."""
    more, less = log2_of(rung.name), log2_of(below.name)
    n = min(len(more), len(less))
    return (more[:n] - less[:n]) / np.log2(rung.budget / below.budget)

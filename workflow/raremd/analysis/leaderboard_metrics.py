"""What the leaderboard shows of a model beside its score: one number a replicate each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from raremd.analysis.tidy import pick
from raremd.kinetics.bootstrap import interval, log2_deviation
from raremd.kinetics.scores import autocorrelation, jensen_shannon, slow_observable, vamp_e
from raremd.kinetics.timescales import count_matrix
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import at_interval

DRAWS = 2000
MD, REFERENCE, EXACT = "md", "reference", "exact"
COLUMNS = ["system", "model", "metric", "value", "low", "high"]
METRICS = {
    "long_timescale": "worst log2 of the timescales in metastable states at the yardstick's lag; "
    "of one with its sign, of several its size",
    "passage_time": "worst log2 of the mean first-passage times between metastable states",
    "crossing_rate": "worst log2 of the crossing rates, per frame and at the yardstick's lag",
    "expected_timescale": "log2 of the slowest timescale that it expects of one step",
    "populations": "Jensen-Shannon divergence of the metastable populations, in bits",
    "chapman_kolmogorov": "worst error of the Chapman-Kolmogorov test, as a probability",
    "autocorrelation": "error of the slow process's autocorrelation at the yardstick's lag",
    "committor": "error of the chance to reach the last position of a hidden chain before the "
    "first, root mean square over states; that of `reference` is counting noise",
    "vamp": "VAMP-E score on the MD that validates, metastable states at the yardstick's lag",
    "leak": "mean probability of jumps never seen",
    "excess_loss": "held-out cross-entropy above the best possible one (nats per frame); the value "
    "has the noise of the held-out frames, its range has not",
}
"""What each is, as people read it."""


@dataclass(frozen=True)
class Known:
    """What is compared with, beside the MD in the table.

    Attributes
    ----------
    validation : (n, n) int array
        Transitions of the MD that validates between metastable states at the yardstick's lag.
    entropy_rate : float
        Least cross-entropy that is possible, in nats a frame; NaN where it is not known.
    """

    validation: np.ndarray
    entropy_rate: float


def validation_counts(
    system: DiscreteSystem, of_state: np.ndarray, stride: int, lag: int
) -> np.ndarray:
    """Transitions between metastable states in the MD that no model was trained on.

    Parameters
    ----------
    system : DiscreteSystem
    of_state : (n_states,) int array
        The metastable state of each state.
    stride : int
        Saving interval in frames.
    lag : int
        In saved frames.
    """
    dtrajs = at_interval(system.md, system.split.validation, stride, "none", 1)
    n = int(of_state.max()) + 1
    return count_matrix([of_state[t] for t in dtrajs], n, lag)


class _Wide(NamedTuple):
    """One quantity of all runs, and of the MD that each was trained on."""

    runs: pd.DataFrame  # a row for each model and replicate, (n_runs, n)
    md: np.ndarray  # (n_runs, n)


def _wide(table: pd.DataFrame, quantity: str) -> _Wide:
    rows = pick(table, quantity=quantity).fillna({"lag": 0.0})
    values = {
        run: group.set_index(["lag", "i", "j"])["value"]
        for run, group in rows.groupby(["model", "replicate"])
    }
    of_runs = pd.MultiIndex.from_tuples(values, names=["model", "replicate"])
    wide = pd.DataFrame(list(values.values()), of_runs).sort_index(axis=1)
    names, numbers = (wide.index.get_level_values(k) for k in range(2))
    runs = wide[(numbers > 0) & (names != MD) | (names == REFERENCE)]
    trained_on = [(MD, r) if (MD, r) in wide.index else (MD, 0) for _, r in runs.index]
    return _Wide(runs, wide.reindex(trained_on).to_numpy())


def _log2_off(table: pd.DataFrame, quantity: str) -> pd.DataFrame:
    runs, md = _wide(table, quantity)
    with np.errstate(divide="ignore", invalid="ignore"):
        off = log2_deviation(np.log2(runs.to_numpy()), np.log2(md))
    return pd.DataFrame(off, runs.index)


def _chain_metrics(table: pd.DataFrame, known: Known) -> dict[str, pd.DataFrame]:
    """Those that follow from the metastable transition matrix at the yardstick's lag."""
    chains, of_md = _wide(table, "transition_probability")
    weights, weights_of_md = _wide(table, "population")
    n = weights.shape[1]
    rows = []
    for chain, weight, target, truth in zip(
        chains.to_numpy(), weights.to_numpy(), of_md, weights_of_md, strict=True
    ):
        matrix, wanted = chain.reshape(n, n), target.reshape(n, n)
        slow = slow_observable(wanted, truth)
        rows.append(
            {
                "populations": jensen_shannon(weight, truth),
                "autocorrelation": autocorrelation(matrix, weight, slow)
                - autocorrelation(wanted, truth, slow),
                "vamp": vamp_e(matrix, weight, known.validation),
            }
        )
    found = pd.DataFrame(rows, chains.index)
    return {metric: found[[metric]] for metric in found}


def _per_run(table: pd.DataFrame, lag: float, known: Known) -> dict[str, pd.DataFrame]:
    """Metric -> a row for each run, columns of which the worst counts."""
    is_time = table["quantity"] == "timescale"
    first = table.loc[is_time, "lag"].min()
    one_step = table[is_time & (table["model"] == MD) & (table["i"] == 1) & (table["lag"] == first)]
    expected = pd.concat([one_step, pick(table, quantity="expected_timescale")])
    expected = expected.assign(quantity="expected", lag=first)
    predicted, estimated = (_wide(table, name).runs for name in ("ck_predicted", "ck_estimated"))
    loss = _wide(table, "cross_entropy").runs
    return {
        "long_timescale": _log2_off(pick(table, lag=lag), "yardstick_timescale"),
        "committor": _wide(table, "committor_error").runs,
        "passage_time": _log2_off(pick(table, lag=lag), "mfpt"),
        "crossing_rate": _log2_off(table, "crossing_rate"),
        "expected_timescale": _log2_off(expected, "expected"),
        "chapman_kolmogorov": (predicted - estimated).abs().max(axis=1).to_frame(),
        "leak": _wide(table, "leak").runs,
        "excess_loss": loss - known.entropy_rate,
    } | _chain_metrics(pick(table, lag=lag), known)


def metrics(table: pd.DataFrame, lag: float, known: Known, seed: int) -> pd.DataFrame:
    """All metrics of all models in one cell.

    Parameters
    ----------
    table : pandas.DataFrame
        Comparison of this cell.
    lag : float
        The yardstick's, in the system's time unit.
    known : Known
    seed : int
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS` but the system; metric: see `METRICS`. value: mean over replicates; of
        deviations that have a sign the largest absolute mean, as in the score. low and high: 95 %
        interval over resampled replicates. Rows only where there is a value.
    """
    rng, rows = np.random.default_rng(seed), []
    for metric, runs in _per_run(table[table["model"] != EXACT], lag, known).items():
        for model, group in runs.groupby(level="model"):
            values = group.to_numpy(np.float64)
            drawn = rng.integers(len(values), size=(DRAWS, len(values)))
            low, high = interval(_worst(values[drawn])) if len(values) > 1 else (np.nan, np.nan)
            value = float(_worst(values))
            rows.append((model, metric, value, float(low), float(high)))
    found = pd.DataFrame(rows, columns=COLUMNS[1:])
    return found[np.isfinite(found["value"])].reset_index(drop=True)


def _worst(values: np.ndarray) -> np.ndarray:
    """(..., n_replicates, n) -> (...): of one column its mean, of several the worst one's.

    NaN where no column is known.
    """
    mean = values.mean(axis=-2)
    if mean.shape[-1] == 1:
        return mean[..., 0]
    return np.fmax.reduce(np.abs(mean), axis=-1)

"""Kinetics of one set of discrete trajectories: the same quantities for MD and models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from raremd.analysis.rows import Row, as_table, numbers, rows_of
from raremd.analysis.yardstick import Yardstick, majority_map
from raremd.io.storage import read_arrays, write_table
from raremd.kinetics.bootstrap import (
    bootstrap_blocks,
    bootstrap_timescales,
    bootstrap_weights,
    half_splits,
    interval,
    sampling_ceiling,
    sliced_blocks,
    sparse_block_counts,
)
from raremd.kinetics.many_states import MANY, implied
from raremd.kinetics.residence import block_of, crossings, find_visits, residence_times, survival
from raremd.kinetics.timescales import (
    TransitionModel,
    block_counts,
    chapman_kolmogorov,
    count_matrix,
    count_transitions,
    estimate,
    full_stationary,
    full_transition_matrix,
    mfpt_matrix,
)
from raremd.states.discrete_trajectories import read_states
from raremd.states.split import Segment, at_interval, check_lengths, take
from raremd.study.plans import KineticsPlan

NOTHING = np.nan, np.nan
CK_MULTIPLES = (1, 2, 3, 4, 5)
HALF_SPLITS = 20
Key = tuple[str, int, int, float]
"""Quantity, i, j and lag."""


@dataclass(frozen=True)
class Seen:
    """One set of trajectories as a cell sees it.

    Attributes
    ----------
    dtrajs : list of (n_frames,) int16
        What models are trained on, or what one generated.
    metastable : list of (n_frames,) int16
        The same frames in metastable states, recrossings kept.
    n_states : int
    yardstick : Yardstick
    lags : tuple of int
        Saved frames.
    n_timescales : int
    """

    dtrajs: list[np.ndarray]
    metastable: list[np.ndarray]
    n_states: int
    yardstick: Yardstick
    lags: tuple[int, ...]
    n_timescales: int


def _timescale_rows(
    quantity: str, dtrajs: list[np.ndarray], sides: np.ndarray, lags: Sequence[int], n: int
) -> Iterator[Row]:
    """Timescales at all lags; sides (n_states,) are those of the slowest process of the MD."""
    for lag in lags:
        found = implied(dtrajs, len(sides), lag, n)
        for i, value in enumerate(found.times_with(sides), start=1):
            yield Row(quantity=quantity, i=i, lag=lag, value=value)
        if lag == lags[0] and quantity == "timescale":
            yield Row(quantity="states_left_out", value=found.fraction_states_left_out)
            yield Row(quantity="counts_left_out", value=found.fraction_counts_left_out)


class StateQuantities(NamedTuple):
    """What a Markov model says of all its states; each field is a quantity of the table."""

    population: np.ndarray  # (n_states,)
    transition_probability: np.ndarray  # (n_states, n_states)
    mfpt: np.ndarray  # (n_states, n_states), frames

    @classmethod
    def of(cls, model: TransitionModel, lag: int) -> StateQuantities:
        """From a model with lag in frames."""
        return cls(full_stationary(model), full_transition_matrix(model), mfpt_matrix(model, lag))


def point_rows(seen: Seen) -> Iterator[Row]:
    """Every quantity of one set of trajectories; times in saved frames, no error bars."""
    metastable, yardstick = seen.metastable, seen.yardstick
    how = seen.lags, seen.n_timescales
    own_sides = yardstick.sides[yardstick.of_state]
    yield from _timescale_rows("timescale", seen.dtrajs, own_sides, *how)
    yield from _timescale_rows("yardstick_timescale", metastable, yardstick.sides, *how)
    model = estimate(count_matrix(metastable, yardstick.n_states, yardstick.lag))
    for quantity, values in StateQuantities.of(model, yardstick.lag)._asdict().items():
        yield from rows_of(quantity, values, yardstick.lag)
    longest = max(map(len, metastable))
    multiples = [k for k in CK_MULTIPLES if k * yardstick.lag < longest / 2]
    if multiples:
        test = chapman_kolmogorov(metastable, yardstick.n_states, yardstick.lag, multiples)
        for name, table in (("ck_predicted", test.predicted), ("ck_estimated", test.estimated)):
            for lag, probabilities in zip(test.lags, table, strict=True):
                for i, value in enumerate(probabilities, start=1):
                    yield Row(quantity=name, i=i, j=i, lag=lag, value=value)
    # Sliced at the yardstick's lag, so that quick recrossings do not count as events.
    sliced = [d[:: yardstick.lag] for d in metastable]
    events = count_transitions(sliced, yardstick.sides)
    yield Row(quantity="slow_transitions", lag=yardstick.lag, value=events)
    yield from _residence_rows(metastable, yardstick)


def _rates(counted: np.ndarray) -> np.ndarray:
    """Crossings a frame, from crossings and frames (2, ...)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return counted[0] / counted[1]


def _residence_rows(metastable: list[np.ndarray], yardstick: Yardstick) -> Iterator[Row]:
    """Stays in metastable states and crossings between the sides, as the frames show them."""
    times = residence_times(count_matrix(metastable, yardstick.n_states, 1))
    yield from rows_of("residence_time", times, 1)
    curves = survival(find_visits(metastable), yardstick.n_states, yardstick.times)[0]
    for column, time in enumerate(yardstick.times):
        yield from rows_of("survival", curves[:, column], int(time))
    for lag in yardstick.crossing_lags:
        rate = _rates(crossings(metastable, yardstick.sides, lag).sum(axis=1))
        yield Row(quantity="crossing_rate", lag=lag, value=float(rate))


def _residence_samples(
    metastable: list[np.ndarray],
    yardstick: Yardstick,
    blocks: list[tuple[int, int, int]],
    weights: np.ndarray,
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Quantity, lag and bootstrap samples of what `_residence_rows` gives."""
    counts = block_counts(metastable, yardstick.n_states, 1, blocks)
    yield "residence_time", 1, residence_times(np.tensordot(weights, counts, axes=1))
    visits = find_visits(metastable)
    block = block_of(visits, blocks)
    curves = survival(visits, yardstick.n_states, yardstick.times, block, weights)
    for column, time in enumerate(yardstick.times):
        yield "survival", int(time), curves[:, :, column]
    pieces = [metastable[trajectory][start:stop] for trajectory, start, stop in blocks]
    for lag in yardstick.crossing_lags:
        counted = crossings(pieces, yardstick.sides, lag)
        yield "crossing_rate", lag, _rates(counted @ weights.T)[:, None]


@dataclass(frozen=True)
class Bootstrap:
    """Resampled timescales of the MD, paired by sample between all cells.

    Attributes
    ----------
    lags : (n_lags,) int or float
        In saved frames or in the system's time unit, as the timescales are.
    own, yardstick : (n_lags, n_samples, n_timescales) float
        In the cell's own states and in the metastable ones.
    """

    lags: np.ndarray
    own: np.ndarray
    yardstick: np.ndarray


def _resampled(
    quantity: str,
    dtrajs: list[np.ndarray],
    n_states: int,
    lags: Sequence[int],
    n: int,
    blocks: list[tuple[int, int, int]],
    weights: np.ndarray,
    halves: dict[int, np.ndarray],
) -> tuple[np.ndarray, list[Row]]:
    """Timescales of each bootstrap sample (n_lags, n_samples, n), and rows of the ceiling.

    The latter at the lags in `halves`, from its (n_splits, 2, n_blocks). NaN where there are too
    many states.
    """
    samples, rows = [], []
    for lag in lags:
        if n_states > MANY:
            samples.append(np.full((len(weights), n), np.nan))
            if lag in halves:
                rows += [Row(quantity=quantity, i=i + 1, lag=lag, value=np.nan) for i in range(n)]
            continue
        counts = sparse_block_counts(dtrajs, n_states, lag, blocks)
        samples.append(bootstrap_timescales(counts, weights, lag, n))
        if lag in halves:
            each = halves[lag].reshape(-1, len(blocks))
            split = bootstrap_timescales(counts, each, lag, n).reshape(-1, 2, n)
            rows += [
                Row(quantity=quantity, i=i, lag=lag, value=value)
                for i, value in enumerate(sampling_ceiling(split), start=1)
            ]
    return np.array(samples), rows


def md_rows(
    seen: Seen,
    blocks: list[tuple[int, int, int]],
    n_samples: int,
    rng: np.random.Generator,
    n_sets: int = 1,
) -> tuple[list[Row], Bootstrap]:
    """As `point_rows`, with error bars from resampled blocks of the MD.

    Parameters
    ----------
    seen : Seen
        The MD that the models were trained on, or what one model generated.
    blocks : list of (trajectory, start, stop)
        Ranges of saved frames that are resampled.
    n_samples : int
    rng : numpy.random.Generator
        In the same state for every cell of a system, so that samples are paired.
    n_sets : int
        Of which the MD consists; the ceiling is that of one, sqrt(n_sets) times that of all.
    """
    yardstick, uncored = seen.yardstick, seen.metastable
    lags, n_timescales = seen.lags, seen.n_timescales
    weights = bootstrap_weights(len(blocks), n_samples, rng)
    splits = half_splits(len(blocks), HALF_SPLITS, rng)
    halves = {lag: splits for lag in (lags[0], yardstick.lag)}
    how = lags, n_timescales, blocks, weights, halves
    own, ceiling = _resampled("ceiling_log2", seen.dtrajs, seen.n_states, *how)
    if uncored is seen.dtrajs:  # the states are the metastable ones
        slow = own
        slow_ceiling = [row._replace(quantity="yardstick_ceiling_log2") for row in ceiling]
    else:
        slow, slow_ceiling = _resampled("yardstick_ceiling_log2", uncored, yardstick.n_states, *how)
    bounds: dict[Key, tuple[float, float]] = {}
    for quantity, samples in (("timescale", own), ("yardstick_timescale", slow)):
        for lag, of_lag in zip(lags, samples, strict=True):
            low, high = interval(of_lag)
            for i in range(n_timescales):
                bounds[quantity, i + 1, 0, lag] = float(low[i]), float(high[i])
    counts = block_counts(uncored, yardstick.n_states, yardstick.lag, blocks)
    resampled = []
    for drawn in np.tensordot(weights.astype(np.float64), counts, axes=1):
        if not drawn.any():  # all its blocks are shorter than the lag
            continue
        resampled.append(StateQuantities.of(estimate(drawn, reversible=False), yardstick.lag))
    by_quantity = zip(StateQuantities._fields, zip(*resampled, strict=True), strict=False)
    sampled = [(name, yardstick.lag, np.array(values)) for name, values in by_quantity]
    sampled += _residence_samples(uncored, yardstick, blocks, weights)
    for quantity, lag, samples in sampled:
        low, high = interval(samples)
        for index in np.ndindex(low.shape):
            i, j = numbers(index)
            bounds[quantity, 0 if quantity == "crossing_rate" else i, j, lag] = (
                float(low[index]),
                float(high[index]),
            )
    rows = []
    for row in point_rows(seen):
        # What some samples hold is no interval around nothing.
        known = {} if np.isnan(row.value) else bounds
        bar = known.get((row.quantity, row.i, row.j, row.lag), NOTHING)
        rows.append(row._replace(low=bar[0], high=bar[1]))
    for row in (*ceiling, *slow_ceiling):
        rows.append(row._replace(value=row.value * np.sqrt(n_sets)))
    return rows, Bootstrap(np.array(lags), own, slow)


def tidy_rows(rows: Iterable[Row], interval_time: float) -> pd.DataFrame:
    """Rows of saved frames as a table with times in the system's unit."""
    table = as_table(rows)
    table["lag"] = table["lag"] * interval_time
    times = table["quantity"].str.endswith("timescale")
    times |= table["quantity"].isin(["mfpt", "residence_time"])
    table.loc[times, ["value", "low", "high"]] *= interval_time
    table.loc[table["quantity"] == "crossing_rate", ["value", "low", "high"]] /= interval_time
    return table


class CellKinetics(NamedTuple):
    """All kinetics of one cell, times in the system's unit.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns of `rows.Row`, replicate 0 for MD and reference. Where the MD consists of sets
        replicate 0 is all of them, and the others are the sets that the replicates of equal
        number were trained on.
    of_state : (n_states,) int16
        The metastable state of each state of the cell.
    bootstrap : Bootstrap
    dimension : int
        Of the coordinate.
    n_states : int
    """

    table: pd.DataFrame
    of_state: np.ndarray
    bootstrap: Bootstrap
    dimension: int
    n_states: int

    def write(self, path: Path | str) -> None:
        """HDF5, the resampled timescales below `bootstrap/`."""
        arrays = {f"bootstrap/{name}": values for name, values in vars(self.bootstrap).items()}
        attributes = {"dimension": self.dimension, "n_states": self.n_states}
        write_table(path, self.table, arrays | {"of_state": self.of_state}, attributes)


def evaluate_cell(
    states: Path,
    yardstick_states: Path,
    generated: dict[str, Path],
    plan: KineticsPlan,
) -> CellKinetics:
    """All kinetics of one cell: MD, reference and every replicate of every model.

    Parameters
    ----------
    states, yardstick_states : Path
        Files of `states.fit.fit_states`.
    generated : dict
        Model name -> file of `learning.train_and_generate`.
    plan : KineticsPlan

    Returns
    -------
    CellKinetics

    Raises
    ------
    ValueError
        If no trajectory is longer than the longest lag.
    """
    system, coarse = read_states(states), read_states(yardstick_states)
    stride, recrossing = plan.slicing.stride, plan.slicing.recrossing
    check_lengths([len(t) for t in system.md], max(plan.lags) * stride)
    training, first = system.split.training, system.sets[0].training
    yardstick = Yardstick.of(
        at_interval(coarse.md, first, stride, "none", 1),
        coarse.n_states,
        majority_map(
            take(system.md, first), take(coarse.md, first), system.n_states, coarse.n_states
        ),
        plan.yardstick_lag,
    )
    how = stride, recrossing, plan.slicing.tau
    md_labels, reference_labels = system.labels(recrossing)

    def seen(dtrajs: list[np.ndarray], metastable: list[np.ndarray]) -> Seen:
        return Seen(dtrajs, metastable, system.n_states, yardstick, plan.lags, plan.timescales)

    def sliced(
        labels: list[np.ndarray], source: list[np.ndarray], segments: tuple[Segment, ...]
    ) -> Seen:
        kept = at_interval(source, segments, stride, "none", 1)
        return seen(at_interval(labels, segments, *how), yardstick.map(kept))

    lengths = [s.stop - s.start for s in training]
    blocks = bootstrap_blocks(lengths, plan.block)
    rows, bootstrap = md_rows(
        sliced(md_labels, system.md, training),
        sliced_blocks(blocks, stride),
        plan.samples,
        np.random.default_rng(plan.seed),
        system.n_sets,
    )
    rows = [row._replace(model="md") for row in rows]
    for number, own_set in enumerate(system.sets if system.n_sets > 1 else (), start=1):
        own = point_rows(sliced(md_labels, system.md, own_set.training))
        rows += [row._replace(model="md", replicate=number) for row in own]
    reference = point_rows(sliced(reference_labels, system.reference, system.everything))
    rows += [row._replace(model="reference") for row in reference]
    for model, path in generated.items():
        for name, walkers in read_arrays(path).items():
            found = list(walkers)
            replicate = int(name.removeprefix("replicate_"))
            own = point_rows(seen(found, yardstick.map(found)))
            rows += [row._replace(model=model, replicate=replicate) for row in own]
    in_time = {name: values * plan.interval for name, values in vars(bootstrap).items()}
    return CellKinetics(
        tidy_rows(rows, plan.interval),
        yardstick.of_state,
        Bootstrap(**in_time),
        system.dimension,
        system.n_states,
    )

"""What the leaderboard reads of a cell beside the comparison: projections and committors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from raremd.analysis.cell_kinetics import StateQuantities
from raremd.analysis.leaderboard import MEMORY, QMSM, REFERENCE
from raremd.analysis.rows import Row, rows_of
from raremd.io.storage import read_arrays
from raremd.kinetics.committor import counted_committor
from raremd.kinetics.memory import quasi_markov
from raremd.kinetics.projection import hummer_szabo, micro_to_macro
from raremd.kinetics.timescales import TransitionModel, count_matrix, estimate, timescales
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import at_interval


def extended(
    dtrajs: list[np.ndarray], n_states: int, of_state: np.ndarray, lag: int
) -> dict[str, TransitionModel]:
    """Metastable transition matrices at a long lag from data at lags of at most `MEMORY` frames.

    Parameters
    ----------
    dtrajs : list of (n_frames,) int arrays
        In the cell's own states.
    n_states : int
    of_state : (n_states,) int array
        The metastable state of each state.
    lag : int
        In frames. The Markov model that is projected has the greatest divisor of it that is not
        beyond the memory.

    Returns
    -------
    dict
        Name -> model at the lag; empty where the lag is not longer than the memory.
    """
    if lag <= MEMORY:
        return {}
    step = max(k for k in range(1, MEMORY + 1) if lag % k == 0)
    micro = estimate(count_matrix(dtrajs, n_states, step))
    metastable = [of_state[t] for t in dtrajs]
    (quasi,) = quasi_markov(metastable, int(of_state.max()) + 1, MEMORY, [lag])
    return {
        QMSM: quasi,
        "hummer_szabo": hummer_szabo(micro, of_state, lag // step),
        "micro_to_macro": micro_to_macro(micro, of_state, lag // step),
    }


def extended_rows(
    system: DiscreteSystem, of_state: np.ndarray, stride: int, lag: int
) -> Iterator[Row]:
    """Kinetics of `extended` in the metastable states, of each set of the MD that trains.

    Parameters
    ----------
    system : DiscreteSystem
    of_state : (n_states,) int array
        The metastable state of each state.
    stride : int
        Saving interval in frames.
    lag : int
        The yardstick's, in saved frames.

    Yields
    ------
    Row
        Those of `cell_kinetics.StateQuantities` and `yardstick_timescale`, in saved frames.
    """
    n_processes = int(of_state.max())
    for number, own in enumerate(system.sets, start=1):
        dtrajs = at_interval(system.md, own.training, stride, "none", 1)
        for name, model in extended(dtrajs, system.n_states, of_state, lag).items():
            rows = [
                Row(quantity="yardstick_timescale", i=i, lag=lag, value=value)
                for i, value in enumerate(
                    timescales(model.transition_matrix, lag, n_processes), start=1
                )
            ]
            for quantity, values in StateQuantities.of(model, lag)._asdict().items():
                rows += rows_of(quantity, values, lag)
            yield from (row._replace(model=name, replicate=number) for row in rows)


def committor_rows(
    reference: list[np.ndarray], generated: Mapping[str, Path], exact: np.ndarray
) -> Iterator[Row]:
    """How far committors along trajectories are from the exact ones.

    Parameters
    ----------
    reference : list of (n_frames,) int arrays
    generated : mapping
        Model -> file of `train_and_generate`.
    exact : (n_states,) float array
        0 in the source and 1 in the target, between them in all other states.

    Yields
    ------
    Row
        committor_error of each replicate: root mean square over the states in between; those
        that were never visited do not count.
    """
    ends = (exact == 1).astype(np.int8) - (exact == 0)

    def row(model: str, replicate: int, dtrajs: list[np.ndarray]) -> Row:
        off = (counted_committor(dtrajs, ends) - exact)[ends == 0]
        square = float(np.mean(off[np.isfinite(off)] ** 2)) if np.isfinite(off).any() else np.nan
        return Row(model, replicate, "committor_error", value=square**0.5)

    yield row(REFERENCE, 0, reference)
    for model, path in generated.items():
        for name, walkers in read_arrays(path).items():
            yield row(model, int(name.removeprefix("replicate_")), list(walkers))

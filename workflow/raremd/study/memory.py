"""What jobs declare of their memory: an amount for any data, and more for many states.

Matrices of a training, and of a comparison in metastable states, hold a number for each pair of
states. How many states data come with is known once they are there, and so are these amounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from raremd.io.storage import DamagedFileError, read_attributes
from raremd.kinetics.bootstrap import MAX_BLOCKS

PAIR_BYTES = {"train_and_generate": 120, "inspect_data": 60, "assess_md": 40}
"""Rule -> bytes for each pair of states: at most so many numbers of 8 bytes are held at a time."""
CONTEXT_BYTES = 45
"""For each history of several states, and each state that may follow it."""
RESAMPLED = 10
"""Numbers that are held for each bootstrap sample and pair of metastable states."""

MOST_METASTABLE = 200
"""States in which models may be compared: tables and pages have a row for each pair of them."""


def compared_bytes(samples: int) -> int:
    """For each pair of metastable states: counts in all blocks at two lags, and samples."""
    return 8 * (2 * MAX_BLOCKS + RESAMPLED * samples)


def of_states(files: Sequence[Path | str], megabytes: int, pair_bytes: int) -> int:
    """Megabytes that a job takes.

    Parameters
    ----------
    files : sequence of paths
        States, written by `states.fit.fit_states`; that of most states decides. While none are
        there the amount for few states is given; Snakemake asks again before the job starts. The
        job itself refuses a damaged file.
    megabytes : int
        For few states.
    pair_bytes : int
        For each pair of states.

    Returns
    -------
    int
    """
    return megabytes + max(map(_n_states, files), default=0) ** 2 * pair_bytes // 1_000_000


def of_training(states: Path | str, options: Mapping[str, object]) -> int:
    """Megabytes that training and generation take, for the options of a model by name."""
    order, cores = (int(str(options.get(name, n))) for name, n in (("order", 1), ("cores", 0)))
    matrices = of_states([states], 2000, PAIR_BYTES["train_and_generate"])
    return matrices + of_contexts(states, order, cores)


def of_contexts(states: Path | str, order: int, cores: int) -> int:
    """Megabytes for the histories that a model of several states, or of metastable cores, counts.

    Parameters
    ----------
    states : path
        As in `of_states`.
    order, cores : int
        See `models.priors.contexts.estimate_contexts`. Each history may occur once.
    """
    if order == 1 and not cores:
        return 0
    n_states = _n_states(states)
    frames = sum(stop - start for _, start, stop in _attribute(states, "training", ()))
    rows = sum(min(max(1, cores) * n_states**n, frames) for n in range(1, order + 1))
    return rows * n_states * CONTEXT_BYTES // 1_000_000


def _n_states(file: Path | str) -> int:
    return int(_attribute(file, "n_states", 0))


def _attribute(file: Path | str, name: str, default: Any) -> Any:
    """Of a file of states; the default if it is not there yet, or damaged."""
    try:
        return read_attributes(file)[name] if Path(file).exists() else default
    except DamagedFileError:
        return default


def check_metastable(partition: str, n_states: int) -> None:
    """Refuse a yardstick of microstates, before anything is trained.

    Raises
    ------
    ValueError
        If there are more than `MOST_METASTABLE` states.
    """
    if n_states > MOST_METASTABLE:
        raise ValueError(
            f"yardstick: {partition} has {n_states} states, and models are compared in at most "
            f"{MOST_METASTABLE}; put a partition that lumps them last, for example macrostates: "
            f"{{method: pcca, microstates: {partition}, n_states: 4, lag: ...}}"
        )

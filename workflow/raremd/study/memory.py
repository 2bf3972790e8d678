"""What jobs declare of their memory: an amount for any data, and more for many states.

Matrices of a training, and of a comparison in metastable states, hold a number for each pair of
states. How many states data come with is known once they are there, and so are these amounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raremd.io.storage import DamagedFileError, read_attributes
from raremd.kinetics.bootstrap import MAX_BLOCKS

PAIR_BYTES = {"train_and_generate": 120, "inspect_data": 60, "assess_md": 40}
"""Rule -> bytes for each pair of states: at most so many numbers of 8 bytes are held at a time."""
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


def _n_states(file: Path | str) -> int:
    """Of a file of states; 0 if it cannot be told."""
    try:
        return int(read_attributes(file)["n_states"]) if Path(file).exists() else 0
    except DamagedFileError:
        return 0


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

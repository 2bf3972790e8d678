"""Adapter: states -> trained replicates of one model."""

from pathlib import Path

from raremd.cell import train_replicates
from raremd.logs import log_to

if __name__ == "__main__":
    log_to(snakemake.log[0])  # noqa: F821
    train_replicates(
        snakemake.input.states,  # noqa: F821
        snakemake.params.cell,  # noqa: F821
        Path(snakemake.output.weights),  # noqa: F821
        snakemake.output.history,  # noqa: F821
        snakemake.output.record,  # noqa: F821
    )

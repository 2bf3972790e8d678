"""Adapter: states -> trained replicates of one model."""

from pathlib import Path

from raremd.cell import train_replicates
from raremd.logs import log_to

if __name__ == "__main__":
    log_to(snakemake.log[0])
    train_replicates(
        snakemake.input.states,
        snakemake.params.cell,
        Path(snakemake.output.weights),
        snakemake.output.history,
        snakemake.output.record,
    )

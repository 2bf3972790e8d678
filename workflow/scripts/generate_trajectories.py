"""Adapter: trained replicates -> generated trajectories."""

from pathlib import Path

from raremd.cell import generate_replicates
from raremd.logs import log_to

if __name__ == "__main__":
    log_to(snakemake.log[0])
    generate_replicates(
        snakemake.input.states,
        Path(snakemake.input.weights),
        snakemake.input.record,
        snakemake.params.generation["walkers"],
        snakemake.params.generation["frames"],
        snakemake.output.generated,
        snakemake.output.run,
    )

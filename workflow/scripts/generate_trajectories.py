"""Adapter: trained replicates -> generated trajectories."""

from raremd.cell import generate_replicates
from raremd.logs import log_to

if __name__ == "__main__":
    log_to(snakemake.log[0])  # noqa: F821
    generate_replicates(
        snakemake.input.states,  # noqa: F821
        snakemake.input.weights,  # noqa: F821
        snakemake.input.record,  # noqa: F821
        snakemake.params.generation["walkers"],  # noqa: F821
        snakemake.params.generation["frames"],  # noqa: F821
        snakemake.output.generated,  # noqa: F821
        snakemake.output.run,  # noqa: F821
    )

"""Adapter: recipe -> one all-atom trajectory of a capped peptide, resumable."""

from pathlib import Path

from raremd.logs import log_to
from raremd.systems.peptide import PeptideSettings, simulate

if __name__ == "__main__":
    log_to(snakemake.log[0])
    recipe = snakemake.params.recipe
    simulate(
        PeptideSettings(
            n_residues=recipe["n_residues"], saving_interval_ps=recipe["saving_interval_ps"]
        ),
        recipe["frames"],
        snakemake.params.seed,
        Path(snakemake.output.trajectory),
        recipe["distances"],
    )

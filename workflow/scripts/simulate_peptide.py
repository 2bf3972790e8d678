"""Adapter: recipe -> one all-atom trajectory of a capped peptide, resumable."""

from pathlib import Path

from raremd.data.simulated.peptide import PeptideSettings, simulate
from raremd.io.logs import log_to
from raremd.study.plans import from_param
from raremd.study.recipes import PeptideRecipe

if __name__ == "__main__":
    log_to(snakemake.log[0])
    recipe = from_param(PeptideRecipe, snakemake.params.recipe)
    simulate(
        PeptideSettings(n_residues=recipe.n_residues, saving_interval_ps=recipe.saving_interval_ps),
        recipe.frames,
        snakemake.params.seed,
        Path(snakemake.output.trajectory),
        recipe.distances,
    )

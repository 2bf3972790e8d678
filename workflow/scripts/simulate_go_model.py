"""Adapter: recipe and native structure -> one trajectory of a Go model, resumable."""

from pathlib import Path

from raremd.data.simulated.go_model import GoSettings, simulate
from raremd.io.logs import log_to
from raremd.study.plans import from_param
from raremd.study.recipes import GoRecipe

if __name__ == "__main__":
    log_to(snakemake.log[0])
    recipe = from_param(GoRecipe, snakemake.params.recipe)
    simulate(
        GoSettings(temperature=recipe.temperature, saving_interval_tau=recipe.saving_interval_tau),
        snakemake.input.native,
        recipe.frames,
        snakemake.params.seed,
        Path(snakemake.output.trajectory),
    )

"""Adapter: states -> trained replicates of one model and what they generate."""

from pathlib import Path

from raremd.io.logs import log_to
from raremd.learning.train_and_generate import train_and_generate
from raremd.study.plans import GenerationPlan, TrainingPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    corrected = snakemake.params.corrected
    train_and_generate(
        snakemake.input.states,
        from_param(TrainingPlan, snakemake.params.plan),
        from_param(GenerationPlan, snakemake.params.generation),
        snakemake.params.training_code,
        Path(snakemake.output.weights),
        snakemake.output.history,
        snakemake.output.generated,
        snakemake.output.run,
        from_param(TrainingPlan, corrected) if corrected else None,
    )

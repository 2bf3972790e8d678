"""Adapter: discrete trajectories of one cell -> its kinetics."""

from raremd.analysis.cell_kinetics import evaluate_cell
from raremd.io.logs import log_to
from raremd.study.plans import KineticsPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    evaluate_cell(
        snakemake.input.states,
        snakemake.input.yardstick,
        dict(zip(snakemake.params.models, snakemake.input.generated, strict=True)),
        from_param(KineticsPlan, snakemake.params.plan),
    ).write(snakemake.output.kinetics)

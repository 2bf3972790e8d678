"""Adapter: discrete trajectories of one cell -> its kinetics."""

from raremd.analysis.cell_kinetics import evaluate_cell
from raremd.io.logs import log_to
from raremd.io.storage import write_table
from raremd.study.plans import KineticsPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    found = evaluate_cell(
        snakemake.input.states,
        snakemake.input.yardstick,
        dict(zip(snakemake.params.models, snakemake.input.generated, strict=True)),
        from_param(KineticsPlan, snakemake.params.plan),
    )
    write_table(snakemake.output.kinetics, *found)

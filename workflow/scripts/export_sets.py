"""Adapter: discrete trajectories of one cell -> plain .npz for another program."""

from raremd.analysis.crosscheck import export_sets, sets_of_cell
from raremd.io.logs import log_to
from raremd.study.plans import KineticsPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    generated = dict(zip(snakemake.params.models, snakemake.input.generated, strict=True))
    plan = from_param(KineticsPlan, snakemake.params.plan)
    sets = sets_of_cell(snakemake.input.states, generated, plan.slicing)
    export_sets(snakemake.output.sets, sets, plan.lags)

"""Adapter: discrete trajectories of one cell -> plain .npz for another program."""

from raremd.analysis.crosscheck import export_sets, sets_of_cell
from raremd.io.logs import log_to

if __name__ == "__main__":
    log_to(snakemake.log[0])
    generated = dict(zip(snakemake.params.models, snakemake.input.generated, strict=True))
    cell = snakemake.params.cell
    sets = sets_of_cell(snakemake.input.states, generated, cell)
    export_sets(snakemake.output.sets, sets, cell["lags"])

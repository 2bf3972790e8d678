"""Adapter: comparison -> transition matrices of MD and networks in the base cell."""

from raremd.analysis.tidy import pick
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet
from raremd.report.figures.style import save
from raremd.report.figures.transition_matrices import draw

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    comparison = read_parquet(snakemake.input.comparison)
    cell = pick(comparison, system=snakemake.wildcards.system, **p.base)
    save(draw(cell, p.models, p.lag), snakemake.output.pdf, snakemake.output.png)

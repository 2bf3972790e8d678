"""Adapter: comparison -> transition matrices of MD and networks in the base cell."""

from raremd.figures.selection import pick
from raremd.figures.style import save
from raremd.figures.transition_matrices import draw
from raremd.logs import log_to
from raremd.storage import read_parquet

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    comparison = read_parquet(snakemake.input.comparison)
    cell = pick(comparison, system=snakemake.wildcards.system, **p.base)
    save(draw(cell, p.models, p.lag), snakemake.output.pdf, snakemake.output.png)

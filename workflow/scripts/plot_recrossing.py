"""Adapter: comparison -> slowest timescale against the removal of recrossings."""

from raremd.figures.recrossing import draw
from raremd.figures.selection import pick
from raremd.figures.style import save, series
from raremd.logs import log_to
from raremd.storage import read_parquet

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    comparison = read_parquet(snakemake.input.comparison)
    table = pick(comparison, system=snakemake.wildcards.system, **p.cells)
    save(draw(table, p.lag, series(p.models, {})), snakemake.output.pdf, snakemake.output.png)

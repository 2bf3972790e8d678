"""Adapter: comparison -> populations and mean first-passage times in the base cell."""

from raremd.figures.populations_mfpt import draw
from raremd.figures.selection import pick
from raremd.figures.style import save, series
from raremd.logs import log_to
from raremd.storage import read_parquet

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    comparison = read_parquet(snakemake.input.comparison)
    cell = pick(comparison, system=snakemake.wildcards.system, **p.base)
    save(draw(cell, series(p.models, {}), p.lag), snakemake.output.pdf, snakemake.output.png)

"""Adapter: comparison -> slowest timescale against the removal of recrossings."""

from raremd.analysis.tidy import pick
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet
from raremd.report.figures.recrossing import draw
from raremd.report.figures.style import save, series

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    comparison = read_parquet(snakemake.input.comparison)
    table = pick(comparison, system=snakemake.wildcards.system, **p.cells)
    save(draw(table, p.lag, series(p.models, {})), snakemake.output.pdf, snakemake.output.png)

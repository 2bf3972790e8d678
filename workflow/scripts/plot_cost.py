"""Adapter: comparison -> error of the slowest timescale against computing time."""

from raremd.figures.cost import draw
from raremd.figures.selection import pick
from raremd.figures.style import save, series, together
from raremd.logs import log_to
from raremd.storage import read_parquet

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    tables = map(read_parquet, (snakemake.input.comparison, snakemake.input.cost))
    table, cost = (pick(whole, system=snakemake.wildcards.system) for whole in tables)
    looks = together(series(p.models, p.controls), p.controls)
    save(draw(table, cost, looks, p.lag, p.tolerance), snakemake.output.pdf, snakemake.output.png)

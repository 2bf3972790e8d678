"""Adapter: comparison -> error of the slowest timescale against computing time."""

from raremd.analysis.tidy import pick
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet
from raremd.report.figures.cost import draw
from raremd.report.figures.style import save, series, together

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    tables = map(read_parquet, (snakemake.input.comparison, snakemake.input.cost))
    table, cost = (pick(whole, system=snakemake.wildcards.system) for whole in tables)
    looks = together(series(p.models, p.controls), p.controls)
    save(draw(table, cost, looks, p.lag, p.tolerance), snakemake.output.pdf, snakemake.output.png)

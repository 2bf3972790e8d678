"""Adapter: comparison -> networks and their controls in the base cell."""

from raremd.analysis.tidy import pick
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet
from raremd.report.figures.controls import draw
from raremd.report.figures.style import save, series

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    comparison = read_parquet(snakemake.input.comparison)
    table = pick(comparison, system=snakemake.wildcards.system, **p.base)
    figure = draw(table, series(p.models, p.controls), p.lag, p.tolerance)
    save(figure, snakemake.output.pdf, snakemake.output.png)

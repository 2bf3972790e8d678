"""Adapter: comparison -> error of the slowest timescale over two factors."""

from raremd.analysis.tidy import pick
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet
from raremd.report.figures.heatmap import draw
from raremd.report.figures.style import save, series

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    table = pick(read_parquet(snakemake.input.comparison), system=snakemake.wildcards.system)
    figure = draw(table, p.grid, p.base, p.lag, series(p.models, {}))
    save(figure, snakemake.output.pdf, snakemake.output.png)

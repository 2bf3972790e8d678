"""Adapter: comparison -> error of the slowest timescale against one factor."""

from raremd.analysis.tidy import pick
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet
from raremd.report.figures.factor import draw
from raremd.report.figures.style import save, series

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    comparison = read_parquet(snakemake.input.comparison)
    figure = draw(
        pick(comparison, system=snakemake.wildcards.system),
        snakemake.wildcards.factor,
        p.levels,
        p.base,
        p.lag,
        p.tolerance,
        series(p.models, {}),
        p.states,
    )
    save(figure, snakemake.output.pdf, snakemake.output.png)

"""Adapter: comparison -> error of the slowest timescale against one factor."""

from raremd.figures.factor import draw
from raremd.figures.selection import pick
from raremd.figures.style import save, series
from raremd.logs import log_to
from raremd.storage import read_parquet

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

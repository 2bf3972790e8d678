"""Adapter: comparison -> implied timescales against lag time."""

from raremd.analysis.tidy import pick
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet
from raremd.report.figures.style import save, series
from raremd.report.figures.timescales import draw

if __name__ == "__main__":
    log_to(snakemake.log[0])
    comparison = read_parquet(snakemake.input.comparison)
    table = pick(comparison, system=snakemake.wildcards.system)
    save(
        draw(table, series(snakemake.params.models, {})), snakemake.output.pdf, snakemake.output.png
    )

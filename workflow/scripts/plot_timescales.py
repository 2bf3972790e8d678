"""Adapter: comparison -> implied timescales against lag time."""

from raremd.figures.selection import pick
from raremd.figures.style import save, series
from raremd.figures.timescales import draw
from raremd.logs import log_to
from raremd.storage import read_parquet

if __name__ == "__main__":
    log_to(snakemake.log[0])
    comparison = read_parquet(snakemake.input.comparison)
    table = pick(comparison, system=snakemake.wildcards.system)
    save(
        draw(table, series(snakemake.params.models, {})), snakemake.output.pdf, snakemake.output.png
    )

"""Adapter: comparison -> error of the slowest timescale against computing time."""

import pandas as pd

from raremd.figures.cost import draw
from raremd.figures.selection import pick
from raremd.figures.style import save, series
from raremd.logs import log_to

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    comparison = pd.read_parquet(snakemake.input.comparison)
    table = pick(comparison, system=snakemake.wildcards.system)
    looks = series(p.models, p.controls)
    save(draw(table, looks, p.lag, p.tolerance), snakemake.output.pdf, snakemake.output.png)

"""Adapter: leaderboard -> figure."""

import pandas as pd

from raremd.io.logs import log_to
from raremd.report.figures.leaderboard import draw
from raremd.report.figures.style import save

if __name__ == "__main__":
    log_to(snakemake.log[0])
    ranking = pd.read_csv(snakemake.input.ranking)
    save(draw(ranking, snakemake.params.tolerance), snakemake.output.pdf, snakemake.output.png)

"""Adapter: leaderboard -> figure."""

import pandas as pd

from raremd.figures.leaderboard import draw
from raremd.figures.style import save
from raremd.logs import log_to

if __name__ == "__main__":
    log_to(snakemake.log[0])
    ranking = pd.read_csv(snakemake.input.ranking)
    save(draw(ranking, snakemake.params.tolerance), snakemake.output.pdf, snakemake.output.png)

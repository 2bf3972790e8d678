"""Adapter: verdicts -> forest plot."""

from raremd.figures.claims import draw
from raremd.figures.style import save
from raremd.logs import log_to
from raremd.storage import read_json

if __name__ == "__main__":
    log_to(snakemake.log[0])
    records = read_json(snakemake.input.claims)
    save(draw(records, snakemake.params.tolerance), snakemake.output.pdf, snakemake.output.png)

"""Adapter: verdicts -> forest plot."""

from raremd.io.logs import log_to
from raremd.io.storage import read_json
from raremd.report.figures.claims import draw
from raremd.report.figures.style import save

if __name__ == "__main__":
    log_to(snakemake.log[0])
    records = read_json(snakemake.input.claims)
    save(draw(records, snakemake.params.tolerance), snakemake.output.pdf, snakemake.output.png)

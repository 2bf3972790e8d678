"""Adapter: URL -> verified file."""

from raremd.logs import log_to
from raremd.systems.download import download

if __name__ == "__main__":
    log_to(snakemake.log[0])
    download(*snakemake.params.origin, snakemake.output.file)

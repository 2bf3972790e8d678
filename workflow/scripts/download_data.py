"""Adapter: URL -> verified file."""

from raremd.data.imported.download import download
from raremd.io.logs import log_to

if __name__ == "__main__":
    log_to(snakemake.log[0])
    url, digest = snakemake.params.origin
    download(url, digest, snakemake.output.file)

"""Adapter: a user's own files -> features.h5."""

from raremd.data.imported.imported import import_source
from raremd.io.logs import log_to

if __name__ == "__main__":
    log_to(snakemake.log[0])
    import_source(
        snakemake.params.source,
        list(snakemake.input.files),
        snakemake.params.frame_interval,
        snakemake.params.time_unit,
        snakemake.output.features,
    )

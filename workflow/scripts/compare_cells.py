"""Adapter: kinetics and run records -> the tidy comparison table."""

from raremd.comparison import compare
from raremd.logs import log_to
from raremd.storage import atomic_path

if __name__ == "__main__":
    log_to(snakemake.log[0])  # noqa: F821
    table = compare(
        snakemake.params.cells,  # noqa: F821
        list(snakemake.input.kinetics),  # noqa: F821
        list(snakemake.input.runs),  # noqa: F821
        dict(zip(snakemake.params.spectra, snakemake.input.spectra, strict=True)),  # noqa: F821
        snakemake.params.units,  # noqa: F821
        snakemake.params.seed,  # noqa: F821
    )
    with atomic_path(snakemake.output.csv) as temporary:  # noqa: F821
        table.to_csv(temporary, index=False)
    with atomic_path(snakemake.output.parquet) as temporary:  # noqa: F821
        table.to_parquet(temporary, index=False)

"""Adapter: kinetics and run records -> the tidy comparison table."""

from raremd.comparison import compare
from raremd.logs import log_to
from raremd.storage import atomic_path, write_parquet

if __name__ == "__main__":
    log_to(snakemake.log[0])
    table = compare(
        snakemake.params.cells,
        list(snakemake.input.kinetics),
        list(snakemake.input.runs),
        dict(zip(snakemake.params.spectra, snakemake.input.spectra, strict=True)),
        snakemake.params.units,
        snakemake.params.seed,
    )
    with atomic_path(snakemake.output.csv) as temporary:
        table.to_csv(temporary, index=False)
    write_parquet(snakemake.output.parquet, table)

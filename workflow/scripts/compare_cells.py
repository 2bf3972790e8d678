"""Adapter: kinetics and run records -> the tidy comparison table, and what it cost."""

from raremd.comparison import compare, costs
from raremd.logs import log_to
from raremd.storage import atomic_path, write_parquet

if __name__ == "__main__":
    log_to(snakemake.log[0])
    cells, runs = snakemake.params.cells, list(snakemake.input.runs)
    table = compare(
        cells,
        list(snakemake.input.kinetics),
        runs,
        dict(zip(snakemake.params.spectra, snakemake.input.spectra, strict=True)),
        snakemake.params.units,
        snakemake.params.seed,
    )
    for path, content in (
        (snakemake.output.csv, table),
        (snakemake.output.cost, costs(cells, runs)),
    ):
        with atomic_path(path) as temporary:
            content.to_csv(temporary, index=False)
    write_parquet(snakemake.output.parquet, table)

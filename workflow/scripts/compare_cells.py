"""Adapter: kinetics and run records -> the tidy comparison table, and what it cost."""

from raremd.analysis.comparison import compare, costs
from raremd.io.logs import log_to
from raremd.io.storage import atomic_path, write_parquet

if __name__ == "__main__":
    log_to(snakemake.log[0])
    cells, runs, output = snakemake.params.cells, list(snakemake.input.runs), snakemake.output
    comparison = compare(
        cells,
        list(snakemake.input.kinetics),
        runs,
        dict(zip(snakemake.params.spectra, snakemake.input.spectra, strict=True)),
        snakemake.params.units,
        snakemake.params.seed,
    )
    for table, csv, parquet in (
        (comparison, output.csv, output.parquet),
        (costs(cells, runs), output.cost_csv, output.cost_parquet),
    ):
        with atomic_path(csv) as temporary:
            table.to_csv(temporary, index=False)
        write_parquet(parquet, table)

"""Adapter: kinetics and run records -> the tidy comparison table, and what it cost."""

from raremd.analysis.comparison import compare, costs
from raremd.io.logs import log_to
from raremd.io.storage import atomic_path, write_parquet
from raremd.study.plans import from_param
from raremd.study.verdict_plans import ComparisonPlan

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(ComparisonPlan, snakemake.params.plan)
    runs, output = list(snakemake.input.runs), snakemake.output
    comparison = compare(
        plan.cells,
        list(snakemake.input.kinetics),
        runs,
        dict(zip(plan.spectra, snakemake.input.spectra, strict=True)),
        plan.units,
        plan.seed,
    )
    for table, csv, parquet in (
        (comparison, output.csv, output.parquet),
        (costs(plan.cells, runs), output.cost_csv, output.cost_parquet),
    ):
        with atomic_path(csv) as temporary:
            table.to_csv(temporary, index=False)
        write_parquet(parquet, table)

"""Adapter: comparison and bootstrap samples -> why a network fails in the base cells."""

from raremd.analysis.claims import Rules, read_cells
from raremd.analysis.diagnosis import as_markdown, diagnose_study
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet, write_json
from raremd.report.pages.markdown import write_page

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    comparison = read_parquet(snakemake.input.comparison)
    records = diagnose_study(
        read_cells(comparison, snakemake.input.kinetics, p.cells, p.yardstick_lags),
        p.bases,
        p.controls,
        p.varied,
        p.networks,
        Rules(p.tolerance, p.minimum_transitions),
        p.seed,
    )
    write_json(snakemake.output.json, records)
    write_page(as_markdown(records, p.tolerance), snakemake.output.markdown, snakemake.output.html)

"""Adapter: comparison and bootstrap samples -> why a network fails in the base cells."""

from raremd.claims import Rules, read_cells
from raremd.diagnosis import as_markdown, diagnose_study
from raremd.logs import log_to
from raremd.markdown import write_page
from raremd.storage import read_parquet, write_json

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

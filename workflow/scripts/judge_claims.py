"""Adapter: comparison and bootstrap samples -> verdicts."""

from raremd.analysis.claims import Rules, judge_study, read_cells
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet, write_json
from raremd.report.pages.claims import as_markdown
from raremd.report.pages.markdown import write_page

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    comparison = read_parquet(snakemake.input.comparison)
    records = judge_study(
        read_cells(comparison, snakemake.input.kinetics, p.cells, p.yardstick_lags),
        [cell["system"] for cell in p.cells],
        p.contrasts,
        p.networks,
        p.controls,
        Rules(p.tolerance, p.minimum_transitions),
        p.seed,
    )
    write_json(snakemake.output.json, records)
    write_page(as_markdown(records), snakemake.output.markdown, snakemake.output.html)

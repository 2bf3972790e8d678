"""Adapter: comparison and cost -> pages of the report."""

from raremd.io.logs import log_to
from raremd.io.storage import read_parquet, write_text
from raremd.report.pages import tables
from raremd.report.pages.markdown import to_html
from raremd.study.plans import from_param
from raremd.study.verdict_plans import TablesPlan

if __name__ == "__main__":
    log_to(snakemake.log[0])
    i, o = snakemake.input, snakemake.output
    plan = from_param(TablesPlan, snakemake.params.plan)
    pages = {
        o.comparison: tables.comparison(
            read_parquet(i.comparison), plan.yardstick_lags, plan.controls
        ),
        o.cost: tables.cost(read_parquet(i.cost), plan.controls),
    }
    for path, text in pages.items():
        write_text(path, to_html(text))

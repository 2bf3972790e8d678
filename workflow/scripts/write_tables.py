"""Adapter: comparison and cost -> pages of the report."""

from raremd.io.logs import log_to
from raremd.io.storage import atomic_path, read_parquet
from raremd.report.pages import tables
from raremd.report.pages.markdown import to_html

if __name__ == "__main__":
    log_to(snakemake.log[0])
    i, o = snakemake.input, snakemake.output
    pages = {
        o.comparison: tables.comparison(read_parquet(i.comparison), snakemake.params.lags),
        o.cost: tables.cost(read_parquet(i.cost)),
    }
    for path, text in pages.items():
        with atomic_path(path) as temporary:
            temporary.write_text(to_html(text))

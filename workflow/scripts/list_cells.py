"""Adapter: the sweep as a table, for programs and for readers."""

import pandas as pd

from raremd.io.storage import atomic_path, write_text
from raremd.report.pages.markdown import as_table, to_html


def list_cells(rows: list[dict], csv: str, html: str) -> None:
    table = pd.DataFrame(rows)
    with atomic_path(csv) as temporary:
        table.to_csv(temporary, index=False)
    texts = [
        [f"{v:g}" if isinstance(v, float) else str(v) for v in row]
        for row in table.itertuples(index=False)
    ]
    lines = ["# Cells of the sweep", "", "Click a heading to sort.", "", *as_table(table, texts)]
    write_text(html, to_html("\n".join(lines)))


if __name__ == "__main__":
    list_cells(snakemake.params.rows, snakemake.output.csv, snakemake.output.html)

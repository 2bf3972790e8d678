"""Adapter: the sweep as a table, for programs and for readers."""

import pandas as pd

from raremd.html_table import sortable
from raremd.storage import atomic_path


def list_cells(rows: list[dict], csv: str, html: str) -> None:
    table = pd.DataFrame(rows)
    with atomic_path(csv) as temporary:
        table.to_csv(temporary, index=False)
    with atomic_path(html) as temporary:
        temporary.write_text(sortable(table, "Cells of the sweep"))


if __name__ == "__main__":
    list_cells(snakemake.params.rows, snakemake.output.csv, snakemake.output.html)

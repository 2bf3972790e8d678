"""Adapter: the sweep as a table."""

import pandas as pd

from raremd.storage import atomic_path


def list_cells(rows: list[dict], output: str) -> None:
    with atomic_path(output) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)


if __name__ == "__main__":
    list_cells(snakemake.params.rows, snakemake.output.table)

"""Adapter: training histories -> validation loss of every cell of a system."""

import pandas as pd

from raremd.io.logs import log_to
from raremd.io.storage import read_parquet
from raremd.report.figures.style import save, series, together
from raremd.report.figures.training import draw


def read_histories(files: list[str], cells: list[dict]) -> pd.DataFrame:
    """One table of all histories; `cells` names cell and model of each file."""
    pairs = zip(files, cells, strict=True)
    return pd.concat([read_parquet(f).assign(**cell) for f, cell in pairs], ignore_index=True)


if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    table = read_histories(list(snakemake.input.histories), p.cells)
    save(
        draw(table, together(series(p.models, p.controls), p.controls), p.unit),
        snakemake.output.pdf,
        snakemake.output.png,
    )

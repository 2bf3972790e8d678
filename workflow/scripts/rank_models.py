"""Adapter: comparison, costs and bootstrap samples -> leaderboard."""

import pandas as pd

from raremd.leaderboard import as_markdown, rank
from raremd.logs import log_to
from raremd.storage import atomic_path, read_arrays, read_parquet


def rank_cells(
    comparison: str, costs: str, kinetics: list[str], cells: list[dict], lags: dict, seed: int
) -> pd.DataFrame:
    key = ["system", "coordinate", "interval", "partition"]
    tables, cost = dict(list(read_parquet(comparison).groupby(key))), read_parquet(costs)
    cost = dict(list(cost.groupby(key)))
    parts = []
    for cell, path in zip(cells, kinetics, strict=True):
        of, system = tuple(cell[name] for name in key), cell["system"]
        samples = read_arrays(path, "bootstrap")
        parts.append(rank(system, tables[of], samples, cost[of], lags[system], seed))
    return pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    log_to(snakemake.log[0])
    files, p = snakemake.input, snakemake.params
    ranking = rank_cells(files.comparison, files.cost, files.kinetics, p.cells, p.lags, p.seed)
    with atomic_path(snakemake.output.csv) as temporary:
        ranking.to_csv(temporary, index=False)
    with atomic_path(snakemake.output.markdown) as temporary:
        temporary.write_text(as_markdown(ranking, p.folders, p.units))

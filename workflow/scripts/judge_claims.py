"""Adapter: comparison and bootstrap samples -> verdicts."""

from raremd.claims import CellResult, Rules, as_markdown, judge_study
from raremd.logs import log_to
from raremd.storage import atomic_path, read_arrays, read_parquet, write_json

FACTORS = ["system", "coordinate", "interval", "partition"]


def cell_results(
    comparison: str, kinetics: list[str], cells: list[dict], lags: dict[str, float]
) -> list[CellResult]:
    table = read_parquet(comparison)
    groups = dict(list(table.groupby(FACTORS)))
    return [
        CellResult(
            name="{system}/{coordinate}/dt_{interval:g}/{partition}".format(**cell),
            interval=cell["interval"],
            yardstick_lag=lags[cell["system"]],
            table=groups[tuple(cell[f] for f in FACTORS)],
            bootstrap=read_arrays(path, "bootstrap"),
        )
        for cell, path in zip(cells, kinetics, strict=True)
    ]


if __name__ == "__main__":
    log_to(snakemake.log[0])
    p = snakemake.params
    records = judge_study(
        cell_results(
            snakemake.input.comparison, snakemake.input.kinetics, p.cells, p.yardstick_lags
        ),
        [cell["system"] for cell in p.cells],
        p.contrasts,
        p.networks,
        p.controls,
        Rules(p.tolerance, p.minimum_transitions),
        p.seed,
    )
    write_json(snakemake.output.json, records)
    with atomic_path(snakemake.output.markdown) as temporary:
        temporary.write_text(as_markdown(records))

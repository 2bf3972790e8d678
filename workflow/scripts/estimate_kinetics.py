"""Adapter: discrete trajectories of one cell -> its kinetics."""

from raremd.analysis.cell_kinetics import evaluate_cell
from raremd.io.logs import log_to
from raremd.io.storage import write_table


def estimate_kinetics(
    states: str, yardstick: str, generated: dict[str, str], cell: dict, output: str
) -> None:
    write_table(output, *evaluate_cell(states, yardstick, generated, cell))


if __name__ == "__main__":
    log_to(snakemake.log[0])
    estimate_kinetics(
        snakemake.input.states,
        snakemake.input.yardstick,
        dict(zip(snakemake.params.models, snakemake.input.generated, strict=True)),
        snakemake.params.cell,
        snakemake.output.kinetics,
    )

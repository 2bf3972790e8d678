"""Adapter: discrete trajectories of one cell -> its kinetics."""

from raremd.evaluation import evaluate_cell
from raremd.logs import log_to
from raremd.storage import write_table


def estimate_kinetics(
    states: str, yardstick: str, generated: dict[str, str], cell: dict, output: str
) -> None:
    table, bootstrap, attributes = evaluate_cell(states, yardstick, generated, cell)
    write_table(output, table, {f"bootstrap/{k}": v for k, v in bootstrap.items()}, attributes)


if __name__ == "__main__":
    log_to(snakemake.log[0])  # noqa: F821
    estimate_kinetics(
        snakemake.input.states,  # noqa: F821
        snakemake.input.yardstick,  # noqa: F821
        dict(zip(snakemake.params.models, snakemake.input.generated, strict=True)),  # noqa: F821
        snakemake.params.cell,  # noqa: F821
        snakemake.output.kinetics,  # noqa: F821
    )

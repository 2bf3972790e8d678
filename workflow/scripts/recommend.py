"""Adapter: comparison -> recommendation.md."""

from raremd.analysis.recommendation import CELL, as_markdown, recommend
from raremd.io.logs import log_to
from raremd.io.storage import read_attributes, read_parquet
from raremd.report.pages.markdown import write_page


def state_counts(cells: list[dict], kinetics: list[str], system: str) -> dict[tuple, int]:
    return {
        tuple(cell[name] for name in CELL): read_attributes(path)["n_states"]
        for cell, path in zip(cells, kinetics, strict=True)
        if cell["system"] == system
    }


if __name__ == "__main__":
    log_to(snakemake.log[0])
    table, p = read_parquet(snakemake.input.comparison), snakemake.params
    answers = [
        recommend(
            system,
            table[table["system"] == system],
            state_counts(p.cells, snakemake.input.kinetics, system),
            p.settings | own,
        )
        for system, own in p.systems.items()
    ]
    write_page(as_markdown(answers), snakemake.output.markdown, snakemake.output.html)

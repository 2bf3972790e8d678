"""Adapter: comparison -> recommendation.md."""

from raremd.analysis.recommendation import CELL, as_markdown, recommend
from raremd.io.logs import log_to
from raremd.io.storage import read_attributes, read_parquet
from raremd.report.pages.markdown import write_page
from raremd.study.plans import from_param
from raremd.study.verdict_plans import RecommendationPlan


def state_counts(plan: RecommendationPlan, kinetics: list[str], system: str) -> dict[tuple, int]:
    return {
        tuple(factors.columns()[name] for name in CELL): read_attributes(path)["n_states"]
        for factors, path in zip(plan.cells, kinetics, strict=True)
        if factors.cell.system == system
    }


def rules(plan: RecommendationPlan, system: str) -> dict[str, object]:
    names = ("networks", "baselines", "tolerance", "minimum_transitions")
    common = {name: getattr(plan, name) for name in names}
    return common | plan.yardsticks[system].model_dump() | {"unit": plan.units[system]}


if __name__ == "__main__":
    log_to(snakemake.log[0])
    table = read_parquet(snakemake.input.comparison)
    plan = from_param(RecommendationPlan, snakemake.params.plan)
    answers = [
        recommend(
            system,
            table[table["system"] == system],
            state_counts(plan, snakemake.input.kinetics, system),
            rules(plan, system),
        )
        for system in plan.yardsticks
    ]
    write_page(as_markdown(answers), snakemake.output.markdown, snakemake.output.html)

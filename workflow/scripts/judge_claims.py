"""Adapter: comparison and bootstrap samples -> verdicts."""

from raremd.analysis.claims import Rules, judge_study, read_cells
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet, write_json
from raremd.report.pages.claims import as_markdown
from raremd.report.pages.markdown import write_page
from raremd.study.cell import Cell
from raremd.study.plans import from_param
from raremd.study.verdict_plans import ClaimsPlan, ContrastPlan


def indices(contrast: ContrastPlan, cells: list[Cell]) -> dict[str, str | int]:
    sides = {"easy": contrast.easy} | ({"hard": contrast.hard} if contrast.hard else {})
    found = {side: cells.index(cell) for side, cell in sides.items()}
    return {"system": contrast.system, "claim": contrast.claim} | found


if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(ClaimsPlan, snakemake.params.plan)
    cells = [factors.cell for factors in plan.cells]
    comparison = read_parquet(snakemake.input.comparison)
    records = judge_study(
        read_cells(comparison, snakemake.input.kinetics, cells, plan.yardstick_lags),
        [cell.system for cell in cells],
        [indices(contrast, cells) for contrast in plan.contrasts],
        list(plan.networks),
        {control.name: control.of for control in plan.controls},
        Rules(plan.tolerance, plan.minimum_transitions),
        plan.seed,
    )
    write_json(snakemake.output.json, records)
    write_page(as_markdown(records), snakemake.output.markdown, snakemake.output.html)

"""Adapter: comparison, costs, bootstrap samples and validating MD -> leaderboard."""

from raremd.analysis.leaderboard_cells import Solved, Sources, rank_cells
from raremd.io.logs import log_to
from raremd.io.storage import atomic_path, write_text
from raremd.report.pages.leaderboard import as_markdown
from raremd.study.plans import from_param
from raremd.study.verdict_plans import RankingPlan

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan, files = from_param(RankingPlan, snakemake.params.plan), snakemake.input
    generated = iter(files.generated)
    solved = {
        system.name: Solved(answers, {model: next(generated) for model in system.models})
        for system, answers in zip(plan.solved, files.answers, strict=True)
    }
    sources = Sources(
        files.comparison, files.cost, files.assessments, files.kinetics, files.states, solved
    )
    board = rank_cells(sources, plan)
    for name, table in (("csv", board.ranking), ("metrics", board.metrics)):
        with atomic_path(snakemake.output[name]) as temporary:
            table.to_csv(temporary, index=False)
    folders = {at.cell.system: at.cell.folder for at in plan.cells}
    units = {at.cell.system: at.unit for at in plan.cells}
    page = as_markdown(board, folders, units, plan.tolerance)
    write_text(snakemake.output.markdown, page)

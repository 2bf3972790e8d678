"""Adapter: comparison, assessments and verdicts -> recommendation.{json,md,html}."""

from raremd.analysis.assessment import read_assessments
from raremd.analysis.cell_result import cell_results
from raremd.analysis.claim_records import Judgement
from raremd.analysis.recommendation import recommend
from raremd.analysis.recommended import recommended
from raremd.io.logs import log_to
from raremd.io.storage import read_attributes, read_parquet, read_typed, write_typed
from raremd.report.pages.markdown import write_page
from raremd.report.pages.recommendation import as_markdown
from raremd.study.plans import from_param
from raremd.study.verdict_plans import RecommendationPlan

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(RecommendationPlan, snakemake.params.plan)
    table = read_parquet(snakemake.input.comparison)
    cells = cell_results(table, plan.cells, plan.yardstick_lags)
    n_states = [read_attributes(path)["n_states"] for path in snakemake.input.kinetics]
    answers = []
    for system, assessment in read_assessments(snakemake.input.assessments).items():
        mine = [n for n, cell in enumerate(plan.cells) if cell.system == system]
        of_cells = [cells[n] for n in mine], [n_states[n] for n in mine]
        models = plan.networks, plan.baselines
        answers.append(recommend(assessment, *of_cells, *models, plan.controls))
    write_typed(snakemake.output.record, tuple(map(recommended, answers)))
    records = read_typed(Judgement, snakemake.input.claims).records
    write_page(as_markdown(answers, records), snakemake.output.markdown, snakemake.output.html)

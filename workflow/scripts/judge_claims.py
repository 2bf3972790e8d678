"""Adapter: comparison and assessments -> verdicts, and why networks fail."""

from raremd.analysis.assessment import read_assessments
from raremd.analysis.cell_result import cell_results
from raremd.analysis.claims import judge_study
from raremd.analysis.contrasts import Contrast
from raremd.analysis.diagnosis import diagnose_study
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet, write_typed
from raremd.report.pages import claims as claims_page
from raremd.report.pages import diagnosis as diagnosis_page
from raremd.report.pages.markdown import write_page
from raremd.study.plans import from_param
from raremd.study.verdict_plans import ClaimsPlan

if __name__ == "__main__":
    log_to(snakemake.log[0])
    i, o = snakemake.input, snakemake.output
    plan = from_param(ClaimsPlan, snakemake.params.plan)
    assessments = read_assessments(i.assessments)
    cells = cell_results(read_parquet(i.comparison), plan.cells, plan.yardstick_lags)
    by_cell = dict(zip(plan.cells, cells, strict=True))
    contrasts = [
        Contrast(c.claim, c.system, by_cell[c.easy], by_cell[c.hard] if c.hard else None)
        for c in plan.contrasts
    ]
    judgement = judge_study(contrasts, cells, plan.networks, plan.controls, assessments)
    bases = [by_cell[base] for base in plan.bases]
    diagnoses = diagnose_study(bases, plan.networks, plan.controls, assessments)
    write_typed(o.json, judgement)
    write_typed(o.diagnosis, diagnoses)
    write_page(claims_page.as_markdown(judgement, plan.controls), o.markdown, o.html)
    write_page(diagnosis_page.as_markdown(diagnoses), o.diagnosis_markdown, o.diagnosis_html)

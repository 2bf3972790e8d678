"""Adapter: states of the planned cells -> inspect.{md,html,csv}, before any training."""

import pandas as pd

from raremd.analysis.assessment import read_assessments
from raremd.analysis.inspection import inspect_system, running_time
from raremd.analysis.kept_laws import KeptLaws
from raremd.analysis.speed import job_start
from raremd.io.logs import log_to
from raremd.io.storage import atomic_path
from raremd.report.pages.inspection import as_markdown
from raremd.report.pages.markdown import write_page
from raremd.study.plans import InspectionPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plans = from_param(tuple[InspectionPlan, ...], snakemake.params.plan)
    assessments = read_assessments(snakemake.input.assessments)
    kept = from_param(KeptLaws, snakemake.params.laws)
    found = [inspect_system(plan, assessments[plan.system], kept) for plan in plans]
    with atomic_path(snakemake.output.csv) as temporary:
        pd.concat([f.table for f in found], ignore_index=True).to_csv(temporary, index=False)
    p = snakemake.params
    page = as_markdown(found, running_time(found, job_start(), p.figures), p.cores, kept)
    write_page(page, snakemake.output.markdown, snakemake.output.html)

"""Adapter: states of the planned cells -> inspect.{md,html,csv}, before any training."""

import pandas as pd

from raremd.analysis.inspection import inspect_system, running_time
from raremd.io.logs import log_to
from raremd.io.storage import atomic_path
from raremd.report.pages.markdown import write_page
from raremd.study.plans import InspectionPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plans = from_param(tuple[InspectionPlan, ...], snakemake.params.plan)
    found = [inspect_system(plan) for plan in plans]
    table = pd.concat([table for table, _ in found], ignore_index=True)
    with atomic_path(snakemake.output.csv) as temporary:
        table.to_csv(temporary, index=False)
    pages = [line for _, page in found for line in page]
    lines = ["# Your data", "", *pages, *running_time(table, snakemake.params.cores)]
    write_page("\n".join(lines), snakemake.output.markdown, snakemake.output.html)

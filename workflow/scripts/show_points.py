"""Adapter: one training of each curve -> its timescale beside the one that was kept."""

import pandas as pd

from raremd.analysis.budget_trial import beside_kept, step_times
from raremd.io.logs import log_to
from raremd.io.storage import write_text
from raremd.report.pages.laws import points_page
from raremd.study.laws_plan import PointPlan
from raremd.study.plans import from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    files = snakemake.input
    plans = from_param(tuple[PointPlan, ...], snakemake.params.plan)
    times = [
        step_times(states, generated, plan.slicing)
        for plan, states, generated in zip(plans, files.states, files.generated, strict=True)
    ]
    kept = files.get("kept", [])
    table = beside_kept(plans, times, pd.read_csv(kept[0]) if kept else None)
    write_text(snakemake.output.markdown, points_page(table))

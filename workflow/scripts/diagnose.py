"""Adapter: comparison and bootstrap samples -> why a network fails in the base cells."""

from raremd.analysis.claims import Rules, read_cells
from raremd.analysis.diagnosis import as_markdown, diagnose_study
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet, write_json
from raremd.report.pages.markdown import write_page
from raremd.study.plans import from_param
from raremd.study.verdict_plans import DiagnosisPlan

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(DiagnosisPlan, snakemake.params.plan)
    cells = [factors.cell for factors in plan.cells]
    comparison = read_parquet(snakemake.input.comparison)
    records = diagnose_study(
        read_cells(comparison, snakemake.input.kinetics, cells, plan.yardstick_lags),
        {base.system: cells.index(base) for base in plan.bases},
        {control.name: control.of for control in plan.controls},
        {control.name: control.varies for control in plan.controls},
        list(plan.networks),
        Rules(plan.tolerance, plan.minimum_transitions),
        plan.seed,
    )
    write_json(snakemake.output.json, records)
    write_page(
        as_markdown(records, plan.tolerance), snakemake.output.markdown, snakemake.output.html
    )

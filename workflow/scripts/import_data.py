"""Adapter: a user's own files -> features.h5."""

from raremd.data.imported.imported import import_source
from raremd.io.logs import log_to
from raremd.study.plans import ImportPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(ImportPlan, snakemake.params.plan)
    import_source(
        plan.source.files_of(),
        list(snakemake.input.files),
        plan.frame_interval,
        plan.time_unit,
        snakemake.output.features,
    )

"""Adapter: laws, prediction and outcome -> docs/laws.md with its figures."""

from raremd.analysis.budget_trial import Outcome
from raremd.analysis.laws import Laws, limits
from raremd.analysis.zones import zone_counts
from raremd.io.logs import log_to
from raremd.io.storage import atomic_path, read_parquet, read_typed, write_text, write_typed
from raremd.report.pages.laws import page
from raremd.report.pages.pictures import compress
from raremd.study.laws_plan import LawsPlan
from raremd.study.plans import from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    i, o = snakemake.input, snakemake.output
    plan = from_param(LawsPlan, snakemake.params.plan)
    laws = read_typed(Laws, i.laws)
    points = read_parquet(i.points)
    hours = float(read_parquet(i.cost)["core_seconds"].sum()) / 3600
    text = page(
        laws,
        limits(laws, {m.network: m.kind for m in plan.models if m.plain}),
        read_typed(Outcome, i.outcome),
        zone_counts(points, list(plan.chains), plan.predicted.within),
        points,
        hours,
    )
    for source, target in zip(i.figures, o.figures, strict=True):
        compress(source, target)
    write_typed(o.kept, laws.kept)
    with atomic_path(o.points) as temporary:
        points.to_csv(temporary, index=False)
    write_text(o.page, text)

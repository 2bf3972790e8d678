"""Adapter: comparison and exact answers -> points, laws, the forecast and maps."""

from pathlib import Path

from raremd.analysis.kept_laws import KeptLaws
from raremd.analysis.law_points import points
from raremd.analysis.laws import forecast, laws
from raremd.analysis.right_maps import right_maps
from raremd.data.simulated.hidden_chain_exact import Answers
from raremd.io.logs import log_to
from raremd.io.storage import read_parquet, read_typed, write_parquet, write_typed
from raremd.study.laws_plan import LawsPlan
from raremd.study.plans import from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(LawsPlan, snakemake.params.plan)
    comparison = read_parquet(snakemake.input.comparison)
    answers = {Path(f).parent.name: read_typed(Answers, f) for f in snakemake.input.answers}
    table = points(comparison, plan, answers)
    found = laws(table, plan, read_typed(KeptLaws, snakemake.input.before))
    write_parquet(snakemake.output.points, table)
    write_typed(snakemake.output.laws, found)
    expected = forecast(table, plan.predicted, plan.samples, plan.seed)
    write_typed(snakemake.output.forecast, expected)
    write_typed(snakemake.output.maps, tuple(right_maps(comparison, plan, found.kept)))

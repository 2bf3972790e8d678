"""Adapter: a finished study -> the folder that keeps its outcome."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from raremd.analysis.claim_records import Judgement
from raremd.analysis.kept_laws import KeptLaws
from raremd.analysis.leaderboard import read_ranking
from raremd.analysis.recommended import Recommended
from raremd.io.logs import log_to
from raremd.io.provenance import HASH, Provenance
from raremd.io.storage import (
    read_parquet,
    read_record,
    read_text,
    read_typed,
    write_json,
    write_parquet,
    write_text,
)
from raremd.report.pages.front import MARKS, found
from raremd.report.pages.markdown import insert
from raremd.report.pages.pictures import compress
from raremd.report.pages.results import page, reduce
from raremd.study.plans import from_param
from raremd.study.verdict_plans import ResultsPagePlan

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p, i, o = snakemake.params, snakemake.input, snakemake.output
    for source, target in zip(i.figures, o.figures, strict=True):
        compress(source, target)
    made = [read_record(Provenance, run) for run in i.runs]
    distinct = [asdict(one) for n, one in enumerate(made) if one not in made[:n]]
    comparison, cost = read_parquet(i.comparison), read_parquet(i.cost)
    plan = from_param(ResultsPagePlan, p.plan)
    write_parquet(o.comparison, reduce(comparison, plan.yardstick_lags))
    write_json(o.config, json.loads(p.config))
    write_json(o.provenance, distinct)
    for name in ("claims", "recommendation", "cost_csv"):
        shutil.copyfile(i[name], o[name])
    for source, target in zip(i.assessments, o.assessments, strict=True):
        shutil.copyfile(source, target)
    judgement, commits = read_typed(Judgement, i.claims), sorted({one.commit for one in made})
    what, why = read_text(i.recommendation_page), read_text(i.diagnosis)
    figures = [Path(figure).stem for figure in i.figures]
    text = page(judgement, what, why, comparison, cost, plan, commits, figures)
    write_text(o.page, text)
    # No output of the rule, so that a failure takes nothing away.
    readme, short = Path("README.md"), " and ".join(commit[:HASH] for commit in commits)
    systems = read_typed(tuple[Recommended, ...], i.recommendation)
    laws, board = read_typed(KeptLaws, i.laws), read_ranking(i.board)
    said = found(judgement, systems, laws, board, p.study, short)
    text = insert(read_text(readme), said, MARKS)
    write_text(readme, text)

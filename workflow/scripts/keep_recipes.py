"""Adapter: a finished search for recipes -> its scores, and the tables of docs/recipes.md."""

import shutil
from pathlib import Path

import pandas as pd

from raremd.io.logs import log_to
from raremd.io.provenance import HASH, Provenance
from raremd.io.storage import read_record, read_text, write_text
from raremd.report.pages.markdown import insert
from raremd.report.pages.searched import MARKS, searched
from raremd.study.plans import from_param
from raremd.study.verdict_plans import RecipeSearch

if __name__ == "__main__":
    log_to(snakemake.log[0])
    i, o = snakemake.input, snakemake.output
    search = from_param(RecipeSearch, snakemake.params.plan)
    commits = sorted({read_record(Provenance, run).commit[:HASH] for run in i.runs})
    # No output of the rule, so that a failure takes nothing away.
    page = Path("docs/recipes.md")
    text = insert(read_text(page), searched(pd.read_csv(i.csv), search, commits), MARKS)
    shutil.copyfile(i.csv, o.csv)
    write_text(page, text)

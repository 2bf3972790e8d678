"""Adapter: answer and verdicts of the tutorial's study -> what docs/tutorial.md quotes of them."""

import shutil
from pathlib import Path

from raremd.analysis.claim_records import Judgement
from raremd.io.logs import log_to
from raremd.io.storage import read_text, read_typed, write_text
from raremd.report.pages.tutorial import filled

if __name__ == "__main__":
    log_to(snakemake.log[0])
    i, o = snakemake.input, snakemake.output
    # No output of the rule, so that a failure takes nothing away.
    page = Path("docs/tutorial.md")
    judgement = read_typed(Judgement, i.claims)
    text = filled(read_text(page), read_text(i.recommendation), judgement)
    shutil.copyfile(i.claims, o.claims)
    write_text(page, text)

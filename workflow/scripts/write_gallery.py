"""Adapter: figures of a finished study and their captions -> docs/gallery.md."""

import shutil
from pathlib import Path

from raremd.io.logs import log_to
from raremd.io.provenance import HASH
from raremd.io.storage import read_record, read_text, write_text
from raremd.learning.run_record import RunRecord
from raremd.report.figures.catalogue import KINDS
from raremd.report.figures.style import Look
from raremd.report.pages.captions import caption
from raremd.report.pages.gallery import Shown, page
from raremd.report.pages.pictures import compress

if __name__ == "__main__":
    log_to(snakemake.log[0])
    p, i, o = snakemake.params, snakemake.input, snakemake.output
    for source, target in zip(i.figures, o.figures, strict=True):
        compress(source, target)
    texts = {Path(path).stem: read_text(path) for path in i.captions}
    shown = [
        Shown(kind, system, caption(texts[KINDS[kind].caption], system, Look(**p.looks[kind])))
        for kind, system in p.shown.items()
    ]
    run = p.study, read_record(RunRecord, i.run).commit[:HASH]
    write_text(o.page, page(shown, *run))
    shutil.copyfile(i.claims, o.claims)

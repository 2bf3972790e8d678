"""Adapter: our kinetics and PyEMMA's of one cell -> table and figure of their difference."""

import logging

from raremd.analysis.crosscheck import check_agreement, compare
from raremd.io.logs import log_to
from raremd.io.storage import atomic_path, read_attributes
from raremd.report.figures.crosscheck import draw
from raremd.report.figures.style import save, series

if __name__ == "__main__":
    log_to(snakemake.log[0])
    source, p = snakemake.input, snakemake.params
    n_states = read_attributes(source.kinetics)["n_states"]
    table = compare(source.sets, source.others, source.kinetics, p.interval, n_states)
    worst = check_agreement(table)
    with atomic_path(snakemake.output.csv) as temporary:
        table.to_csv(temporary, index=False)
    figure = draw(table, series(p.models, {}), p.unit)
    save(figure, snakemake.output.pdf, snakemake.output.png)
    logging.info("largest relative difference to PyEMMA: %.1e", worst)

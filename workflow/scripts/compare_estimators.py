"""Adapter: our kinetics and PyEMMA's of one cell -> table of their difference."""

import logging

from raremd.analysis.crosscheck import check_agreement, compare
from raremd.io.logs import log_to
from raremd.io.storage import atomic_path, read_attributes

if __name__ == "__main__":
    log_to(snakemake.log[0])
    source = snakemake.input
    n_states = read_attributes(source.kinetics)["n_states"]
    table = compare(
        source.sets, source.others, source.kinetics, snakemake.params.interval, n_states
    )
    worst = check_agreement(table)
    with atomic_path(snakemake.output.csv) as temporary:
        table.to_csv(temporary, index=False)
    logging.info("largest relative difference to PyEMMA: %.1e", worst)

"""Adapter: features -> states of one coordinate and partition."""

from pathlib import Path

from raremd.io.logs import log_to
from raremd.states.definition import states_definition
from raremd.states.fit import fit_states
from raremd.study.plans import StatesPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    reference = next(iter(snakemake.input.get("reference", [])), None)
    fit_states(
        Path(snakemake.input.features),
        reference and Path(reference),
        states_definition(from_param(StatesPlan, snakemake.params.plan)),
        Path(snakemake.output.states),
    )

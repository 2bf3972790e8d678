"""Adapter: features -> states of one coordinate and partition."""

from raremd.data.features import read_state_labels
from raremd.io.logs import log_to
from raremd.states.fit import (
    coordinate_settings,
    fit_states,
    partition_settings,
)
from raremd.study.plans import StatesPlan, from_param


def fit(features: str, reference: str | None, plan: StatesPlan, output: str) -> None:
    frame = plan.frame_interval
    chain = {"states": plan.states.model_dump(exclude_none=True)}
    if plan.microstates is not None:
        chain["microstates"] = plan.microstates.model_dump(exclude_none=True)
        chain["states"]["microstates"] = "microstates"
    labels = read_state_labels(features)
    fit_states(
        features,
        reference,
        coordinate_settings(plan.coordinate.model_dump(exclude_none=True), frame),
        partition_settings(chain, "states", frame, labels),
        vars(plan.split),
        plan.seed,
        output,
        plan.core_fraction,
    )


if __name__ == "__main__":
    log_to(snakemake.log[0])
    fit(
        snakemake.input.features,
        next(iter(snakemake.input.get("reference", [])), None),
        from_param(StatesPlan, snakemake.params.plan),
        snakemake.output.states,
    )

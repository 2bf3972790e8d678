"""Adapter: features -> states of one coordinate and partition."""

from raremd.data.features import read_state_labels
from raremd.io.logs import log_to
from raremd.states.fit import (
    coordinate_settings,
    fit_states,
    partition_settings,
)


def fit(features: str, reference: str | None, definition: dict, output: str) -> None:
    frame = definition["frame_interval"]
    labels = read_state_labels(features)
    fit_states(
        features,
        reference,
        coordinate_settings(definition["coordinate"], frame),
        partition_settings(definition["partitions"], definition["name"], frame, labels),
        {key: definition[key] for key in ("validation_fraction", "gap")},
        definition["seed"],
        output,
        definition["core_fraction"],
    )


if __name__ == "__main__":
    log_to(snakemake.log[0])
    fit(
        snakemake.input.features,
        next(iter(snakemake.input.get("reference", [])), None),
        snakemake.params.definition,
        snakemake.output.states,
    )

"""Adapter: compact trajectories of resources/ -> features.h5."""

from raremd.data.embedded import read_compact
from raremd.data.features import write_features
from raremd.io.logs import log_to
from raremd.io.provenance import sha256
from raremd.study.plans import EmbeddedPlan, from_param


def import_embedded(files: list[str], frame_interval: float, time_unit: str, output: str) -> None:
    read = [read_compact(file) for file in files]
    for file, trajectory in zip(files, read, strict=True):
        interval, unit = trajectory.saving_interval, trajectory.time_unit
        if abs(interval - frame_interval) > 1e-9 or unit != time_unit:
            raise ValueError(
                f"{file}: frames are {interval} {unit} apart, "
                f"frame_interval says {frame_interval} {time_unit}"
            )
    write_features(
        output,
        (trajectory.features for trajectory in read),
        frame_interval=frame_interval,
        time_unit=time_unit,
        feature_names=read[0].feature_names,
        periods=read[0].periods,
        checksum=" ".join(sha256(file) for file in files),
    )


if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(EmbeddedPlan, snakemake.params.plan)
    import_embedded(
        list(snakemake.input.trajectories),
        plan.frame_interval,
        plan.time_unit,
        snakemake.output.features,
    )

"""Adapter: compact trajectories of resources/ -> features.h5."""

from raremd.logs import log_to
from raremd.storage import sha256, write_features
from raremd.systems.embedded import feature_periods, read_compact


def import_embedded(files: list[str], frame_interval: float, time_unit: str, output: str) -> None:
    read = [read_compact(file) for file in files]
    for file, (_, provenance) in zip(files, read, strict=True):
        if abs(provenance["saving_interval_ps"] - frame_interval) > 1e-9 or time_unit != "ps":
            raise ValueError(
                f"{file}: frames are {provenance['saving_interval_ps']} ps apart, "
                f"frame_interval says {frame_interval} {time_unit}"
            )
    names = read[0][1]["feature_names"]
    write_features(
        output,
        (features for features, _ in read),
        frame_interval=frame_interval,
        time_unit=time_unit,
        feature_names=names,
        periods=feature_periods(names),
        checksum=" ".join(sha256(file) for file in files),
    )


if __name__ == "__main__":
    log_to(snakemake.log[0])
    import_embedded(
        list(snakemake.input.trajectories),
        snakemake.params.frame_interval,
        snakemake.params.time_unit,
        snakemake.output.features,
    )

"""Adapter: features -> frames of each trajectory, if they are long enough for the study."""

from raremd.data.features import read_lengths
from raremd.io.logs import log_to
from raremd.io.storage import write_json
from raremd.states.split import (
    check_blocks,
    check_lengths,
    check_windows,
    split_frames,
    warn_of_short,
)

if __name__ == "__main__":
    log_to(snakemake.log[0])
    limits = snakemake.params.limits
    lengths = read_lengths(snakemake.input.features)
    check_lengths(lengths, limits["longest_lag"])
    warn_of_short(lengths, limits["longest_lag"])
    try:
        split = split_frames(lengths, **limits["split"])
    except ValueError:
        pass  # too short to be split: fit_states says so
    else:
        check_windows(split, limits["windows"])
        check_blocks(split, limits["block"])
    write_json(snakemake.output.lengths, {"frames": lengths})

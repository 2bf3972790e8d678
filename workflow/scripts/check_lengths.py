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
from raremd.study.load import load_study

if __name__ == "__main__":
    log_to(snakemake.log[0])
    study, system = load_study(snakemake.config), snakemake.wildcards.system
    lengths = read_lengths(snakemake.input.features)
    check_lengths(lengths, study.longest_lag(system))
    warn_of_short(lengths, study.longest_lag(system))
    try:
        split = split_frames(lengths, **study.split(system))
    except ValueError:
        pass  # too short to be split: fit_states says so
    else:
        check_windows(split, study.windows(system))
        check_blocks(split, study.block(system))
    write_json(snakemake.output.lengths, {"frames": lengths})

"""Adapter: features -> frames of each trajectory, if they are long enough for the study."""

from raremd.data.features import read_lengths, read_sets, read_state_labels, read_validation
from raremd.io.logs import log_to
from raremd.io.storage import write_json
from raremd.states.split import (
    check_blocks,
    check_lengths,
    check_windows,
    pooled,
    split_sets,
    warn_of_short,
)
from raremd.study.memory import check_metastable
from raremd.study.plans import LengthsPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(LengthsPlan, snakemake.resources.plan)
    partition, states = snakemake.resources.metastable.split()
    own = len(read_state_labels(snakemake.input.features))
    check_metastable(partition, own if states == "own" else int(states))
    lengths = read_lengths(snakemake.input.features)
    check_lengths(lengths, plan.longest_lag)
    warn_of_short(lengths, plan.longest_lag)
    try:
        validation = read_validation(snakemake.input.features)
        sets = read_sets(snakemake.input.features)
        split = pooled(split_sets(lengths, **vars(plan.split), validation=validation, sets=sets))
    except ValueError:
        pass  # too short to be split: fit_states says so
    else:
        check_windows(split, [(w.interval, w.stride, w.window) for w in plan.windows])
        check_blocks(split, plan.block)
    write_json(snakemake.output.lengths, {"frames": lengths})

"""Adapter: features -> frames of each trajectory, if they are long enough for the lags."""

from raremd.features import read_lengths
from raremd.logs import log_to
from raremd.sequences import check_lengths
from raremd.storage import write_json

if __name__ == "__main__":
    log_to(snakemake.log[0])
    lengths = read_lengths(snakemake.input.features)
    check_lengths(lengths, snakemake.params.longest_lag)
    write_json(snakemake.output.lengths, {"frames": lengths})

"""Adapter: frames of each trajectory -> windows that they are long enough for."""

from raremd.logs import log_to
from raremd.sequences import check_windows
from raremd.storage import read_json, write_json

if __name__ == "__main__":
    log_to(snakemake.log[0])
    windows = snakemake.params.windows
    check_windows(read_json(snakemake.input.lengths)["frames"], snakemake.params.split, windows)
    write_json(snakemake.output.windows, {interval: window for interval, _, window in windows})

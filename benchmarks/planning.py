"""Plan a sweep of 5,000 cells, as `make plan` does: seconds and memory of the dry run.

Usage: python benchmarks/planning.py [CELLS]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
INTERVALS = [n for n in range(1, 241) if 240 % n == 0]
COORDINATES = {name: {"features": [name]} for name in "xy"} | {
    "xy": {"features": ["x", "y"]},
    "tica_1": {"tica_dimension": 1, "tica_lag": 1},
    "tica_2": {"tica_dimension": 2, "tica_lag": 1},
}


def study(n_cells: int) -> dict:
    """One model in each of `n_cells` cells: 20 intervals, 5 coordinates, the rest partitions."""
    n_partitions = n_cells // (len(INTERVALS) * len(COORDINATES))
    partitions = {
        f"kmeans_{k}": {"method": "kmeans", "n_states": k} for k in range(5, 5 + n_partitions)
    }
    first = next(iter(partitions))
    system = {
        "source": {"kind": "four_state", "walkers": 8, "time": 100_000},
        "frame_interval": 1,
        "time_unit": "tau",
        "coordinates": COORDINATES,
        "partitions": partitions,
        "base": {"coordinate": "xy", "interval": 1, "partition": first},
        "sweeps": [
            {
                "coordinate": list(COORDINATES),
                "interval": INTERVALS,
                "partition": list(partitions),
            }
        ],
        "lags": [1, 240],
        "yardstick": {"coordinate": "xy", "partition": first, "lag": 240},
        "generation": {"walkers": 64, "time": 24_000},
    }
    return {"models": {"lstm": {}}, "systems": {"sweep": system}}


def main(n_cells: int) -> None:
    """Print what the dry run of that study takes."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(yaml.safe_dump(study(n_cells)))
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--directory", folder, "--configfile", str(config), "--cores", "2"]
        started = time.monotonic()
        run = subprocess.run(
            [*command, "--dry-run", "--quiet", "rules"], capture_output=True, text=True, check=True
        )
        wall = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = next(line.split()[1] for line in run.stdout.splitlines() if line.startswith("total"))
    print(
        f"{n_cells} cells, {jobs} jobs: {wall:.0f} s, {used.ru_utime + used.ru_stime:.0f} core s, "
        f"{used.ru_maxrss / 2**20:.2f} GiB"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)

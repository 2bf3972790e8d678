"""A large set of features through import and states, as one file or as many, in bounded memory.

python benchmarks/import_memory.py [GIB [FOLDER]] writes that many GiB below FOLDER (twice as much
for a while), and prints JSON: wall seconds and peak resident memory of each stage.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

COLUMNS = 50
MANY = 1000
BLOCK = 100_000
STAGES = {
    "import": """
from raremd.data.imported.imported import import_source
from raremd.data.imported.kinds import FeatureSource
import_source(FeatureSource(), FILES, 1.0, "ps", FOLDER + "/features.h5")
""",
    "kmeans of all features": """
from raremd.states.coordinates import CoordinateSettings
from raremd.states.fit import StatesDefinition, fit_states
from raremd.states.partition_methods import KMeansSettings
definition = StatesDefinition(CoordinateSettings(), KMeansSettings(100), 0.2, 100, seed=1)
fit_states(FOLDER + "/features.h5", None, definition, FOLDER + "/kmeans.h5")
""",
    "PCCA+ of four TICA components": """
from raremd.states.coordinates import CoordinateSettings
from raremd.states.fit import StatesDefinition, fit_states
from raremd.states.partition_methods import KMeansSettings, PCCASettings
coordinate = CoordinateSettings(tica_dimension=4, tica_lag=10)
partition = PCCASettings(KMeansSettings(100), 2, 50)
fit_states(FOLDER + "/features.h5", None, StatesDefinition(coordinate, partition, 0.2, 100, seed=1),
           FOLDER + "/pcca.h5")
""",
}
MEASURED = """
import glob, json, sys, time
from raremd.io.provenance import peak_memory_gib
from raremd.data.imported.tables import natural_key
FOLDER = sys.argv[1]
FILES = sorted(glob.glob(FOLDER + "/*.npy"), key=natural_key)
started = time.monotonic()
{stage}
print(json.dumps({{"seconds": time.monotonic() - started, "peak_gib": peak_memory_gib()}}))
"""


def write(folder: Path, gib: float, n_files: int) -> None:
    """Float32 files of equal length: walkers that hop between two wells, with noisy features."""
    rng = np.random.default_rng(n_files)
    length = int(gib * 2**30 / 4 / COLUMNS / n_files)
    noise = rng.normal(size=(BLOCK, COLUMNS)).astype(np.float32)
    for number in range(n_files):
        header = {"descr": "<f4", "fortran_order": False, "shape": (length, COLUMNS)}
        with (folder / f"{number}.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for start in range(0, length, BLOCK):
                rows = min(BLOCK, length - start)
                side = np.cumsum(rng.random(rows) < 1e-3) % 2
                block = np.roll(noise, rng.integers(BLOCK), axis=0)[:rows].copy()
                block[:, :3] += 4 * side[:, None]
                file.write(block.tobytes())


def main() -> None:
    """Print JSON."""
    gib = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    root = sys.argv[2] if len(sys.argv) > 2 else None
    results = {}
    for label, n_files in (("one file", 1), (f"{MANY} files", MANY)):
        with tempfile.TemporaryDirectory(dir=root) as folder:
            if shutil.disk_usage(folder).free < 2.5 * gib * 2**30:
                raise SystemExit(f"{folder}: {2.5 * gib:.0f} GiB of free disk are needed")
            write(Path(folder), gib, n_files)
            for name, stage in STAGES.items():
                command = [sys.executable, "-c", MEASURED.format(stage=stage), folder]
                run = subprocess.run(command, capture_output=True, text=True, check=False)
                if run.returncode:
                    raise SystemExit(run.stderr)
                results[f"{name}, {label}"] = json.loads(run.stdout.splitlines()[-1])
                print(name, label, run.stdout.splitlines()[-1], file=sys.stderr, flush=True)
    print(json.dumps({"gib": gib, "stages": results}, indent=2))


if __name__ == "__main__":
    main()

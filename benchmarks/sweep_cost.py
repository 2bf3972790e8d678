"""What the finished cells of a study cost, and what 10,000 such cells would.

Usage: python benchmarks/sweep_cost.py [RESULTS], in the folder in which the study was run
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

CELLS = 10_000
CHAINS, KINETICS = 4, 8
"""Members of one submission, see profiles/slurm/config.yaml."""
START_UP = 1.9
"""Core seconds of a job of training and generation before it computes: interpreter, imports.

Mean over the 64 of the default study, `overhead.json`."""


def kinetics_used(results: Path, cells: list[Path]) -> list[dict[str, str]]:
    """Snakemake's record of each `estimate_kinetics`; it sees short jobs every half a second."""
    rows: list[dict[str, str]] = []
    for cell in cells:
        place = results / "benchmarks" / "estimate_kinetics" / cell.relative_to(results)
        file = place.with_name(f"{place.name}.tsv")
        rows += csv.DictReader(file.read_text().splitlines(), delimiter="\t")
    return rows


def table(results: Path) -> str:
    """Rows of a Markdown table: per cell, and times 10,000."""
    cells = [file.parent for file in results.rglob("kinetics.h5")]
    runs = [json.loads(file.read_text()) for cell in cells for file in cell.glob("*/run.json")]
    kinetics = kinetics_used(results, cells)
    models = len(runs) / len(cells)
    spent = {
        "training, core s": sum(run["cpu_seconds"] for run in runs),
        "generation, core s": sum(run["generation"]["cpu_seconds"] for run in runs),
        "start of these jobs, core s": START_UP * len(runs),
        "kinetics, core s": sum(float(row["cpu_time"]) for row in kinetics),
    }
    rows = [(label, f"{seconds / len(cells):.0f}", "") for label, seconds in spent.items()]
    total = sum(spent.values()) / len(cells)
    rows.append(("all of it, core s", f"{total:.0f}", f"{total * CELLS / 3600:.0f} core hours"))
    memory = [run["peak_memory_gib"] for run in runs]
    memory += [float(row["max_rss"]) / 1024 for row in kinetics if row["max_rss"].strip("-NA")]
    rows.append(("peak memory of a job", f"{max(memory):.1f} GiB", ""))
    files = [f for cell in cells for f in cell.rglob("*") if f.is_file()]
    jobs = models + 1
    counted = {
        "files: results": (len(files) / len(cells), ".0f"),
        "files: logs and benchmarks": (2 * jobs, ".0f"),
        "files: Snakemake's metadata, one per output": (4 * models + 1, ".0f"),
        "submissions, as grouped by the profile": (models / CHAINS + 1 / KINETICS, ".2f"),
    }
    for label, (count, digits) in counted.items():
        rows.append((label, f"{count:{digits}}", f"{count * CELLS:,.0f}"))
    size = sum(f.stat().st_size for f in files) / len(cells) / 1e6
    rows.append(("bytes", f"{size:.1f} MB", f"{size * CELLS / 1e3:.0f} GB"))
    head = f"| a cell with {models:.1f} models (mean of {len(cells)}) | | times {CELLS:,} |"
    return f"{head}\n|---|---|---|\n" + "\n".join(f"| {a} | {b} | {c} |" for a, b, c in rows)


if __name__ == "__main__":
    print(table(Path(sys.argv[1] if len(sys.argv) > 1 else "results")))

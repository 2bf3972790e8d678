"""What the finished cells of a study cost, and what 10,000 such cells would.

Usage: python benchmarks/sweep_cost.py [RESULTS], in the folder in which the study was run
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

CELLS = 10_000
PER_CELL = ("train_model", "generate_trajectories", "estimate_kinetics")
CHAINS, KINETICS = 4, 8
"""Members of one submission, see profiles/slurm/config.yaml."""


def used(results: Path, rule: str, cells: list[Path]) -> tuple[float, float]:
    """Core seconds of all jobs of a rule in these cells, and the largest memory of one in MB."""
    rows = []
    for cell in cells:
        place = results / "benchmarks" / rule / cell.relative_to(results)
        for file in [*place.parent.glob(f"{place.name}.tsv"), *place.glob("*.tsv")]:
            rows += csv.DictReader(file.read_text().splitlines(), delimiter="\t")
    return (
        sum(float(row["cpu_time"]) for row in rows),
        max(float(row["max_rss"]) for row in rows if row["max_rss"] not in ("-", "NA")),
    )


def table(results: Path) -> str:
    """Rows of a Markdown table: per cell, and times 10,000."""
    cells = [file.parent for file in results.rglob("kinetics.h5")]
    models = sum(len(list(cell.glob("*/run.json"))) for cell in cells) / len(cells)
    rows, total = [], 0.0
    for rule in PER_CELL:
        seconds, memory = used(results, rule, cells)
        total += seconds / len(cells)
        label = f"`{rule}`, core s (at most {memory / 1e3:.2f} GB)"
        rows.append((label, f"{seconds / len(cells):.0f}", ""))
    rows.append(("all three, core s", f"{total:.0f}", f"{total * CELLS / 3600:.0f} core hours"))
    files = [f for cell in cells for f in cell.rglob("*") if f.is_file()]
    jobs = 2 * models + 1
    counted = {
        "files: results": (len(files) / len(cells), ".0f"),
        "files: logs and benchmarks": (2 * jobs, ".0f"),
        "files: Snakemake's metadata, one an output": (5 * models + 1, ".0f"),
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

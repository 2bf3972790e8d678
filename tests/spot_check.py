"""Recompute three cells of the committed results from scratch and compare (make spot-check)."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from raremd.io.storage import read_parquet, read_table
from raremd.study.load import load_study

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "results"
SCRATCH = "results/spot_check"
CELLS = 3
EXACT = 1e-6
KEY = ["model", "replicate", "quantity", "i", "j", "lag"]
COMPARED = ["timescale", "yardstick_timescale"]


def compare_cell(kept: pd.DataFrame, again: pd.DataFrame) -> tuple[float, float]:
    """Largest relative difference, and the share of means within the committed error bars.

    Parameters
    ----------
    kept : pandas.DataFrame
        Rows of the committed comparison, one cell.
    again : pandas.DataFrame
        Table of its recomputed `kinetics.h5`.
    """
    tables = [t[t["quantity"].isin(COMPARED)].copy() for t in (kept, again)]
    for table in tables:
        table["lag"] = table["lag"].round(9)
    both = tables[0].merge(tables[1], on=KEY, suffixes=("", "_again"), how="inner")
    singles = tables[0][(tables[0]["replicate"] > 0) | tables[0]["model"].isin(["md", "reference"])]
    if len(both) != len(singles):
        raise SystemExit(f"spot check: {len(singles)} committed values, {len(both)} recomputed")
    old, new = both["value"].to_numpy(), both["value_again"].to_numpy()
    same = (old == new) | (np.isnan(old) & np.isnan(new))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(new - old) / np.abs(old))
    difference = np.where(np.isnan(difference), np.inf, difference)
    mean = np.exp(
        np.log(tables[1][tables[1]["replicate"] > 0].set_index(KEY)["value"])
        .groupby(["model", "quantity", "i", "j", "lag"])
        .mean()
    ).rename("mean")
    bars = tables[0][(tables[0]["replicate"] == 0) & tables[0]["low"].notna()]
    within = bars.merge(mean.reset_index(), on=["model", "quantity", "i", "j", "lag"])
    inside = (within["low"] <= within["mean"]) & (within["mean"] <= within["high"])
    return float(difference.max(initial=0.0)), float(inside.mean()) if len(inside) else 1.0


def main(seed: int) -> int:
    study = load_study(json.loads((KEPT / "config.json").read_text()))
    kept = read_parquet(KEPT / "comparison.parquet")
    drawn = np.random.default_rng(seed).choice(len(study.cells), CELLS, replace=False)
    cells = [list(study.cells)[n] for n in sorted(drawn)]
    targets = [f"{SCRATCH}/{cell.folder}/kinetics.h5" for cell in cells]
    print(f"seed {seed}: {', '.join(cell.folder for cell in cells)}")
    subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "all", "--forceall", "--quiet", "all"),
            *("--configfile", str(KEPT / "config.json"), "--config", f"results={SCRATCH}"),
            *("--", *targets),
        ],
        cwd=ROOT,
        check=True,
    )
    passed = True
    print("| cell | largest relative difference | means within error bars | |\n|---|---|---|---|")
    for cell, target in zip(cells, targets, strict=True):
        mine = kept[
            (kept["system"] == cell.system)
            & (kept["coordinate"] == cell.coordinate)
            & np.isclose(kept["interval"], cell.interval)
            & (kept["partition"] == cell.partition)
        ]
        difference, inside = compare_cell(mine, read_table(ROOT / target))
        verdict = (
            "the same" if difference <= EXACT else "within error bars" if inside == 1 else "DIFFERS"
        )
        passed &= verdict != "DIFFERS"
        print(f"| {cell.folder} | {difference:.1e} | {inside:.0%} | {verdict} |")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else secrets.randbelow(10**6)))

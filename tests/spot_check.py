"""Recompute three cells of the committed results from scratch and compare (make spot-check).

The first replicate of every model is trained again. On the machine of the committed results it
has the same bits; another processor rounds otherwise, and what a network learns then differs by
as much as replicates do among themselves.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from raremd.io.storage import read_parquet, read_table, write_json
from raremd.study.cell import Cell
from raremd.study.load import load_study

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "results"
SCRATCH = "results/spot_check"
CELLS = 3
EXACT = 1e-6
LEVEL = 0.01
"""Probability that a cell which is right is said to differ, on another machine."""
BY = ["model", "quantity", "i", "j", "lag"]
COMPARED = ["timescale", "yardstick_timescale"]
FIXED = ["md", "reference"]


def of_first_replicate(settings: dict[str, Any]) -> dict[str, Any]:
    """The same study with one replicate of each model, and one set of MD in each system."""
    one: dict[str, Any] = json.loads(json.dumps(settings)) | {"replicates": 1}
    for model in one["models"].values():
        model.pop("replicates", None)
    for system in one["systems"].values():
        for sweep in system["sweeps"]:
            sweep.pop("replicates", None)
        if "sets" in system["source"]:
            system["source"]["sets"] = 1
    return one


def _first_replicates(kept: pd.DataFrame) -> pd.DataFrame:
    """Rows of the first replicate of each model, and of the MD that it was trained on.

    Where the MD consists of sets, its reference may be made of them all, and is left out.
    """
    fixed = kept["model"].isin(FIXED)
    sets = (kept["replicate"] > 0)[kept["model"] == "md"].any()
    of_fixed = (kept["replicate"] == int(sets)) & ~(sets & (kept["model"] == "reference"))
    return kept[np.where(fixed, of_fixed, kept["replicate"] == 1)]


def _surprise(others: np.ndarray, again: float) -> float:
    """Probability of a value this far from those of other replicates, by Student's law."""
    values, value = np.log(others), np.log(again)
    if np.isnan(values).any() or len(values) < 2:
        return 1.0  # nothing to compare with
    spread = values.std(ddof=1) * np.sqrt(1 + 1 / len(values))
    if np.isnan(value) or spread == 0:
        return float(value == values[0])
    return float(2 * stats.t.sf(abs(value - values.mean()) / spread, len(values) - 1))


def compare_cell(kept: pd.DataFrame, again: pd.DataFrame) -> tuple[float, float, float]:
    """What of a cell came out again.

    Parameters
    ----------
    kept : pandas.DataFrame
        Rows of the committed comparison, one cell.
    again : pandas.DataFrame
        Table of its recomputed `kinetics.h5`, one replicate of each model.

    Returns
    -------
    of_md, of_models : float
        Largest relative differences; infinite where only one of the two is a number.
    surprise : float
        Smallest probability that a value of a model is one more of its committed replicates,
        times the number of values (Bonferroni).
    """
    kept, again = (
        t[t["quantity"].isin(COMPARED)].assign(lag=t["lag"].round(9)) for t in (kept, again)
    )
    first = _first_replicates(kept)
    mine = again[again["model"].isin(FIXED) == (again["replicate"] == 0)]
    both = first.merge(mine, on=BY, suffixes=("", "_again"))
    if len(both) != len(first):
        raise SystemExit(f"spot check: {len(first)} committed values, {len(both)} recomputed")
    old, new = both["value"].to_numpy(), both["value_again"].to_numpy()
    same = (old == new) | (np.isnan(old) & np.isnan(new))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(new - old) / np.abs(old))
    difference = np.where(np.isnan(difference), np.inf, difference)
    fixed = both["model"].isin(FIXED).to_numpy()
    replicates = kept[kept["replicate"] > 0].groupby(BY)["value"]
    values = {key: group.to_numpy() for key, group in replicates}
    networks = both[~fixed & (difference > EXACT)]
    of = zip(networks[BY].itertuples(index=False), networks["value_again"], strict=True)
    surprises = [_surprise(values[tuple(key)], value) for key, value in of]
    surprise = min(1.0, min(surprises, default=1.0) * max(len(surprises), 1))
    return (
        float(difference[fixed].max(initial=0.0)),
        float(difference[~fixed].max(initial=0.0)),
        surprise,
    )


def verdict(of_md: float, of_models: float, surprise: float) -> str:
    """One of: the same, as replicates scatter, DIFFERS."""
    if of_md > EXACT:
        return "DIFFERS"
    if of_models <= EXACT:
        return "the same"
    return "as replicates scatter" if surprise >= LEVEL else "DIFFERS"


def _rows_of(kept: pd.DataFrame, cell: Cell) -> pd.DataFrame:
    return kept[
        (kept["system"] == cell.system)
        & (kept["coordinate"] == cell.coordinate)
        & np.isclose(kept["interval"], cell.interval)
        & (kept["partition"] == cell.partition)
    ]


def main(seed: int) -> int:
    settings = of_first_replicate(json.loads((KEPT / "config.json").read_text()))
    study = load_study(settings)
    kept = read_parquet(KEPT / "comparison.parquet")
    drawn = np.random.default_rng(seed).choice(len(study.cells), CELLS, replace=False)
    cells = [list(study.cells)[n] for n in sorted(drawn)]
    targets = [f"{SCRATCH}/{cell.folder}/kinetics.h5" for cell in cells]
    print(f"seed {seed}: {', '.join(cell.folder for cell in cells)}", flush=True)
    config = ROOT / SCRATCH / "first_replicates.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    write_json(config, settings)
    subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "all", "--quiet", "all"),
            *("--configfile", str(config), "--config", f"results={SCRATCH}", "--", *targets),
        ],
        cwd=ROOT,
        check=True,
    )
    passed = True
    print("| cell | MD, relative | models, relative | chance of so much | |\n|---|---|---|---|---|")
    for cell, target in zip(cells, targets, strict=True):
        found = compare_cell(_rows_of(kept, cell), read_table(ROOT / target))
        said = verdict(*found)
        passed &= said != "DIFFERS"
        of_md, of_models, surprise = found
        print(f"| {cell.folder} | {of_md:.1e} | {of_models:.1e} | {surprise:.2g} | {said} |")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else secrets.randbelow(10**6)))

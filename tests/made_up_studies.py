"""Small studies of made-up states: their configuration, their run, and the pages they write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from study_runs import finish

PAGES = ("claims.md", "recommendation.md", "diagnosis.md", "inspect.md", "leaderboard.md")


def system(lag: float, lags: list[float], interval: float = 1, **more: Any) -> dict[str, Any]:
    """A system of given states, which are the yardstick too."""
    return {
        "frame_interval": 1,
        "time_unit": "ps",
        "timescales": 2,
        "lags": lags,
        "partitions": {"given": {"method": "given"}},
        "yardstick": {"lag": lag},
        "base": {"interval": interval},
        "block": 2000,
        "generation": {"walkers": 400, "time": 250, "crossings": 0},
        "claims": {"C1": {"easy": {}}},
    } | more


def write_study(
    folder: Path,
    study: Mapping[str, Any],
    systems: Mapping[str, dict[str, Any]],
    states: Mapping[str, list[np.ndarray]],
) -> Path:
    """Write the trajectories of each system and the configuration; return its path."""
    (folder / "data").mkdir(exist_ok=True)
    for name, trajectories in states.items():
        for number, trajectory in enumerate(trajectories):
            np.save(folder / "data" / f"{name}_{number}.npy", trajectory)
    of_files = {
        name: {"source": {"kind": "dtraj", "files": f"data/{name}_*.npy"}} | settings
        for name, settings in systems.items()
    }
    config = folder / "study.yaml"
    config.write_text(yaml.safe_dump(dict(study) | {"systems": of_files}, sort_keys=False))
    return config


def pages_of(folder: Path, config: Path) -> dict[str, Any]:
    """Run the study; its pages by name, and under `records` the verdicts of claims.json."""
    finish(folder, config=config, targets=[f"results/{page}" for page in PAGES])
    found: dict[str, Any] = {page: (folder / "results" / page).read_text() for page in PAGES}
    found["records"] = json.loads((folder / "results/claims.json").read_text())["records"]
    return found


def row(page: str, name: str) -> str:
    """The row of one system in the table at the top of a page."""
    return next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))


def rows(page: str, name: str) -> list[str]:
    """All rows of one system in the tables of a page."""
    return [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]


def ranking(page: str, name: str) -> str:
    """What the leaderboard says of one system."""
    return next(line for line in page.splitlines() if line.startswith(f"- `{name}`, "))


def screen_lines(page: str) -> int:
    """Lines that a page takes before its details, where a line holds a hundred characters."""
    start = page.partition("## Details")[0]
    return sum(-(-max(1, len(line)) // 100) for line in start.splitlines())

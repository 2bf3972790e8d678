"""What a system leaves unsaid, derived from what it says.

Only the source, its frame interval and its unit must be given. The rest follows from rules that
count in frames and do not look at the data, so that the same configuration always means the same
study; `inspect.md` tells whether they suit the data.
"""

from __future__ import annotations

from typing import Any

LAGS = (1, 2, 5, 10, 20, 50, 100)
"""In frames."""
INTERVALS = (1, 5, 10)
"""In frames; those that divide the yardstick's lag."""
BLOCK_LAGS = 20
"""Bootstrap blocks, in longest lags."""
WALKERS = 64
GENERATED = 10_000
"""Frames that each walker generates at the finest interval."""
TIMESCALES = 3


def rounded(time: float) -> float:
    """Without the digits that binary fractions add."""
    return float(f"{time:.10g}")


def complete(system: dict[str, Any]) -> None:
    """Fill in, in place, the keys of a system that the schema has no default for.

    Parameters
    ----------
    system : dict
        Valid by the schema.
    """
    frame = system["frame_interval"]
    whole_design = not {"base", "sweeps", "claims"} & set(system)
    system.setdefault("timescales", TIMESCALES)
    system.setdefault("lags", [rounded(n * frame) for n in LAGS])
    system.setdefault("coordinates", {"all": {}})
    lag = _yardstick_lag(system["lags"])
    system.setdefault("partitions", _partitions(system, lag))
    with_method = [n for n, p in system["partitions"].items() if "method" in p]
    coordinate, finest = next(iter(system["coordinates"])), next(iter(system["partitions"]))
    system.setdefault(
        "yardstick",
        # A system with no partition of its own is refused later, by name.
        {"coordinate": coordinate, "partition": (with_method or [finest])[-1], "lag": lag},
    )
    system.setdefault("base", {"coordinate": coordinate, "interval": frame, "partition": finest})
    system.setdefault("block", rounded(BLOCK_LAGS * max(system["lags"])))
    system.setdefault("generation", {"walkers": WALKERS, "time": rounded(GENERATED * frame)})
    if whole_design:
        _design(system)
    system.setdefault("sweeps", [])
    system.setdefault("claims", {})


def _yardstick_lag(lags: list[float]) -> float:
    """The longest but one: a longer lag tells whether the reference has levelled off."""
    return sorted(lags)[-2:][0]


def _partitions(system: dict[str, Any], lag: float) -> dict[str, dict]:
    if system["source"]["kind"] == "dtraj":
        return {"given": {"method": "given"}}
    # n timescales need n + 1 metastable states.
    macrostates = {"method": "pcca", "microstates": "kmeans_100", "lag": lag}
    return {
        "kmeans_100": {"method": "kmeans", "n_states": 100},
        "macrostates": macrostates | {"n_states": system["timescales"] + 1},
    }


def _design(system: dict[str, Any]) -> None:
    """Every coordinate and partition at a few intervals, and the claims that they can answer."""
    frame, yardstick = system["frame_interval"], system["yardstick"]
    multiple = yardstick["lag"] / frame
    intervals = [rounded(n * frame) for n in INTERVALS if round(multiple) % n == 0]
    partitions = list(system["partitions"])
    system["sweeps"] = [{"interval": intervals, "partition": partitions}]
    others = list(system["coordinates"])[1:]
    if others:
        system["sweeps"].append({"coordinate": others})
    easy = {"interval": intervals[-1], "partition": yardstick["partition"]}
    system["claims"] = {"C1": {"easy": easy}}
    if len(intervals) > 1:
        system["claims"]["C3"] = {"hard": {}, "easy": {"interval": intervals[-1]}}
    if yardstick["partition"] != system["base"]["partition"]:
        coarse = {"partition": yardstick["partition"]}
        system["claims"]["C4"] = {"hard": {}, "easy": coarse}

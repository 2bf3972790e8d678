"""What the figures of laws are drawn from, and what decides their look."""

from __future__ import annotations

from collections import Counter

from raremd.report.figures.style import Files, Look
from raremd.study.study import Study
from raremd.study.verdict_plans import Control


def _shown(study: Study) -> list[tuple[str, str]]:
    """Systems and models of base cells: networks of several budgets that can leak.

    All models of base cells where there is no such network.
    """
    pairs = [(name, m) for name in study.settings.systems for m in study.cells[study.base(name)]]
    budgets = Counter((name, study.network(model)) for name, model in pairs)
    several = [
        (name, model)
        for name, model in pairs
        if budgets[name, study.network(model)] > 1
        and study.options(model).get("prior", "none") == "none"
    ]
    return several or pairs


def base_histories(study: Study, _: str) -> Files:
    """The comparison, and histories of the trainings in base cells."""
    results = study.settings.results
    return {
        "comparison": [f"{results}/comparison.parquet"],
        "histories": [
            f"{results}/{study.base(system).folder}/{model}/history.parquet"
            for system, model in _shown(study)
        ],
    }


def base_networks(study: Study, _: str) -> Look:
    """The cell and model of each history; controls are a network with another budget."""
    rows: list[dict[str, object]] = []
    for system, model in _shown(study):
        base = study.base(system)
        where = {name: getattr(base, name) for name in ("coordinate", "interval", "partition")}
        rows.append({"system": system, **where, "model": model})
    of = {model: study.network(model) for _, model in _shown(study)}
    return Look(
        rows=tuple(rows),
        models=tuple(dict.fromkeys(of.values())),
        controls=tuple(
            Control(m, n, "budget", study.model(m).budget / study.model(n).budget)
            for m, n in of.items()
            if m != n
        ),
    )


def fitted(study: Study, _: str) -> Files:
    """The trainings, and the laws that were fitted to them."""
    results = study.settings.results
    return {"points": [f"{results}/laws_points.parquet"], "laws": [f"{results}/laws.json"]}


def networks(study: Study, _: str) -> Look:
    """All networks, each once whatever its budgets."""
    return Look(models=tuple(dict.fromkeys(map(study.network, study.settings.models))))


def maps(study: Study, _: str) -> Files:
    """Maps over dials of the hidden chains."""
    return {"maps": [f"{study.settings.results}/laws_maps.json"]}

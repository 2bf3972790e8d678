"""benchmarks/README.md and its plots from results.json."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
import pandas as pd

from raremd.analysis.recommendation import Outcome
from raremd.analysis.recommended import Recommended
from raremd.analysis.words import given
from raremd.io.storage import read_parquet, read_typed
from raremd.report.names import trained

matplotlib.use("svg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
RATES = "product", "plain", "roofline", "bfloat16"
NOTES = HERE / "NOTES.md"
RESULTS = HERE.parent / "docs/results"
CELL = ["system", "coordinate", "interval", "partition", "model"]


def _spread(value: dict, digits: int = 2) -> str:
    low, median, high = (f"{value[k]:.{digits}f}" for k in ("low", "median", "high"))
    return f"{median} ({low}-{high})"


def _table(rows: list[dict]) -> str:
    lines = [
        "| task | model | product, frames/s | plain PyTorch, frames/s | roofline in float32 "
        "| roofline in bfloat16 | product / plain | share of float32's | share of bfloat16's |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(rows, key=lambda row: (row["task"], row["model"])):
        rates = " | ".join(f"{row[k]['median']:,.0f}" for k in RATES)
        lines.append(
            f"| {row['task']} | {row['model']} | {rates} | {_spread(row['over_plain'], 1)} "
            f"| {_spread(row['share_of_roofline'])} | {_spread(row['share_of_bfloat16'])} |"
        )
    return "\n".join(lines)


def _targets(results: dict) -> str:
    rows = {(row["task"], row["model"]): row for row in results["rows"]}
    lstm = rows["generation", "LSTM 64, 100 states"]
    large = "Transformer 8 layers, d = 256"
    best_plain = max(results["walkers"]["plain"])
    product = lstm["product"]["median"]
    checks = [
        ("LSTM generation, share of roofline", lstm["share_of_roofline"]["median"], 0.6),
        ("LSTM generation / one walker", product / results["one_walker"]["median"], 500),
        ("LSTM generation / best batched loop", product / best_plain, 3),
        (
            "Transformer generation / recompute",
            rows["generation", large]["over_plain"]["median"],
            50,
        ),
    ]
    if "over_float32" in rows["generation", large]:  # not in results of versions before
        gain = rows["generation", large]["over_float32"]["median"]
        checks.append((f"{large}: generation / itself in float32", gain, 2))
    small = "Transformer 2 layers, d = 32"
    for name, asked in (
        ("LSTM 64, 100 states", 1.5),
        ("LSTM 256, 100 states", 2.5),
        ("LSTM 1024, 20 states", 2.5),
        (small, 2.5),
        (large, 4),
    ):
        measured = rows["training", name]["over_plain"]["median"]
        checks.append((f"{name}: training / plain in float32", measured, asked))
    share = rows["training", large]["share_of_bfloat16"]["median"]
    checks.append((f"{large}: training, share of the bfloat16 roofline", share, 0.5))
    lines = ["| target | asked | measured | reached |", "|---|---|---|---|"]
    for name, measured, asked in checks:
        reached = "yes" if measured >= asked else f"no, {1 - measured / asked:.0%} short"
        lines.append(f"| {name} | {asked:g} | {measured:.3g} | {reached} |")
    error = results["cache_error"]
    lines.append(
        f"| largest difference of logits, cached and uncached | 1e-4 | {error:.1e} "
        f"| {'yes' if error <= 1e-4 else 'no'} |"
    )
    peak = results["memory"]["peak_gib"]
    lines.append(
        f"| 10^8 frames, peak memory in GiB | < 4 | {peak:.2f} | {'yes' if peak < 4 else 'no'} |"
    )
    return "\n".join(lines)


def _baselines(results: dict) -> str:
    """Generation of the Transformers against the peers' way and an honest cache."""
    lines = [
        "| model | product | plain, one walker, no cache | plain, 64 walkers, with a cache "
        "| product / cached |",
        "|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        if "cached" in row:
            rates = [row[k]["median"] for k in ("product", "peers", "cached")]
            cells = " | ".join(f"{rate:,.0f}" for rate in rates)
            lines.append(f"| {row['model']} | {cells} | {rates[0] / rates[2]:.1f} |")
    return "\n".join(lines)


def _curves(results: dict) -> str:
    lines = ["| CPU time against | sizes | slope of the last three |", "|---|---|---|"]
    for name, curve in results["curves"].items():
        sizes = ", ".join(map(str, curve["size"]))
        lines.append(f"| {name} | {sizes} | {curve['slope']:.2f} |")
    return "\n".join(lines)


def _losses(results: dict) -> str:
    lines = ["| model | product | plain |", "|---|---|---|"]
    for name, pairs in results["losses"].items():
        ours, theirs = (", ".join(f"{pair[k]:.4f}" for pair in pairs) for k in (0, 1))
        lines.append(f"| {name} | {ours} | {theirs} |")
    return "\n".join(lines)


def _replicates(results: dict) -> str:
    ways = ("product, in turn", "plain, in turn", "together")
    lines = ["| model | " + " | ".join(ways) + " |", "|---|---|---|---|"]
    products = []
    for name, rates in results["replicates"].items():
        lines.append(f"| {name} | " + " | ".join(f"{rates[w]['median']:,.0f}" for w in ways) + " |")
        one, all_ = (rates[f"products {k}"]["median"] / 1e9 for k in ("in turn", "together"))
        products.append(f"{name}: {one:.0f} GFLOP/s in turn, {all_:.0f} together")
    return "\n".join([*lines, "", f"The recurrent products alone: {'; '.join(products)}."])


def _overhead(path: Path) -> str:
    if not path.exists():
        return "Not measured for this version yet."
    outcome = json.loads(path.read_text())
    rules = {name: rule for name, rule in outcome["rules"].items() if rule["cpu_seconds"] >= 1}
    lines = [
        f"`{outcome['config']}` on one core, when this was measured (studies change): "
        f"{outcome['wall_seconds'] / 60:.1f} min of wall time, "
        f"{outcome['cpu_seconds'] / 60:.1f} core-min, of which {outcome['overhead']:.1%} are "
        "overhead (asked: below 15%).",
        "",
        "| rule | jobs | CPU seconds | of which work |",
        "|---|---|---|---|",
    ]
    for name, rule in sorted(rules.items(), key=lambda item: -item[1]["cpu_seconds"]):
        lines.append(
            f"| {name} | {rule['jobs']} | {rule['cpu_seconds']:.0f} | {rule['work']:.0f} |"
        )
    lines.append(f"| Snakemake itself | 1 | {outcome['snakemake_cpu_seconds']:.0f} | 0 |")
    return "\n".join(lines)


def _entry(models: dict, kind: str, budget: float) -> str:
    """Name in the configuration of a model that is trained for so many times its tokens."""
    same = {n: m for n, m in models.items() if n == kind or m.get("kind") == kind}
    return next(
        name
        for name, model in same.items()
        if model["budget"] == budget and model.get("settings") == models[kind].get("settings")
    )


def _at_accuracy() -> str:
    """The cheapest cell of each system and model that reproduces the slow processes."""
    models = json.loads((RESULTS / "config.json").read_text())["models"]
    found = read_typed(tuple[Recommended, ...], RESULTS / "recommendation.json")
    rows = read_parquet(RESULTS / "comparison.parquet")
    rows = rows[(rows["quantity"] == "cross_entropy") & (rows["replicate"] > 0)]
    replicates = rows.groupby(CELL)["replicate"].nunique()
    seconds = pd.read_csv(RESULTS / "cost.csv").set_index(CELL)["core_seconds"] / replicates
    lines = [
        "| system | model | core-seconds per replicate | cheapest at |",
        "|---|---|---|---|",
    ]
    for system in found:
        of_model: dict[str, list[tuple[float, str, str]]] = {}
        for c in (*system.baselines, *system.networks):
            if c.outcome is Outcome.REPRODUCED:
                entry = _entry(models, c.model, c.budget)
                cost = seconds[system.system, c.coordinate, c.interval, c.partition, entry]
                place = f"{given(c.interval, system.unit)}, `{c.coordinate}`, `{c.partition}`"
                of_model.setdefault(c.model, []).append((cost, trained(c.model, c.budget), place))
        for cost, model, place in map(min, of_model.values()):
            lines.append(f"| `{system.system}` | {model} | {cost:.1f} | {place} |")
    return "\n".join(lines)


def _memory(results: dict) -> str:
    lines = ["| part | CPU seconds |", "|---|---|"]
    return "\n".join(
        lines + [f"| {name} | {s:.2f} |" for name, s in results["memory"]["seconds"].items()]
    )


def draw(results: dict, folder: Path) -> None:
    """Rates beside each other, and the scaling curves."""
    plt.rcParams["svg.hashsalt"] = "raremd"
    rows = sorted(results["rows"], key=lambda row: (row["task"], row["model"]), reverse=True)
    figure, ax = plt.subplots(figsize=(8, 7), layout="constrained")
    for shift, (key, color) in enumerate(
        (("roofline", "0.8"), ("plain", "tab:orange"), ("product", "tab:blue"))
    ):
        values = [row[key]["median"] for row in rows]
        places = [k + 0.27 * (shift - 1) for k in range(len(rows))]
        named = "roofline in float32" if key == "roofline" else key
        ax.barh(places, values, 0.25, label=named, color=color)
    ax.set_yticks(range(len(rows)), [f"{row['task']}: {row['model']}" for row in rows])
    ax.set(xscale="log", xlabel="frames a second, one core")
    ax.legend()
    figure.savefig(folder / "rates.svg", metadata={"Date": None})
    figure, axes = plt.subplots(1, 2, figsize=(9, 6), layout="constrained")
    walkers = results["walkers"]
    for key in ("product", "plain"):
        axes[0].loglog(walkers["walkers"], walkers[key], "o-", label=key)
    axes[0].set(xlabel="walkers", ylabel="frames a second", title="LSTM 64, 100 states")
    for name, curve in results["curves"].items():
        relative = [s / curve["seconds"][0] for s in curve["seconds"]]
        sizes = [n / curve["size"][0] for n in curve["size"]]
        axes[1].loglog(sizes, relative, "o-", label=f"{name}: {curve['slope']:.2f}")
    axes[1].set(xlabel="size / smallest", ylabel="CPU time / that of the smallest")
    axes[1].set_title("Slope of the last three sizes in the legend")
    handles, labels = axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize="small")
    axes[0].legend()
    figure.savefig(folder / "scaling.svg", metadata={"Date": None})


def write_report(results: dict, folder: Path) -> None:
    """README.md: generated numbers, then the notes of NOTES.md."""
    draw(results, folder)
    (folder / "README.md").write_text(
        f"""# Benchmarks

How fast training and generation are, against plain PyTorch and against the roofline. `make bench`
writes this file, `results.json` and the plots; this run took {results["seconds"]:.0f} s of wall
time and {results["cpu_seconds"]:.0f} s of CPU time.

All rates are CPU time on one thread. raremd ("product"), plain PyTorch (`plain.py`) and the
roofline take turns in one process. Numbers are medians, with quartiles in brackets. The product's
side calls the functions of the workflow. The roofline is the time of the matrix products that
cannot be avoided, measured by `torch.mm` in float32 and in bfloat16 at the same shapes. A token's
input product is a look-up and counts nothing, nor do attention and element-wise work.

## Targets
{_targets(results)}

## Rates
{_table(results["rows"])}

Plain LSTM generation with one walker: {results["one_walker"]["median"]:,.0f} frames/s.

Generation by a Transformer, in frames/s of all walkers. In the table above, plain PyTorch computes
the whole context at every frame, for 64 walkers:

{_baselines(results)}

![rates](rates.svg)

## Scaling
{_curves(results)}

![scaling](scaling.svg)

## The same loss
Training loss (nats) after the same batches from the same weights, three seeds.

{_losses(results)}

## Replicates in turn or together
Frames per second over all steps of five LSTMs, batch 50, window 64, 100 states. "Together" means
one batched matrix product per frame for the weights of all five (`plain.py`).

{_replicates(results)}

## A study's overhead
`make bench-overhead` runs the default study in a fresh clone and writes `overhead.json`. Work is
the CPU time that simulation, training, generation and kinetics compute; overhead is that of
imports, Snakemake, states, comparison, figures and files.

{_overhead(folder / "overhead.json")}

## What a model costs that is right
Training and generation of one replicate, for the cheapest cell of the
[kept study](../docs/results/README.md) in which a model reproduces the slow processes at the long
lag. A smaller budget than the one shown may do: outcomes are known at one budget only.

{_at_accuracy()}

## Long data
10^8 frames (int16) from a mapped file: peak memory {results["memory"]["peak_gib"]:.2f} GiB.

{_memory(results)}

{NOTES.read_text()}"""
    )


if __name__ == "__main__":
    write_report(json.loads((HERE / "results.json").read_text()), HERE)

# Needs: the merged configuration. Makes: the study, its table of cells, and names used by all rules.
# Steps: check configuration and files before anything runs; helper functions for inputs and params.
import functools
import logging
import os
import sys
from pathlib import Path

import raremd
import yaml
from raremd.report.pages import gallery
from raremd.study.load import check_files, load_study, source_files
from raremd.study.code import code_digest
from raremd.study.load import model_file
from raremd.io.progress import CellProgress
from raremd.study.settings import ConfigError, check_keys
from raremd.study.study import Cell
from raremd.analysis.tidy import COLUMN, full_grid, of_factor, of_grid, pick, removals
from raremd.io.storage import write_json
from raremd.data.imported.sources import IMPORTED, SINGLE_FILES, downloads, matching_files

LIBRARY = Path(raremd.__file__).parent
ROOT = LIBRARY.parents[1]
ENVIRONMENT = str(ROOT / "envs/environment.yaml")

try:
    for file in workflow.configfiles:
        check_keys(file)
    STUDY = load_study(config)
    check_files(STUDY, ROOT)
except ConfigError as error:
    sys.exit(f"raremd: {error}")

logging.getLogger("snakemake.logging").addHandler(CellProgress())

RESULTS = STUDY.config["results"]
CELL = f"{RESULTS}/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}"


def names(values):
    """Regular expression that matches just these names, for anchored wildcards."""
    return "|".join(sorted(map(str, values))) or "(?!)"


def code_of(script, *modules):
    """Digest of a rule's script and of all that it imports: the rule runs again when it changes."""
    return code_digest(ROOT / "workflow/scripts" / f"{script}.py", *modules)


def library(*modules):
    """Files of the package that decide a figure: named inputs, tracked by content."""
    return [os.path.relpath(LIBRARY / module) for module in modules]


def growing(amount):
    """Megabytes or minutes of a first attempt; the second asks for twice as much, and so on."""
    return lambda wildcards, attempt: amount * attempt


RECIPES = yaml.safe_load((ROOT / "resources/recipes.yaml").read_text())
SYSTEMS = STUDY.config["systems"]
SIMULATED = [s for s in SYSTEMS if SYSTEMS[s]["source"]["kind"] == "four_state"]
IMPORTED_SYSTEMS = [s for s in SYSTEMS if SYSTEMS[s]["source"]["kind"] in IMPORTED]
EMBEDDED = [s for s in SYSTEMS if SYSTEMS[s]["source"]["kind"] == "embedded"]


wildcard_constraints:
    system=names(SYSTEMS),
    coordinate=names(
        {c.coordinate for c in STUDY.cells}
        | {s["yardstick"]["coordinate"] for s in SYSTEMS.values()}
    ),
    interval=r"[0-9.e+-]+",
    partition=names({c.partition for c in STUDY.cells}),
    states=names({s for system in SYSTEMS.values() for s in system["partitions"]}),
    model=names(STUDY.config["models"]),
    part="features|reference",


def cell_of(wildcards):
    """The cell that wildcards name."""
    return Cell(wildcards.system, wildcards.coordinate, wildcards.interval, wildcards.partition)


def has_reference(system):
    """Whether the system has a reference apart from the MD that is trained on."""
    return "reference_time" in SYSTEMS[system]["source"]


def states_file(system, coordinate, partition):
    """States of a partition; those of `of` where it only removes recrossings."""
    return f"{RESULTS}/{system}/{coordinate}/states/{STUDY.states_name(system, partition)}.h5"


def states_of_cell(wildcards):
    return states_file(wildcards.system, wildcards.coordinate, wildcards.partition)


def yardstick_of_cell(wildcards):
    yardstick = SYSTEMS[wildcards.system]["yardstick"]
    return states_file(wildcards.system, yardstick["coordinate"], yardstick["partition"])


def simulation_params(wildcards):
    source, reference = SYSTEMS[wildcards.system]["source"], wildcards.part == "reference"
    prefix = "reference_" if reference else ""
    frame = SYSTEMS[wildcards.system]["frame_interval"]
    return {
        "walkers": source[f"{prefix}walkers"],
        "frames": round(source[f"{prefix}time"] / frame),
        "frame_interval": frame,
        "seed": STUDY.config["seed"] + reference,
    }


def recipes_of(simulator):
    """Names of the embedded trajectories that one simulator makes."""
    return [name for name, recipe in RECIPES.items() if recipe["simulator"] == simulator]


def seed_of_recipe(wildcards):
    """Seed of one embedded trajectory; they are numbered from 1."""
    return RECIPES[wildcards.molecule]["first_seed"] + int(wildcards.number) - 1


def files_of_source(wildcards):
    """A user's files as named inputs: trajectories, topology, reference."""
    source = SYSTEMS[wildcards.system]["source"]
    fetched = [f"{RESULTS}/{wildcards.system}/downloads/{file}" for file in downloads(source)]
    files = {"files": fetched or matching_files(source["files"])}
    return files | {name: source[name] for name in SINGLE_FILES if name in source}


def maps_of_states(wildcards):
    """Files that lump the given states of a partition."""
    chain = STUDY.partition_chain(wildcards.system, wildcards.states)
    return [partition["map"] for partition in chain.values() if "map" in partition]


def ordered(value):
    """The same with all keys sorted: the order of a configuration decides nothing."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def states_params(wildcards):
    system = SYSTEMS[wildcards.system]
    chain = STUDY.partition_chain(wildcards.system, wildcards.states)
    return {
        "coordinate": ordered(system["coordinates"][wildcards.coordinate]),
        "partitions": ordered(chain),
        "name": next(iter(chain)),
        "core_fraction": system["partitions"][wildcards.states].get("core_fraction"),
        "frame_interval": system["frame_interval"],
        "seed": STUDY.config["seed"],
    } | STUDY.split(wildcards.system)


def model_params(wildcards):
    cell = cell_of(wildcards)
    options = STUDY.model_options(wildcards.model) | STUDY.removal(cell)
    return options | {
        "label": f"{cell.folder}/{wildcards.model}",
        "stride": STUDY.stride(cell),
        "replicates": STUDY.config["replicates"],
        "seed": STUDY.config["seed"],
        "device": STUDY.config["device"],
    }


def generation_params(wildcards):
    generation = SYSTEMS[wildcards.system]["generation"]
    frames = round(generation["time"] / float(wildcards.interval))
    return {"walkers": generation["walkers"], "frames": frames}


def kind_of(wildcards):
    return STUDY.model_options(wildcards.model)["kind"]


def training_code(kind):
    """Digest of what decides a training: a checkpoint of other code is not used."""
    return code_digest(LIBRARY / "learning/train_and_generate.py", model_file(kind))


def lengths_params(wildcards):
    system = wildcards.system
    return {
        "longest_lag": STUDY.longest_lag(system),
        "split": STUDY.split(system),
        "windows": STUDY.windows(system),
        "block": STUDY.block(system),
    }


def kinetics_params(wildcards):
    cell, system = cell_of(wildcards), SYSTEMS[wildcards.system]
    interval = float(cell.interval)
    return STUDY.removal(cell) | {
        "stride": STUDY.stride(cell),
        "interval": interval,
        "lags": STUDY.lags(cell),
        "timescales": system["timescales"],
        "yardstick_lag": round(system["yardstick"]["lag"] / interval),
        "block": STUDY.block(cell.system),
        "samples": STUDY.config["bootstrap_samples"],
        "seed": STUDY.config["seed"],
    }


def generated_of_cell(wildcards):
    cell = cell_of(wildcards)
    return [f"{RESULTS}/{cell.folder}/{m}/generated.h5" for m in sorted(STUDY.cells[cell])]


def per_cell(name):
    """One file of each cell."""
    return [f"{RESULTS}/{cell.folder}/{name}" for cell in STUDY.cells]


def per_model(name, system=None):
    """One file of each model in each cell, of one system or of all."""
    return [
        f"{RESULTS}/{cell.folder}/{model}/{name}"
        for cell, models in STUDY.cells.items()
        if system in (None, cell.system)
        for model in models
    ]


def exact_spectra():
    """File of exact timescales by system, where there is one."""
    return {
        s: os.path.relpath(ROOT / "resources/four_state/exact_spectrum.json") for s in SIMULATED
    }


def closing_words():
    """Where things are, for the end of a run."""
    places = {
        "inspection": f"{RESULTS}/inspect.md",
        "answer": f"{RESULTS}/recommendation.md",
        "claims": f"{RESULTS}/claims.md",
        "figures": f"{RESULTS}/figures/",
        "comparison": f"{RESULTS}/comparison.csv",
    }
    rows = {name: place for name, place in places.items() if Path(place).exists()}
    if "claims" in rows:
        rows["report"] = f"make report writes it to {RESULTS}/report.html"
    return "\n" + "\n".join(f"{name:>12}: {place}" for name, place in rows.items())


def base_file(name):
    """Input function: a file of the cell that the sweeps of a system depart from."""
    return lambda wildcards: f"{RESULTS}/{STUDY.base(wildcards.system).folder}/{name}"


def base_levels(system):
    """Factor levels of that cell, as they stand in the comparison table."""
    base = STUDY.base(system)
    return {
        "coordinate": base.coordinate,
        "interval": float(base.interval),
        "partition": base.partition,
    }


def declared_order(system, factor):
    """Sorts the levels of a factor: names as declared, intervals by length."""
    if factor == "interval":
        return float
    declared = {"dimension": "coordinates", "partition": "partitions"}[factor]
    return list(SYSTEMS[system][declared]).index


def factor_levels(system, factor):
    """Levels of one factor, all others as in the base cell, in the order of a figure's axis.

    Removals of recrossings have a figure of their own.
    """
    table = of_factor(pick(STUDY.table(), system=system), factor, base_levels(system))
    kept = table["recrossing"] == "none" if factor == "partition" else slice(None)
    return sorted(set(table[kept][COLUMN[factor]]), key=declared_order(system, factor))


def microstates(system):
    """Partition -> number of states, of all by k-means but the base's."""
    return {
        name: options["n_states"]
        for name, options in sorted(SYSTEMS[system]["partitions"].items())
        if options.get("method") == "kmeans" and name != STUDY.base(system).partition
    }


@functools.cache
def recrossing_cells(system):
    """Levels of the cells that differ in the removal of recrossings only; empty without any."""
    declared = SYSTEMS[system]["partitions"]
    of = {name: options["of"] for name, options in declared.items() if "of" in options}
    return removals(pick(STUDY.table(), system=system), of, base_levels(system))


GRIDS = {
    "dimension_interval": ["dimension", "interval"],
    "interval_partition": ["interval", "partition"],
}


def grid_levels(system, grid):
    """Factor -> levels of which the sweep has every combination, in the order of its axis."""
    factors = GRIDS[grid]
    table = of_grid(pick(STUDY.table(), system=system), factors, base_levels(system))
    found = full_grid(table, *(COLUMN[factor] for factor in factors))
    return {
        factor: sorted(levels, key=declared_order(system, factor))
        for factor, levels in zip(factors, found, strict=True)
    }


def map_files(wildcards):
    """States whose borders are drawn on the free energy: of the base cell, of the yardstick."""
    yardstick = SYSTEMS[wildcards.system]["yardstick"]
    base = STUDY.base(wildcards.system)
    shown = [(base.coordinate, base.partition), (yardstick["coordinate"], yardstick["partition"])]
    return list(dict.fromkeys(states_file(wildcards.system, *names) for names in shown))


PLAIN = [m for m in STUDY.config["models"] if m not in STUDY.controls()]
WITH_CONTROLS = [
    m for p in PLAIN for m in [p, *(c for c, of in STUDY.controls().items() if of == p)]
]
BASE_MODELS = {s: [m for m in PLAIN if m in STUDY.cells[STUDY.base(s)]] for s in SYSTEMS}


INSPECTION_SAMPLES = 40  # resamplings behind error bars that are only looked at


def inspection_plan(system):
    """All that the inspection of one system needs, in frames."""
    options, frame = SYSTEMS[system], SYSTEMS[system]["frame_interval"]
    yardstick = options["yardstick"]
    planned = [(cell, models) for cell, models in STUDY.cells.items() if cell.system == system]
    cells = [
        {
            "coordinate": cell.coordinate,
            "partition": cell.partition,
            "states": (cell.coordinate, STUDY.states_name(system, cell.partition)),
            "interval": float(cell.interval),
            "stride": STUDY.stride(cell),
            "models": {model: STUDY.model_options(model) for model in models},
        }
        | STUDY.removal(cell)
        for cell, models in planned
    ]
    metastable = yardstick["coordinate"], yardstick["partition"]
    pairs = [*(c["states"] for c in cells), metastable]
    return {
        "unit": options["time_unit"],
        "frame_interval": frame,
        "lags": sorted(round(lag / frame) for lag in options["lags"]),
        "yardstick_lag": round(yardstick["lag"] / frame),
        "yardstick": metastable,
        "block": STUDY.block(system),
        "timescales": options["timescales"],
        "samples": min(STUDY.config["bootstrap_samples"], INSPECTION_SAMPLES),
        "seed": STUDY.config["seed"],
        "tolerance": STUDY.config["tolerance"],
        "minimum_transitions": STUDY.config["minimum_transitions"],
        "walkers": options["generation"]["walkers"],
        "generation_frames": round(options["generation"]["time"] / frame),
        "replicates": STUDY.config["replicates"],
        "states": {pair: states_file(system, *pair) for pair in dict.fromkeys(pairs)},
        "cells": cells,
    }

# Needs: the merged configuration. Makes: the study, its table of cells, and names used by all rules.
# Steps: check configuration and files before anything runs; helper functions for inputs and params.
import logging
import os
import sys
from functools import partial
from pathlib import Path

import raremd
from raremd.data.imported.sources import downloads, matching_files, stamp_of
from raremd.io.progress import CellProgress, keep_terminal_short
from raremd.io.storage import write_json
from raremd.report.figures import catalogue
from raremd.report.pages import results
from raremd.study import laws_plan, memory, model_files, plan, recipes, source_plan
from raremd.study.cell import Cell
from raremd.study.code import code_digest
from raremd.study.load import check_files, embedded_files, load_study
from raremd.study.plans import as_param
from raremd.study.settings.messages import ConfigError, check_keys
from raremd.study.settings.partitions import Given
from raremd.study.settings.sources import Embedded, FourState, HiddenChain, Imported

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

RESULTS = STUDY.settings.results
CELL = f"{RESULTS}/{{system}}/{{coordinate}}/dt_{{interval}}/{{partition}}"
SYSTEMS = list(STUDY.settings.systems)


def names(values):
    """Regular expression that matches just these names, for anchored wildcards."""
    return "|".join(sorted(map(str, values))) or "(?!)"


def code_of(script, *modules):
    """Digest of a rule's script and of all that it imports: the rule runs again when it changes."""
    return code_digest(ROOT / "workflow/scripts" / f"{script}.py", *modules)


def planned(make, *wildcard_names):
    """Parameter of a rule: the plan that a function of `raremd.study.plan` makes.

    It gets the study and the named wildcards; the parameter changes only where the plan does.
    """
    return lambda w: as_param(make(STUDY, *(w[name] for name in wildcard_names)))


def planned_of_cell(make, *wildcard_names):
    """The same for functions that get the cell that wildcards name."""
    return lambda w: as_param(make(STUDY, cell_of(w), *(w[name] for name in wildcard_names)))


def study_file():
    """The configuration's file, as a reader would name it."""
    return os.path.relpath(workflow.configfiles[-1]) if workflow.configfiles else "config.yaml"


def growing(amount):
    """Megabytes or minutes of a first attempt; the second asks for twice as much, and so on."""
    return lambda wildcards, attempt: amount * attempt


def growing_with_states(amount, pair_bytes, *inputs):
    """The same, and more for many states in the files of inputs, as `raremd.study.memory` counts."""
    return lambda wildcards, input, attempt: attempt * memory.of_states(
        [file for name in inputs for file in files_of(input[name])], amount, pair_bytes
    )


def files_of(value):
    """The files of a named input, one or several."""
    return [value] if isinstance(value, str) else list(value)


# A parameter of inspect_data: new laws change its page. No rule has this file as its output.
KEPT_LAWS = (ROOT / "resources/laws.json").read_text(encoding="utf-8")
RECIPES = recipes.read_recipes(ROOT / "resources/recipes.yaml")


def of_kind(*kinds):
    """Systems whose source is of one of these kinds."""
    return [s for s in SYSTEMS if isinstance(STUDY.system(s).source, kinds)]


wildcard_constraints:
    system=names(SYSTEMS),
    coordinate=names(
        {c.coordinate for c in STUDY.cells}
        | {STUDY.system(s).yardstick.coordinate for s in SYSTEMS}
    ),
    interval=r"[0-9.e+-]+",
    partition=names({c.partition for c in STUDY.cells}),
    states=names({name for s in SYSTEMS for name in STUDY.system(s).partitions}),
    model=names(STUDY.settings.models),
    part="features|reference",


def cell_of(wildcards):
    """The cell that wildcards name."""
    return Cell.parse(
        wildcards.system, wildcards.coordinate, wildcards.interval, wildcards.partition
    )


def spectrum_of(system):
    """The exact spectrum of a system that has one."""
    if system in of_kind(HiddenChain):
        return f"{RESULTS}/{system}/exact.json"
    return os.path.relpath(ROOT / "resources/four_state/exact_spectrum.json")


def states_of_cell(wildcards):
    return plan.states_file(STUDY, wildcards.system, wildcards.coordinate, wildcards.partition)


def yardstick_of_cell(wildcards):
    return plan.yardstick_states(STUDY, wildcards.system)


def model_file(wildcards):
    """Source of the class of a model."""
    return model_files.model_file(STUDY.kind(wildcards.model))


def networks_to_correct(wildcards):
    """Weights of the model that this one corrects, if it does."""
    of = STUDY.model(wildcards.model).corrects
    return f"{RESULTS}/{cell_of(wildcards).folder}/{of}/model.safetensors" if of else []


def plan_to_correct(wildcards):
    """Their training."""
    found = plan.corrected_plan(STUDY, cell_of(wildcards), wildcards.model)
    return as_param(found) if found else ""


def source_of(wildcards):
    """A user's files, as the importers take them."""
    return STUDY.system(wildcards.system).source.files_of()


def files_of_source(wildcards):
    """A user's files as named inputs: trajectories, topology, reference."""
    source = source_of(wildcards)
    fetched = [f"{RESULTS}/{wildcards.system}/downloads/{file}" for file in downloads(source)]
    return {"files": fetched or matching_files(source.globs)} | source.single_files


def stamp_of_source(wildcards):
    """Changes with any of a user's files, be the new one older; downloads have a checksum."""
    source = source_of(wildcards)
    return stamp_of([*matching_files(source.globs), *source.single_files.values()])


def maps_of_states(wildcards):
    """Files that lump the given states of a partition."""
    states = STUDY.states_of(wildcards.system, wildcards.states)
    chain = (states, STUDY.microstates_of(wildcards.system, states))
    return [part.map for part in chain if isinstance(part, Given) and part.map]


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
    beside = [f"{RESULTS}/{STUDY.base(system).folder}/crosscheck.csv" for system in SYSTEMS]
    if made := [place for place in beside if Path(place).exists()]:
        rows["crosscheck"] = ", ".join(made)
    if "claims" in rows:
        study = study_file()
        command = "make report" if study == "config.yaml" else f"make report CONFIG={study}"
        rows["report"] = f"{command} writes it to {RESULTS}/report.html"
    return "\n" + "\n".join(f"{name:>12}: {place}" for name, place in rows.items())


def figure_files(kind, wildcards):
    """What a figure is drawn from."""
    found = kind.files(STUDY, wildcards.get("system", ""))
    return {name: [path.format(**wildcards) for path in paths] for name, paths in found.items()}


def figure_look(kind, wildcards):
    """What decides the look of a figure."""
    return vars(kind.look(STUDY, wildcards.get("system", "")))


def caption_of(kind, wildcards):
    """Text of a figure's caption; none for a figure that is not in the report."""
    path = LIBRARY.parent / f"report/{kind.caption}.rst"
    return path.read_text(encoding="utf-8") if kind.category else ""


def reported(kind):
    """The page of a figure with its caption, in its place in the report if it has one."""
    if not kind.category:
        return {}
    page = report(
        f"{kind.place(RESULTS)}.html",
        category=kind.category,
        subcategory=kind.subcategory,
        labels=dict(kind.labels),
        caption=f"../report/{kind.caption}.rst",
    )
    return {"html": page}

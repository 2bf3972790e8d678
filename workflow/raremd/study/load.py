"""Configuration -> checked study: names are declared, times whole frames, files there."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from raremd.data.imported.sources import check_source
from raremd.study.cell import Cell
from raremd.study.claim_sides import check_sides
from raremd.study.corrections import with_corrected
from raremd.study.model_files import check_step_options, class_defines, model_file
from raremd.study.settings.messages import ConfigError, exact, suggestion, whole_multiple
from raremd.study.settings.models import KINDS, kind_of_model, read_model_settings
from raremd.study.settings.partitions import CoreSets, Given, Pcca, Removal, n_states
from raremd.study.settings.sources import Discrete, Embedded, FourState, Imported, Simulated
from raremd.study.settings.study import Model, Settings, read_settings
from raremd.study.settings.systems import Contrast, System
from raremd.study.study import Study


def _check_among(names: Iterable[str] | None, declared: Iterable[str], key: str, of: str) -> None:
    """Names must be declared; nothing is said of names that are left out."""
    known = sorted(declared)
    for name in names or ():
        if name not in known:
            raise ConfigError(
                f"{key}: '{name}' is not among {of}: {known}{suggestion(name, known)}"
            )


def _check_levels(
    coordinates: Iterable[str] | None, partitions: Iterable[str] | None, system: System, key: str
) -> None:
    """Levels in a sweep, a base or a contrast must be declared."""
    _check_among(coordinates, system.coordinates, f"{key}.coordinate", "coordinates")
    _check_among(partitions, system.partitions, f"{key}.partition", "partitions")


def _one(level: str | None) -> list[str]:
    return [] if level is None else [level]


def _expand(settings: Settings, name: str) -> Iterator[tuple[Cell, str, int]]:
    """Cells, models and replicates of the base and of all sweeps of a system."""
    system, base, key = settings.systems[name], settings.systems[name].base, f"systems.{name}"
    plain = [m for m, model in settings.models.items() if model.control_of is None]
    sweeps = [sweep for each in settings.systems.values() for sweep in each.sweeps]
    named = {m for sweep in sweeps for m in sweep.models or ()}
    of_base = [m for m in settings.models if m in plain or m not in named]
    _check_levels([base.coordinate], [base.partition], system, f"{key}.base")
    at_base = Cell(name, base.coordinate, base.interval, base.partition)
    most = {m: model.replicates or settings.replicates for m, model in settings.models.items()}
    yield from ((at_base, m, most[m]) for m in of_base)
    for number, sweep in enumerate(system.sweeps):
        at = f"{key}.sweeps.{number}"
        _check_levels(sweep.coordinate, sweep.partition, system, at)
        _check_among(sweep.models, settings.models, f"{at}.models", "models")
        if sweep.replicates is not None and sweep.replicates > settings.replicates:
            raise ConfigError(
                f"{at}.replicates: {sweep.replicates} are more than replicates, "
                f"{settings.replicates}"
            )
        for levels in itertools.product(
            sweep.coordinate or [base.coordinate],
            sweep.interval or [base.interval],
            sweep.partition or [base.partition],
        ):
            cell = Cell(name, *levels)
            for m in sweep.models or plain:
                yield cell, m, min(most[m], sweep.replicates or most[m])


def _check_models(models: Mapping[str, Model], replicates: int) -> None:
    for name, model in models.items():
        if model.replicates is not None and model.replicates > replicates:
            raise ConfigError(
                f"models.{name}.replicates: {model.replicates} are more than replicates, "
                f"{replicates}"
            )
        kind = model.kind or name
        read_model_settings(kind, model.settings, ("models", name, "settings"))
        entry = kind_of_model(kind)
        if name in KINDS and kind != name:
            raise ConfigError(
                f"models.{name}.kind: pages take {name} for the kind of that name, but this is a "
                f"{kind}; give the model another name"
            )
        given = {"two_pass": model.two_pass, "slow_share": model.slow_share}
        defines = partial(class_defines, entry.module, entry.name)
        check_step_options(kind, given, defines, f"models.{name}.")
        if model.control_of is not None:
            _check_among([model.control_of], models, f"models.{name}.control_of", "models")
    for name in models:
        _check_controls(name, models)


def _check_controls(name: str, models: Mapping[str, Model]) -> None:
    """A control leads to a model that is none."""
    passed, of = [name], models[name].control_of
    while of is not None:
        if of == name:
            way = "itself" if len(passed) == 1 else " and ".join(f"'{n}'" for n in passed[1:])
            varied = f"a control of {way}" if len(passed) == 1 else f"varied by {way} in turn"
            raise ConfigError(
                f"models.{name}.control_of: '{name}' is {varied}; name the model that it varies, "
                "which has no control_of"
            )
        if of in passed:  # the others in the circle are told so
            return
        passed.append(of)
        of = models[of].control_of


def _check_system(system: System, key: str) -> None:
    """All that can be told without the cells."""
    frame = system.frame_interval
    for n, lag in enumerate(system.lags):
        whole_multiple(lag, frame, f"{key}.lags.{n}")
    yardstick = system.yardstick
    _check_levels([yardstick.coordinate], [yardstick.partition], system, f"{key}.yardstick")
    if yardstick.lag not in system.lags:
        raise ConfigError(f"{key}.yardstick.lag: {exact(yardstick.lag)} is not one of {key}.lags")
    states = system.partitions[yardstick.partition]
    if isinstance(states, Removal):
        raise ConfigError(f"{key}.yardstick.partition: must have a method, not a removal")
    known = n_states(states)
    if yardstick.names and known not in (None, len(yardstick.names)):
        raise ConfigError(
            f"{key}.yardstick.names: {len(yardstick.names)} names for {known} states; name each"
        )
    for label, coordinate in system.coordinates.items():
        if coordinate.tica_lag is not None:
            whole_multiple(coordinate.tica_lag, frame, f"{key}.coordinates.{label}.tica_lag")
    _check_states_source(system, key)
    for label in system.partitions:
        _check_partition(system, label, f"{key}.partitions.{label}")
    lengths = {"block": system.block, "generation.time": system.generation.time}
    if isinstance(system.source, Simulated):
        own = {"source.time": system.source.time}
        if isinstance(system.source, FourState) and system.source.reference_time is not None:
            own["source.reference_time"] = system.source.reference_time
        for label, time in own.items():
            whole_multiple(time, frame, f"{key}.{label}")
        lengths = own | lengths
    if system.generation.longest < system.generation.time:
        raise ConfigError(
            f"{key}.generation.limit: {exact(system.generation.longest)} is shorter than "
            f"{key}.generation.time, {exact(system.generation.time)}"
        )
    longest = max(system.lags)
    for label, length in lengths.items():
        if length <= longest:
            raise ConfigError(
                f"{key}.{label}: {exact(length)} is not longer than the longest of lags, "
                f"{exact(longest)}"
            )


def _check_sets(system: System, replicates: int, key: str) -> None:
    """A set for each replicate, or one for all."""
    sets = system.source.sets if isinstance(system.source, Simulated) else 1
    if sets not in (1, replicates):
        few = "only " * (replicates < sets)
        raise ConfigError(
            f"{key}.source.sets: {sets}, but {few}{replicates} replicates, each of which has a set "
            f"of its own; give {replicates}, or 1 for one MD for all"
        )


def _check_states_source(system: System, key: str) -> None:
    """Discrete trajectories come with their states; nothing else does."""
    discrete = isinstance(system.source, Discrete)
    possible = ["given", "pcca"]
    if not discrete:
        possible = ["kmeans", "grid", "nearest_center", "boxes", "pcca"]
    for label, partition in system.partitions.items():
        if not isinstance(partition, Removal) and partition.method not in possible:
            raise ConfigError(
                f"{key}.partitions.{label}.method: '{partition.method}' does not go with a "
                f"{system.source.kind} source (possible: {possible})"
            )
        if discrete and isinstance(partition, CoreSets):
            raise ConfigError(
                f"{key}.partitions.{label}.recrossing: core_sets needs a coordinate, which a "
                f"{system.source.kind} source lacks"
            )
    for label, coordinate in system.coordinates.items():
        if discrete and coordinate.model_dump(exclude_none=True):
            raise ConfigError(
                f"{key}.coordinates.{label}: a {system.source.kind} source has one feature, the "
                "state; give {}"
            )


def _check_partition(system: System, label: str, key: str) -> None:
    """What a partition is made of is declared, and its times are whole frames."""
    partition, declared = system.partitions[label], system.partitions
    if isinstance(partition, Removal):
        _check_states(partition.of, system, label, f"{key}.of")
        if not isinstance(partition, CoreSets):
            whole_multiple(partition.tau_c, system.frame_interval, f"{key}.tau_c")
    elif isinstance(partition, Pcca):
        _check_states(partition.microstates, system, label, f"{key}.microstates")
        whole_multiple(partition.lag, system.frame_interval, f"{key}.lag")
        if isinstance(declared[partition.microstates], Pcca):
            raise ConfigError(f"{key}.microstates: a lumping cannot be lumped again")


def _check_states(other: str, system: System, label: str, key: str) -> None:
    """The partition that another is made of has states of its own."""
    others = sorted(set(system.partitions) - {label})
    if other not in others:
        raise ConfigError(f"{key}: '{other}' is no other partition{suggestion(other, others)}")
    if isinstance(system.partitions[other], Removal):
        raise ConfigError(f"{key}: '{other}' has no method of its own")


def _check_cell(study: Study, cell: Cell) -> None:
    key, system, interval = f"systems.{cell.system}", study.system(cell.system), cell.interval
    study.stride(cell)
    at = exact(interval)
    whole_multiple(system.yardstick.lag, interval, f"{key}.yardstick.lag at interval {at}")
    for label in ("time", "limit"):
        time = getattr(system.generation, label)
        if time is not None:
            whole_multiple(time, interval, f"{key}.generation.{label} at {at}")
    for model, of in ((name, study.model(name).corrects) for name in study.cells[cell]):
        if of and of not in study.cells[cell]:
            raise ConfigError(
                f"models.{model}.corrects: '{of}' is not trained in {cell.folder}; "
                "name both in the same sweep"
            )
        if of and study.trainings[cell, of] < study.trainings[cell, model]:
            raise ConfigError(
                f"models.{model}.corrects: '{of}' has fewer replicates in {cell.folder} "
                f"({study.trainings[cell, of]}) than it ({study.trainings[cell, model]}); "
                "give both as many"
            )
    window = max(study.window(model) for model in study.cells[cell])
    source = system.source
    if isinstance(source, Simulated) and source.time <= window * interval:
        raise ConfigError(
            f"training.window: {window} frames at interval {at} are not shorter than "
            f"{key}.source.time, {exact(source.time)}"
        )
    tau_c = study.factors_of(cell).tau_c
    if tau_c:
        whole_multiple(tau_c, interval, f"{key}.partitions.{cell.partition}.tau_c at interval {at}")


def _check_claims(study: Study, name: str) -> None:
    """Both sides of a contrast are cells of the study."""
    system = study.system(name)
    for claim, contrast in system.claims.contrasts().items():
        for side, levels in contrast.sides().items():
            key = f"systems.{name}.claims.{claim}.{side}"
            _check_levels(_one(levels.coordinate), _one(levels.partition), system, key)
            cell = study.cell(name, levels)
            if cell not in study.cells:
                raise ConfigError(f"{key}: no sweep makes the cell {cell.folder}")
        if isinstance(contrast, Contrast):
            hard, easy = (study.cell(name, each) for each in contrast.sides().values())
            check_sides(study, claim, hard, easy, f"systems.{name}.claims.{claim}")


def _check_laws(study: Study) -> None:
    """The prediction is about a network of the study."""
    laws = study.settings.laws
    if laws is None:
        return
    systems = study.settings.systems
    _check_among([laws.system], systems, "laws.system", "systems")
    _check_among(laws.held_out, systems, "laws.held_out", "systems")
    there = study.cells[study.base(laws.system)]
    _check_among([laws.model], there, "laws.model", f"the models of the base of {laws.system}")


def load_study(config: Any) -> Study:
    """Check a configuration and expand its sweeps.

    Parameters
    ----------
    config : object
        As read from YAML: a mapping.

    Returns
    -------
    Study

    Raises
    ------
    ConfigError
        One line naming the key that is wrong and what would be right.
    """
    settings = read_settings(config)
    settings = settings.model_copy(update={"models": with_corrected(settings.models)})
    _check_models(settings.models, settings.replicates)
    pairs: dict[Cell, dict[str, int]] = {}
    for name, system in settings.systems.items():
        _check_system(system, f"systems.{name}")
        _check_sets(system, settings.replicates, f"systems.{name}")
        for cell, model, replicates in _expand(settings, name):
            models = pairs.setdefault(cell, {})
            models[model] = max(replicates, models.get(model, 0))
    order = list(settings.models).index
    cells = sorted(pairs, key=lambda cell: cell.parts)
    study = Study(
        settings,
        {cell: tuple(sorted(pairs[cell], key=order)) for cell in cells},
        {(cell, model): n for cell in cells for model, n in pairs[cell].items()},
    )
    for cell in cells:
        _check_cell(study, cell)
    for name in settings.systems:
        _check_claims(study, name)
    _check_laws(study)
    return study


def check_files(study: Study, root: Path) -> None:
    """Files of models can be read; those of the sources are there, with the right checksum.

    Raises
    ------
    ConfigError
        Naming the key or file.
    """
    for model in study.settings.models:
        model_file(study.kind(model))
    for name, system in study.settings.systems.items():
        if isinstance(system.source, Imported):
            _check_imported(system.source, system, f"systems.{name}")
        elif isinstance(system.source, Embedded):
            _check_embedded(system.source, root, f"systems.{name}.source")


def _check_embedded(source: Embedded, root: Path, key: str) -> None:
    """Files of the project's folder."""
    for field, given in (("files", source.files), ("checksums", source.checksums)):
        path = Path(given or "")
        if path.is_absolute() or ".." in path.parts:
            raise ConfigError(
                f"{key}.{field}: '{path}' is not in the project's folder; "
                "files from elsewhere are sources of the kinds trajectory, features and dtraj"
            )
    files = embedded_files(source, root)
    if not files:
        raise ConfigError(f"{key}.files: no file matches {source.files}")
    if source.checksums is None:
        return
    listed = root / source.checksums
    if not listed.is_file():
        raise ConfigError(f"{key}.checksums: no file {source.checksums}")
    lines = [line.split() for line in listed.read_text(encoding="utf-8").splitlines() if line]
    sums = {name: checksum for checksum, name in lines}
    for file in files:
        if hashlib.sha256(file.read_bytes()).hexdigest() != sums.get(file.name):
            raise ConfigError(
                f"{file.relative_to(root)}: checksum is not the one in {source.checksums}; "
                "restore the file"
            )


def _check_imported(source: Imported, system: System, key: str) -> None:
    """A user's files, relative to the working directory."""
    try:
        check_source(source.files_of(), f"{key}.source")
    except ValueError as error:
        raise ConfigError(str(error)) from error
    for label, partition in system.partitions.items():
        if isinstance(partition, Given) and partition.map and not Path(partition.map).is_file():
            raise ConfigError(f"{key}.partitions.{label}.map: there is no file {partition.map}")


def embedded_files(source: Embedded, root: Path) -> list[Path]:
    """Files that match the glob of an embedded source, sorted by name."""
    return sorted(root.glob(source.files))

"""Configuration file -> checked study."""

from __future__ import annotations

import ast
import hashlib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from raremd.data.imported.sources import IMPORTED, check_source
from raremd.study.defaults import complete
from raremd.study.settings import ConfigError, check_schema, suggestion, whole_multiple
from raremd.study.study import Cell, Study

MODELS = Path(__file__).parents[1] / "models"


def _known(levels: dict, system: dict, key: str) -> None:
    """Names in a sweep, a base or a contrast must be declared."""
    for factor, declared in (("coordinate", "coordinates"), ("partition", "partitions")):
        values = levels.get(factor, [])
        for value in [values] if isinstance(values, str) else values:
            if value not in system[declared]:
                known = sorted(system[declared])
                raise ConfigError(
                    f"{key}.{factor}: '{value}' is not among {declared}: {known}"
                    + suggestion(value, known)
                )


def _expand(config: dict, name: str) -> Iterator[tuple[Cell, str]]:
    system, models = config["systems"][name], config["models"]
    plain = [m for m in models if "control_of" not in models[m]]
    for number, sweep in enumerate([{}, *system["sweeps"]]):
        key = f"systems.{name}.sweeps.{number - 1}" if number else f"systems.{name}.base"
        levels = {factor: [level] for factor, level in system["base"].items()} | sweep
        chosen = levels.pop("models", plain)
        _known(levels, system, key)
        for model in chosen:
            if model not in models:
                raise ConfigError(
                    f"{key}.models: '{model}' is not among models{suggestion(model, list(models))}"
                )
        for levels_of_cell in itertools.product(*levels.values()):
            at = dict(zip(levels, levels_of_cell, strict=True))
            cell = Cell(name, at["coordinate"], f"{at['interval']:g}", at["partition"])
            yield from ((cell, model) for model in chosen)


def _options(file: Path) -> dict[str, Any] | None:
    """Options of a model and their defaults, None for one that has none.

    Read from its source because importing it would load torch.
    """
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ClassDef) and node.name == "Settings" and not node.bases:
            lines = [line for line in node.body if isinstance(line, ast.AnnAssign)]
            return {
                line.target.id: ast.literal_eval(line.value)
                if isinstance(line.value, ast.Constant)
                else None
                for line in lines
            }
    return None


def _check_option(value: Any, default: Any, key: str) -> None:
    """A value is of its default's type; a whole number from 1 up, or from 0 where that is it."""
    if isinstance(default, bool) or not isinstance(default, int | float | str):
        return
    if isinstance(default, str):
        if not isinstance(value, str):
            raise ConfigError(f"{key}: {value!r} is not text, as '{default}' is")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{key}: {value!r} is not a number")
    elif isinstance(default, int) and (isinstance(value, float) or value < min(1, default)):
        raise ConfigError(f"{key}: {value!r} is not a whole number from {min(1, default)} up")


def _model_files() -> dict[str, Path]:
    """The file that registers each kind of model."""
    return {
        kind: file
        for file in MODELS.glob("*.py")
        for kind in re.findall(r'^@register\("(\w+)"\)', file.read_text(), re.MULTILINE)
    }


def model_file(kind: str) -> Path:
    """Source of a kind of model."""
    return _model_files()[kind]


def _check_models(models: dict) -> None:
    files = _model_files()
    for name, model in models.items():
        kind = model.get("kind", name)
        if kind not in files:
            raise ConfigError(
                f"models.{name}.kind: '{kind}' is not one of {sorted(files)}"
                + suggestion(kind, sorted(files))
            )
        known = _options(files[kind])
        for option, value in model["settings"].items():
            if known is None:
                break
            if option not in known:
                raise ConfigError(
                    f"models.{name}.settings: unknown key '{option}'"
                    f"{suggestion(str(option), list(known))} (valid: {list(known)})"
                )
            _check_option(value, known[option], f"models.{name}.settings.{option}")
        control_of = model.get("control_of")
        if control_of is not None and control_of not in models:
            raise ConfigError(
                f"models.{name}.control_of: '{control_of}' is not among models"
                + suggestion(control_of, list(models))
            )


def _check_system(config: dict, name: str) -> None:
    system, key = config["systems"][name], f"systems.{name}"
    frame = system["frame_interval"]
    for n, lag in enumerate(system["lags"]):
        whole_multiple(lag, frame, f"{key}.lags.{n}")
    yardstick = system["yardstick"]
    _known(yardstick, system, f"{key}.yardstick")
    if yardstick["lag"] not in system["lags"]:
        raise ConfigError(f"{key}.yardstick.lag: {yardstick['lag']:g} is not one of {key}.lags")
    if "method" not in system["partitions"][yardstick["partition"]]:
        raise ConfigError(f"{key}.yardstick.partition: must have a method, not a removal")
    for label, coordinate in system["coordinates"].items():
        if "tica_lag" in coordinate:
            whole_multiple(coordinate["tica_lag"], frame, f"{key}.coordinates.{label}.tica_lag")
    _check_states_source(system, key)
    for label, partition in system["partitions"].items():
        _check_partition(system, label, partition, f"{key}.partitions.{label}")
    source = system["source"]
    for field in ("time", "reference_time"):
        if field in source:
            whole_multiple(source[field], frame, f"{key}.source.{field}")
    lengths = {f"source.{field}": source.get(field) for field in ("time", "reference_time")}
    lengths |= {"block": system.get("block"), "generation.time": system["generation"]["time"]}
    longest = max(system["lags"])
    for label, length in lengths.items():
        if length is not None and length <= longest:
            raise ConfigError(
                f"{key}.{label}: {length:g} is not longer than the longest of lags, {longest:g}"
            )


def _check_states_source(system: dict, key: str) -> None:
    """Discrete trajectories come with their states; nothing else does."""
    discrete = system["source"]["kind"] == "dtraj"
    allowed = ("given", "pcca") if discrete else tuple(m for m in _NEEDED if m != "given")
    for label, partition in system["partitions"].items():
        if partition.get("method", allowed[0]) not in allowed:
            raise ConfigError(
                f"{key}.partitions.{label}.method: '{partition['method']}' does not go with a "
                f"{system['source']['kind']} source (possible: {list(allowed)})"
            )
    for label, coordinate in system["coordinates"].items():
        if discrete and coordinate:
            raise ConfigError(
                f"{key}.coordinates.{label}: a dtraj source has one feature, the state; give {{}}"
            )


_NEEDED = {
    "kmeans": ("n_states",),
    "grid": ("bins",),
    "nearest_center": ("centers",),
    "boxes": ("boxes",),
    "given": (),
    "pcca": ("microstates", "n_states", "lag"),
}


def _check_partition(system: dict, label: str, partition: dict, key: str) -> None:
    declared = system["partitions"]
    for reference in ("of", "microstates"):
        other = partition.get(reference)
        if other is not None and (other == label or other not in declared):
            others = sorted(set(declared) - {label})
            raise ConfigError(
                f"{key}.{reference}: '{other}' is no other partition{suggestion(other, others)}"
            )
        if other is not None and "method" not in declared[other]:
            raise ConfigError(f"{key}.{reference}: '{other}' has no method of its own")
    if "of" in partition:
        _check_removal(system, partition, key)
        return
    needed = set(_NEEDED[partition["method"]])
    given = set(partition) - {"method"}
    if partition["method"] == "given":
        given -= {"map"}
    for missing in sorted(needed - given):
        raise ConfigError(f"{key}: method '{partition['method']}' needs '{missing}'")
    for extra in sorted(given - needed):
        raise ConfigError(f"{key}.{extra}: does not belong to method '{partition['method']}'")
    if "lag" in partition:
        whole_multiple(partition["lag"], system["frame_interval"], f"{key}.lag")
    if declared.get(partition.get("microstates"), {}).get("method") == "pcca":
        raise ConfigError(f"{key}.microstates: a lumping cannot be lumped again")


def _check_removal(system: dict, partition: dict, key: str) -> None:
    """A removal has its one parameter, a time or a share."""
    method = partition["recrossing"]
    needed = "core_fraction" if method == "core_sets" else "tau_c"
    if needed not in partition:
        raise ConfigError(f"{key}: recrossing '{method}' needs '{needed}'")
    for extra in sorted(set(partition) - {"of", "recrossing", needed}):
        raise ConfigError(f"{key}.{extra}: does not belong to recrossing '{method}'")
    if needed == "tau_c":
        whole_multiple(partition["tau_c"], system["frame_interval"], f"{key}.tau_c")
    elif system["source"]["kind"] == "dtraj":
        raise ConfigError(
            f"{key}.recrossing: core_sets needs a coordinate, which a dtraj source lacks"
        )


def _check_cell(study: Study, cell: Cell) -> None:
    key = f"systems.{cell.system}"
    system = study.system(cell.system)
    study.stride(cell)
    interval = float(cell.interval)
    whole_multiple(
        system["yardstick"]["lag"], interval, f"{key}.yardstick.lag at interval {cell.interval}"
    )
    whole_multiple(
        system["generation"]["time"], interval, f"{key}.generation.time at {cell.interval}"
    )
    window = max(study.window(model) for model in study.cells[cell])
    time = system["source"].get("time")
    if time is not None and time <= window * interval:
        raise ConfigError(
            f"training.window: {window} frames at interval {cell.interval} are not shorter than "
            f"{key}.source.time, {time:g}"
        )
    _, tau_c = study.recrossing(cell)
    if tau_c:
        whole_multiple(
            tau_c, interval, f"{key}.partitions.{cell.partition}.tau_c at interval {cell.interval}"
        )


def load_study(config: dict) -> Study:
    """Check a configuration and expand its sweeps.

    Parameters
    ----------
    config : dict
        As read from YAML.

    Returns
    -------
    Study

    Raises
    ------
    ConfigError
        One line naming the key that is wrong and what would be right.
    """
    config = check_schema(config)
    _check_models(config["models"])
    for system in config["systems"].values():
        complete(system)
    pairs: dict[Cell, set[str]] = {}
    for name in config["systems"]:
        _check_system(config, name)
        for cell, model in _expand(config, name):
            pairs.setdefault(cell, set()).add(model)
    order = {model: n for n, model in enumerate(config["models"])}
    cells = {cell: tuple(sorted(pairs[cell], key=order.__getitem__)) for cell in sorted(pairs)}
    study = Study(config, cells)
    for cell in cells:
        _check_cell(study, cell)
    for name, system in config["systems"].items():
        for claim, contrast in system["claims"].items():
            for side, levels in contrast.items():
                _known(levels, system, f"systems.{name}.claims.{claim}.{side}")
                if study.cell(name, levels) not in cells:
                    raise ConfigError(
                        f"systems.{name}.claims.{claim}.{side}: no sweep makes the cell "
                        f"{study.cell(name, levels).folder}"
                    )
    return study


def check_files(study: Study, root: Path) -> None:
    """Files of the sources are there, with the right checksum.

    Raises
    ------
    ConfigError
        Naming the key or file.
    """
    for name, system in study.config["systems"].items():
        source = system["source"]
        if source["kind"] in IMPORTED:
            _check_imported(name, system)
        if source["kind"] != "embedded":
            continue
        for field in ("files", "checksums"):
            path = Path(source.get(field, ""))
            if path.is_absolute() or ".." in path.parts:
                raise ConfigError(
                    f"systems.{name}.source.{field}: '{path}' is not in the project's folder; "
                    "files from elsewhere are sources of the kinds trajectory, features and dtraj"
                )
        files = source_files(source, root)
        if not files:
            raise ConfigError(f"systems.{name}.source.files: no file matches {source['files']}")
        if "checksums" not in source:
            continue
        listed = root / source["checksums"]
        if not listed.is_file():
            raise ConfigError(f"systems.{name}.source.checksums: no file {source['checksums']}")
        sums = dict(reversed(line.split()) for line in listed.read_text().splitlines() if line)
        for file in files:
            if hashlib.sha256(file.read_bytes()).hexdigest() != sums.get(file.name):
                raise ConfigError(
                    f"{file.relative_to(root)}: checksum is not the one in "
                    f"{source['checksums']}; restore the file"
                )


def _check_imported(name: str, system: dict) -> None:
    """A user's files, relative to the working directory."""
    try:
        check_source(system["source"], f"systems.{name}.source")
    except ValueError as error:
        raise ConfigError(str(error)) from error
    for label, partition in system["partitions"].items():
        if "map" in partition and not Path(partition["map"]).is_file():
            raise ConfigError(
                f"systems.{name}.partitions.{label}.map: there is no file {partition['map']}"
            )


def source_files(source: dict, root: Path) -> list[Path]:
    """Files that match the glob of an embedded source, sorted by name."""
    return sorted(root.glob(source["files"]))

"""Configuration file -> checked study -> table of cells."""

from __future__ import annotations

import ast
import difflib
import functools
import hashlib
import itertools
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import yaml

from raremd.defaults import complete
from raremd.systems.sources import IMPORTED, check_source

SCHEMA = Path(__file__).parents[1] / "schemas" / "config.schema.yaml"
MODELS = Path(__file__).parent / "models"

LONGEST_LINE = 400
LARGEST_NUMBER = 1e15  # whole numbers up to here are exact


class ConfigError(ValueError):
    """A study that cannot be run; the message is one line that names the key."""

    def __init__(self, message: str) -> None:
        line = " ".join(message.split())
        if len(line) > LONGEST_LINE:  # some value is a whole section
            half = LONGEST_LINE // 2
            line = f"{line[:half]} ... {line[-half:]}"
        super().__init__(line)


def _check_plain(value: Any, path: tuple = ()) -> None:
    """YAML also knows keys that are no text and numbers that are none."""
    if isinstance(value, dict):
        for key, child in value.items():
            if not isinstance(key, str):
                raise ConfigError(f"{_where(path)}: unknown key '{key}'; a key must be text")
            _check_plain(child, (*path, key))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            _check_plain(child, (*path, number))
    elif isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:
        raise ConfigError(f"{_where(path)}: {value} is not a number that can be used")


@functools.cache
def _schema() -> dict:
    return yaml.safe_load(SCHEMA.read_text())


def _resolve(schema: dict, root: dict) -> dict:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _fill_defaults(value: Any, schema: dict, root: dict) -> None:
    """Write the schema's defaults into `value`, in place."""
    schema = _resolve(schema, root)
    if isinstance(value, dict):
        for branch in schema.get("oneOf", []):  # told apart by their `kind`
            kind = branch.get("properties", {}).get("kind", {}).get("const")
            if kind is not None and kind == value.get("kind"):
                _fill_defaults(value, branch, root)
        for key, child in schema.get("properties", {}).items():
            child = _resolve(child, root)
            if key not in value and "default" in child:
                value[key] = deepcopy(child["default"])
        for key, item in value.items():
            child = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if isinstance(child, dict):
                _fill_defaults(item, child, root)
    elif isinstance(value, list) and "items" in schema:
        for item in value:
            _fill_defaults(item, schema["items"], root)


def _nearest(word: str, known: list[str]) -> str:
    match = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean '{match[0]}'?" if match else ""


def _where(path: Any) -> str:
    return ".".join(map(str, path)) or "configuration"


def _given(error: jsonschema.ValidationError) -> int:
    """How many of the keys that an alternative asks for are there."""
    return (
        sum(key in error.instance for key in error.validator_value)
        if (error.validator == "required")
        else 0
    )


def _explain(error: jsonschema.ValidationError) -> str:
    """One line that names the key and, for a typo, the nearest valid one."""
    if error.validator in ("oneOf", "anyOf") and error.context:
        # The branch that went furthest is the one that was meant.
        kinds = [e for e in error.context if e.validator == "const"]
        others = [e for e in error.context if e not in kinds]
        if kinds and len(kinds) == len(error.validator_value):
            valid = [e.validator_value for e in kinds]
            found = kinds[0].instance
            return f"{_where(kinds[0].absolute_path)}: '{found}' is not one of {valid}" + _nearest(
                str(found), valid
            )
        refused = {e.schema_path[0] for e in kinds}
        others = [e for e in others if e.schema_path[0] not in refused] or error.context
        return _explain(max(others, key=_given))
    where = _where(error.absolute_path)
    if error.validator == "oneOf":
        keys = " or ".join(str(branch.get("required")) for branch in error.validator_value)
        return f"{where}: give the keys {keys}, not both"
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(str(key) for key in error.instance if key not in known)[0]
        return f"{where}: unknown key '{unknown}'{_nearest(unknown, known)} (valid: {known})"
    if error.validator == "required":
        missing = next(k for k in error.validator_value if k not in error.instance)
        return f"{where}: key '{missing}' is missing"
    if error.validator == "enum":
        valid = error.validator_value
        hint = _nearest(str(error.instance), [str(v) for v in valid])
        return f"{where}: '{error.instance}' is not one of {valid}{hint}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{where}: '{error.instance}' cannot be used as a name (lower case, digits, _)"
    return f"{where}: {error.message}"


def check_schema(config: dict) -> dict:
    """The configuration with all defaults, or an error.

    Raises
    ------
    ConfigError
        One line naming the first offending key.
    """
    schema = _schema()
    _check_plain(config)
    config = deepcopy(config)
    _fill_defaults(config, schema, schema)
    errors = jsonschema.Draft202012Validator(schema).iter_errors(config)
    first = next(iter(sorted(errors, key=lambda e: [str(p) for p in e.absolute_path])), None)
    if first is not None:
        raise ConfigError(_explain(first))
    return config


def whole_multiple(time: float, interval: float, key: str) -> int:
    """How many intervals fit into `time`.

    Raises
    ------
    ConfigError
        If that is not a whole number of at least one; the message names `key`.
    """
    ratio = time / interval
    if abs(ratio - round(ratio)) > 1e-6 * max(1.0, ratio) or round(ratio) < 1:
        raise ConfigError(f"{key}: {time:g} is not a whole multiple of the interval {interval:g}")
    return round(ratio)


@dataclass(frozen=True, order=True)
class Cell:
    """One combination of the factors; `interval` is text, as it stands in paths."""

    system: str
    coordinate: str
    interval: str
    partition: str

    @property
    def folder(self) -> str:
        """Path below the results folder."""
        return f"{self.system}/{self.coordinate}/dt_{self.interval}/{self.partition}"


@dataclass(frozen=True)
class Study:
    """A checked configuration.

    Attributes
    ----------
    config : dict
        With all defaults.
    cells : dict
        Cell -> sorted tuple of model names.
    """

    config: dict
    cells: dict[Cell, tuple[str, ...]]

    def system(self, name: str) -> dict:
        """Configuration of one system."""
        return self.config["systems"][name]

    def base(self, name: str) -> Cell:
        """The cell that the system's sweeps depart from."""
        return self.cell(name, {})

    def cell(self, name: str, levels: dict) -> Cell:
        """The base cell with some levels replaced."""
        levels = self.system(name)["base"] | levels
        return Cell(name, levels["coordinate"], f"{levels['interval']:g}", levels["partition"])

    def states_name(self, system: str, partition: str) -> str:
        """The partition that defines the states: itself, or the one that it is `of`."""
        return self.system(system)["partitions"][partition].get("of", partition)

    def stride(self, cell: Cell) -> int:
        """Frames of the source in one saving interval."""
        frame = self.system(cell.system)["frame_interval"]
        return whole_multiple(float(cell.interval), frame, f"systems.{cell.system}.interval")

    def lags(self, cell: Cell) -> list[int]:
        """Lag times of the cell, in its saving intervals, shortest first."""
        system, interval = self.system(cell.system), float(cell.interval)
        ratios = {lag / interval for lag in [*system["lags"], interval]}
        return sorted(round(r) for r in ratios if abs(r - round(r)) < 1e-6 * r and round(r) >= 1)

    def recrossing(self, cell: Cell) -> tuple[str, float]:
        """Method of removal and tau_c in time units; ("none", 0) where there is none."""
        partition = self.system(cell.system)["partitions"][cell.partition]
        return partition.get("recrossing", "none"), float(partition.get("tau_c", 0.0))

    def model_options(self, name: str) -> dict:
        """Kind, settings and training of a model, with its budget worked in."""
        model, training = self.config["models"][name], dict(self.config["training"])
        del training["validation_fraction"]  # decides the split, which the states carry
        for key in ("tokens", "patience_tokens"):
            training[key] = round(training[key] * model["budget"])
        return {
            "kind": model.get("kind", name),
            "settings": dict(sorted(model["settings"].items())),
            "training": dict(sorted(training.items())),
        }

    def partition_chain(self, system: str, name: str) -> dict[str, dict]:
        """A partition and what it is built on: all that decides its states."""
        declared = self.system(system)["partitions"]
        chain = {name: declared[name]}
        if "microstates" in declared[name]:
            chain[declared[name]["microstates"]] = declared[declared[name]["microstates"]]
        return chain

    def cell_records(self) -> list[dict]:
        """One dict a cell: the factor columns of the comparison table."""
        records = []
        for cell in self.cells:
            method, tau_c = self.recrossing(cell)
            factors = vars(cell) | {"interval": float(cell.interval)}
            records.append(factors | {"recrossing": method, "tau_c": tau_c})
        return records

    def table(self) -> pd.DataFrame:
        """The sweep: one row a cell and model."""
        pairs = zip(self.cell_records(), self.cells.values(), strict=True)
        return pd.DataFrame(
            [record | {"model": model} for record, models in pairs for model in models]
        )

    def contrasts(self) -> list[dict]:
        """One dict a declared claim and system; sides are indices into `cell_records`."""
        index = {cell: n for n, cell in enumerate(self.cells)}
        return [
            {"system": name, "claim": claim}
            | {side: index[self.cell(name, levels)] for side, levels in sides.items()}
            for name, system in self.config["systems"].items()
            for claim, sides in sorted(system["claims"].items())
        ]

    def networks(self) -> list[str]:
        """Models that the claims are about: neither Markov nor a control."""
        models = self.config["models"]
        return [
            name
            for name, model in models.items()
            if model.get("kind", name) != "markov" and "control_of" not in model
        ]

    def controls(self) -> dict[str, str]:
        """Model -> its convergence control."""
        models = self.config["models"]
        return {m["control_of"]: name for name, m in models.items() if "control_of" in m}


def _known(levels: dict, system: dict, key: str) -> None:
    """Names in a sweep, a base or a contrast must be declared."""
    for factor, declared in (("coordinate", "coordinates"), ("partition", "partitions")):
        values = levels.get(factor, [])
        for value in [values] if isinstance(values, str) else values:
            if value not in system[declared]:
                known = sorted(system[declared])
                raise ConfigError(
                    f"{key}.{factor}: '{value}' is not among {declared}: {known}"
                    + _nearest(value, known)
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
                    f"{key}.models: '{model}' is not among models{_nearest(model, list(models))}"
                )
        for levels_of_cell in itertools.product(*levels.values()):
            at = dict(zip(levels, levels_of_cell, strict=True))
            cell = Cell(name, at["coordinate"], f"{at['interval']:g}", at["partition"])
            yield from ((cell, model) for model in chosen)


def _options(file: Path) -> list[str] | None:
    """Options of a model, read from its source because importing it would load torch."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ClassDef) and node.name == "Settings" and not node.bases:
            return [line.target.id for line in node.body if isinstance(line, ast.AnnAssign)]
    return None


def _check_models(models: dict) -> None:
    files = {
        kind: file
        for file in MODELS.glob("*.py")
        for kind in re.findall(r'^@register\("(\w+)"\)', file.read_text(), re.MULTILINE)
    }
    for name, model in models.items():
        kind = model.get("kind", name)
        if kind not in files:
            raise ConfigError(
                f"models.{name}.kind: '{kind}' is not one of {sorted(files)}"
                + _nearest(kind, sorted(files))
            )
        known = _options(files[kind])
        for option in model["settings"]:
            if known is not None and option not in known:
                raise ConfigError(
                    f"models.{name}.settings: unknown key '{option}'"
                    f"{_nearest(str(option), known)} (valid: {known})"
                )
        control_of = model.get("control_of")
        if control_of is not None and control_of not in models:
            raise ConfigError(
                f"models.{name}.control_of: '{control_of}' is not among models"
                + _nearest(control_of, list(models))
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
                f"{key}.{reference}: '{other}' is no other partition{_nearest(other, others)}"
            )
        if other is not None and "method" not in declared[other]:
            raise ConfigError(f"{key}.{reference}: '{other}' has no method of its own")
    if "of" in partition:
        whole_multiple(partition["tau_c"], system["frame_interval"], f"{key}.tau_c")
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
    window = study.config["training"]["window"]
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

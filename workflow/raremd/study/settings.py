"""The configuration against its schema: defaults, and one line for what is wrong."""

from __future__ import annotations

import difflib
import functools
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import yaml

SCHEMA = Path(__file__).parents[2] / "schemas" / "config.schema.yaml"
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
                raise ConfigError(
                    f"{_where(path)}: unknown key '{key}'; a key must be text (YAML takes numbers, "
                    "on, off, yes and no for something else: put the key in quotes)"
                )
            _check_plain(child, (*path, key))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            _check_plain(child, (*path, number))
    elif isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:
        raise ConfigError(f"{_where(path)}: {value} is not a number that can be used")


def check_keys(path: Path | str) -> None:
    """Refuse a file in which a key is there twice: YAML would keep the last one, in silence.

    Raises
    ------
    ConfigError
        Naming the file, the line and the key.
    """
    waiting = [yaml.compose(Path(path).read_text(encoding="utf-8-sig"), yaml.SafeLoader)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            first: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.value in first and isinstance(key, yaml.ScalarNode):
                    raise ConfigError(
                        f"{path}: line {line}: key '{key.value}' is there twice, first in line "
                        f"{first[key.value]}; only one of them would count"
                    )
                if isinstance(key, yaml.ScalarNode):
                    first[key.value] = line
                waiting.append(value)


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


def suggestion(word: str, known: list[str]) -> str:
    """The nearest valid word as a question, or nothing."""
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
            return (
                f"{_where(kinds[0].absolute_path)}: '{found}' is not one of {valid}"
                + suggestion(str(found), valid)
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
        return f"{where}: unknown key '{unknown}'{suggestion(unknown, known)} (valid: {known})"
    if error.validator == "required":
        missing = next(k for k in error.validator_value if k not in error.instance)
        return f"{where}: key '{missing}' is missing"
    if error.validator == "enum":
        valid = error.validator_value
        hint = suggestion(str(error.instance), [str(v) for v in valid])
        return f"{where}: '{error.instance}' is not one of {valid}{hint}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{where}: '{error.instance}' cannot be used as a name (lower case, digits, _)"
    if error.validator == "pattern" and "description" in error.schema:
        return f"{where}: '{error.instance}' is not possible: {error.schema['description']}"
    return f"{where}: {error.message}{_of_type(error)}"


def _of_type(error: jsonschema.ValidationError) -> str:
    """What to write instead of a value of the wrong type."""
    value, wanted = error.instance, error.validator_value
    if error.validator != "type" or isinstance(value, dict):
        return ""
    if wanted == "array":
        return "; write a list, [a, b], even of one"
    if wanted == "object":
        return "; write a mapping, {key: value}"
    if wanted in ("number", "integer") and isinstance(value, str):
        try:
            return f"; YAML takes it for text: write {float(value):.10g}"
        except ValueError:
            return "; write a number alone, without a unit"
    return ""


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

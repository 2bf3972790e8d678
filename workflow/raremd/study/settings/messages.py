"""One line for what is wrong with a configuration: the key, the value, and what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

LONGEST_LINE = 400
LARGEST_NUMBER = 1e15
"""Whole numbers up to here are exact."""


class ConfigError(ValueError):
    """A study that cannot be run; the message is one line that names the key."""

    def __init__(self, message: str) -> None:
        line = " ".join(message.split())
        if len(line) > LONGEST_LINE:  # some value is a whole section
            half = LONGEST_LINE // 2
            line = f"{line[:half]} ... {line[-half:]}"
        super().__init__(line)


def suggestion(word: str, known: Iterable[str]) -> str:
    """The nearest valid word as a question, or nothing."""
    match = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean '{match[0]}'?" if match else ""


def exact(number: float) -> str:
    """The shortest text that reads back as this number: ``5``, ``0.2``, ``1234567``.

    Parameters
    ----------
    number : float
        Whole numbers below 1e16 have neither a point nor an exponent.
    """
    text = repr(float(number))
    return text.removesuffix(".0")


def is_whole(ratio: float) -> bool:
    """Whether a ratio of two times is a whole number of at least one, in spite of rounding.

    Parameters
    ----------
    ratio : float
        Times that are written with seven digits leave an error that grows with it; a hundredth is
        never taken for nothing.
    """
    return round(ratio) >= 1 and abs(ratio - round(ratio)) <= min(1e-6 * max(1.0, ratio), 1e-2)


def whole_multiple(time: float, interval: float, key: str) -> int:
    """How many intervals fit into `time`.

    Raises
    ------
    ConfigError
        If that is not a whole number of at least one; the message names `key`.
    """
    ratio = time / interval
    if not is_whole(ratio):
        raise ConfigError(
            f"{key}: {exact(time)} is not a whole multiple of the interval {exact(interval)}"
        )
    return round(ratio)


def check_keys(path: Path | str) -> None:
    """Refuse what YAML would silently read as something else.

    That is the same key twice, of which the last would count; a number with a leading 0, which
    YAML takes for octal; and one with a colon, which it takes for minutes and seconds.

    Raises
    ------
    ConfigError
        Naming the file, the line and the key or number.
    """
    waiting = [yaml.compose(Path(path).read_text(encoding="utf-8-sig"), yaml.SafeLoader)]
    seen: set[int] = set()  # a node may contain itself
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode) and _changes(node):
            line = node.start_mark.line + 1
            raise ConfigError(
                f"{path}: line {line}: YAML reads {node.value} as another number; write it without "
                "leading zeros and colons, or in quotes if it is text"
            )
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            first: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.value in first and isinstance(key, yaml.ScalarNode):
                    raise ConfigError(
                        f"{path}: line {line}: key '{key.value}' appears twice, first in line "
                        f"{first[key.value]}; only one of them would count"
                    )
                if isinstance(key, yaml.ScalarNode):
                    first[key.value] = line
                waiting.append(value)


def _changes(node: yaml.ScalarNode) -> bool:
    """Whether YAML 1.1 takes a number without quotes for octal or for minutes and seconds."""
    number = node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
    return number and bool(re.fullmatch(r"[-+]?(0[0-9_]+|.*:.*)", node.value))


def check_plain(value: Any, path: tuple[str | int, ...] = ()) -> None:
    """Refuse keys that are not text and numbers that cannot be used; YAML knows both.

    Raises
    ------
    ConfigError
        Naming the key.
    """
    if isinstance(value, dict):
        for key, child in value.items():
            if not isinstance(key, str):
                raise ConfigError(
                    f"{_where(path)}: unknown key '{key}'; a key must be text (YAML takes numbers, "
                    "on, off, yes and no for something else: put the key in quotes)"
                )
            check_plain(child, (*path, key))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            check_plain(child, (*path, number))
    elif isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:
        raise ConfigError(f"{_where(path)}: {value} is not a number that can be used")


def _where(path: Iterable[str | int]) -> str:
    return ".".join(map(str, path)) or "configuration"


def explain(error: ValidationError, prefix: tuple[str, ...] = ()) -> ConfigError:
    """The first error, by its path, as one line.

    Parameters
    ----------
    error : pydantic.ValidationError
    prefix : tuple of str
        Keys above those that were validated.
    """
    first = _first(error)
    # Tags of alternatives, such as <method kmeans>, are no keys.
    tags = [part for part in first["loc"] if str(part).startswith("<")]
    keys = [*prefix, *(part for part in first["loc"] if part not in tags)]
    return ConfigError(_line(first, keys, str(tags[-1]) if tags else ""))


def explain_options(
    error: ValidationError, prefix: tuple[str, ...], given: Iterable[str], section: str
) -> ConfigError:
    """As `explain`; a default that its own class does not allow is named as such.

    Parameters
    ----------
    error, prefix
        As in `explain`.
    given : iterable of str
        Keys that the user gave.
    section : str
        Name of the class with the defaults.
    """
    first = _first(error)
    own = first["loc"] and first["type"] != "missing" and first["loc"][0] not in set(given)
    return explain(error, (f"default of {section}",) if own else prefix)


def _first(error: ValidationError) -> ErrorDetails:
    """The first error by its path."""
    # A default that follows from other keys is not formed where one of those is wrong.
    own = [e for e in error.errors() if e["type"] != "default_factory_not_called"]
    # A list is also called too short where one of its items is wrong: the item is what to name.
    deepest = [
        e for e in own if not any(e["loc"] == o["loc"][: len(e["loc"])] != o["loc"] for o in own)
    ]
    return min(deepest, key=lambda e: [str(part) for part in e["loc"]])


def _line(error: ErrorDetails, keys: list[str | int], tag: str) -> str:
    kind, value, given = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        where, name = _where(keys[:-1]), keys[-1]
        word, _, chosen = tag.strip("<>").partition(" ")
        if word in ("method", "recrossing"):
            return f"{where}: {word} '{chosen}' needs '{name}'"
        return f"{where}: key '{name}' is missing"
    if kind == "value_error":
        if keys and keys[-1] == "[key]":
            return f"{_where(keys[:-2])}: {given['error']}"
        return f"{_where(keys)}: {given['error']}"
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        return _alternative(value, keys, given)
    where = _where(keys)
    if kind == "literal_error":
        valid = re.findall(r"'(.*?)'", given["expected"])
        return f"{where}: '{value}' is not one of {valid}{suggestion(str(value), valid)}"
    if kind in _BOUNDS:
        return f"{where}: {value} must be {_BOUNDS[kind]} {exact(next(iter(given.values())))}"
    if kind == "too_short":
        least = given["min_length"]
        return f"{where}: {value} is too short, it needs at least {least}"
    if kind == "too_long":
        return f"{where}: {value} is too long, at most {given['max_length']} can be given"
    wanted = next((text for start, text in _TYPES.items() if kind.startswith(start)), "as expected")
    if value is None:
        value = "nothing"
    elif isinstance(value, str):
        value = f"'{value}'"
    return f"{where}: {value} is not {wanted}{_instead(error['input'], wanted)}"


_BOUNDS = {
    "greater_than": "more than",
    "greater_than_equal": "at least",
    "less_than": "less than",
    "less_than_equal": "at most",
}
_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "list": "a list",
    "tuple": "a list",
    "dict": "a mapping",
    "model": "a mapping",
}
"""Beginning of a pydantic error type -> what was wanted."""


def _alternative(value: Any, keys: list[str | int], given: dict[str, Any]) -> str:
    """A section whose kind, method or removal is missing or unknown."""
    where = _where(keys)
    if not isinstance(value, dict):
        return f"{where}: {value} is not a mapping{_instead(value, 'a mapping')}"
    if "tag" not in given:
        word = given["discriminator"].strip("'_()")
        near = difflib.get_close_matches(word, list(value), n=1)
        return f"{where}: key '{word}' is missing" + (f"; is '{near[0]}' meant?" if near else "")
    word, _, found = given["tag"].strip("<>").partition(" ")
    valid = [
        name for of, name in re.findall(r"<(\w+) (\w+)>", given["expected_tags"]) if of == word
    ]
    return f"{where}.{word}: '{found}' is not one of {valid}{suggestion(found, valid)}"


def _instead(value: Any, wanted: str) -> str:
    """What to write instead of a value of the wrong type."""
    if wanted == "a list" and not isinstance(value, dict):
        return "; write a list, [a, b], even of one"
    if wanted == "a mapping":
        return "; write {key: value}"
    if wanted.endswith("number") and isinstance(value, str):
        try:
            return f"; YAML takes it for text: write {exact(float(value))}"
        except ValueError:
            return "; write a number alone, without a unit"
    return ""

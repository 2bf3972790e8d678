"""The reference of the configuration, docs/config.md, written from the schema.

`python -m raremd.study.reference_page` prints it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from raremd.study.settings import SCHEMA

HEAD = """# Configuration

Written from `workflow/schemas/config.schema.yaml` by
`python -m raremd.study.reference_page`; do not edit.
Times are in the `time_unit` of their system. `<name>` stands for a name of your choice. An unknown
key stops the run before the first job.

| key | what | type | if left out |
|---|---|---|---|"""


def _resolved(schema: dict, root: dict) -> dict:
    """The schema behind a reference; what stands beside the reference wins."""
    if "$ref" not in schema:
        return schema
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return _resolved(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root) | beside


def _type(schema: dict) -> str:
    if "enum" in schema:
        return " \\| ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        inner = _type(schema.get("items", {}))
        return f"list of {inner}" if inner else "list"
    return "" if kind == "object" else kind


def _default(schema: dict, required: bool) -> str:
    if required:
        return "**needed**"
    if "default" not in schema or schema["default"] == {}:
        return ""
    return f"`{yaml.safe_dump(schema['default'], default_flow_style=True).split(chr(10))[0]}`"


def _rows(schema: dict, root: dict, path: str) -> Iterator[str]:
    for name, child in schema.get("properties", {}).items():
        yield from _entry(child, root, f"{path}{name}", name in schema.get("required", []))
    free = schema.get("additionalProperties")
    if isinstance(free, dict) and ("properties" in _resolved(free, root)):
        yield from _rows(_resolved(free, root), root, f"{path}<name>.")


def _entry(schema: dict, root: dict, path: str, required: bool) -> Iterator[str]:
    schema = _resolved(schema, root)
    what = " ".join(str(schema.get("description", "")).split()).replace("|", "\\|")
    yield f"| `{path}` | {what} | {_type(schema)} | {_default(schema, required)} |"
    yield from _rows(schema, root, f"{path}.")
    if schema.get("type") == "array" and "properties" in schema.get("items", {}):
        yield from _rows(schema["items"], root, f"{path}[].")
    for branch in schema.get("oneOf", []):
        kind = branch.get("properties", {}).get("kind", {}).get("const")
        if kind is not None:
            yield from _branch(branch, root, path, kind)


def _branch(branch: dict, root: dict, path: str, kind: str) -> Iterator[str]:
    """The keys of one kind of source."""
    what = branch.get("description", "")
    yield f"| `{path}.kind: {kind}` | {what} | | |"
    rest = {k: v for k, v in branch["properties"].items() if k != "kind"}
    yield from _rows(branch | {"properties": rest}, root, f"{path}.")


def reference(schema: dict[str, Any] | None = None) -> str:
    """The page, as Markdown."""
    schema = schema or yaml.safe_load(SCHEMA.read_text())
    return "\n".join([HEAD, *_rows(schema, schema, "")]) + "\n"


if __name__ == "__main__":
    print(reference(), end="")

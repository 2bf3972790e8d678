"""The page docs/config.md, written from the settings.

`python -m raremd.study.reference_page` prints it.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from raremd.study.settings.models import KINDS
from raremd.study.settings.sections import Section
from raremd.study.settings.study import Settings
from raremd.study.settings.systems import Filled

HEAD = """# Configuration

Written from `workflow/raremd/study/settings` by
`python -m raremd.study.reference_page`; do not edit.
Times are in the `time_unit` of their system. `<name>` stands for a name of your choice, `[]` for
each item of a list. An unknown key stops the run before the first job.
"""
COLUMNS = """
| key | meaning | type | if left out |
|---|---|---|---|"""
MODELS = """
## Options of models

`models.<name>.settings` takes the options of its `kind`.
"""
WORDS = {int: "integer", float: "number", str: "text", bool: "true or false"}
ALTERNATIVES = ("kind", "method", "recrossing")
"""Keys whose value decides which others there are."""


def _sections(annotation: Any) -> Iterator[type[Section]]:
    """Sections that a value may be, or that its items are."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections(inner)


def _type(annotation: Any) -> str:
    """What a value is, in words; nothing for sections."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in WORDS:
        return WORDS[annotation]
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return " \\| ".join(f"`{value}`" for value in inner)
    if origin in (Union, types.UnionType):
        found = dict.fromkeys(_type(part) for part in inner if part is not type(None))
        return " \\| ".join(text for text in found if text)
    if origin is tuple:
        item = _type(inner[0])
        return f"list of {item}" if item else "list"
    return ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    shown = field.default if isinstance(field.default, str | int | float) else ""
    return f"`{shown}`" if shown != "" else ""


def _text(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _rows(section: type[Section], path: str) -> Iterator[str]:
    for name, field in section.model_fields.items():
        key = f"{path}{name}"
        what = _text(field.description)
        filled = issubclass(section, Filled) and field.is_required()
        default = "as above" if filled else _default(field)
        yield f"| `{key}` | {what} | {_type(field.annotation)} | {default} |"
        origin = get_origin(field.annotation)
        below = ".<name>" if origin is dict else "[]" if origin is tuple else ""
        inside = f"{key}{below}."
        found = list(_sections(field.annotation))
        if len(found) > 1:
            yield from _alternatives(found, inside)
        elif found:
            yield from _rows(found[0], inside)


def _alternatives(sections: list[type[Section]], path: str) -> Iterator[str]:
    """The keys of each kind of source, and of each kind of partition."""
    for section in sections:
        fields = dict(section.model_fields)
        word = next(name for name in ALTERNATIVES if name in fields)
        (value,) = get_args(fields.pop(word).annotation)
        yield f"| `{path}{word}: {value}` | {_text(section.__doc__)} | | |"
        yield from (row for row in _rows(section, path) if not row.startswith(f"| `{path}{word}`"))


def reference() -> str:
    """The page, as Markdown."""
    lines = [HEAD.rstrip(), COLUMNS, *_rows(Settings, ""), MODELS.rstrip()]
    for name, kind in KINDS.items():
        lines += ["", f"### {name}", "", _text(kind.settings.__doc__), COLUMNS]
        lines += _rows(kind.settings, "")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(reference(), end="")

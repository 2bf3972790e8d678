"""What all parts of the configuration share: no unknown keys, and numbers that are numbers."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    model_validator,
)

from raremd.study.settings.messages import suggestion

RESERVED = ("md", "reference", "exact")
"""Names of what is not a model in the comparison table."""


class Section(BaseModel):
    """A mapping of the configuration; an unknown key is refused with the nearest valid one.

    Defaults are held to the same bounds as what is given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, value: Any) -> Any:
        unknown = sorted(set(value) - set(cls.model_fields)) if isinstance(value, dict) else []
        if unknown:
            known = sorted(cls.model_fields)
            hint = suggestion(unknown[0], known)
            raise ValueError(f"unknown key '{unknown[0]}'{hint} (valid: {known})")
        return value


def _whole(value: Any) -> Any:
    """1.0e+6 is a whole number too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _several(value: Any) -> Any:
    """One text where several may stand."""
    return [value] if isinstance(value, str) else value


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
        raise ValueError(f"'{value}' cannot be used as a name (lower case, digits, _)")
    return value


def _model_name(value: str) -> str:
    if value in RESERVED:
        raise ValueError(f"'{value}' cannot be used as a name (it is not a model in the tables)")
    return _name(value)


def matching(pattern: str, description: str) -> AfterValidator:
    """Refuse text that does not match, and say what is possible."""

    def check(value: str) -> str:
        if not re.search(pattern, value):
            raise ValueError(f"'{value}' is not possible: {description}")
        return value

    return AfterValidator(check)


Whole = Annotated[int, Strict(), BeforeValidator(_whole)]
Number = Annotated[float, Strict()]
Time = Annotated[float, Strict(), Field(gt=0)]
"""In the time unit of its system."""
Name = Annotated[str, AfterValidator(_name)]
ModelName = Annotated[str, AfterValidator(_model_name)]
Several = BeforeValidator(_several)

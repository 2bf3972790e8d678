"""What is asked of an estimator, checked before anything is computed; kinds and their names."""

from __future__ import annotations

import math
from numbers import Real
from pathlib import Path
from typing import Any

from raremd.models import SequenceModel, model_class
from raremd.study.model_files import check_step_options
from raremd.study.settings.fitting import Fitting
from raremd.study.settings.messages import ConfigError
from raremd.study.settings.models import KINDS


def whole_number(value: Any, name: str, least: int) -> int:
    """A whole number, as `int`.

    Raises
    ------
    ValueError
        If it is none, or less than `least`, naming it.

    Examples
    --------
    >>> whole_number(2.0, "n_walkers", 1)
    2
    """
    real = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not real or value != int(value) or value < least:
        raise ValueError(f"{name}: {value!r}: give a whole number from {least} up")
    return int(value)


def file_to_write(path: Path | str) -> Path:
    """The path of a file.

    Raises
    ------
    ValueError
        If there is a folder.
    """
    if Path(path).is_dir():
        raise ValueError(f"{path}: is a folder; give a file in it, such as model.safetensors")
    return Path(path)


def refuse_steps(kind: str, options: Fitting) -> None:
    """Refuse `two_pass` and `slow_share` for models that cannot take them.

    Raises
    ------
    ConfigError
        Naming the option.
    """
    given: dict[str, float | None] = {
        "two_pass": options.two_pass,
        "slow_share": options.slow_share,
    }

    def defines(method: str) -> bool:
        return getattr(model_class(kind), method) is not getattr(SequenceModel, method)

    check_step_options(kind, given, defines, "")


def names() -> dict[str, str]:
    """Name of each estimator, such as ``LSTM``, and its kind; the first one has it."""
    found: dict[str, str] = {}
    for kind, entry in KINDS.items():
        found.setdefault(entry.settings.__name__.removesuffix("Settings"), kind)
    return found


def name_of(kind: str) -> str:
    """Name of the estimator of a kind.

    Raises
    ------
    ConfigError
        If another kind has it.
    """
    own = KINDS[kind].settings.__name__
    name = own.removesuffix("Settings")
    first = names()[name]
    if first != kind:
        raise ConfigError(
            f"KINDS['{kind}']: '{first}' has its options in a class {own} too, so that both would "
            f"be raremd.{name}; give '{kind}' a class of another name, which may derive from it"
        )
    return name

"""The options of a model that is fitted by itself, outside of a study."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field, ValidationError

from raremd.study.plans import Budget
from raremd.study.settings.messages import ConfigError, explain_options
from raremd.study.settings.models import kind_of_model
from raremd.study.settings.sections import Number, Section, Whole
from raremd.study.settings.study import Model, Settings, Training


def _said(section: type[Section], key: str) -> str | None:
    return section.model_fields[key].description


class Fitting(Training):
    """How a model is fitted: a study's budget and optimiser, and what else a study decides."""

    two_pass: Number = Field(default=0, ge=0, le=1, description=_said(Model, "two_pass"))
    slow_share: Number = Field(default=0, ge=0, lt=1, description=_said(Model, "slow_share"))
    gap: Whole | None = Field(
        default=None,
        ge=0,
        description="Frames left out between training and validation where one trajectory holds "
        "both; as many as `window` if left out.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description=_said(Settings, "device")
    )
    seed: Whole = Field(default=0, ge=0, description="Decides every random number.")

    @property
    def budget(self) -> Budget:
        """As trainings take it; if nothing is said, evaluated at each quarter or more often."""
        budget = Budget(**{key: getattr(self, key) for key in Budget.__dataclass_fields__})
        if "evaluate_tokens" in self.model_fields_set:
            return budget
        return replace(budget, evaluate_tokens=min(self.evaluate_tokens, max(1, self.tokens // 4)))


def options_of(kind: str) -> type[Fitting]:
    """One section of a model's own options and those of its fit.

    Raises
    ------
    ConfigError
        If there is no such kind, or one of its options has the name of one of the fit's.
    """
    own = kind_of_model(kind).settings
    taken = [key for key in own.model_fields if key in Fitting.model_fields or key in vars(Fitting)]
    if taken:
        raise ConfigError(
            f"KINDS['{kind}']: option '{taken[0]}' of {own.__name__} has the name of an option of "
            "the fit; rename it"
        )
    return type(f"{own.__name__.removesuffix('Settings')}Options", (own, Fitting), {})


def read_options(kind: str, options: dict[str, object]) -> Fitting:
    """Options over the defaults; whole numbers may be NumPy's.

    Raises
    ------
    ConfigError
        If an option is unknown, naming the nearest, or cannot have its value.
    """
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in options.items()}
    section = options_of(kind)
    try:
        return section.model_validate(plain)
    except ValidationError as error:
        name = section.__name__.removesuffix("Options")
        own = kind_of_model(kind).settings.__name__
        raise explain_options(error, (name,), options, own) from None

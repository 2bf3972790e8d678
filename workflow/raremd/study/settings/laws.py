"""The section of a study of budgets: what its laws are tested on."""

from __future__ import annotations

from pydantic import Field

from raremd.study.settings.sections import ModelName, Name, Number, Section, Whole


class Laws(Section):
    """How the laws of a study of budgets are tested."""

    system: Name = Field(description="System in whose base cell a budget is predicted and tested.")
    model: ModelName = Field(description="Model of that cell whose network is trained with it.")
    fitted_up_to: Number = Field(
        default=4,
        gt=0,
        description="The prediction is fitted to budgets of up to this many times training.tokens.",
    )
    within: Number = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Relative error of t1 at one step for which the budget is predicted.",
    )
    most_tokens: Whole = Field(
        default=500_000_000,
        ge=1000,
        description="Most tokens of that training; a larger prediction is tried with these.",
    )
    replicates: Whole = Field(default=3, ge=1, description="Trainings with the predicted budget.")
    held_out: tuple[Name, ...] = Field(
        default=(), description="Systems that no law is fitted to; all laws are tested on them."
    )

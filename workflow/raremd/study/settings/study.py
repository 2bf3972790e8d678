"""The configuration as a whole: its keys, units, defaults and limits."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from raremd.study.settings.laws import Laws
from raremd.study.settings.messages import check_plain, explain
from raremd.study.settings.sections import ModelName, Name, Number, Section, Whole, matching
from raremd.study.settings.systems import System

Schedule = Literal["cosine", "late_decay"]
SCHEDULE = (
    "How the learning rate falls after a rise over the first 2 % of the steps: `cosine` to 5 % of "
    "the peak at the end, or `late_decay`, which stays at the peak and falls linearly to 5 % over "
    "the last tenth."
)
WEIGHT_DECAY = "Weight decay of AdamW."


class Training(Section):
    """The budget and the optimiser, the same for every model; docs/recipes.md has their choice."""

    tokens: Whole = Field(
        default=4_000_000, ge=1000, description="Most frames that each replicate may see."
    )
    patience_tokens: Whole = Field(
        default=1_500_000,
        ge=1000,
        description="Training ends when the validation loss has not improved for this many frames.",
    )
    evaluate_tokens: Whole = Field(
        default=250_000,
        ge=100,
        description="Frames between two evaluations of the validation loss.",
    )
    window: Whole = Field(
        default=64,
        ge=2,
        description="Frames in a training window; also what a walker reads before it starts.",
    )
    batch: Whole = Field(default=50, ge=1, description="Windows in a batch.")
    learning_rate: Number = Field(default=0.006, gt=0, description="Peak learning rate of AdamW.")
    weight_decay: Number = Field(default=0, ge=0, description=WEIGHT_DECAY)
    schedule: Schedule = Field(default="cosine", description=SCHEDULE)
    validation_fraction: Number = Field(
        default=0.2,
        gt=0,
        lt=0.6,
        description="Share of the MD held out for validation: whole trajectories if there are four "
        "or more.",
    )

    @model_validator(mode="after")
    def _patient(self) -> Training:
        if self.patience_tokens < self.evaluate_tokens:
            raise ValueError(
                f"patience_tokens: {self.patience_tokens} are fewer than evaluate_tokens, "
                f"{self.evaluate_tokens}, so training would end at its first evaluation; evaluate "
                "more often"
            )
        return self


class Model(Section):
    """One entry of the comparison: a kind of model, its options, and how it is trained."""

    kind: str | None = Field(
        default=None, description="Kind of model, see below; the name of the entry if left out."
    )
    settings: dict[str, Any] = Field(
        default={}, description="Options of the kind of model, in place of its defaults; see below."
    )
    budget: Number = Field(
        default=1, gt=0, description="Multiple of training.tokens and training.patience_tokens."
    )
    replicates: Whole | None = Field(
        default=None, ge=1, description="Its trainings in each cell; at most `replicates`."
    )
    window: Whole | None = Field(
        default=None, ge=2, description="Frames in its window, in place of training.window."
    )
    batch: Whole | None = Field(
        default=None,
        ge=1,
        description="Windows in its batch, in place of training.batch; fewer longer windows keep "
        "the number of optimiser steps.",
    )
    learning_rate: Number | None = Field(
        default=None, gt=0, description="Its peak learning rate, in place of training's."
    )
    weight_decay: Number | None = Field(
        default=None, ge=0, description="Its weight decay, in place of training's."
    )
    schedule: Schedule | None = Field(
        default=None, description="Its schedule, in place of training.schedule."
    )
    two_pass: Number | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Two-pass training (scheduled sampling): the share of input tokens that are "
        "replaced by the model's own at the end of the budget. It grows linearly from 0.",
    )
    slow_share: Number | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="Share of a batch drawn from windows in which the walker goes from one of the "
        "two most metastable states to the other; weights keep the loss unbiased. With 0, windows "
        "are drawn evenly.",
    )
    control_of: str | None = Field(
        default=None,
        description="Model that this entry is a control of: the same with one thing changed. It "
        "runs where a sweep names it; if none does, in the base cells.",
    )
    corrects: str | None = Field(
        default=None,
        description="Model whose trained networks this entry corrects, in place of training its "
        "own: `settings` says how, for instance `match_seen_jumps: true`. Kind, budget and recipe "
        "are those of that model, which must run in the same cells.",
    )

    def recipe(self, training: Training) -> Training:
        """The common training with what this entry replaces."""
        return training.model_copy(
            update=self.model_dump(include=set(Training.model_fields), exclude_none=True)
        )


class Settings(Section):
    """All that decides a study. Times are in the time unit of each system."""

    results: Annotated[
        str,
        matching(
            r"^(?!(.*/)?\.\.(/|$))[A-Za-z0-9_][A-Za-z0-9_./-]*$",
            "a folder below the working directory; letters, digits, _ - . and /",
        ),
    ] = Field(
        default="results",
        description="Folder that the results are written to, below the working directory; letters, "
        "digits, _ - . and /.",
    )
    seed: Whole = Field(
        default=2021,
        ge=0,
        description="Seed from which every random number of the study is derived.",
    )
    replicates: Whole = Field(
        default=3,
        ge=1,
        description="Trainings of each model in each cell; models and sweeps may ask for fewer. "
        "They differ in their seed and, if a simulated source has as many `sets`, in their MD.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto",
        description="Where models are trained; `auto` takes a GPU where there is one.",
    )
    bootstrap_samples: Whole = Field(
        default=200, ge=20, description="Resamplings of the MD blocks behind each error bar."
    )
    tolerance: Number = Field(
        default=0.32,
        gt=0,
        description="Deviation of a timescale, in log2, that counts as none; 0.32 is a factor of "
        "1.25.",
    )
    minimum_transitions: Whole = Field(
        default=20,
        ge=1,
        description="Fewest slow transitions in the training data, and in each of their sets, with "
        "which anything is decided.",
    )
    training: Training = Field(
        default=Training(),
        description="The budget and the optimiser of every model; entries of `models` may replace "
        "parts of them.",
    )
    models: dict[ModelName, Model] = Field(
        default={
            "markov": Model(),
            "lstm": Model(batch=200, learning_rate=0.02),
            "transformer": Model(),
            "lstm_corrected": Model(
                control_of="lstm",
                corrects="lstm",
                settings={"match_seen_jumps": True, "cores": 6},
            ),
        },
        min_length=1,
        description="The models to compare, by their names in tables and figures; if left out, "
        "markov, lstm and transformer, each with the recipe chosen for it, and in the base cells "
        "lstm_corrected, an LSTM with `match_seen_jumps` and `cores`.",
    )
    systems: dict[Name, System] = Field(
        min_length=1,
        description="The molecular systems, by the name of their folder in results.",
    )
    laws: Laws | None = Field(
        default=None, description="How laws are tested, in a study whose models vary the budget."
    )


def read_settings(config: Any) -> Settings:
    """A configuration, as read from YAML, with all defaults.

    Raises
    ------
    ConfigError
        One line naming the first offending key.
    """
    check_plain(config)
    try:
        return Settings.model_validate(config)
    except ValidationError as error:
        raise explain(error) from None

"""The options of each kind of model, and where its class is; nothing here loads torch.

A model of your own is a file in `raremd.models` and an entry in `KINDS`.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self

from pydantic import Field, ValidationError, model_validator

from raremd.study.settings.messages import ConfigError, explain_options, suggestion
from raremd.study.settings.sections import Number, Section, Whole

Prior = Literal["none", "seen_jumps", "smoothed", "markov", "markov_free"]
PRIOR = "Table added to the logits, see docs/models.md."
MATCHED = {"prior": "seen_jumps", "plain_share": 1, "calibration": 4}
"""What `match_seen_jumps` stands for."""


class OnPrior(Section):
    """What a network starts from."""

    prior: Prior = Field(default="none", description=PRIOR)
    order: Whole = Field(
        default=1, ge=1, description="Last states that choose the row of the prior."
    )
    cores: Whole = Field(
        default=0,
        ge=0,
        description="Metastable cores of which the one visited last chooses the row too; fewer "
        "where there are few states.",
    )
    plain_share: Number = Field(
        default=0,
        ge=0,
        le=1,
        description="Share of the training budget that comes before never-seen jumps are "
        "forbidden: 0 forbids them from the start, 1 after training; in between a second training "
        "goes on with the rest of the budget. Needs `prior: seen_jumps`.",
    )
    calibration: Whole = Field(
        default=0, ge=0, description="Rounds in which flows are calibrated after training."
    )

    match_seen_jumps: bool = Field(
        default=False,
        exclude=True,  # it is read as the options that it stands for
        description="After training, forbid the jumps that the training data never show, then "
        "shift the others in four rounds until generated trajectories leave each state as the data "
        "do. Short for `prior: seen_jumps`, `plain_share: 1` and `calibration: 4`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _stands_for(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("match_seen_jumps") is not True:
            return given
        twice = sorted(MATCHED.keys() & given)
        if twice:
            raise ValueError(f"match_seen_jumps: sets {', '.join(twice)} itself; leave them out")
        return given | MATCHED

    @model_validator(mode="after")
    def _has_the_prior_that_it_needs(self) -> Self:
        if self.calibration and self.prior == "none":
            raise ValueError("calibration: needs a prior, whose table it shifts")
        fields = type(self).model_fields
        for option in ("order", "cores"):
            asked = getattr(self, option) != fields[option].default
            if asked and self.prior == "none":
                raise ValueError(
                    f"{option}: chooses the row of a prior, and there is none; give "
                    "match_seen_jumps: true or a prior, or leave it out"
                )
        if self.plain_share and self.prior != "seen_jumps":
            raise ValueError(
                f"plain_share: needs `prior: seen_jumps`, not '{self.prior}'; a network that was "
                "trained by itself can only be forbidden jumps"
            )
        return self


class RecurrentSettings(OnPrior):
    """Embedding, one recurrent layer, linear read-out."""

    embedding: Whole = Field(default=32, ge=1, description="Width of the embedding of a state.")
    hidden: Whole = Field(default=48, ge=1, description="Width of the hidden state.")


class LSTMSettings(RecurrentSettings):
    """Embedding, one LSTM layer, linear read-out."""


class GRUSettings(RecurrentSettings):
    """Embedding, one GRU layer, linear read-out."""

    hidden: Whole = Field(default=54, ge=1, description="Width of the hidden state.")


class TransformerSettings(OnPrior):
    """Decoder-only Transformer."""

    layers: Whole = Field(default=2, ge=1, description="Layers.")
    width: Whole = Field(default=32, ge=1, description="Width of the residual stream.")
    heads: Whole = Field(default=1, ge=1, description="Attention heads in a layer.")
    feed_forward: Whole = Field(default=64, ge=1, description="Width of the feed-forward part.")
    context: Whole = Field(default=64, ge=1, description="Last frames that each layer attends to.")

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.width % (2 * self.heads):
            raise ValueError(
                f"heads: width {self.width} is not a multiple of 2 x heads ({2 * self.heads}); "
                "change one of them"
            )
        return self


class PersistenceSettings(Section):
    """LSTM on tokens of state and frames held."""

    embedding: Whole = Field(default=32, ge=1, description="Width of the embedding of a token.")
    hidden: Whole = Field(default=48, ge=1, description="Width of the hidden state.")
    longest: Whole = Field(default=8, ge=1, description="Most frames in a token.")


class MarkovSettings(Section):
    """Markov state model."""

    lag: Whole = Field(default=1, ge=1, description="Lag time in saved frames.")


class NGramSettings(Section):
    """Counting with back-off."""

    order: Whole = Field(default=2, ge=1, description="Last states that decide.")
    cores: Whole = Field(
        default=0, ge=0, description="Metastable cores of which the one visited last decides too."
    )
    strength: Number = Field(default=5, ge=0, description="Counts that a shorter context is worth.")
    calibration: Whole = Field(
        default=0, ge=0, description="Rounds in which flows are calibrated after training."
    )
    prior: Prior = Field(default="markov", description=PRIOR)


class HMMSettings(Section):
    """Hidden Markov model."""

    hidden: Whole = Field(default=8, ge=1, description="Hidden states.")
    frames: Whole = Field(
        default=200_000, ge=1, description="Frames that are used for the estimate."
    )
    iterations: Whole = Field(default=30, ge=1, description="Most iterations.")


class TwoLevelSettings(Section):
    """A slow chain of metastable cores, and fast states that know where it will end."""

    cores: Whole = Field(default=6, ge=1, description="Metastable cores.")
    stride: Whole = Field(default=50, ge=1, description="Frames of one step of the slow chain.")


class Kind(NamedTuple):
    """The options of a kind of model, and its class as ``module:Class``."""

    settings: type[Section]
    where: str

    @property
    def module(self) -> str:
        """Dotted name of the module."""
        return self.where.partition(":")[0]

    @property
    def name(self) -> str:
        """Name of the class."""
        return self.where.partition(":")[2]


KINDS: dict[str, Kind] = {
    "markov": Kind(MarkovSettings, "raremd.models.markov:Markov"),
    "lstm": Kind(LSTMSettings, "raremd.models.kernels.lstm:CompiledLSTM"),
    "transformer": Kind(
        TransformerSettings, "raremd.models.kernels.transformer:CompiledTransformer"
    ),
    "gru": Kind(GRUSettings, "raremd.models.gru:GRU"),
    "ngram": Kind(NGramSettings, "raremd.models.ngram:NGram"),
    "hmm": Kind(HMMSettings, "raremd.models.hmm:HMM"),
    "two_level": Kind(TwoLevelSettings, "raremd.models.two_level:TwoLevel"),
    "persistence": Kind(PersistenceSettings, "raremd.models.persistence:Persistence"),
}


def kind_of_model(kind: str, key: str = "kind") -> Kind:
    """The entry of a kind of model.

    Raises
    ------
    ConfigError
        If there is none; the message names `key`.
    """
    if kind not in KINDS:
        known = sorted(KINDS)
        raise ConfigError(f"{key}: '{kind}' is not one of {known}{suggestion(kind, known)}")
    return KINDS[kind]


def read_model_settings(
    kind: str, options: dict[str, object], keys: tuple[str, ...] = ("settings",)
) -> Section:
    """Options over the defaults of a kind of model.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    options : dict
        As in the configuration.
    keys : tuple of str
        Where they stand, for messages.

    Raises
    ------
    ConfigError
        If the kind or an option is unknown, or an option cannot have its value.
    """
    entry = kind_of_model(kind, ".".join((*keys[:-1], "kind")))
    try:
        return entry.settings.model_validate(options)
    except ValidationError as error:
        raise explain_options(error, keys, options, entry.settings.__name__) from None

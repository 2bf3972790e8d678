"""Models that correct the networks of another entry instead of training their own."""

from __future__ import annotations

from collections.abc import Mapping

from raremd.study.settings.messages import ConfigError, suggestion
from raremd.study.settings.models import read_model_settings
from raremd.study.settings.study import Model

OPTIONS = {"match_seen_jumps", "prior", "plain_share", "calibration", "order", "cores"}
"""What `settings` may say of a correction."""
OWN = {"corrects", "control_of", "settings", "replicates"}
"""Keys of an entry that corrects another."""


def with_corrected(models: Mapping[str, Model]) -> dict[str, Model]:
    """All models; those that correct another have its kind, budget, recipe and options.

    Raises
    ------
    ConfigError
        Where that cannot be, naming the key.
    """
    return {name: _resolved(name, models) for name in models}


def _prior(kind: str, model: Model, name: str) -> str | None:
    """What a model's logits are added to, if it is a network."""
    found = read_model_settings(kind, model.settings, ("models", name, "settings"))
    return getattr(found, "prior", None)


def _resolved(name: str, models: Mapping[str, Model]) -> Model:
    model, key = models[name], f"models.{name}"
    if model.corrects is None:
        return model
    of = model.corrects
    if of not in models:
        raise ConfigError(
            f"{key}.corrects: '{of}' is not among models: {sorted(models)}{suggestion(of, models)}"
        )
    plain = models[of]
    kind, path = plain.kind or of, ("models", name, "settings")
    if plain.corrects or _prior(kind, plain, of) != "none":
        raise ConfigError(
            f"{key}.corrects: '{of}' is not a plain network, without a prior; name one that is"
        )
    options = {k: v for k, v in plain.settings.items() if k not in OPTIONS} | model.settings
    asked = read_model_settings(kind, options, path).model_dump()
    doubled = sorted(model.model_fields_set - OWN)
    doubled += [f"settings.{option}" for option in sorted(model.settings.keys() - OPTIONS)]
    if doubled:
        raise ConfigError(f"{key}.{doubled[0]}: its networks are those of '{of}'; leave it out")
    if asked["plain_share"] != 1:
        raise ConfigError(
            f"{key}.settings: they correct nothing after training; give match_seen_jumps: true"
        )
    own = {"kind": kind, "corrects": of, "control_of": model.control_of, "settings": options}
    return plain.model_copy(update=own | {"replicates": model.replicates or plain.replicates})

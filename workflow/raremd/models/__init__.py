"""Sequence models, one file each, behind the interface in `base`."""

from raremd.models.base import SequenceModel, build_model, model_class, register

__all__ = ["SequenceModel", "build_model", "model_class", "register"]

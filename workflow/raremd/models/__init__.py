"""Sequence models, one file each, behind the interface in `base`."""

from raremd.models.base import SequenceModel, build_model, model_class

__all__ = ["SequenceModel", "build_model", "model_class"]

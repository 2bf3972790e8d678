"""How the trajectories in resources/ were made: `resources/recipes.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, TypeAdapter

from raremd.study.settings.sections import Number, Section, Whole


class PeptideRecipe(Section):
    """All-atom trajectories of a capped peptide."""

    simulator: Literal["peptide"]
    n_residues: Whole
    saving_interval_ps: Number
    trajectories: Whole
    frames: Whole
    """Of each trajectory."""
    first_seed: Whole
    distances: bool
    """Whether heavy-atom distances are saved too."""


class GoRecipe(Section):
    """Trajectories of a structure-based model."""

    simulator: Literal["go_model"]
    native: str
    temperature: Number
    """kT in contact energies."""
    saving_interval_tau: Number
    trajectories: Whole
    frames: Whole
    first_seed: Whole


Recipe = PeptideRecipe | GoRecipe


def read_recipes(path: Path) -> dict[str, Recipe]:
    """Recipes by the name of the molecule."""
    kinds = TypeAdapter(dict[str, Annotated[Recipe, Field(discriminator="simulator")]])
    return kinds.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))


def made_by(recipes: dict[str, Recipe], simulator: str) -> list[str]:
    """Names of the molecules that one simulator makes."""
    return [name for name, recipe in recipes.items() if recipe.simulator == simulator]


def seed_of(recipe: Recipe, number: int) -> int:
    """Seed of one trajectory; they are numbered from 1."""
    return recipe.first_seed + number - 1

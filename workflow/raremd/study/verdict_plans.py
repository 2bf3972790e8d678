"""What the rules are told that look at all cells: tables, verdicts and pages."""

from __future__ import annotations

from dataclasses import dataclass

from raremd.study.cell import Cell, Factors


@dataclass(frozen=True)
class ComparisonPlan:
    """The cells of a study; units and exact spectra by system."""

    cells: tuple[Factors, ...]
    units: dict[str, str]
    spectra: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class ContrastPlan:
    """A declared claim about one system; `hard` is None where the claim is about one cell."""

    system: str
    claim: str
    easy: Cell
    hard: Cell | None


@dataclass(frozen=True)
class Control:
    """A model that is another one with one thing changed.

    Attributes
    ----------
    name, of : str
    varies : str
        ``budget``, ``window``, ``prior``, ``size`` or ``recipe``.
    budget : float
        Tokens over those of the other, also where something else is varied.
    """

    name: str
    of: str
    varies: str
    budget: float


@dataclass(frozen=True)
class ClaimsPlan:
    """What claims are judged from.

    Attributes
    ----------
    cells : tuple of Cell
    bases : tuple of Cell
        Of each system the cell that its sweeps start from: networks are diagnosed there.
    contrasts : tuple of ContrastPlan
    networks : tuple of str
        Models that are judged.
    controls : tuple of Control
    yardstick_lags : dict
        System -> lag in its time unit.
    """

    cells: tuple[Cell, ...]
    bases: tuple[Cell, ...]
    contrasts: tuple[ContrastPlan, ...]
    networks: tuple[str, ...]
    controls: tuple[Control, ...]
    yardstick_lags: dict[str, float]


@dataclass(frozen=True)
class TablesPlan:
    """What the tables of the report are written from; system -> lag in its time unit."""

    yardstick_lags: dict[str, float]
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class RecommendationPlan:
    """What is recommended from; `baselines` are the models that are neither networks nor
    controls.
    """

    cells: tuple[Cell, ...]
    yardstick_lags: dict[str, float]
    networks: tuple[str, ...]
    baselines: tuple[str, ...]
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class RankedCell:
    """The base cell of a system in the leaderboard."""

    cell: Cell
    stride: int
    unit: str


@dataclass(frozen=True)
class SolvedSystem:
    """A system that is solved exactly, and its models in the order of their files."""

    name: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class RankingPlan:
    """The cells in which models are ranked.

    Attributes
    ----------
    cells : tuple of RankedCell
    solved : tuple of SolvedSystem
    tolerance : float
        log2.
    seed : int
    """

    cells: tuple[RankedCell, ...]
    solved: tuple[SolvedSystem, ...]
    tolerance: float
    seed: int


@dataclass(frozen=True)
class TriedRecipe:
    """How one network of a search for recipes is trained; fields as in `settings.Training`."""

    model: str
    kind: str
    tokens: int
    batch: int
    learning_rate: float
    weight_decay: float
    schedule: str
    window: int


@dataclass(frozen=True)
class RecipeSearch:
    """What the page of recipes says of its search.

    Attributes
    ----------
    tried : tuple of TriedRecipe
    window, replicates : int
        Of the study; a recipe may have another window.
    """

    tried: tuple[TriedRecipe, ...]
    window: int
    replicates: int


@dataclass(frozen=True)
class ResultsPagePlan:
    """What the page of kept results says of the study; all mappings are by system.

    Attributes
    ----------
    bases : tuple of Cell
    yardstick_lags : dict
        In the time unit of the system.
    models : tuple of str
    replicates : int
    built_on : dict of dict
        Partition without recrossings -> the one that it is made of.
    controls : tuple of Control
    """

    bases: tuple[Cell, ...]
    yardstick_lags: dict[str, float]
    models: tuple[str, ...]
    replicates: int
    built_on: dict[str, dict[str, str]]
    controls: tuple[Control, ...]

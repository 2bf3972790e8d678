"""Study -> what its laws are fitted to, and the prediction that they are tested by."""

from __future__ import annotations

from dataclasses import dataclass, replace

from raremd.data.simulated.hidden_chain import HiddenChain as Chain
from raremd.study.cell import Cell
from raremd.study.plan import slicing, training_plan
from raremd.study.plans import Slicing, TrainingPlan
from raremd.study.settings.laws import Laws
from raremd.study.settings.sources import HiddenChain, Simulated
from raremd.study.study import Study


@dataclass(frozen=True)
class LawModel:
    """One entry of the comparison.

    Attributes
    ----------
    name : str
    network : str
        The first entry that is the same network with another budget.
    kind : str
    variant : str
        What else than its size sets it apart: its prior or way of training; empty for none.
    plain : bool
        The network of an entry that is no control, without a prior: laws for use are fitted to it.
    """

    name: str
    network: str
    kind: str
    variant: str
    plain: bool


@dataclass(frozen=True)
class LawSystem:
    """One system.

    Attributes
    ----------
    name : str
    lag : float
        Of its yardstick, in its time unit.
    frame_interval : float
    family : str
        The first system that differs in the length of its MD only.
    held_out : bool
    chain : Chain or None
        Its dials, if it is a hidden chain.
    """

    name: str
    lag: float
    frame_interval: float
    family: str
    held_out: bool
    chain: Chain | None


@dataclass(frozen=True)
class PredictedPlan:
    """What is predicted and tried.

    Attributes
    ----------
    cell : Cell
    network : str
    most_fitted, most_tokens : int
        Tokens that the fit may know, and that the training may see.
    within : float
        Share of the MD's timescale.
    """

    cell: Cell
    network: str
    most_fitted: int
    most_tokens: int
    within: float


@dataclass(frozen=True)
class LawsPlan:
    """What laws are fitted to."""

    models: tuple[LawModel, ...]
    systems: tuple[LawSystem, ...]
    predicted: PredictedPlan
    samples: int
    seed: int

    @property
    def chains(self) -> dict[str, Chain]:
        """Hidden chains by name."""
        return {s.name: s.chain for s in self.systems if s.chain is not None}


def _laws(study: Study) -> Laws:
    if study.settings.laws is None:
        raise ValueError("laws: the study has no such section")
    return study.settings.laws


def _family(study: Study, system: str) -> str:
    """Systems whose settings are equal but for how much MD there is."""

    def but_length(name: str) -> object:
        settings = study.system(name)
        shared = {"walkers": 1, "time": 1.0, "sets": 1}
        source = settings.source
        if isinstance(source, Simulated):
            source = source.model_copy(update=shared)
        same = ("frame_interval", "coordinates", "partitions", "yardstick", "base")
        return source, *(getattr(settings, key) for key in same)

    own = but_length(system)
    return next(name for name in study.settings.systems if but_length(name) == own)


def _variant(study: Study, model: str) -> str:
    prior = study.options(model).get("prior", "none")
    two_pass, slow_share = study.ways(model)
    ways = {"two passes": two_pass, "slow windows": slow_share}
    named = [f"prior {prior}"] if prior != "none" else []
    return ", ".join(named + [way for way, share in ways.items() if share])


def laws_plan(study: Study) -> LawsPlan:
    """What the laws of a study are fitted to.

    Raises
    ------
    ValueError
        If the study has no section `laws`.
    """
    laws, training = _laws(study), study.settings.training
    usual = {study.network(n) for n in study.plain() if not _variant(study, n)}
    models = []
    for name in study.settings.models:
        network = study.network(name)
        kind, variant = study.kind(name), _variant(study, name)
        models.append(LawModel(name, network, kind, variant, network in usual))
    systems = []
    for name, system in study.settings.systems.items():
        source = system.source
        chain = source.chain() if isinstance(source, HiddenChain) else None
        systems.append(
            LawSystem(
                name,
                system.yardstick.lag,
                system.frame_interval,
                _family(study, name),
                name in laws.held_out,
                chain,
            )
        )
    predicted = PredictedPlan(
        cell=study.base(laws.system),
        network=study.network(laws.model),
        most_fitted=round(laws.fitted_up_to * training.tokens),
        most_tokens=laws.most_tokens,
        within=laws.within,
    )
    return LawsPlan(
        models=tuple(models),
        systems=tuple(systems),
        predicted=predicted,
        samples=study.settings.bootstrap_samples,
        seed=study.settings.seed,
    )


def predicted_training_plan(study: Study) -> TrainingPlan:
    """The training at the predicted budget, with the budget of the entry still in its place.

    Raises
    ------
    ValueError
        If the study has no section `laws`.
    """
    laws = _laws(study)
    plan = training_plan(study, study.base(laws.system), laws.model)
    model = replace(plan.model, name=f"{laws.model}_predicted")  # seeds of its own
    return replace(plan, model=model, replicates=laws.replicates)


def points_of_curves(study: Study) -> dict[Cell, tuple[str, ...]]:
    """Base cells -> for each network that has several budgets the smallest one.

    Networks that are so large that they are trained once are left out.
    """
    found = {}
    for name in study.settings.systems:
        cell = study.base(name)
        by_network: dict[str, list[str]] = {}
        for model in study.cells[cell]:
            by_network.setdefault(study.network(model), []).append(model)
        curves = [models for models in by_network.values() if len(models) > 1]
        first = tuple(min(models, key=lambda m: study.model(m).budget) for models in curves)
        first = tuple(m for m in first if study.model(m).replicates != 1)
        if first:
            found[cell] = first
    return found


@dataclass(frozen=True)
class PointPlan:
    """One model in one base cell."""

    cell: Cell
    model: str
    slicing: Slicing


def point_plans(study: Study) -> tuple[PointPlan, ...]:
    """The points of `points_of_curves`, in their order."""
    curves = points_of_curves(study)
    return tuple(
        PointPlan(cell, model, slicing(study, cell))
        for cell, models in curves.items()
        for model in models
    )

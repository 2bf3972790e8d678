"""Study -> the plans of the rules that make or read trajectories, as in `raremd.study.plan`."""

from __future__ import annotations

from raremd.study.plans import (
    AnswersPlan,
    EmbeddedPlan,
    HiddenChainPlan,
    ImportPlan,
    SimulationPlan,
)
from raremd.study.settings.sources import FourState, HiddenChain, Imported
from raremd.study.study import Study


def simulation_plan(study: Study, system: str, part: str) -> SimulationPlan:
    """The MD of a four-state system (`part` is ``features``) or its ``reference``.

    Raises
    ------
    ValueError
        If the system is not of this kind, or has no such part.
    """
    source = study.system(system).source
    if not isinstance(source, FourState):
        raise ValueError(f"{system} is no four_state system")
    seed, sets = study.settings.seed, source.sets
    walkers: int | None = source.walkers
    time: float | None = source.time
    if part == "reference":
        walkers, time, seed = source.reference_walkers, source.reference_time, seed + 1
        sets = 1
    if walkers is None or time is None:
        raise ValueError(f"{system} has no reference")
    frame = study.system(system).frame_interval
    return SimulationPlan(walkers, study.frames(system, time), frame, seed, sets)


def _hidden_chain(study: Study, system: str) -> HiddenChain:
    source = study.system(system).source
    if not isinstance(source, HiddenChain):
        raise ValueError(f"{system} is no hidden_chain")
    return source


def hidden_chain_plan(study: Study, system: str) -> HiddenChainPlan:
    """The trajectories of a hidden chain.

    Raises
    ------
    ValueError
        If the system is not of this kind.
    """
    source, settings = _hidden_chain(study, system), study.system(system)
    return HiddenChainPlan(
        chain=source.chain(),
        walkers=source.walkers,
        frames=study.frames(system, source.time),
        frame_interval=settings.frame_interval,
        time_unit=settings.time_unit,
        seed=study.settings.seed,
        sets=source.sets,
    )


def answers_plan(study: Study, system: str) -> AnswersPlan:
    """What is solved for of a hidden chain.

    Raises
    ------
    ValueError
        If the system is not of this kind.
    """
    settings = study.system(system)
    return AnswersPlan(
        chain=_hidden_chain(study, system).chain(),
        lags=tuple(sorted(study.frames(system, lag) for lag in settings.lags)),
        timescales=settings.timescales,
        frame_interval=settings.frame_interval,
        time_unit=settings.time_unit,
    )


def has_reference(study: Study, system: str) -> bool:
    """Whether a system has a reference apart from the MD that is trained on."""
    source = study.system(system).source
    return isinstance(source, FourState) and source.reference_time is not None


def import_plan(study: Study, system: str) -> ImportPlan:
    """A user's own files.

    Raises
    ------
    ValueError
        If the system is not of such files.
    """
    settings = study.system(system)
    if not isinstance(settings.source, Imported):
        raise ValueError(f"{system} is not imported")
    return ImportPlan(settings.source, settings.frame_interval, settings.time_unit)


def embedded_plan(study: Study, system: str) -> EmbeddedPlan:
    """Trajectories in resources/."""
    settings = study.system(system)
    return EmbeddedPlan(settings.frame_interval, settings.time_unit)

"""What a study declares of a coordinate and a partition -> settings of their fit, in frames."""

from __future__ import annotations

from raremd.states.coordinates import CoordinateSettings
from raremd.states.fit import StatesDefinition
from raremd.states.partition_methods import METHODS, PartitionSettings, PCCASettings
from raremd.study.plans import StatesPlan
from raremd.study.settings.partitions import Pcca, States


def states_definition(plan: StatesPlan) -> StatesDefinition:
    """Everything that decides the states of a plan.

    Parameters
    ----------
    plan : StatesPlan
        With times in the unit of its frame interval.

    Returns
    -------
    StatesDefinition
        With times in frames.
    """
    lag = plan.coordinate.tica_lag
    coordinate = CoordinateSettings(
        features=plan.coordinate.features,
        tica_dimension=plan.coordinate.tica_dimension,
        tica_lag=None if lag is None else round(lag / plan.frame_interval),
    )
    return StatesDefinition(
        coordinate=coordinate,
        partition=_partition_settings(plan.states, plan.microstates, plan.frame_interval),
        validation_fraction=plan.split.validation_fraction,
        gap=plan.split.gap,
        seed=plan.seed,
        core_fraction=plan.core_fraction,
    )


def _partition_settings(
    states: States, microstates: States | None, frame: float
) -> PartitionSettings:
    if not isinstance(states, Pcca):
        return METHODS[states.method](**states.model_dump(exclude={"method"}))
    if microstates is None:
        raise ValueError("pcca: there are no microstates to be lumped")
    lumped = _partition_settings(microstates, None, frame)
    return PCCASettings(lumped, states.n_states, round(states.lag / frame))

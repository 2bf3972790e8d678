"""A network that another entry has trained, corrected: jumps forbidden, flows calibrated."""

from __future__ import annotations

from dataclasses import replace

from raremd.learning.checks import unchanged
from raremd.learning.replicates import CellData, Cost, TrainedReplicate, calibrate, derive_seed
from raremd.models import build_model
from raremd.models.base import device_of
from raremd.study.plans import TrainingPlan


def corrected(
    plain: TrainedReplicate, data: CellData, plan: TrainingPlan, replicate: int
) -> TrainedReplicate:
    """Correct a trained network, as if the corrected model had been trained itself.

    Parameters
    ----------
    plain : TrainedReplicate
        Of the model that is corrected; it is left as it is.
    data : CellData
        That it was trained on.
    plan : TrainingPlan
        Of the corrected model, whose `plain_share` is 1.
    replicate : int
        From 1.

    Returns
    -------
    TrainedReplicate
        Its history is that of the training, its cost that of both.
    """
    started, model = Cost.now(), build_model(plan.model.kind, data.n_states, plan.model.settings)
    model = model.to(device_of(plain.model))
    model.load_state_dict(model.state_dict() | plain.model.state_dict())
    with unchanged(model, "restrict()", data.training):
        model.restrict(data.training)
    seed = derive_seed(plan.seed, f"{plan.cell.folder}/{plan.model.name}", replicate)
    entropy, held_out = calibrate(model, data, plain.training, plan.model.budget, seed)
    return replace(
        plain,
        model=model,
        seed=seed,
        cross_entropy=entropy,
        held_out=held_out,
        cost=plain.cost + (Cost.now() - started),
    )

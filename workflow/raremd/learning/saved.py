"""Models that were fitted before, from the file of an estimator or out of a study's results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from raremd.data.state_numbers import StateNumbers
from raremd.io.provenance import sha256
from raremd.io.storage import read_arrays, read_parquet, read_record
from raremd.learning.checks import load_weights
from raremd.learning.estimators import MOST_PROMPTS, SequenceEstimator, estimator
from raremd.learning.fitted import KEY, Fitted, Record, read_tensors
from raremd.learning.run_record import RunRecord
from raremd.learning.windows import Windows
from raremd.models import SequenceModel, build_model


def load(path: Path | str, replicate: int | None = None) -> SequenceEstimator:
    """A fitted model from the file that it was saved to, or that a study wrote.

    Parameters
    ----------
    path : Path or str
        Of `SequenceEstimator.save`, or
        ``results/<system>/<coordinate>/dt_<interval>/<partition>/<model>/model.safetensors``.
    replicate : int, optional
        Of a study's file, from 1; the first if left out.

    Returns
    -------
    SequenceEstimator
        Fitted. One of a study has its states as 0, 1, ..., and its walkers start from frames
        that it generated there.

    Raises
    ------
    ValueError
        If the file is none of these, is damaged, or has no such replicate.
    """
    path = Path(path)
    tensors, metadata = read_tensors(path)
    if KEY in metadata:
        if replicate is not None:
            raise ValueError(f"{path}: holds one fit and no replicates; leave out `replicate`")
        return _of_estimator(tensors, metadata[KEY])
    if not path.with_name("run.json").exists():
        raise ValueError(
            f"{path}: was written neither by save() nor by a study, which writes run.json beside it"
        )
    return _of_study(path, tensors, 1 if replicate is None else replicate)


def _with_weights(model: SequenceModel, tensors: dict[str, torch.Tensor], prefix: str) -> None:
    own = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    load_weights(model, own, prefix.rstrip("./"))


def _of_estimator(tensors: dict[str, torch.Tensor], text: str) -> SequenceEstimator:
    header = json.loads(text)
    kind, options = header["kind"], header["options"]
    made = estimator(kind)(**options)
    states = StateNumbers(tensors["states"].numpy())
    model = build_model(kind, len(states.labels), made.own_settings)
    _with_weights(model, tensors, "model.")
    fitted = Fitted(
        model=model,
        states=states,
        prompts=tensors["prompts"].numpy(),
        history=pd.DataFrame(header["history"]),
        record=Record(**header["record"]),
    )
    return made.of(fitted, made.options)


def _of_study(path: Path, tensors: dict[str, torch.Tensor], replicate: int) -> SequenceEstimator:
    run = read_record(RunRecord, path.with_name("run.json"))
    count = len(run.cross_entropy)
    if replicate not in range(1, count + 1):
        raise ValueError(f"{path}: replicate {replicate!r} is not one of 1 to {count}")
    name, plan = f"replicate_{int(replicate)}", run.model
    if sha256(path) != run.weights_sha256:
        raise ValueError(f"{path}: damaged, or not the file that run.json beside it was written of")
    model = build_model(plan.kind, run.n_states, plan.settings)
    _with_weights(model, tensors, f"{name}/")
    walkers = read_arrays(path.with_name("generated.h5"))[name]
    windows = Windows.of([model.encode(walker) for walker in walkers], plan.budget.window)
    history = read_parquet(path.with_name("history.parquet"))
    own = history[history["replicate"] == replicate].drop(columns="replicate")
    fitted = Fitted(
        model=model,
        states=StateNumbers(np.arange(run.n_states)),
        prompts=windows.spread(MOST_PROMPTS)[:, :-1].astype(np.int16),
        history=own.reset_index(drop=True),
        record=Record(
            validation_loss=run.cross_entropy[replicate - 1],
            leak=run.leak[replicate - 1],
            expected_timescale=run.expected_timescale[replicate - 1],
            loss_moved_log2=run.cross_entropy_moved_log2[replicate - 1],
            timescale_moved_log2=run.expected_timescale_moved_log2[replicate - 1],
        ),
    )
    made = estimator(plan.kind)(**plan.settings, **vars(plan.budget), seed=run.seed)
    return made.of(fitted, made.options)

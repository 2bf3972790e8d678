"""One cell of the sweep: all replicates of a model are trained, then generate."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file

from raremd.io.provenance import peak_memory_gib, provenance, sha256
from raremd.io.storage import atomic_path, write_arrays, write_parquet, write_record
from raremd.learning.generation import draw_prompts, generate
from raremd.learning.replicates import CellData, Cost, train_replicate
from raremd.states.discrete_trajectories import read_states
from raremd.study.plans import GenerationPlan, TrainingPlan


def train_and_generate(
    states: Path,
    plan: TrainingPlan,
    generation: GenerationPlan,
    code: str,
    weights: Path,
    history: Path,
    generated: Path,
    run: Path,
) -> None:
    """Train every replicate of a cell's model and let it generate.

    Finished trainings stay in checkpoints beside the weights, so that longer trajectories, or a
    job that was repeated, train nothing anew.

    Parameters
    ----------
    states : Path
        Written by `states.fit.fit_states`.
    plan : TrainingPlan
    generation : GenerationPlan
        Walkers start from prompts drawn from the training data.
    code : str
        Digest of the code that trains; a checkpoint of other code is not used.
    weights : Path
        safetensors, names `replicate_<r>/<parameter>`.
    history : Path
        Parquet, the frames of `training.train` with a column `replicate` from 1.
    generated : Path
        HDF5, `replicate_<r>` int16 (walkers, n_frames).
    run : Path
        JSON: what was trained and generated, for how long, with what.
    """
    torch.set_num_threads(1)  # one job a core beats threads at these sizes
    system = read_states(states)
    tensors: dict[str, torch.Tensor] = {}
    arrays: dict[str, np.ndarray] = {}
    histories, entropies = [], []
    training_cost, generation_cost, parameters = Cost(), Cost(), 0
    for replicate in range(1, plan.replicates + 1):
        data = CellData.of(system, plan.slicing, replicate)
        checkpoint = weights.with_name(f"checkpoint_{replicate}.safetensors")
        trained = train_replicate(data, plan, replicate, checkpoint, code)
        histories.append(trained.history.assign(replicate=replicate))
        entropies.append(trained.cross_entropy)
        training_cost += trained.cost

        started, name = Cost.now(), f"replicate_{replicate}"
        stream, prompt_stream = np.random.SeedSequence((*trained.seed, 1)).generate_state(2)
        rng = np.random.default_rng(prompt_stream)
        prompts = draw_prompts(trained.training, generation.walkers, rng)
        label = f"{plan.cell.folder}/{plan.model.name} replicate {replicate}"
        arrays[name] = generate(trained.model, prompts, generation.frames, int(stream), label)
        generation_cost += Cost.now() - started
        state = trained.model.state_dict()
        tensors |= {f"{name}/{k}": v.contiguous() for k, v in state.items()}
        parameters = sum(p.numel() for p in trained.model.parameters())
    table = pd.concat(histories, ignore_index=True)
    write_parquet(history, table)
    with atomic_path(weights) as temporary:
        save_file(tensors, temporary)
    write_arrays(generated, arrays, {"stride": plan.slicing.stride})
    write_record(
        run,
        {
            "cell": asdict(plan.cell),
            "model": asdict(plan.model),
            "slicing": asdict(plan.slicing),
            "seed": plan.seed,
            "n_states": data.n_states,
            "weights_sha256": sha256(weights),
            "parameters": parameters,
            "training_frames": sum(map(len, data.training)),
            "validation_frames": sum(map(len, data.validation)),
            "tokens": table.groupby("replicate")["tokens"].max().tolist(),
            "cross_entropy": entropies,
            "peak_memory_gib": peak_memory_gib(),
            "generation": asdict(generation)
            | {"wall_seconds": generation_cost.wall, "cpu_seconds": generation_cost.cpu},
            "wall_seconds": training_cost.wall,
            "cpu_seconds": training_cost.cpu,
        }
        | provenance(),
    )

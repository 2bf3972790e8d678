"""One cell of the sweep: all replicates of a model are trained, then generate."""

from __future__ import annotations

import time
import zlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file

from raremd.io.provenance import peak_memory_gib, provenance, sha256
from raremd.io.storage import atomic_path, write_arrays, write_parquet, write_record
from raremd.learning.generation import draw_prompts, generate
from raremd.learning.training import TrainingSettings, held_out_loss, resolve_device, train
from raremd.models import SequenceModel, build_model
from raremd.states.discrete_trajectories import DiscreteSystem, read_states
from raremd.states.split import Windows, at_interval
from raremd.study.plans import GenerationPlan, Slicing, TrainingPlan


def derive_seed(seed: int, label: str, replicate: int) -> tuple[int, ...]:
    """Seed of one replicate; it does not change when other cells or replicates are added."""
    return seed, zlib.crc32(label.encode()), replicate


def _segments(system: DiscreteSystem, slicing: Slicing) -> list[list[np.ndarray]]:
    """Discrete trajectories of training and of validation, as the cell sees them."""
    how = slicing.stride, slicing.recrossing, slicing.tau
    md, _ = system.labels(slicing.recrossing)
    return [
        at_interval(md, part, *how) for part in (system.split.training, system.split.validation)
    ]


def _windows(model: SequenceModel, trajectories: list[np.ndarray], window: int) -> Windows:
    return Windows.of([model.encode(t) for t in trajectories], window)


def _now() -> np.ndarray:
    """Wall and CPU clock, in seconds."""
    return np.array([time.monotonic(), time.process_time()])


def _cost(spent: np.ndarray) -> dict[str, float]:
    return {"wall_seconds": float(spent[0]), "cpu_seconds": float(spent[1])}


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
        Written by `discretisation.fit_states`.
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
    device = resolve_device(plan.device)
    settings = TrainingSettings(**vars(plan.model.budget))
    system = read_states(states)
    segments = _segments(system, plan.slicing)
    tensors: dict[str, torch.Tensor] = {}
    arrays: dict[str, np.ndarray] = {}
    histories, entropies = [], []
    training_cost, generation_cost = np.zeros(2), np.zeros(2)
    of_all = f"{plan.cell.folder}/{plan.model.name}"
    for replicate in range(1, plan.replicates + 1):
        name, label = f"replicate_{replicate}", f"{of_all} replicate {replicate}"
        seed = derive_seed(plan.seed, of_all, replicate)
        started = _now()
        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        model = build_model(plan.model.kind, system.n_states, plan.model.settings).to(device)
        model.prepare(segments[0])
        training, validation = (_windows(model, part, settings.window) for part in segments)
        checkpoint = weights.with_name(f"checkpoint_{replicate}.safetensors")
        before = _now()
        table = train(model, training, validation, settings, seed, checkpoint, label, code)
        # What earlier attempts spent before their checkpoint counts as well.
        training_cost += table[["seconds", "cpu_seconds"]].to_numpy()[-1] - (_now() - before)
        histories.append(table.assign(replicate=replicate))
        model.calibrate(segments[0], int(np.random.SeedSequence((*seed, 2)).generate_state(1)[0]))
        entropies.append(held_out_loss(model, validation, settings.batch))
        trained = _now()
        training_cost += trained - started

        stream, prompt_stream = np.random.SeedSequence((*seed, 1)).generate_state(2)
        prompts = draw_prompts(training, generation.walkers, np.random.default_rng(prompt_stream))
        arrays[name] = generate(model, prompts, generation.frames, int(stream), label)
        tensors |= {f"{name}/{k}": v.contiguous() for k, v in model.state_dict().items()}
        generation_cost += _now() - trained
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
            "n_states": system.n_states,
            "weights_sha256": sha256(weights),
            "parameters": sum(p.numel() for p in model.parameters()),
            "training_frames": sum(map(len, segments[0])),
            "validation_frames": sum(map(len, segments[1])),
            "tokens": table.groupby("replicate")["tokens"].max().tolist(),
            "cross_entropy": entropies,
            "peak_memory_gib": peak_memory_gib(),
            "generation": asdict(generation) | _cost(generation_cost),
        }
        | _cost(training_cost)
        | provenance(),
    )

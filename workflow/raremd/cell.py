"""One cell of the sweep: all replicates of a model are trained, then generate."""

from __future__ import annotations

import logging
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load, save_file

from raremd.discrete import DiscreteSystem, read_states
from raremd.generation import draw_prompts, generate
from raremd.models import SequenceModel, build_model
from raremd.sequences import Windows, at_interval
from raremd.storage import (
    DamagedFileError,
    atomic_path,
    peak_memory_gib,
    provenance,
    read_record,
    sha256,
    write_arrays,
    write_parquet,
    write_record,
)
from raremd.training import TrainingSettings, held_out_loss, resolve_device, train

log = logging.getLogger(__name__)


def derive_seed(seed: int, label: str, replicate: int) -> tuple[int, ...]:
    """Seed of one replicate; it does not change when other cells or replicates are added."""
    return seed, zlib.crc32(label.encode()), replicate


def _segments(system: DiscreteSystem, cell: dict[str, Any]) -> list[list[np.ndarray]]:
    """Discrete trajectories of training and of validation, as the cell sees them."""
    how = cell["stride"], cell["recrossing"], cell["tau"]
    md, _ = system.labels(cell["recrossing"])
    return [
        at_interval(md, part, *how) for part in (system.split.training, system.split.validation)
    ]


def _windows(model: SequenceModel, trajectories: list[np.ndarray], cell: dict[str, Any]) -> Windows:
    return Windows.of([model.encode(t) for t in trajectories], cell["training"]["window"])


def _build(cell: dict[str, Any], n_states: int, device: torch.device) -> SequenceModel:
    return build_model(cell["kind"], n_states, cell["settings"]).to(device)


def train_replicates(
    states: Path, cell: dict[str, Any], weights: Path, history: Path, record: Path
) -> None:
    """Train every replicate of a cell's model.

    Parameters
    ----------
    states : Path
        Written by `discretisation.fit_states`.
    cell : dict
        label, kind, settings, training, stride, recrossing, tau (in saved frames),
        replicates, seed, device.
    weights : Path
        safetensors, names `replicate_<r>/<parameter>`.
    history : Path
        Parquet, the frames of `training.train` with a column `replicate` from 1.
    record : Path
        JSON: what was trained, for how long, with what.
    """
    torch.set_num_threads(1)  # one job a core beats threads at these sizes
    started, cpu = time.monotonic(), time.process_time()
    device = resolve_device(cell["device"])
    settings = TrainingSettings(**cell["training"])
    system = read_states(states)
    segments = _segments(system, cell)
    tensors: dict[str, torch.Tensor] = {}
    histories, entropies = [], []
    for replicate in range(1, cell["replicates"] + 1):
        seed = derive_seed(cell["seed"], cell["label"], replicate)
        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        model = _build(cell, system.n_states, device)
        model.prepare(segments[0])
        training, validation = (_windows(model, part, cell) for part in segments)
        checkpoint = weights.with_name(f"checkpoint_{replicate}.safetensors")
        label = f"{cell['label']} replicate {replicate}"
        table = train(model, training, validation, settings, seed, checkpoint, label)
        histories.append(table.assign(replicate=replicate))
        model.calibrate(segments[0], int(np.random.SeedSequence((*seed, 2)).generate_state(1)[0]))
        entropies.append(held_out_loss(model, validation, settings.batch))
        state = model.state_dict()
        tensors |= {f"replicate_{replicate}/{k}": v.contiguous() for k, v in state.items()}
    table = pd.concat(histories, ignore_index=True)
    write_parquet(history, table)
    with atomic_path(weights) as temporary:
        save_file(tensors, temporary)
    write_record(
        record,
        {
            "cell": cell,
            "n_states": system.n_states,
            "weights_sha256": sha256(weights),
            "parameters": sum(p.numel() for p in model.parameters()),
            "training_frames": sum(map(len, segments[0])),
            "validation_frames": sum(map(len, segments[1])),
            "tokens": table.groupby("replicate")["tokens"].max().tolist(),
            "cross_entropy": entropies,
            "wall_seconds": time.monotonic() - started,
            "cpu_seconds": time.process_time() - cpu,
            "peak_memory_gib": peak_memory_gib(),
        }
        | provenance(),
    )
    for leftover in weights.parent.glob("checkpoint_*.safetensors"):
        leftover.unlink(missing_ok=True)


def generate_replicates(
    states: Path, weights: Path, record: Path, walkers: int, n_frames: int, output: Path, run: Path
) -> None:
    """Let every replicate generate, from prompts drawn from the training data.

    Parameters
    ----------
    states, weights, record : Path
        As in `train_replicates`.
    walkers, n_frames : int
        Of each replicate.
    output : Path
        HDF5, `replicate_<r>` int16 (walkers, n_frames).
    run : Path
        JSON: the record of the training, with that of the generation.
    """
    torch.set_num_threads(1)
    started, cpu = time.monotonic(), time.process_time()
    trained = read_record(record)
    cell = trained["cell"]
    device = resolve_device(cell["device"])
    system = read_states(states)
    training = _segments(system, cell)[0]
    if sha256(weights) != trained["weights_sha256"]:
        raise DamagedFileError(weights, "its checksum is not the one in training.json")
    tensors = load(weights.read_bytes())
    arrays = {}
    for replicate in range(1, cell["replicates"] + 1):
        seed = derive_seed(cell["seed"], cell["label"], replicate)
        stream, prompt_stream = np.random.SeedSequence((*seed, 1)).generate_state(2)
        model = _build(cell, system.n_states, device)
        own = f"replicate_{replicate}/"
        model.load_state_dict({k[len(own) :]: v for k, v in tensors.items() if k.startswith(own)})
        windows = _windows(model, training, cell)
        prompts = draw_prompts(windows, walkers, np.random.default_rng(prompt_stream))
        label = f"{cell['label']} replicate {replicate}"
        arrays[f"replicate_{replicate}"] = generate(model, prompts, n_frames, int(stream), label)
    write_arrays(output, arrays, {"stride": cell["stride"]})
    generation = {
        "walkers": walkers,
        "frames": n_frames,
        "wall_seconds": time.monotonic() - started,
        "cpu_seconds": time.process_time() - cpu,
        "peak_memory_gib": peak_memory_gib(),
    }
    write_record(run, trained | {"generation": generation})

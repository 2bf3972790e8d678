"""One cell of the sweep: all replicates of a model are trained, then generate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from raremd.io.provenance import peak_memory_gib, provenance, sha256
from raremd.io.storage import write_arrays, write_parquet, write_record
from raremd.io.tensors import write_tensors
from raremd.kinetics.residence import crossings
from raremd.kinetics.timescales import count_matrix, estimate, slow_split
from raremd.learning.corrected import corrected
from raremd.learning.generation import Enough, draw_prompts, generate
from raremd.learning.last_doubling import best_tokens, last_doubling
from raremd.learning.replicates import CellData, Cost, train_replicate
from raremd.learning.run_record import GenerationRecord, RunRecord
from raremd.states.discrete_trajectories import read_states
from raremd.study.plans import GenerationPlan, TrainingPlan


def slow_sides(data: CellData, lag: int) -> np.ndarray:
    """The sides of the slowest process of the training data, in the cell's own states.

    At the yardstick's lag, where quick recrossings are gone; they may be what is slow at one step.

    Parameters
    ----------
    data : CellData
    lag : int
        Saved frames; shortened where no trajectory reaches so far.

    Returns
    -------
    (n_states,) int8
        See `kinetics.timescales.slow_split`; all 0 where there is no such process.
    """
    reached = min(lag, max(map(len, data.training)) - 1)
    return slow_split(estimate(count_matrix(data.training, data.n_states, reached)))


def train_and_generate(
    states: Path,
    plan: TrainingPlan,
    generation: GenerationPlan,
    code: str,
    weights: Path,
    history: Path,
    generated: Path,
    run: Path,
    plain: TrainingPlan | None = None,
) -> None:
    """Train every replicate of a cell's model and let it generate.

    Finished trainings stay in checkpoints beside the weights, so that longer trajectories, or a
    job that was repeated, train nothing again.

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
    plain : TrainingPlan or None
        Of the model whose networks this one corrects: its checkpoints are in the folder of its
        name, beside that of the weights.
    """
    torch.set_num_threads(1)  # one job per core beats threads at these sizes
    system = read_states(states)
    tensors: dict[str, torch.Tensor] = {}
    arrays: dict[str, np.ndarray] = {}
    histories, entropies, held_out, crossed = [], [], [], []
    training_cost, generation_cost, parameters = Cost(), Cost(), 0
    for replicate in range(1, plan.replicates + 1):
        data = CellData.of(system, plan.slicing, replicate)
        folder = weights.parent.with_name(plain.model.name) if plain else weights.parent
        checkpoint = folder / f"checkpoint_{replicate}.safetensors"
        trained = train_replicate(data, plain or plan, replicate, checkpoint, code)
        if plain:
            trained = corrected(trained, data, plan, replicate)
        histories.append(trained.history.assign(replicate=replicate))
        entropies.append(trained.cross_entropy)
        held_out.append(trained.held_out)
        training_cost += trained.cost

        started, name = Cost.now(), f"replicate_{replicate}"
        sides, enough = slow_sides(data, generation.lag), None
        if generation.crossings and sides.any():
            enough = Enough(sides, generation.lag, generation.crossings, generation.limit)
        stream, prompt_stream = np.random.SeedSequence((*trained.seed, 1)).generate_state(2)
        rng = np.random.default_rng(prompt_stream)
        prompts = draw_prompts(trained.training, generation.walkers, rng)
        label = f"{plan.cell.folder}/{plan.model.name} replicate {replicate}"
        arrays[name] = generate(
            trained.model, prompts, generation.frames, int(stream), label, enough
        )
        crossed.append(float(crossings(list(arrays[name]), sides, generation.lag)[0].sum()))
        generation_cost += Cost.now() - started
        state = trained.model.state_dict()
        tensors |= {f"{name}/{k}": v for k, v in state.items()}
        parameters = sum(p.numel() for p in trained.model.parameters())
    table = pd.concat(histories, ignore_index=True)
    moved = [last_doubling(history) for history in histories]
    write_parquet(history, table)
    write_tensors(weights, tensors)
    write_arrays(generated, arrays, {"stride": plan.slicing.stride})
    record = RunRecord(
        **vars(provenance()),
        cell=plan.cell,
        model=plan.model,
        slicing=plan.slicing,
        seed=plan.seed,
        n_states=data.n_states,
        weights_sha256=sha256(weights),
        parameters=parameters,
        precision=trained.model.precision.training,
        training_frames=sum(map(len, data.training)),
        validation_frames=sum(map(len, data.validation)),
        tokens=tuple(table.groupby("replicate")["tokens"].max().tolist()),
        best_tokens=tuple(map(best_tokens, histories)),
        cross_entropy=tuple(entropies),
        leak=tuple(found.leak if found else np.nan for found in held_out),
        expected_timescale=tuple(found.timescale if found else np.nan for found in held_out),
        expected_timescale_moved_log2=tuple(of.timescale for of in moved),
        cross_entropy_moved_log2=tuple(of.loss for of in moved),
        peak_memory_gib=peak_memory_gib(),
        generation=GenerationRecord(
            **vars(generation),
            generated_frames=tuple(walkers.shape[1] for walkers in arrays.values()),
            crossings_found=tuple(crossed),
            limit_reached=tuple(n < generation.crossings for n in crossed),
            precision=trained.model.precision.generation,
            wall_seconds=generation_cost.wall,
            cpu_seconds=generation_cost.cpu,
        ),
        wall_seconds=training_cost.wall,
        cpu_seconds=training_cost.cpu,
    )
    write_record(run, record)

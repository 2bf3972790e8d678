"""Models as estimators, in the style of deeptime: `fit`, `generate`, and how the fit went.

Each kind of model has its class, made from its entry in `raremd.study.settings.models.KINDS`.
"""

from __future__ import annotations

import functools
import inspect
import json
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch

from raremd.data.state_numbers import StateNumbers, as_trajectories, refuse_clocks, refuse_overlaps
from raremd.learning.asked import file_to_write, name_of, names, refuse_steps, whole_number
from raremd.learning.checkpoint import Progress
from raremd.learning.fitted import Fitted, Record
from raremd.learning.generation import draw_prompts, generate
from raremd.learning.last_doubling import last_doubling
from raremd.learning.replicates import CellData, TrainedReplicate, train_model
from raremd.learning.training import held_out_loss
from raremd.learning.windows import Windows
from raremd.models import SequenceModel, build_model
from raremd.states.fit import check_connected
from raremd.states.split import split_frames, take
from raremd.study.plans import ModelPlan
from raremd.study.settings.fitting import Fitting, options_of, read_options
from raremd.study.settings.messages import ConfigError, suggestion
from raremd.study.settings.models import KINDS

with warnings.catch_warnings():  # in a notebook without ipywidgets the bar is text: no harm
    warnings.simplefilter("ignore")
    from tqdm.auto import tqdm

MOST_PROMPTS = 1000
"""Windows that are kept to start walkers from."""
MARKOV_BATCH = 64


class SequenceEstimator:
    """A model of discrete trajectories that learns to continue them.

    Parameters
    ----------
    **options
        Of the model and of its fit, see the class of each kind.

    Raises
    ------
    ConfigError
        If an option is unknown, naming the nearest, or cannot have its value.
    """

    kind: ClassVar[str]
    __signature__: ClassVar[inspect.Signature]

    def __init__(self, **options: Any) -> None:
        self.options = read_options(self.kind, options)
        refuse_steps(self.kind, self.options)
        self._fitted: Fitted | None = None

    @classmethod
    def of(cls, fitted: Fitted, options: Fitting) -> Self:
        """An estimator that was fitted before."""
        made = cls.__new__(cls)
        made.options, made._fitted = options, fitted
        return made

    def __repr__(self) -> str:
        given = self.options.model_dump(exclude_unset=True)
        listed = ", ".join(f"{k}={given[k]!r}" for k in self.__signature__.parameters if k in given)
        return f"{type(self).__name__}({listed})"

    def __getstate__(self) -> tuple[str, Fitted | None]:
        return self.options.model_dump_json(exclude_unset=True), self._fitted

    def __setstate__(self, state: tuple[str, Fitted | None]) -> None:
        self.options, self._fitted = read_options(self.kind, json.loads(state[0])), state[1]

    @property
    def own_settings(self) -> dict[str, int | float | str]:
        """Options of the model itself, but those that stand for others."""
        fields = KINDS[self.kind].settings.model_fields.items()
        return {name: getattr(self.options, name) for name, field in fields if not field.exclude}

    # Fitting.

    def fit(self, dtrajs: Any, validation: Any = None, *, progress: bool = True) -> Self:
        """Train on discrete trajectories.

        Parameters
        ----------
        dtrajs : array or list of arrays
            (n_frames,) whole numbers each; (n_trajectories, n_frames) is several. Any numbers
            from 0 on may be left out.
        validation : array or list of arrays, optional
            Trajectories that decide when training ends. If left out, `validation_fraction` of
            `dtrajs`: whole trajectories where there are at least four, else the end of each,
            behind a gap.
        progress : bool
            Whether a bar shows how far training is.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            In one line, if these are no trajectories that it can learn from.
        """
        of_user = as_trajectories(dtrajs, "dtrajs")
        names = [f"dtrajs[{k}]" for k in range(len(of_user))]
        held_out = [] if validation is None else as_trajectories(validation, "validation")
        names += [f"validation[{k}]" for k in range(len(held_out))]
        everything = of_user + held_out
        refuse_clocks(everything, names)
        refuse_overlaps(everything, names)
        states = StateNumbers.of(everything, "dtrajs")
        data = self._split(states.from_zero(everything, "dtrajs"), len(of_user), len(states.labels))
        options = self.options
        plan = ModelPlan(type(self).__name__, self.kind, self.own_settings, options.budget)
        with _undisturbed(), TemporaryDirectory() as folder, _bar(options.tokens, progress) as bar:

            def watch(at: Progress) -> None:
                if at.history:
                    bar.set_postfix_str(f"held-out loss {at.best_loss:.4f} nats", refresh=False)
                bar.update(min(options.tokens, at.step * options.window * options.batch) - bar.n)

            trained = train_model(
                *(data, plan, (options.seed,), options.device),
                checkpoint=Path(folder, "checkpoint.safetensors"),
                label=repr(self),
                watch=watch,
            )
            self._fitted = _fitted(trained, states, data)
        return self

    def _split(self, dtrajs: list[np.ndarray], n_training: int, n_states: int) -> CellData:
        options = self.options
        lengths = [len(dtraj) for dtraj in dtrajs]
        gap = options.window if options.gap is None else options.gap
        named = range(n_training, len(dtrajs))
        try:
            split = split_frames(lengths, options.validation_fraction, gap, named)
        except ValueError as error:
            raise ValueError(f"{error}, give `validation`, or choose a shorter `gap`") from error
        training, validation = take(dtrajs, split.training), take(dtrajs, split.validation)
        for use, part in (("training", training), ("validation", validation)):
            longest = max(map(len, part))
            if longest <= options.window:
                raise ValueError(
                    f"window: no trajectory has more than {options.window} frames for {use} (the "
                    f"longest has {longest}); choose a shorter `window`"
                )
        check_connected(training, n_states, "dtrajs")
        return CellData(n_states, training, validation)

    # A fitted model.

    @property
    def fitted(self) -> Fitted:
        """All that a fit leaves behind.

        Raises
        ------
        RuntimeError
            Before `fit`.
        """
        if self._fitted is None:
            raise RuntimeError(f"{self!r} is not fitted; call fit(dtrajs) first")
        return self._fitted

    @property
    def network(self) -> SequenceModel:
        """The fitted model in plain PyTorch; its tokens are the places of states in `states`."""
        return self.fitted.model

    @property
    def states(self) -> np.ndarray:
        """The user's states, ascending, (n_states,) int64."""
        return self.fitted.states.labels

    @property
    def history(self) -> pd.DataFrame:
        """One row per evaluation: step, tokens, training_loss, validation_loss and others."""
        return self.fitted.history

    @property
    def validation_loss(self) -> float:
        """Mean cross-entropy of the validation data, in nats a frame."""
        return self.fitted.record.validation_loss

    @property
    def markov_loss(self) -> float:
        """The same of a Markov state model of the same training data."""
        return self.fitted.record.markov_loss

    @property
    def converged(self) -> bool:
        """Whether the fit is known to have come to its end; false asks for more tokens.

        The loss came near a Markov model's and is below that of equal chances, and over the last
        doubling of tokens neither it nor the expected timescale moved by more than a study's
        tolerance. False if no evaluation tells of that doubling.
        """
        record, tokens = self.fitted.record, self.history["tokens"].max()
        known = tokens == 0 or np.isfinite(record.loss_moved_log2)  # a closed form has no budget
        return (
            bool(known) and record.converged and self.validation_loss <= math.log(len(self.states))
        )

    @property
    def leak(self) -> float:
        """Mean probability of jumps that the training data never show, on the validation data.

        NaN where the model's tokens are not states.
        """
        return self.fitted.record.leak

    @property
    def expected_timescale(self) -> float:
        """Slowest implied timescale, in frames, of the expected one-step matrix.

        From the model's probabilities on the validation data; NaN as for `leak`. Generated
        trajectories may show a still shorter one at one step, see docs/theory.md.
        """
        return self.fitted.record.expected_timescale

    def generate(
        self,
        n_walkers: int = 64,
        n_frames: int = 10_000,
        seed: int | None = None,
        *,
        progress: bool = True,
    ) -> list[np.ndarray]:
        """Trajectories that the model continues from windows of its training data.

        Parameters
        ----------
        n_walkers, n_frames : int
            At least 1.
        seed : int, optional
            Of these trajectories; that of the fit if left out.
        progress : bool
            Whether a bar shows how far it is.

        Returns
        -------
        list of (n_frames,) int arrays
            In the user's states; what the walkers start from is not part of them.

        Raises
        ------
        ValueError
            If a number is too small or not whole.
        """
        n_walkers = whole_number(n_walkers, "n_walkers", 1)
        n_frames = whole_number(n_frames, "n_frames", 1)
        fitted = self.fitted
        start = self.options.seed if seed is None else whole_number(seed, "seed", 0)
        stream, prompt_stream = np.random.SeedSequence((start, 1)).generate_state(2)
        rng = np.random.default_rng(prompt_stream)
        chosen = rng.choice(len(fitted.prompts), n_walkers, n_walkers > len(fitted.prompts))
        prompts = fitted.prompts[chosen].astype(np.int64)
        with _undisturbed(), _bar(n_walkers * n_frames, progress) as bar:
            walkers = generate(fitted.model, prompts, n_frames, int(stream), watch=bar.update)
        return list(self.states[walkers])

    def save(self, path: Path | str) -> None:
        """Write weights, settings and attributes to a safetensors file, for `raremd.load`.

        Raises
        ------
        ValueError
            If the path is a folder's.
        """
        self.fitted.save(file_to_write(path), self.kind, self.options)


def _fitted(trained: TrainedReplicate, states: StateNumbers, data: CellData) -> Fitted:
    """What is kept of a training."""
    length, held_out = trained.training.length - 1, trained.held_out
    markov = build_model("markov", data.n_states, {})
    markov.prepare(data.training)
    moved = last_doubling(trained.history)
    pool = min(MOST_PROMPTS, len(trained.training))
    prompts = draw_prompts(trained.training, pool, np.random.default_rng((*trained.seed, 3)))
    record = Record(
        validation_loss=trained.cross_entropy,
        markov_loss=held_out_loss(markov, Windows.of(data.validation, length), MARKOV_BATCH),
        leak=held_out.leak if held_out else np.nan,
        expected_timescale=held_out.timescale if held_out else np.nan,
        loss_moved_log2=moved.loss,
        timescale_moved_log2=moved.timescale,
    )
    return Fitted(trained.model.cpu(), states, prompts.astype(np.int16), trained.history, record)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """One thread, which is fastest at these sizes; the user's torch stays as it was."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float32)
    try:
        with torch.random.fork_rng(), torch.enable_grad():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)


def _bar(frames: int, shown: bool) -> Any:
    """A progress bar over frames; tqdm's own environment variables decide unless it is hidden."""
    hidden = {} if shown else {"disable": True}
    return tqdm(total=frames, unit="frame", unit_scale=True, leave=False, **hidden)


@functools.cache
def _made(kind: str, name: str) -> type[SequenceEstimator]:
    section = options_of(kind)
    fields = section.model_fields
    own = list(KINDS[kind].settings.model_fields)
    lines, parameters = [f"{KINDS[kind].settings.__doc__}\n", "Parameters", "----------"], []
    for key in [*own, *(key for key in fields if key not in own)]:
        default = fields[key].default
        lines += [f"{key} : default {default}", f"    {fields[key].description}"]
        parameters.append(inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default))
    body = {
        "kind": kind,
        "__doc__": "\n".join(lines),
        "__module__": "raremd",
        "__signature__": inspect.Signature(parameters),
    }
    return type(name, (SequenceEstimator,), body)


def estimator(name: str) -> type[SequenceEstimator]:
    """The estimator of a kind of model, by its own name or the kind's.

    Examples
    --------
    >>> estimator("LSTM")(hidden=24, seed=1)
    LSTM(hidden=24, seed=1)
    >>> estimator("lstm") is estimator("LSTM")
    True

    Raises
    ------
    ConfigError
        If there is none, naming the nearest, or if another kind has its name.
    """
    known = names()
    kind = known.get(name, name)
    if kind not in KINDS:
        raise ConfigError(f"there is no model '{name}'{suggestion(name, known)}")
    return _made(kind, name_of(kind))

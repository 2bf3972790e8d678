"""MD that a program hands over: its states, metastable states and lags, checked and numbered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, cast

import numpy as np
import pandas as pd

from raremd.analysis.assessment import Assessment
from raremd.analysis.stationarity import SPAN
from raremd.analysis.words import count
from raremd.data.state_numbers import StateNumbers, as_trajectories, refuse_clocks, refuse_overlaps
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.partition import LumpedPartition
from raremd.states.partition_methods import GivenSettings, PCCASettings
from raremd.states.split import Segment, Split, check_lengths
from raremd.study.plans import AssessmentPlan
from raremd.study.settings.study import Settings
from raremd.study.settings.systems import BLOCK_LAGS, TIMESCALES

FEW_STATES = 20
"""More states are lumped, if nothing is said, into so many metastable ones:"""
LUMPS = 4
ASKED = "give a number from 2 up, or the macrostate of each state"
FEWEST_SAMPLES = 20
"""Fewer resamplings give no 95 % interval; a study asks for as many."""


@dataclass(frozen=True, eq=False)
class GivenMD:
    """The MD of a user.

    Attributes
    ----------
    states : StateNumbers
    dtrajs : list of (n_frames,) int16
        States from 0.
    of_state : (n_states,) int16
        Metastable state of each.
    names : (n_metastable,) int64
        What the user calls these.
    lumped : bool
        Whether they are others than the states.
    connected : float
        Share of the frames by which PCCA+ lumped; the others follow their numbers alone.
    """

    states: StateNumbers
    dtrajs: list[np.ndarray]
    of_state: np.ndarray
    names: np.ndarray
    lumped: bool
    connected: float = 1.0

    @classmethod
    def of(cls, dtrajs: Any, macrostates: Any, lag: int) -> GivenMD:
        """Check and number.

        Parameters
        ----------
        dtrajs : array or list of arrays
        macrostates : None, int, mapping or sequence of int
            None takes the states themselves, or four metastable ones where there are more than
            twenty; a number asks PCCA+ for so many; else the macrostate of each state, by state
            or in the order of the states.
        lag : int
            Of PCCA+, in frames.

        Raises
        ------
        ValueError
            In one line.
        """
        of_user = as_trajectories(dtrajs, "dtrajs")
        labels = [f"dtrajs[{k}]" for k in range(len(of_user))]
        refuse_clocks(of_user, labels)
        refuse_overlaps(of_user, labels)
        states = StateNumbers.of(of_user, "dtrajs")
        numbered, n = states.from_zero(of_user, "dtrajs"), len(states.labels)
        if macrostates is None and n <= FEW_STATES:
            return cls(states, numbered, np.arange(n, dtype=np.int16), states.labels, False)
        if macrostates is None or isinstance(macrostates, int | np.integer):
            wanted = LUMPS if macrostates is None else int(macrostates)
            if wanted < 2:
                raise ValueError(f"macrostates: {wanted}: {ASKED}")
            pcca = PCCASettings(GivenSettings(labels=tuple(range(n))), wanted, lag)
            frames = [d[:, None].astype(np.float32) for d in numbered]
            try:
                partition = cast(LumpedPartition, pcca.fit(frames, np.zeros(1), seed=0))
            except (ValueError, AssertionError) as error:  # deeptime asserts
                raise ValueError(
                    f"macrostates: PCCA+ finds none at lag {lag} ({error!s:.120}); give the "
                    "macrostate of each state, or a shorter `lag`"
                ) from error
            of_state = partition.assign(np.arange(n, dtype=np.float32)[:, None])
            visits = np.bincount(np.concatenate(numbered), minlength=n)
            connected = visits[partition.active].sum() / visits.sum()
            called = np.arange(partition.n_states)
            return cls(states, numbered, of_state, called, True, float(connected))
        names, of_state = np.unique(_given(macrostates, states.labels), return_inverse=True)
        if len(names) < 2:
            raise ValueError("macrostates: all states are lumped into one; give at least two")
        return cls(states, numbered, of_state.astype(np.int16), names, True)

    @property
    def metastable(self) -> DiscreteSystem:
        """All of it as training data, in metastable states."""
        return _system([self.of_state[dtraj] for dtraj in self.dtrajs], self.names)

    @property
    def finer(self) -> dict[str, DiscreteSystem]:
        """The same in the user's states, where these are others."""
        own = _system(self.dtrajs, self.states.labels)
        return {"your states": own} if self.lumped else {}


@dataclass(frozen=True)
class GivenAssessment(Assessment):
    """An assessment in the words of the library, whose arguments are lags in frames.

    Attributes
    ----------
    frame_interval : float
    """

    frame_interval: float

    judged_at = "the lag"
    _shorter_blocks = "leave long lags out of `lags`"

    def _frames(self, lag: float) -> str:
        return count(math.floor(lag / self.frame_interval + 1e-6), "frame")

    def _set_lag(self, lag: float) -> str:
        return f"set `lag` to {self._frames(lag)}"

    def _add_lag_from(self, lag: float) -> str:
        return f"add a lag of {self._frames(lag)} or more to `lags`"

    def _add_lag_up_to(self, lag: float) -> str:
        if lag < self.frame_interval:
            return "save frames more often"
        return f"add lags of {self._frames(lag)} or less to `lags`, or save frames more often"


def _system(md: list[np.ndarray], called: np.ndarray) -> DiscreteSystem:
    split = Split(tuple(Segment(k, 0, len(d)) for k, d in enumerate(md)), ())
    return DiscreteSystem(len(called), 1, md, md, [], [], split, called=tuple(called.tolist()))


def _given(macrostates: Any, labels: np.ndarray) -> list[int]:
    """Macrostate of each state, in the order of the states."""
    if isinstance(macrostates, pd.Series) and not _is_unnamed(macrostates, labels):
        macrostates = macrostates.to_dict()
    if np.ndim(macrostates) != 1 and not isinstance(macrostates, Mapping):
        raise ValueError(f"macrostates: {macrostates!r:.40}: {ASKED}")
    if isinstance(macrostates, Mapping):
        missing = [label for label in labels.tolist() if label not in macrostates]
        if missing:
            raise ValueError(f"macrostates: state {missing[0]} of the trajectories is not in it")
        macrostates = [macrostates[label] for label in labels.tolist()]
    if len(macrostates) != len(labels):
        raise ValueError(
            f"macrostates: {len(macrostates)} numbers for {len(labels)} states; give one for each, "
            f"in the order of the states: {labels.tolist()[:5]} ..."
        )
    wrong = [m for m in macrostates if not is_number(m) or m != np.floor(m)]
    if wrong:
        raise ValueError(f"macrostates: {wrong[0]!r}: macrostates are whole numbers")
    return [int(m) for m in macrostates]


def _is_unnamed(macrostates: pd.Series, labels: np.ndarray) -> bool:
    """Whether an index only counts the rows, and is not that of the states."""
    counts = isinstance(macrostates.index, pd.RangeIndex) and macrostates.index.equals(
        pd.RangeIndex(len(macrostates))
    )
    return counts and not np.isin(labels, macrostates.index).all()


def is_number(value: Any) -> bool:
    """Whether this is a finite real number."""
    return isinstance(value, Real) and math.isfinite(value)


def plan_of(
    dtrajs: Any,
    lags: Sequence[int],
    lag: int | None,
    frame_interval: float,
    unit: str,
    samples: int,
) -> AssessmentPlan:
    """How the MD is looked at, with a study's defaults.

    Parameters
    ----------
    dtrajs : array or list of arrays
    lags : sequence of int
        In frames.
    lag : int or None
        At which models are compared, in frames; None takes the longest of `lags` that another is
        at least three times as long as, by which convergence with lag can be judged.
    frame_interval : float
    unit : str
    samples : int
        Resamplings behind each error bar.

    Raises
    ------
    ValueError
        If a lag is no whole number of frames, or none is shorter than a trajectory.
    """
    every = [*np.atleast_1d(lags).tolist(), *([] if lag is None else [lag])]
    wrong = [x for x in every if not is_number(x) or x != np.floor(x) or x < 1]
    if wrong or not every:
        raise ValueError(f"lags: {wrong[0] if wrong else 'none'}: give whole numbers of frames")
    if not is_number(samples) or samples < FEWEST_SAMPLES or samples != int(samples):
        raise ValueError(f"samples: {samples}: give a whole number from {FEWEST_SAMPLES} up")
    if not isinstance(unit, str) or not unit.strip():
        raise ValueError(f"unit: {unit!r}: name the unit of `frame_interval`, such as 'ns'")
    if not is_number(frame_interval) or frame_interval <= 0:
        raise ValueError(f"frame_interval: {frame_interval} must be a number above 0")
    ordered = sorted({int(x) for x in every})
    early = [x for x in ordered if SPAN * x <= ordered[-1]]
    chosen = int(lag) if lag is not None else (early or ordered)[-1]
    lengths = [len(dtraj) for dtraj in as_trajectories(dtrajs, "dtrajs")]
    check_lengths(lengths, ordered[-1])
    whole = Settings.model_fields
    return AssessmentPlan(
        system="MD",
        unit=unit,
        frame_interval=float(frame_interval),
        lags=tuple(ordered),
        yardstick_lag=chosen,
        block=min(BLOCK_LAGS * ordered[-1], max(lengths) // 2),
        timescales=TIMESCALES,
        samples=int(samples),
        seed=0,
        tolerance=whole["tolerance"].default,
        minimum_transitions=whole["minimum_transitions"].default,
        names=(),
        finer=(),
    )

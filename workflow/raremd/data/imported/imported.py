"""A user's own trajectories -> features.h5, checked on the way and never held in memory.

Three kinds of source: topology and trajectories, features (numbers in files), and states in files;
see `kinds`. Each file is read as a stream of `tables.Table`s; here they are checked against each
other and against the configuration.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from raremd.data.columns import select_features
from raremd.data.features import feature_writer
from raremd.data.imported.biases import biases_among, words_on_biases
from raremd.data.imported.clocks import (
    NO_TIMES,
    Clock,
    Interval,
    clock_among,
    counts_runs,
    growing_time,
)
from raremd.data.imported.feature_files import read_file
from raremd.data.imported.filled_in import FilledIn
from raremd.data.imported.fillers import Ends, ask_after_offset, filled, refuse_filler
from raremd.data.imported.heads import Heads
from raremd.data.imported.kinds import (
    FeatureSource,
    NumberSource,
    Source,
    StateSource,
    TrajectorySource,
    clock_advice,
)
from raremd.data.imported.molecular import read_molecular
from raremd.data.imported.near_copies import NearCopies
from raremd.data.imported.outliers import Outliers
from raremd.data.imported.sources import matching_files
from raremd.data.imported.steps import Steps
from raremd.data.imported.subsamples import Subsamples
from raremd.data.imported.tables import TIME, Table, in_archive, several_states
from raremd.data.imported.time_axis import TimeAxis
from raremd.data.imported.trajectory_files import plugins_silenced
from raremd.data.imported.turns import Turns
from raremd.data.imported.units import (
    Extents,
    ask_after_angles,
    ask_after_scales,
    periods_of,
    refuse_odd_files,
    refuse_wrong_angles,
    too_far_from_zero,
)
from raremd.data.state_copies import StateCopies
from raremd.data.state_numbers import MAX_LABEL, Wrapped, refuse_labels

log = logging.getLogger(__name__)


class Importer:
    """Carries what all trajectories of a source must have in common.

    Parameters
    ----------
    source : Source
    frame_interval : float
    time_unit : str
    """

    def __init__(self, source: Source, frame_interval: float, time_unit: str) -> None:
        self._source, self._interval, self._unit = source, frame_interval, time_unit
        self._states = isinstance(source, StateSource)
        self.names: list[str] = []
        self.periods: list[float] = []
        self.labels: dict[int, str] = {}  # state -> where it occurs first
        self._files: list[str] = []
        self._low: list[np.ndarray] = []
        self._high: list[np.ndarray] = []
        self._hash = hashlib.sha256()
        self._subsamples, self._near_copies, self._turns = Subsamples(), NearCopies(), Turns()
        self._steps, self._filled_in = Steps(), FilledIn(self._states)
        self._ends, self._heads, self._state_copies = Ends(), Heads(), StateCopies()
        self._wrapped, self._outliers = Wrapped(), Outliers()
        self._time_axis = TimeAxis(self._states)
        self._single: list[str] = []  # of one frame
        self._validation = matching_files(source.validation)

    def tables(self, files: Iterable[str]) -> Iterator[Table]:
        """The trajectories of all files."""
        told = Interval(self._interval, self._unit, self._source.times)
        if isinstance(self._source, TrajectorySource):
            yield from read_molecular(files, self._source, told)
        if isinstance(self._source, NumberSource):
            named = bool(getattr(self._source, "names", None))
            for file in files:
                yield from read_file(file, self._source.dataset, self._states, named, told)

    def validates(self, label: str) -> bool:
        """Whether the trajectory with this label is in a file that validates."""
        return any(label == file or label.startswith(f"{file}, ") for file in self._validation)

    def blocks(self, table: Table) -> Iterator[np.ndarray]:
        """Checked float32 blocks (n, n_features) of the wanted columns."""
        names = self._names_of(table)
        columns = self._wanted(table, names)
        self._agree(table, [names[k] for k in columns])
        clock = self._clock(table.label, names, columns)
        wanted = columns if clock is None else [*columns, names.index(TIME)]
        frames = 0
        for block in table.read(wanted):
            if clock is not None:
                clock.check(block[:, -1].astype(np.float64))
                block = block[:, :-1]
            if not frames:
                self._refuse_clocks(table.label, block)
                self._ask_after_runs(table.label, block)
            with np.errstate(over="ignore"):
                values = block.astype(np.float32)
            self._refuse(table.label, frames, block, values)
            self._remember(table.label, frames, values)
            if self._states:
                self._heads.add(values[:, 0], None if frames else table.first_line)
            frames += len(values)
            yield values
        if frames == 1:
            if table.label in [str(Path(file)) for file in self._source.single_files.values()]:
                raise ValueError(
                    f"{table.label}: topology or reference, and no trajectory (one frame); leave "
                    "it out of source.files"
                )
            self._single.append(table.label)
        elif frames < table.n_columns and table.names is None:
            log.warning(
                "%s: read as %d frames of %d features; if frames are its columns, transpose it",
                *(table.label, frames, table.n_columns),
            )
        elif frames and not self._states and (self._low[-1] == self._high[-1]).all():
            log.warning("%s: all frames are the same; is the file whole?", table.label)

    def _names_of(self, table: Table) -> list[str]:
        if self._states and table.n_columns == 1:
            return ["state"]
        given = self._source.names if isinstance(self._source, FeatureSource) else None
        names = given or table.names
        if names is None:
            names = [f"feature_{k + 1}" for k in range(table.n_columns)]
        if len(names) != table.n_columns:
            origin = "source.names" if given else "its header"
            raise ValueError(
                f"{table.label}: {table.n_columns} columns, but {origin} names {len(names)}: "
                f"{list(names)}"
            )
        own = table.names or names
        for new, old in zip(names, own, strict=False):
            if new != old and new in own:
                raise ValueError(
                    f"{table.label}: source.names gives the column {old} the name {new}, which its "
                    "header gives to another; leave out source.names, or choose and order columns "
                    "with source.columns"
                )
        return list(names)

    def _wanted(self, table: Table, names: list[str]) -> list[int]:
        """Columns that are taken."""
        chosen = self._source.columns if isinstance(self._source, NumberSource) else None
        biases = biases_among(names)
        if chosen is None:
            columns = [k for k, n in enumerate(names) if n != TIME and n not in biases]
        else:
            try:
                columns = select_features(chosen, names)
            except ValueError as error:
                raise ValueError(f"{table.label}: source.columns: {error}") from error
        for said in words_on_biases(biases, chosen is not None, bool(columns)):
            if not self.names:  # once
                log.warning("%s: %s", table.label, said)
        if not columns:
            raise ValueError(f"{table.label}: no column beside the time")
        if self._states and len(columns) > 1:
            raise ValueError(f"{table.label}: {several_states(table, len(columns), names)}")
        taken = [names[k] for k in columns]
        if len(set(taken)) < len(taken):
            twice = next(n for n in taken if taken.count(n) > 1)
            raise ValueError(f"{table.label}: two columns are called '{twice}'; give source.names")
        return columns

    def _agree(self, table: Table, names: list[str]) -> None:
        names = ["state"] if self._states else names
        declared = self._source.periods if isinstance(self._source, FeatureSource) else {}
        periods = periods_of(table.periods, names, declared)
        if not self.names:
            self.periods, self.names = periods, names
        elif len(names) != len(self.names):
            raise ValueError(
                f"{table.label} has {len(names)} features, {self._files[0]} has "
                f"{len(self.names)}; all trajectories need the same"
                + "; name the arrays that are with source.dataset"
                * in_archive(table.label)
            )
        elif names != self.names:
            k = next(k for k, (a, b) in enumerate(zip(names, self.names, strict=True)) if a != b)
            raise ValueError(
                f"{table.label}: feature {k + 1} is '{names[k]}', in {self._files[0]} it is "
                f"'{self.names[k]}'; all trajectories need the same order"
            )
        for name, mine, other in zip(names, periods, self.periods, strict=True):
            if not math.isclose(mine, other, rel_tol=1e-4) and not math.isnan(mine):
                raise ValueError(
                    f"{table.label}: the period of {name} is {mine:.6g}, in {self._files[0]} it is "
                    f"{other:.6g} (0 where the header gives none); give it with source.periods"
                )

    def _clock(self, label: str, names: list[str], columns: list[int]) -> Clock | None:
        """What checks the time column, where there is one that is no feature."""
        if self._source.times == NO_TIMES or TIME not in {*names} - {names[k] for k in columns}:
            return None
        return Clock(label, self._interval, self._unit, self._source.times)

    def _refuse_clocks(self, label: str, block: np.ndarray) -> None:
        """A time or frame number that is taken for a feature would be the slowest of all."""
        grows = growing_time(self.names, block)
        if grows is not None and clock_among(block[:, [grows]]) is None:
            raise ValueError(
                f"{label}: {self.names[grows]} grows in every frame, as a time does; "
                f"{clock_advice(self._source, block.shape[1])}"
            )
        column = clock_among(block)
        if column is not None:
            steps = np.diff(block[:, column].astype(np.float64))
            step = float(np.median(steps) or steps.mean())
            raise ValueError(
                f"{label}: {self.names[column]} grows by {step:.4g} in every frame, as a time or "
                f"frame number does; {clock_advice(self._source, block.shape[1])}"
            )

    def _ask_after_runs(self, label: str, block: np.ndarray) -> None:
        """A column that numbers trajectories which stand in one file, one below the other."""
        for name, column in zip(self.names, block.T, strict=True):
            if not self._states and counts_runs(column):
                log.warning(
                    "%s: %s goes up by 1 now and then and never back; if it numbers trajectories, "
                    "write each to a file of its own, without this column",
                    *(label, name),
                )

    def _refuse(self, label: str, frames: int, block: np.ndarray, values: np.ndarray) -> None:
        bad = ~np.isfinite(values)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise ValueError(
                f"{label}: frame {frames + row + 1}: {self.names[column]} is "
                f"{block[row, column]:g}, not a finite 32-bit number; repair or remove the frame"
            )
        if block.dtype.kind in "iu" and not self._states:
            large = (block > MAX_LABEL) | (block < -MAX_LABEL)
            if large.any():
                row, column = np.argwhere(large)[0]
                raise ValueError(
                    f"{label}: frame {frames + row + 1}: {self.names[column]} is "
                    f"{block[row, column]}, more than 32-bit numbers tell apart; subtract an "
                    "offset, or save it in a larger unit"
                )
        if not frames and not self._states and (far := too_far_from_zero(block)) is not None:
            raise ValueError(
                f"{label}: {self.names[far]} is about {block[0, far]:.7g} and changes by less than "
                "32-bit numbers tell apart there; subtract an offset"
            )
        if self._states:
            refuse_labels(label, frames, block)
            self._wrapped.add(label, frames, block)
        elif (place := filled(values)) is not None:
            raise ValueError(
                f"{label}: frame {frames + place[0] + 1}: {self.names[place[1]]} is "
                f"{values[place]:.6g}, far from all other values, as what stands for none is; "
                "repair or remove the frame"
            )

    def _remember(self, label: str, frames: int, values: np.ndarray) -> None:
        first, low, high = not frames, values.min(axis=0), values.max(axis=0)
        if first:
            self._files.append(label)
            self._low.append(low)
            self._high.append(high)
        else:
            self._low[-1] = np.minimum(self._low[-1], low)
            self._high[-1] = np.maximum(self._high[-1], high)
        self._time_axis.add(label, values, first)
        self._filled_in.add(label, self.names, values, first)
        if self._states:
            states = values[:, 0]
            labels = np.unique(states).astype(np.int64).tolist()
            for state in labels:
                if state not in self.labels:
                    row = int((states == state).argmax())
                    self.labels[state] = f"{label}: frame {frames + row + 1}"
            self._ends.add(states, first)
            self._state_copies.add(states, first)
        else:
            self._outliers.add(label, frames, values)
            self._subsamples.add(values, first)
            self._near_copies.add(values, first)
            self._turns.add(values, first)
            self._steps.add(values, first)
        self._hash.update(values.tobytes())

    def finish(self) -> str:
        """Checks that need all trajectories; a checksum of their content."""
        if self._single:
            others = f" (and {len(self._single) - 1} others)" * (len(self._single) > 1)
            said = f"{self._single[0]}{others}: one frame holds no step of the dynamics"
            if len(self._single) == len(self._files):
                raise ValueError(f"{said}; the frames of a trajectory stand in one file or array")
            log.warning("%s; leave it out", said)
        self._time_axis.finish()
        self._filled_in.finish()
        extents = Extents(np.stack(self._low), np.stack(self._high))
        low, high = extents.low.min(axis=0), extents.high.max(axis=0)
        constant = [n for n, c in zip(self.names, (low == high).tolist(), strict=True) if c]
        if len(constant) == len(self.names):
            what = "one state" if self._states else "constant features only"
            raise ValueError(f"{self._files[0]} and the others hold {what}: nothing to learn")
        if constant:
            log.warning("constant in all trajectories: %s; TICA will refuse them", constant)
        fixed = (extents.low == extents.high).all(axis=0) & (low < high)
        if not self._states and fixed.any():
            log.warning(
                "constant in each trajectory, but not the same in all: %s; leave out by "
                "source.columns what does not change within a trajectory",
                [self.names[k] for k in np.flatnonzero(fixed)],
            )
        if self._states:
            self._wrapped.check()
            refuse_filler(self.labels)
            ask_after_offset(self._files, extents.low[:, 0], extents.high[:, 0])
            self._ends.warn(self._files[0])
            self._heads.check(self._files)
            self._state_copies.check(self._files)
        else:
            self._subsamples.check(self._files)
            self._near_copies.check(self._files, self.periods)
            refuse_wrong_angles(self._files, self.names, self.periods, extents)
            refuse_odd_files(self._files, self.names, self.periods, extents)
            ask_after_angles(self.names, self.periods, low, high)
            usual = self._outliers.warn(self.names, self.periods)
            if isinstance(self._source, FeatureSource):
                ask_after_scales(self.names, self.periods, *usual)
            self._turns.ask(self.names, self.periods, low, high, self._steps.longest)
            self._steps.ask(self._files, self.names, self.periods)
        return self._hash.hexdigest()


def import_source(
    source: Source, files: Iterable[str], frame_interval: float, time_unit: str, output: Path | str
) -> None:
    """Read, check and write a user's trajectories.

    Parameters
    ----------
    source : Source
    files : iterable of str
        In the order in which the trajectories are numbered.
    frame_interval : float
        Time between two frames (after `stride`).
    time_unit : str
    output : Path
        `features.h5`.

    Raises
    ------
    ValueError
        One line with the file, and the line or frame counted from 1.
    """
    importer = Importer(source, frame_interval, time_unit)
    with plugins_silenced(), feature_writer(output) as writer:
        total, validation = 0, []
        for number, table in enumerate(importer.tables(list(files)), start=1):
            frames = writer.add(importer.blocks(table), table.label)
            total += frames
            if importer.validates(table.label):
                validation.append(number - 1)
            log.info("%d: %s, %d frames", number, table.label, frames)
        checksum = importer.finish()
        log.info("%d frames, %.10g %s", total, total * frame_interval, time_unit)
        writer.describe(
            frame_interval=frame_interval,
            time_unit=time_unit,
            feature_names=importer.names,
            periods=np.nan_to_num(importer.periods).tolist(),
            checksum=checksum,
            state_labels=sorted(importer.labels),
            validation=validation,
        )

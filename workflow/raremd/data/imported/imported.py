"""A user's own trajectories -> features.h5, checked on the way and never held in memory.

Three kinds of source: `trajectory` (topology and coordinates), `features` (numbers in files) and
`dtraj` (states in files). Each file is read as a stream of `tables.Table`s; here they are checked
against each other and against the configuration.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from raremd.data.columns import select_features
from raremd.data.features import feature_writer
from raremd.data.imported.feature_files import read_file
from raremd.data.imported.kinds import (
    FeatureSource,
    NumberSource,
    Source,
    StateSource,
    TrajectorySource,
)
from raremd.data.imported.molecular import plugins_silenced, read_molecular
from raremd.data.imported.tables import TIME, Table

log = logging.getLogger(__name__)

PICOSECONDS = {"fs": 1e-3, "ps": 1.0, "ns": 1e3, "us": 1e6}
"""Units that times in files are compared with; reduced ones are compared as they are."""
ANGLES = {"radians": 2 * math.pi, "degrees": 360.0}
MAX_LABEL = 1 << 24
"""State labels, and other whole numbers, are carried as float32, which is exact up to here."""
CLOCK_FRAMES = 20
"""So many equal steps make a column a time or a frame number."""
FEW_JUMPS = 20
"""Below so many jumps, two discrete trajectories may be equal by chance."""


class _Clock:
    """Compares the times that a file carries with the frame interval."""

    def __init__(self, label: str, interval: float, unit: str) -> None:
        self._label, self._interval, self._unit = label, interval, unit
        self._last: float | None = None
        self._frames = 0

    def check(self, times: np.ndarray) -> None:
        """The next frames' times, in the unit of the interval."""
        first = self._frames + 1
        if self._last is not None:
            times = np.concatenate([[self._last], times])
            first -= 1
        steps = np.diff(times)
        # Times are often 32-bit numbers, which leave few digits for the steps of a long run.
        allowed = 1e-3 * self._interval + 2 * np.spacing(np.abs(times[1:]).astype(np.float32))
        wrong = np.abs(steps - self._interval) > allowed
        if wrong.any():
            at = int(wrong.argmax())
            raise ValueError(
                f"{self._label}: frames {first + at} and {first + at + 1} are {steps[at]:g} "
                f"{self._unit} apart, frame_interval says {self._interval:g} {self._unit}; "
                "correct it, or remove frames that are there twice or missing"
            )
        self._frames = first + len(steps)
        self._last = float(times[-1])


class _Digest:
    """Fingerprint, extent and jumps of one trajectory, gathered as it streams by."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.low = self.high = np.empty(0)
        self._last: np.ndarray | None = None
        self.jumps = 0

    def add(self, values: np.ndarray) -> None:
        self._hash.update(np.ascontiguousarray(values).tobytes())
        low, high = values.min(axis=0), values.max(axis=0)
        self.low = np.minimum(self.low, low) if self.low.size else low
        self.high = np.maximum(self.high, high) if self.high.size else high
        joined = values if self._last is None else np.concatenate([self._last, values])
        self.jumps += int((np.diff(joined, axis=0) != 0).any(axis=1).sum())
        self._last = values[-1:]

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _periods(table: Table, names: list[str], declared: Mapping[str, str | float]) -> list[float]:
    """Period of each feature: what the file says, and over it what the configuration says."""
    periods = {name: table.periods.get(name, 0.0) for name in names}
    for pattern, period in declared.items():
        for column in select_features([pattern], names):
            turn = ANGLES[period] if isinstance(period, str) else period
            periods[names[column]] = float(turn)
    return list(periods.values())


def _refuse_wrong_angle(name: str, period: float, low: float, high: float) -> None:
    """Degrees whose period is given in radians would be noise, radians in degrees one spot.

    Raises
    ------
    ValueError
        If the values fill half a turn or more in the unit that is not declared.
    """
    for unit, turn in ANGLES.items():
        declared = math.isclose(period, turn, rel_tol=1e-6)
        other = next(u for u in ANGLES if u != unit)
        size = 1.001 * ANGLES[other]
        if declared and high - low > size / 2 and -size / 2 <= low and high <= size:
            raise ValueError(
                f"{name} goes from {low:.4g} to {high:.4g}, as angles in {other} do, but its "
                f"period is a turn in {unit}; correct source.periods"
            )


def _undeclared_angle(period: float, low: float, high: float) -> str | None:
    """Unit in which the values fill a turn, of a feature that is not said to be periodic."""
    if period:
        return None
    for unit, turn in ANGLES.items():
        start = -turn / 2 if low < 0 else 0.0
        if start <= low + 1e-3 * turn and 0.99 * turn <= high - low <= 1.001 * turn:
            return unit
    return None


def _column_names(table: Table, n_columns: int, given: Sequence[str] | None) -> list[str]:
    names = given or table.names
    if names is None:
        names = [f"feature_{k + 1}" for k in range(n_columns)]
    if len(names) != n_columns:
        origin = "source.names" if given else "its header"
        raise ValueError(
            f"{table.label}: {n_columns} columns, but {origin} names {len(names)}: {list(names)}"
        )
    if len(set(names)) < len(names):
        twice = next(n for n in names if list(names).count(n) > 1)
        raise ValueError(f"{table.label}: two columns are called '{twice}'; give source.names")
    return list(names)


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
        self.labels: set[int] = set()
        self._first_label = ""
        self._seen: dict[str, str] = {}
        self._low = self._high = np.empty(0)

    def tables(self, files: list[str]) -> Iterator[Table]:
        """The trajectories of all files."""
        if isinstance(self._source, TrajectorySource):
            yield from read_molecular(files, self._source)
        if isinstance(self._source, NumberSource):
            for file in files:
                yield from read_file(file, self._source.dataset)

    def blocks(self, table: Table) -> Iterator[np.ndarray]:
        """Checked float32 blocks (n, n_features) of the wanted columns."""
        digest, clock, frames = _Digest(), None, 0
        columns: list[int] | None = None
        for block in table.blocks:
            if columns is None:
                names = self._names_of(table, block.shape[1])
                columns, wanted = self._wanted(table, names)
                self._agree(table, wanted)
                self._refuse_clocks(table.label, block[:, columns], wanted)
                if TIME in names and TIME not in wanted:
                    clock = _Clock(table.label, self._interval, self._unit)
                    at = names.index(TIME)
            if clock is not None:
                clock.check(block[:, at] * self._scale())
            with np.errstate(over="ignore"):
                values = block[:, columns].astype(np.float32)
            self._refuse(table.label, frames, block[:, columns], values)
            if self._states:
                self.labels.update(np.unique(values).astype(np.int64).tolist())
            digest.add(values)
            frames += len(values)
            yield values
        if frames:
            self._remember(table.label, digest)

    def _names_of(self, table: Table, n_columns: int) -> list[str]:
        if self._states and n_columns == 1:
            return ["state"]
        given = self._source.names if isinstance(self._source, FeatureSource) else None
        return _column_names(table, n_columns, given)

    def _wanted(self, table: Table, names: list[str]) -> tuple[list[int], list[str]]:
        chosen = self._source.columns if isinstance(self._source, NumberSource) else None
        if chosen is None:
            columns = [k for k, name in enumerate(names) if name != TIME]
        else:
            try:
                columns = select_features(chosen, names)
            except ValueError as error:
                raise ValueError(f"{table.label}: source.columns: {error}") from error
        if not columns:
            raise ValueError(f"{table.label}: no column beside the time")
        if self._states and len(columns) > 1:
            raise ValueError(
                f"{table.label}: {len(columns)} columns where one state a frame is expected; "
                "frames are rows and each trajectory an array or file of its own, or name the "
                "column with source.columns"
            )
        return columns, [names[k] for k in columns]

    def _agree(self, table: Table, names: list[str]) -> None:
        names = ["state"] if self._states else names
        if not self.names:
            declared = self._source.periods if isinstance(self._source, FeatureSource) else {}
            self.names, self._first_label = names, table.label
            self.periods = _periods(table, names, declared)
        elif len(names) != len(self.names):
            raise ValueError(
                f"{table.label} has {len(names)} features, {self._first_label} has "
                f"{len(self.names)}; all trajectories need the same"
            )
        elif names != self.names:
            k = next(k for k, (a, b) in enumerate(zip(names, self.names, strict=True)) if a != b)
            raise ValueError(
                f"{table.label}: feature {k + 1} is '{names[k]}', in {self._first_label} it is "
                f"'{self.names[k]}'; all trajectories need the same order"
            )

    def _scale(self) -> float:
        """From the unit of the times in the file to that of the study."""
        if self._unit not in PICOSECONDS:
            return 1.0
        return PICOSECONDS[self._source.times] / PICOSECONDS[self._unit]

    def _refuse_clocks(self, label: str, block: np.ndarray, names: list[str]) -> None:
        """A time or frame number that is taken for a feature would be the slowest of all."""
        if len(block) <= CLOCK_FRAMES:
            return
        steps = np.diff(block.astype(np.float64), axis=0)
        first = steps[0]
        even = (np.abs(steps - first) <= 1e-3 * np.abs(first)).all(axis=0) & (first != 0)
        if even.any():
            raise ValueError(
                f"{label}: {names[int(even.argmax())]} grows by {first[even][0]:g} in "
                f"every frame, as a time or frame number does; call it '{TIME}' in source.names, "
                "or leave it out by source.columns"
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
        if not self._states:
            return
        wrong = (block != np.floor(block)) | (block < 0) | (block > MAX_LABEL)
        if wrong.any():
            row = int(wrong.any(axis=1).argmax())
            raise ValueError(
                f"{label}: frame {frames + row + 1}: {block[row, 0]:g} is no state; states are "
                f"whole numbers from 0 to {MAX_LABEL} (cut the trajectory where it has none)"
            )

    def _remember(self, label: str, digest: _Digest) -> None:
        twin = self._seen.setdefault(digest.digest, label)
        if twin != label and (not self._states or digest.jumps >= FEW_JUMPS):
            raise ValueError(
                f"{label} and {twin} hold the same frames; give each trajectory once, or training "
                "and validation overlap"
            )
        first = not self._low.size
        self._low = digest.low if first else np.minimum(self._low, digest.low)
        self._high = digest.high if first else np.maximum(self._high, digest.high)
        if not digest.jumps and not self._states:
            log.warning("%s: all frames are the same; is the file whole?", label)

    def finish(self) -> str:
        """Checks that need all trajectories; a checksum of their content."""
        still = np.equal(self._low, self._high)
        constant = [n for n, c in zip(self.names, still, strict=True) if c]
        if len(constant) == len(self.names):
            what = "one state" if self._states else "constant features only"
            raise ValueError(f"{self._first_label} and the others hold {what}: nothing to learn")
        if constant:
            log.warning("constant in all trajectories: %s; TICA will refuse them", constant)
        for name, period, low, high in zip(
            self.names, self.periods, self._low, self._high, strict=True
        ):
            _refuse_wrong_angle(name, period, float(low), float(high))
            unit = _undeclared_angle(period, float(low), float(high))
            if unit is not None:
                log.warning(
                    "%s goes from %.4g to %.4g, as an angle in %s does, and is cut open there; "
                    "say 'source: periods: {%s: %s}' if it is one",
                    *(name, low, high, unit, name, unit),
                )
        return hashlib.sha256("".join(self._seen).encode()).hexdigest()


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
        total = 0
        for number, table in enumerate(importer.tables(list(files)), start=1):
            frames = writer.add(importer.blocks(table), table.label)
            total += frames
            log.info("%d: %s, %d frames", number, table.label, frames)
        checksum = importer.finish()
        log.info("%d frames, %g %s", total, total * frame_interval, time_unit)
        writer.describe(
            frame_interval=frame_interval,
            time_unit=time_unit,
            feature_names=importer.names,
            periods=importer.periods,
            checksum=checksum,
            state_labels=sorted(importer.labels),
        )

"""Trajectories that are copies or parts of one another, found by what they hold.

A frame that stands in two trajectories may be trained on in the one and validated on in the other.
Each trajectory is read as visits: a frame, and for how long it stays the same. A window is a few
visits in a row, so many that two are seldom alike by chance, and is kept as one 64-bit number.
Of many windows only those are kept whose number ends in enough zeros, in all trajectories the
same, so that memory is bounded and a long overlap is met all the same.

Windows that agree show visits that two trajectories share. Each visit is worth its surprise in
bits, and the two are refused if they share more bits than chance explains in so many pairs of
places. A trajectory that repeats itself shows what chance can do, so that pulses of a steady rate
are no overlap.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import NamedTuple

import numpy as np

from raremd.data.state_copies import counted, is_no_chance

WINDOW_DIGITS = 30
"""Binary digits of a window: one for each visit, and those of the change of its length."""
MARGIN = 32.0
"""Bits beyond those that chance explains."""
SLACK = 4.0
"""Bits of chance by which the longest repeat in a trajectory may fall short of the expected."""
MOST_SCALE = 8.0
"""A longer repeat, met once within a trajectory, is no chance but a copy."""
MOST_WINDOWS = 1 << 21
"""Kept of all trajectories together, at 44 bytes each."""
FEW_JUMPS = 20
"""Whole trajectories with fewer jumps may be equal by chance, if few or short stays are whole."""
OWN_SHARE = 0.25
"""A shorter part of a trajectory may come again in one that swings."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_SPREAD = np.uint64(0xBF58476D1CE4E5B9)
_COUNTERS = 1 << 16
_PARTS = 256  # of a bit, so that surprise is counted in whole numbers
_MOST_PARTS = 64 * _PARTS


def _mixed(values: np.ndarray) -> np.ndarray:
    """Spread the bits of 64-bit numbers, as splitmix64 does (Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * _SPREAD
    return values ^ (values >> np.uint64(27))


def _frame_numbers(block: np.ndarray) -> np.ndarray:
    """A number for each frame, (n,) uint64, of an (n, d) float32 block."""
    bits = np.ascontiguousarray(block + np.float32(0)).view(np.uint32)  # -0 becomes 0
    factors = _mixed(np.arange(1, bits.shape[1] + 1, dtype=np.uint64) * _FACTOR) | np.uint64(1)
    return _mixed(bits.astype(np.uint64) @ factors)


def _sums(values: np.ndarray) -> np.ndarray:
    """Sums of the first 0, 1, ... values."""
    return np.concatenate([np.zeros(1, values.dtype), np.cumsum(values, dtype=values.dtype)])


class _Windows(NamedTuple):
    """Windows of visits: their number, trajectory, first frame and the frame behind the last.

    The last two columns are the surprise of the trajectory up to the window and up to its end.
    """

    key: np.ndarray
    trajectory: np.ndarray
    first: np.ndarray
    stop: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def taken(self, rows: np.ndarray) -> _Windows:
        return _Windows(*(column[rows] for column in self))


class _Trail:
    """A trajectory that streams by: its windows of visits, its digest and its jumps.

    `counts` are those of all visits so far by part of their number, and their sum; all trajectories
    add to them.
    """

    def __init__(self, number: int, counts: np.ndarray) -> None:
        self._number, self._counts = number, counts
        self._digest = hashlib.sha256()
        self.frames = self.jumps = 0
        self.lengths: Counter[int] = Counter()  # of whole stays
        self._run = np.empty((2, 0), np.uint64)  # number and first frame of the unfinished visit
        # The visits with which no whole window begins: number, first frame, stop, digits and the
        # surprise before each; and the surprise of all visits.
        self._open = [np.empty(0, dtype) for dtype in (np.uint64, *4 * (np.int64,))]
        self._surprise = 0

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def add(self, block: np.ndarray, mask: np.uint64) -> _Windows:
        """Windows that end in the next (n, d) frames; their numbers share no bit with the mask."""
        self._digest.update(np.ascontiguousarray(block).tobytes())
        numbers = np.concatenate([self._run[0], _frame_numbers(block)])
        begins = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
        firsts = begins + (self.frames - self._run.shape[1])
        if self._run.shape[1]:
            firsts[0] = self._run[1, 0]
        self.frames += len(block)
        self.jumps += len(begins) - 1
        self.lengths.update(counted(np.diff(firsts)))
        numbers = numbers[begins]
        self._run = np.stack([numbers[-1:], firsts[-1:].astype(np.uint64)])
        return self._windows(numbers[:-1], firsts[:-1], firsts[1:], mask)

    def end(self, mask: np.uint64) -> _Windows:
        """Windows that end with the last visit."""
        firsts = self._run[1].astype(np.int64)
        return self._windows(self._run[0], firsts, np.array([self.frames]), mask)

    def _windows(
        self, numbers: np.ndarray, firsts: np.ndarray, stops: np.ndarray, mask: np.uint64
    ) -> _Windows:
        old = len(self._open[0])
        number, first, stop = map(np.append, self._open[:3], (numbers, firsts, stops))
        length, n = stop - first, len(number)
        # Of two states one returns with the last visit but one: a steady rate shows there.
        change = np.zeros(n, np.float32)
        change[2:] = np.abs(length[2:] - length[:-2])
        digits = 1 + np.frexp(change)[1]
        digits[:old] = self._open[3]
        tokens = _mixed(number * _FACTOR + length.astype(np.uint64))
        most = np.full(n, _MOST_PARTS)
        most[2:] = np.where(number[2:] == number[:-2], _PARTS * (2 * digits[2:] - 1), _MOST_PARTS)
        sums = _sums(np.minimum(self._surprises(tokens[old:]), most[old:])) + self._surprise
        before, self._surprise = np.append(self._open[4], sums), int(sums[-1])

        # The first two visits of a window count for nothing: what they changed from is outside.
        total = _sums(digits)
        wanted = total[2:] + WINDOW_DIGITS
        whole = int(np.searchsorted(wanted, total[-1], side="right"))
        ends = np.repeat(np.arange(1, n + 1, dtype=np.int32), digits)[wanted[:whole] - 1]
        hashes = _sums(tokens * np.cumprod(np.full(n, _FACTOR)))
        keys = _mixed((hashes[ends] - hashes[:whole]) * np.cumprod(np.full(whole, _INVERSE)))
        self._open = [x[whole:n].copy() for x in (number, first, stop, digits, before)]
        kept = np.flatnonzero((keys & mask) == 0) if mask else slice(whole)
        ends, trajectory = ends[kept], np.full(len(keys[kept]), self._number, np.int32)
        return _Windows(
            keys[kept], trajectory, first[kept], stop[ends - 1], before[kept], before[ends]
        )

    def _surprises(self, tokens: np.ndarray) -> np.ndarray:
        """How rare visits are among all so far, these included, in parts of a bit.

        Half of all could stand here, for two states take turns.
        """
        slots = (tokens >> np.uint64(48)).view(np.int64)
        np.add.at(self._counts, slots, 1)
        self._counts[_COUNTERS] += len(slots)
        half = np.float32(self._counts[_COUNTERS] / 2)
        bits = np.log2(half / self._counts[slots].astype(np.float32))
        return np.maximum(_PARTS * bits, 0).astype(np.int64)


class _Runs(NamedTuple):
    """Runs of visits that stand in two places, and their surprise in bits.

    `places` is (3, n): the two trajectories and by how many frames the second place is later.
    """

    places: np.ndarray
    first: np.ndarray
    stop: np.ndarray
    bits: np.ndarray


def _shared_runs(windows: _Windows) -> _Runs:
    """Join the windows that agree where they overlap in both places."""
    found = windows.taken(np.argsort(windows.key, kind="stable"))
    same = np.flatnonzero(found.key[1:] == found.key[:-1])
    one, other = found.taken(same), found.taken(same + 1)
    places = np.stack([one.trajectory, other.trajectory, other.first - one.first])
    order = np.lexsort((one.first, *places[::-1]))
    one, other, places = one.taken(order), other.taken(order), places[:, order]
    begins = np.ones(len(order), bool)
    begins[1:] = (places[:, 1:] != places[:, :-1]).any(axis=0) | (one.first[1:] > one.stop[:-1])
    starts, ends = np.flatnonzero(begins), np.flatnonzero(np.roll(begins, -1))
    # The later trajectory's surprise, for more visits were known by then.
    bits = (other.after[ends] - other.before[starts]) / _PARTS
    return _Runs(places[:, starts], one.first[starts], one.stop[ends], bits)


def _scale(runs: _Runs, chance: float) -> float:
    """Bits of surprise for a bit of chance, which brings `chance` within trajectories."""
    own = runs.places[0] == runs.places[1]
    endless = own & (runs.stop - runs.first > runs.places[2])
    second, longest = np.sort(np.append([0.0, 0.0], runs.bits[own]))[-2:]
    steady = max(second, runs.bits[endless].max(initial=0))
    return max(1.0, min(MOST_SCALE, longest / chance), steady / chance)


class Overlaps:
    """Takes note of trajectories as they stream by, and refuses those that share frames."""

    def __init__(self) -> None:
        self._labels: list[str] = []
        self._trails: list[_Trail] = []
        self._kept: list[_Windows] = []
        self._count, self._mask = 0, np.uint64(0)
        self._counts = np.zeros(_COUNTERS + 1, np.int64)

    def begin(self, label: str) -> None:
        """The frames that follow are those of another trajectory."""
        self.end()
        self._labels.append(label)
        self._trails.append(_Trail(len(self._trails), self._counts))

    def add(self, block: np.ndarray) -> None:
        """The next (n, d) float32 frames, n at least 1."""
        self._keep(self._trails[-1].add(block, self._mask))

    def end(self) -> None:
        """The last frames of a trajectory were added."""
        if self._trails and self._trails[-1].frames:
            self._keep(self._trails[-1].end(self._mask))

    def _keep(self, windows: _Windows) -> None:
        self._kept.append(windows)
        self._count += len(windows.key)
        while self._count > MOST_WINDOWS:
            self._mask = self._mask << np.uint64(1) | np.uint64(1)
            self._kept = [w.taken((w.key & self._mask) == 0) for w in self._kept]
            self._count = sum(len(w.key) for w in self._kept)

    def check(self) -> None:
        """All trajectories were added.

        Raises
        ------
        ValueError
            Naming two trajectories that share frames, and which.
        """
        self.end()
        seen: dict[str, int] = {}
        for number, trail in enumerate(self._trails):
            twin = seen.setdefault(trail.digest, number)
            many = trail.jumps >= min(FEW_JUMPS, max(1, trail.frames - 1))
            if twin != number and (many or is_no_chance(trail.lengths, len(self._trails))):
                raise ValueError(
                    f"{self._labels[number]} and {self._labels[twin]} hold the same frames; give "
                    "each trajectory once, or training and validation overlap"
                )
        if self._kept:
            columns = map(np.concatenate, zip(*self._kept, strict=True))
            runs = _shared_runs(_Windows(*columns))
            self._refuse(runs)
            self._refuse_own(runs)

    def _refuse(self, runs: _Runs) -> None:
        """Refuse the two trajectories that share most."""
        visits = np.array([trail.jumps + 1.0 for trail in self._trails])
        left_out = int(self._mask).bit_count()
        chance = max(0.0, np.log2(visits.sum() ** 2 / 2) - left_out)
        within = max(1.0, np.log2((visits**2).sum() / 2) - left_out - SLACK)
        # Half of the chance is where a run stands in the one, so further runs at the same shift
        # have that half only.
        gains = runs.bits / _scale(runs, within) - chance / 2
        good = (runs.places[0] != runs.places[1]) & (gains > 0)
        if not good.any():
            return
        shared, which = np.unique(runs.places[:, good], axis=1, return_inverse=True)
        totals = np.bincount(which.reshape(-1), gains[good])
        most = int(totals.argmax())
        if totals[most] <= chance / 2 + MARGIN:
            return
        mine = np.flatnonzero(good)[which.reshape(-1) == most]
        one, other, shift = shared[:, most]
        first, stop = runs.first[mine].min(), runs.stop[mine].max()
        raise ValueError(
            f"{self._labels[other]}: frames {first + shift + 1} to {stop + shift} are frames "
            f"{first + 1} to {stop} of {self._labels[one]}; give each frame once, or training "
            "and validation overlap"
        )

    def _refuse_own(self, runs: _Runs) -> None:
        """Refuse a trajectory that holds a large part of itself once more.

        What repeats more often, or overlaps its own repeat, moves in a rhythm.
        """
        own = runs.places[0] == runs.places[1]
        for number in np.unique(runs.places[0, own]):
            mine = np.flatnonzero(own & (runs.places[0] == number))
            longest = int(mine[runs.bits[mine].argmax()])
            second = np.delete(runs.bits[mine], runs.bits[mine].argmax()).max(initial=0)
            first, stop, shift = runs.first[longest], runs.stop[longest], runs.places[2, longest]
            chance = 2 * np.log2(self._trails[number].jumps + 1)
            whole = OWN_SHARE * self._trails[number].frames <= stop - first <= shift
            if whole and runs.bits[longest] > 2 * second + chance + MARGIN:
                raise ValueError(
                    f"{self._labels[number]}: frames {first + shift + 1} to {stop + shift} are "
                    f"frames {first + 1} to {stop} again, as where files were joined; give each "
                    "frame once"
                )

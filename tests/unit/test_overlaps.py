"""Trajectories that share few long stays are refused; regular ones that share none pass."""

from __future__ import annotations

import re

import numpy as np
import pytest
from independent import INDEPENDENT, SEEDS, chain, found, pulses, stays

from raremd.data import overlaps


def part(rng, states, n_whole):
    """Frames that hold so many whole stays, and parts of those beside them: start and stop."""
    jumps = np.flatnonzero(np.diff(states)) + 1
    k = int(rng.integers(1, len(jumps) - n_whole - 1))
    start = jumps[k] - int(rng.integers(1, jumps[k] - jumps[k - 1] + 1))
    return start, int(jumps[k + n_whole]) + 1


PLACES = {
    "a file of its own": lambda shared, before, after: [shared],
    "prefix": lambda shared, before, after: [shared, after],
    "suffix": lambda shared, before, after: [before, shared],
    "middle": lambda shared, before, after: [before, shared, after],
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("timescale", "n_states"), [(30, 2), (100, 2), (300, 2), (100, 3)])
def test_few_long_stays_that_are_shared(timescale, n_states, place):
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        sizes = [200 * timescale, 150 * timescale, 250 * timescale]
        given = [chain(rng, timescale, n, n_states) for n in sizes]
        start, stop = part(rng, given[1], 12)
        sides = [chain(rng, timescale, n * timescale, n_states) for n in (10, 90)]
        pieces = PLACES[place](given[1][start:stop], *sides)
        shift = len(pieces[0]) - start if pieces[0] is sides[0] else -start
        said = found([*given, np.concatenate(pieces)])
        assert said.startswith("t3: frames") and " of t1;" in said, (seed, said)
        first, last, of_first, of_last = map(int, re.findall(r"\d+", said.replace("t3", ""))[:4])
        assert first - of_first == last - of_last == shift
        assert start < of_first < of_last <= stop + 1


def test_few_stays_may_be_equal_by_chance():
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        given = [chain(rng, 100, 20_000) for _ in range(3)]
        start, stop = part(rng, given[1], 3)
        assert not found([*given, given[1][start:stop]]), seed


@pytest.mark.parametrize("kind", INDEPENDENT)
def test_independent_trajectories_are_no_overlap(kind):
    refused = {s: found(INDEPENDENT[kind](np.random.default_rng(s))) for s in range(SEEDS)}
    assert not any(refused.values()), refused


def test_a_continuation_may_begin_with_the_last_frame():
    whole = chain(np.random.default_rng(1), 30, 15_000)
    assert not found([whole[:5001], whole[5000:10_001], whole[10_000:]])


def test_an_overlap_of_steady_pulses_is_told_if_it_is_long():
    rng = np.random.default_rng(1)
    given = [pulses(rng, 800, 1) for _ in range(4)]
    shared = given[1][10_000:30_000]
    assert " of t1;" in found([*given, np.concatenate([pulses(rng, 100, 1), shared])])


def test_a_copy_within_one_file_hides_no_overlap():
    rng = np.random.default_rng(1)
    given = [chain(rng, 30, 60_000) for _ in range(3)]
    given[0] = np.concatenate([given[0], given[0][1000:21_000]])
    assert " of t1;" in found([*given, given[1][:20_000]])


def test_long_overlaps_are_met_though_few_windows_are_kept(monkeypatch):
    monkeypatch.setattr(overlaps, "MOST_WINDOWS", 500)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        given = [chain(rng, 10, 100_000) for _ in range(3)]
        assert not found(given)
        assert " of t1;" in found([*given, given[1][30_000:80_000]])


def test_signs_of_zeros_hide_no_overlap():
    values = np.random.default_rng(1).normal(size=(3000, 2)).astype(np.float32)
    values[:, 1] = 0.0
    copy = values[1000:2500] * np.array([1, -1], np.float32)
    seen = overlaps.Overlaps()
    for label, part in (("a", values), ("b", copy)):
        seen.begin(label)
        seen.add(part)
    with pytest.raises(ValueError, match="b: frames 1 to 1500 are frames 1001 to 2500 of a"):
        seen.check()


def windows_of(states, block):
    """Key by first frame and the frame behind the last."""
    trail, kept = overlaps._Trail(0, np.zeros(overlaps._COUNTERS + 1, np.int64)), {}
    blocks = [states[k : k + block, None] for k in range(0, len(states), block)]
    for windows in [trail.add(b, np.uint64(0)) for b in blocks] + [trail.end(np.uint64(0))]:
        for key, first, stop in zip(windows.key, windows.first, windows.stop, strict=True):
            kept[int(first), int(stop)] = int(key)
    return kept


def test_windows_do_not_depend_on_blocks_nor_on_what_stands_before():
    rng = np.random.default_rng(1)
    lengths = np.where(rng.random(200) < 0.5, rng.geometric(0.5, 200), rng.geometric(0.05, 200))
    states = stays(lengths).astype(np.float32)
    edges = np.concatenate([[0], np.cumsum(lengths)])
    expected = []
    for k in range(200):
        digits = 0
        for j in range(k + 2, 200):
            digits += 1 + int(abs(lengths[j] - lengths[j - 2])).bit_length()
            if digits >= overlaps.WINDOW_DIGITS:
                expected.append((edges[k], edges[j + 1]))
                break
    whole = windows_of(states, len(states))
    assert list(whole) == expected and len(set(whole.values())) == len(whole)
    for block in (1, 7, 100, 500):
        assert windows_of(states, block) == whole
    cut = edges[100] - 1  # in the middle of a stay
    later = windows_of(states[cut:], 64)
    for (first, stop), key in list(later.items())[1:]:
        assert whole[first + cut, stop + cut] == key

"""Discrete trajectories that hold another's frames; few jumps at equal times are no chance."""

from __future__ import annotations

import os

import numpy as np
import pytest
from independent import INDEPENDENT, chain, found
from own_files import imported, refused

from raremd.data.state_copies import StateCopies
from raremd.data.state_numbers import refuse_overlaps


def said(trajectories, block=1 << 16):
    """The message that refuses them, or none."""
    copies = StateCopies()
    for states in trajectories:
        for start in range(0, len(states), block):
            copies.add(states[start : start + block], start == 0)
    try:
        copies.check([f"t{n}" for n in range(len(trajectories))])
    except ValueError as error:
        return str(error)
    return ""


def jumping(rng, n_frames, n_jumps):
    """Two states, with jumps anywhere."""
    jumps = np.sort(rng.choice(np.arange(1, n_frames), n_jumps, replace=False))
    return np.isin(np.arange(n_frames), jumps).cumsum() % 2


@pytest.mark.parametrize("n_jumps", [4, 6, 9, 12, 30])
def test_copies_with_few_jumps(n_jumps):
    rng = np.random.default_rng(0)
    given = [jumping(rng, 50_000, n_jumps) for _ in range(4)]
    assert not found(given)
    assert "t4 and t1 hold the same frames" in found([*given, given[1]])


@pytest.mark.parametrize("lengths", [[], [3], [4, 9], [2, 5, 1, 1, 3]])
def test_fast_relaxation_and_then_rest_may_be_equal_by_chance(lengths):
    states = np.repeat(np.arange(len(lengths) + 1) % 2, [*lengths, 20_000])
    assert not found([states, states])


@pytest.mark.parametrize("timescale", [1, 5, 100])
@pytest.mark.parametrize("block", [701, 1 << 16])  # no multiple of any stride
@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda c: c[::-1], "the frames, backwards,"),
        (lambda c: c[::2], "one frame in 2"),
        (lambda c: c[::10], "one frame in 10"),
    ],
)
def test_copies_backwards_and_of_every_kth_frame(timescale, block, change, what):
    rng = np.random.default_rng(1)
    given = [chain(rng, timescale, n) for n in (20_000, 19_990, 9_000)]
    assert not said(given, block)
    message = said([*given, change(given[1])], block)
    assert message.startswith(f"t3 holds {what} of t1;")


def test_blocks_and_files_and_the_library(folder):
    rng = np.random.default_rng(2)
    given = [chain(rng, 30, 20_000, 3) for _ in range(3)]
    for number, states in enumerate([*given, given[1][::5]]):
        np.save(f"{number}.npy", states)
    refused("*.npy", "3.npy holds one frame in 5 of 1.npy", kind="dtraj")
    with pytest.raises(ValueError, match="b holds the frames, backwards, of a;"):
        refuse_overlaps([given[0], given[0][::-1]], ["a", "b"])


@pytest.mark.parametrize("kind", INDEPENDENT)
def test_independent_trajectories_are_no_copies(kind):
    for seed in range(5):
        given = INDEPENDENT[kind](np.random.default_rng(seed))
        if not any((x % 1).any() for x in given):
            assert not said(given), seed


@pytest.mark.parametrize(("timescale", "n_states"), [(5, 2), (30, 2), (300, 2), (100, 5)])
def test_a_trajectory_that_stands_twice_in_its_file(timescale, n_states):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        given = [chain(rng, timescale, 100 * timescale, n_states) for _ in range(3)]
        assert not found(given)
        twice = found([*given[:2], np.concatenate([given[2], given[2]])])
        assert twice.startswith("t2: frames ") and "again" in twice, seed
        own = np.concatenate([given[0], given[1], given[0]])
        assert found([own]).startswith("t0: frames ")


def test_a_link_to_another_file_is_the_same_file(folder):
    np.save("a.npy", np.repeat([0, 1], 500))
    np.save("b.npy", np.repeat([1, 0], 400))
    os.symlink("a.npy", "c.npy")
    refused("*.npy", "c.npy: the same file as a.npy", kind="dtraj")
    assert len(imported(["a.npy", "b.npy"], kind="dtraj").trajectories) == 2

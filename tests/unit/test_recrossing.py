"""Recrossing removal: hand-made trajectories, plain references, msmhelper."""

from __future__ import annotations

import msmhelper
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from raremd.states.recrossing import (
    REMOVAL,
    core_sets,
    dynamical_coring,
    minimum_dwell,
    remove_recrossings,
)

BOUNDED = settings(max_examples=200, deadline=None, derandomize=True)


def states(text: str) -> np.ndarray:
    return np.array([-1 if c == "-" else int(c) for c in text], dtype=np.int16)


@st.composite
def dtrajs(draw, low: int = 0):
    """Runs of random length, so that both short and long visits are common."""
    visits = draw(st.lists(st.tuples(st.integers(low, 3), st.integers(1, 7)), min_size=1))
    return np.repeat(*np.array(visits, dtype=np.int16).T).astype(np.int16)


def visit_list(dtraj) -> list[list[int]]:
    cuts = np.flatnonzero(np.diff(dtraj)) + 1
    return [[int(run[0]), len(run)] for run in np.split(dtraj, cuts)]


def plain_minimum_dwell(dtraj, tau):
    """The rule word for word: take the shortest visit, the earliest of equals, until none."""
    visits = visit_list(dtraj)
    while len(visits) > 1:
        k = min(range(len(visits)), key=lambda i: (visits[i][1], i))
        length = visits[k][1]
        if length >= tau:
            break
        if k == 0:
            visits[1][1] += length
        elif k == len(visits) - 1:
            visits[k - 1][1] += length
        elif visits[k - 1][0] == visits[k + 1][0]:
            visits[k - 1][1] += length + visits[k + 1][1]
            del visits[k + 1]
        else:
            visits[k - 1][1] += (length + 1) // 2
            visits[k + 1][1] += length // 2
        del visits[k]
    return np.concatenate([[state] * length for state, length in visits])


def plain_dynamical_coring(dtraj, tau):
    held = [
        i + tau <= len(dtraj) and all(dtraj[i : i + tau] == dtraj[i]) for i in range(len(dtraj))
    ]
    core = dtraj[held.index(True)]
    result = []
    for state, accepted in zip(dtraj, held, strict=True):
        core = state if accepted else core
        result.append(core)
    return np.array(result)


@pytest.mark.parametrize(
    ("before", "tau", "after"),
    [
        ("0001000", 2, "0000000"),  # between two visits of one state
        ("0001222", 2, "0000222"),  # the odd frame goes to the earlier state
        ("00011222", 3, "00002222"),  # split in the middle
        ("1000222", 2, "0000222"),  # leading
        ("0002221", 2, "0002222"),  # trailing
        ("0", 5, "0"),  # one visit is left, however short
        ("000", 5, "000"),
        ("00011000111", 3, "00000000111"),
        ("0010111", 2, "0000111"),  # the earlier single frame goes first, the later has grown
        ("0001110110222", 3, "0001111111222"),  # 0 joins 1, so the second 1 survives
        ("0101010", 1, "0101010"),
        ("", 3, ""),
    ],
)
def test_minimum_dwell_by_hand(before, tau, after):
    result = minimum_dwell(states(before), tau)
    assert result.dtype == np.int16
    np.testing.assert_array_equal(result, states(after))


@given(dtrajs(), st.integers(1, 9))
@BOUNDED
def test_minimum_dwell_agrees_with_the_rule_word_for_word(dtraj, tau):
    np.testing.assert_array_equal(minimum_dwell(dtraj, tau), plain_minimum_dwell(dtraj, tau))


@given(dtrajs(), st.integers(1, 9))
@BOUNDED
def test_minimum_dwell_leaves_no_short_visit_and_is_idempotent(dtraj, tau):
    once = minimum_dwell(dtraj, tau)
    assert len(once) == len(dtraj)
    lengths = [length for _, length in visit_list(once)]
    assert min(lengths) >= tau or len(lengths) == 1
    np.testing.assert_array_equal(minimum_dwell(once, tau), once)


@pytest.mark.parametrize(
    ("before", "tau", "after"),
    [
        ("000011222110000", 4, "000000000000000"),  # non-iterative; iterative gives 0 and 2
        ("0001000", 2, "0000000"),
        ("0001112", 3, "0001111"),  # a shorter visit at the end is overwritten
        ("2001110", 3, "1111111"),  # leading frames take the first core
        ("0101010", 1, "0101010"),
        ("000111", 3, "000111"),  # held exactly for tau frames, up to the last
    ],
)
def test_dynamical_coring_by_hand(before, tau, after):
    result = dynamical_coring(states(before), tau)
    assert result.dtype == np.int16
    np.testing.assert_array_equal(result, states(after))


@given(dtrajs(), st.integers(1, 7))
@BOUNDED
def test_dynamical_coring_agrees_with_msmhelper_and_plain_python(dtraj, tau):
    assume(max(length for _, length in visit_list(dtraj)) >= tau)
    cored = dynamical_coring(dtraj, tau)
    np.testing.assert_array_equal(cored, plain_dynamical_coring(dtraj, tau))
    peer = msmhelper.md.dynamical_coring([dtraj.astype(np.int64)], tau, iterative=False)
    np.testing.assert_array_equal(cored, peer.trajs[0])
    np.testing.assert_array_equal(dynamical_coring(cored, tau), cored)


def test_coring_without_a_core_is_refused():
    with pytest.raises(ValueError, match="no state is held for 3 frames"):
        dynamical_coring(states("001122"), 3)
    assert len(dynamical_coring(states(""), 3)) == 0


@given(dtrajs(), st.integers(1, 7), st.permutations(range(4)))
@BOUNDED
def test_state_numbers_are_mere_names(dtraj, tau, names):
    names = np.array(names, dtype=np.int16)
    np.testing.assert_array_equal(
        minimum_dwell(names[dtraj], tau), names[minimum_dwell(dtraj, tau)]
    )
    if max(length for _, length in visit_list(dtraj)) >= tau:
        np.testing.assert_array_equal(
            dynamical_coring(names[dtraj], tau), names[dynamical_coring(dtraj, tau)]
        )


@pytest.mark.parametrize("removal", [minimum_dwell, dynamical_coring])
def test_strided_and_read_only_input_is_left_as_it_was(removal):
    long = np.repeat(states("000102211"), 4)
    long.flags.writeable = False
    kept = long.copy()
    np.testing.assert_array_equal(removal(long[::2], 3), removal(long[::2].copy(), 3))
    np.testing.assert_array_equal(long, kept)


def test_core_sets_by_hand():
    np.testing.assert_array_equal(core_sets(states("--0--1-0-2-")), states("00000110022"))
    with pytest.raises(ValueError, match="no frame lies in a core"):
        core_sets(states("---"))


@given(dtrajs(low=-1))
@BOUNDED
def test_core_sets_agree_with_plain_python(labels):
    assume((labels >= 0).any())
    core = labels[labels >= 0][0]
    expected = []
    for label in labels:
        core = label if label >= 0 else core
        expected.append(core)
    np.testing.assert_array_equal(core_sets(labels), expected)


def test_each_trajectory_is_treated_by_itself():
    pieces = [states("0001"), states("1110")]
    cored = remove_recrossings(pieces, "dynamical_coring", 2)
    assert [c.tolist() for c in cored] == [[0, 0, 0, 0], [1, 1, 1, 1]]
    dwelled = remove_recrossings(pieces, "minimum_dwell", 2)
    assert [d.tolist() for d in dwelled] == [[0, 0, 0, 0], [1, 1, 1, 1]]
    untouched = remove_recrossings(pieces, "none", 2)
    assert [u.tolist() for u in untouched] == [p.tolist() for p in pieces]
    cores = remove_recrossings([states("0-1"), states("-22")], "core_sets")
    assert [c.tolist() for c in cores] == [[0, 0, 1], [2, 2, 2]]


@pytest.mark.parametrize(
    ("pieces", "method", "tau", "message"),
    [
        (["00"], "coring", 2, "'coring' is none of none, minimum_dwell, dynamical_coring"),
        (["000", "0101"], "dynamical_coring", 2, "trajectory 2: no state is held for 2 frames"),
        (["00"], "minimum_dwell", 0, "recrossing time is 0 frames"),
        (["00"], "dynamical_coring", 1.5, "recrossing time is 1.5 frames"),
        (["0-1"], "minimum_dwell", 2, "-1 is for core_sets only"),
        (["001"], "core_sets", 2, "core_sets needs labels of -1"),
        (["0-", "--"], "core_sets", 2, "trajectory 2: no frame lies in a core"),
    ],
)
def test_errors_name_the_cause(pieces, method, tau, message):
    with pytest.raises(ValueError, match=message):
        remove_recrossings([states(piece) for piece in pieces], method, tau)


def test_only_one_dimensional_integers_are_accepted():
    for bad in (np.zeros((3, 1), dtype=np.int16), np.zeros(3)):
        for method in set(REMOVAL) - {"none", "core_sets"}:
            with pytest.raises(ValueError, match="one-dimensional and integer"):
                remove_recrossings([bad], method, 2)

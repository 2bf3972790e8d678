"""What the leaderboard reads of a cell beside the comparison, on chains whose answers are known."""

import numpy as np
import pytest
from chains import double_well, sample_chain

from raremd.analysis.leaderboard_rows import committor_rows, extended, extended_rows
from raremd.io.storage import write_arrays
from raremd.kinetics.committor import counted_committor
from raremd.kinetics.timescales import count_matrix, estimate, timescales
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import split_frames

CHAIN = double_well(9, 3.0)
OF_STATE = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2], np.int16)
ENDS = np.array([-1, 0, 0, 0, 0, 0, 0, 0, 1], np.int8)


def system(seeds, n_sets):
    """So many trajectories, of which each second one validates."""
    md = [sample_chain(CHAIN, 60_000, seed) for seed in seeds]
    split = split_frames(list(map(len, md)), 0.5, 0)
    return DiscreteSystem(9, 1, md, [], [], [], split, n_sets)


def test_frames_after_the_last_end_tell_nothing():
    paths = [np.array([1, 0, 1, 2, 3, 2, 1]), np.array([2, 2])]
    assert counted_committor(paths, np.array([-1, 0, 0, 1])).tolist() == [0, 0.5, 1, 1]
    assert np.isnan(counted_committor([np.array([1, 1])], np.array([-1, 0, 1]))).all()


def test_counted_committor_of_a_markov_chain():
    inner = ENDS == 0
    exact = (ENDS > 0).astype(float)
    exact[inner] = np.linalg.solve(
        np.eye(inner.sum()) - CHAIN[np.ix_(inner, inner)], CHAIN[inner] @ exact
    )
    found = counted_committor([sample_chain(CHAIN, 400_000, 1)], ENDS)
    assert found == pytest.approx(exact, abs=0.03)


def test_methods_that_extend_short_lags_are_right_at_the_long_one():
    toy = system(range(4), 1)
    dtrajs = [toy.md[s.trajectory] for s in toy.split.training]
    wanted = estimate(count_matrix([OF_STATE[t] for t in dtrajs], 3, 60)).transition_matrix
    found = extended(dtrajs, 9, OF_STATE, 60)
    assert sorted(found) == ["hummer_szabo", "micro_to_macro", "qmsm"]
    for model in found.values():
        assert np.abs(model.transition_matrix - wanted).max() < 0.06
        assert model.transition_matrix.sum(axis=1) == pytest.approx(1)
    assert extended(dtrajs, 9, OF_STATE, 20) == {}


def test_each_set_of_the_md_is_a_replicate_and_only_training_frames_count():
    rows = list(extended_rows(system(range(8), 2), OF_STATE, 2, 30))
    spoilt = system(range(8), 2)
    for segment in spoilt.split.validation:
        spoilt.md[segment.trajectory][:] = 4
    assert list(extended_rows(spoilt, OF_STATE, 2, 30)) == rows
    times = [r for r in rows if r.quantity == "yardstick_timescale" and r.i == 1]
    assert [r.replicate for r in times] == [1, 1, 1, 2, 2, 2]
    slow = timescales(CHAIN, 2, 1)[0] / 4  # a step is two frames; all rows in saved frames
    assert [r.value for r in times] == pytest.approx([slow] * 6, rel=0.4)
    assert {r.quantity for r in rows} == {
        "yardstick_timescale", "population", "transition_probability", "mfpt"
    }  # fmt: skip


def test_errors_of_committors_by_replicate(tmp_path):
    exact = np.array([0.0, 0.25, 0.75, 1.0])
    path = np.array([0, 1, 0, 1, 2, 3, 2, 1, 0], np.int16)
    write_arrays(tmp_path / "g.h5", {"replicate_1": path[None], "replicate_2": path[None, :6]})
    rows = list(committor_rows([path], {"lstm": tmp_path / "g.h5"}, exact))
    assert [(r.model, r.replicate) for r in rows] == [("reference", 0), ("lstm", 1), ("lstm", 2)]
    # State 1 goes to 0, 3 and 0, state 2 to 3 and 0; without the way back 0, 3 and 3.
    whole, first = ((1 / 3, 0.5), (0.5, 1.0))
    wanted = [np.sqrt(((a - 0.25) ** 2 + (b - 0.75) ** 2) / 2) for a, b in (whole, whole, first)]
    assert [r.value for r in rows] == pytest.approx(wanted)

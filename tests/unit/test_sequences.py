from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raremd.learning.windows import Windows
from raremd.states.recrossing import dynamical_coring, minimum_dwell
from raremd.states.split import (
    MINIMUM_TRAJECTORIES,
    Segment,
    at_interval,
    check_blocks,
    check_lengths,
    check_windows,
    split_frames,
    take,
    warn_of_short,
)

LENGTHS = st.lists(st.integers(1, 300), min_size=1, max_size=12)
FRACTION = st.floats(0.01, 0.59)


def labelled(lengths):
    """Trajectories whose every frame has a number of its own."""
    edges = np.cumsum([0, *lengths])
    return [np.arange(a, b, dtype=np.int16) for a, b in pairwise(edges)]


class TestSplit:
    @settings(deadline=None)
    @given(lengths=LENGTHS, fraction=FRACTION, gap=st.integers(0, 60))
    def test_parts_share_no_frame_and_keep_their_distance(self, lengths, fraction, gap):
        try:
            split = split_frames(lengths, fraction, gap)
        except ValueError as error:
            assert len(lengths) < MINIMUM_TRAJECTORIES
            assert "too short" in str(error)
            return
        used = [np.zeros(n, int) for n in lengths]
        for segment in split.training + split.validation:
            assert 0 <= segment.start < segment.stop <= lengths[segment.trajectory]
            used[segment.trajectory][segment.start : segment.stop] += 1
        assert max(u.max() for u in used) == 1
        assert split.training and split.validation
        for t in split.training:
            for v in split.validation:
                if t.trajectory == v.trajectory:
                    assert v.start - t.stop == gap
        whole = {s.trajectory for s in split.training}.isdisjoint(
            s.trajectory for s in split.validation
        )
        assert whole <= (len(lengths) >= MINIMUM_TRAJECTORIES)
        assert sum(u.sum() for u in used) == sum(lengths) - gap * len(lengths) * (not whole)

    @settings(deadline=None)
    @given(n=st.integers(MINIMUM_TRAJECTORIES, 300), fraction=FRACTION)
    def test_many_trajectories_are_kept_whole_and_spread(self, n, fraction):
        split = split_frames(list(range(1, n + 1)), fraction, gap=10**6)
        for segment in split.training + split.validation:
            assert (segment.start, segment.stop) == (0, segment.trajectory + 1)
        assert len(split.training) + len(split.validation) == n
        assert len(split.validation) == max(1, round(fraction * n))
        chosen = np.array([s.trajectory for s in split.validation])
        if len(chosen) > 1:
            assert np.ptp(np.diff(chosen)) <= 2

    @pytest.mark.parametrize("place", [0, 3])
    def test_one_that_is_most_of_the_frames_is_not_held_out_whole(self, place):
        lengths = [400] * 6
        lengths.insert(place, 60_000)
        split = split_frames(lengths, 0.2, gap=10)
        held_out = sum(s.stop - s.start for s in split.validation)
        assert held_out == sum(lengths) / 5

    @pytest.mark.parametrize(
        ("frames", "whole"), [(400, False), (600, True), (2500, True), (3000, False)]
    )
    def test_trajectories_validate_whole_if_they_hold_about_their_share(self, frames, whole):
        """Two of ten, whose share of the frames may be from half to twice as large."""
        lengths = [1000] * 10
        lengths[2] = lengths[7] = frames
        found = split_frames(lengths, 0.2, 10)
        if whole:
            assert [(s.trajectory, s.start, s.stop) for s in found.validation] == [
                (2, 0, frames), (7, 0, frames),
            ]  # fmt: skip
        else:
            assert [s.trajectory for s in found.validation] == list(range(10))
            gaps = zip(found.training, found.validation, strict=True)
            assert {after.start - before.stop for before, after in gaps} == {10}

    def test_by_hand(self):
        split = split_frames([100, 50], 0.2, gap=5)
        assert split.training == (Segment(0, 0, 75), Segment(1, 0, 35))
        assert split.validation == (Segment(0, 80, 100), Segment(1, 40, 50))
        assert [s.trajectory for s in split_frames([9] * 10, 0.2, 0).validation] == [2, 7]

    @pytest.mark.parametrize(
        ("lengths", "fraction", "gap", "number"),
        [([100, 10], 0.2, 8, 2), ([1], 0.2, 0, 1), ([10, 100], 0.04, 0, 1)],
    )
    def test_too_short_names_the_trajectory(self, lengths, fraction, gap, number):
        with pytest.raises(ValueError, match=rf"^trajectory {number} with .*gap of {gap} frames"):
            split_frames(lengths, fraction, gap)


class TestTakeAndInterval:
    def test_take_gives_the_frames_of_each_segment(self):
        taken = take(labelled([10, 20]), (Segment(1, 3, 6), Segment(0, 8, 10)))
        assert [list(t) for t in taken] == [[13, 14, 15], [8, 9]]

    @settings(deadline=None)
    @given(
        cuts=st.lists(st.integers(0, 40), min_size=4, max_size=4),
        stride=st.integers(1, 9),
    )
    def test_slicing_starts_at_the_first_frame_of_each_segment(self, cuts, stride):
        a, b, c, d = sorted(cuts)
        segments = (Segment(0, a, b), Segment(1, c, d))
        found = at_interval(labelled([40, 40]), segments, stride, "none", 1)
        assert [list(f) for f in found] == [
            list(range(a, b, stride)),
            list(range(40 + c, 40 + d, stride)),
        ]

    @pytest.mark.parametrize(
        ("method", "rule"),
        [("minimum_dwell", minimum_dwell), ("dynamical_coring", dynamical_coring)],
    )
    def test_removal_comes_after_slicing_and_within_segments(self, method, rule):
        rng = np.random.default_rng(3)
        dtraj = np.repeat(rng.integers(3, size=300), rng.integers(1, 9, size=300)).astype(np.int16)
        segments = (Segment(0, 5, 400), Segment(0, 403, len(dtraj)))
        found = at_interval([dtraj], segments, 2, method, 3)
        wanted = [rule(dtraj[5:400:2].copy(), 3), rule(dtraj[403::2].copy(), 3)]
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(a, b)
        # The other order gives something else: the test can tell.
        assert not np.array_equal(found[0], rule(dtraj, 3)[5:400:2])

    def test_a_segment_does_not_see_its_neighbour(self):
        # The visit of two frames is long enough only together with the frames behind the cut.
        dtraj = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1], np.int16)
        (found,) = at_interval([dtraj], (Segment(0, 0, 6),), 1, "dynamical_coring", 3)
        assert list(found) == [0] * 6

    def test_errors_number_trajectories_not_segments(self):
        short = np.array([0, 1, 0, 1], np.int16)
        with pytest.raises(ValueError, match="trajectory 4: no state is held"):
            at_interval([short * 0] * 3 + [short], (Segment(3, 0, 4),), 1, "dynamical_coring", 3)


class TestWindows:
    @settings(deadline=None)
    @given(lengths=LENGTHS, length=st.integers(1, 40))
    def test_every_window_lies_within_one_trajectory_and_none_is_missed(self, lengths, length):
        trajectories = labelled(lengths)
        if max(lengths) <= length:
            with pytest.raises(ValueError, match=rf"^window: .* more than {length} frames"):
                Windows.of(trajectories, length)
            return
        windows = Windows.of(trajectories, length)
        found = windows.gather(windows.starts(np.arange(len(windows))))
        naive = [
            t[first : first + length + 1] for t in trajectories for first in range(len(t) - length)
        ]
        np.testing.assert_array_equal(found, np.array(naive))
        assert found.dtype == np.int64

    def test_gather_equals_a_loop(self):
        rng = np.random.default_rng(0)
        trajectories = [rng.integers(100, size=n).astype(np.int16) for n in (50, 7, 200)]
        windows = Windows.of(trajectories, 10)
        chosen = rng.choice(windows.starts(np.arange(len(windows))), 30)
        everything = np.concatenate(trajectories)
        for row, start in zip(windows.gather(chosen), chosen, strict=True):
            assert list(row) == [int(everything[start + k]) for k in range(11)]

    def test_draw_is_uniform_and_reproducible(self):
        windows = Windows.of(labelled([30, 14]), 4)
        drawn = windows.draw(36_000, np.random.default_rng(1))
        np.testing.assert_array_equal(drawn, windows.draw(36_000, np.random.default_rng(1)))
        starts, counts = np.unique(drawn[:, 0], return_counts=True)
        np.testing.assert_array_equal(starts, windows.starts(np.arange(len(windows))))
        assert abs(counts - 1000).max() < 5 * np.sqrt(1000)

    def test_spread_covers_the_data_without_repeats(self):
        windows = Windows.of(labelled([1000]), 9)
        first = windows.spread(7)[:, 0]
        assert first[0] == 0 and first[-1] == 990
        assert np.ptp(np.diff(first)) <= 1
        assert len(Windows.of(labelled([12]), 9).spread(100)) == 3


def test_lags_need_long_trajectories(caplog):
    with pytest.raises(ValueError, match="the longest is 100 frames and no trajectory is longer"):
        check_lengths([50, 100], 100)
    check_lengths([50, 101], 100)
    warn_of_short([50, 101], 100)
    assert "1 of 2 trajectories" in caplog.text


def test_one_block_of_training_data_is_refused():
    alone = split_frames([100], 0.2, gap=0)
    with pytest.raises(ValueError, match=r"block: 41 .* one trajectory of 80.* most 40 "):
        check_blocks(alone, 41)
    check_blocks(alone, 40)
    check_blocks(split_frames([100, 100], 0.2, gap=0), 1000)  # a trajectory is a block at least


@pytest.mark.parametrize(
    ("lengths", "wanted"),
    [
        ([100, 100, 100, 100, 41], None),
        ([100, 100, 41, 100, 100], None),
        ([100, 100, 40, 100, 100], ("validation", 20)),
        ([40, 40, 100, 40, 40], ("training", 20)),
    ],
)
def test_a_window_longer_than_training_or_validation_is_refused(lengths, wanted):
    split = split_frames(lengths, 0.2, gap=0, validation=[2])
    windows = [("1", 1, 20), ("2", 2, 20)]
    if wanted is None:
        check_windows(split, windows)
        return
    with pytest.raises(ValueError, match="window: at saving interval 2 ") as error:
        check_windows(split, windows)
    part, frames = wanted
    assert f"longest trajectory for {part} has {frames} frames" in str(error.value)

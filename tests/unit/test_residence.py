import numpy as np
import pytest
from chains import sample_chain, two_state
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from raremd.kinetics.bootstrap import bootstrap_weights, sliced_blocks, trajectory_blocks
from raremd.kinetics.residence import block_of, crossings, find_visits, residence_times, survival
from raremd.kinetics.timescales import count_matrix, count_transitions, estimate, slow_split

P, Q = 0.01, 0.03  # leaving state 0 and state 1, a frame
TIMES = np.array([1, 3, 10, 30, 100, 300])
SIDES = np.array([-1, 0, 1], np.int8)


class TestVisits:
    def test_by_hand(self):
        found = find_visits([np.array([0, 0, 1, 1, 1, 2, 0, 0]), np.array([1]), np.array([2, 0])])
        assert found.trajectory.tolist() == [0, 0, 0, 2]
        assert found.start.tolist() == [2, 5, 6, 1]
        assert found.state.tolist() == [1, 2, 0, 0]
        assert found.length.tolist() == [3, 1, 2, 1]
        assert found.left.tolist() == [True, True, False, False]

    @settings(deadline=None)
    @given(
        dtraj=arrays(np.int16, st.integers(1, 80), elements=st.integers(0, 2)),
        block_length=st.integers(1, 20),
        step=st.integers(1, 5),
    )
    def test_each_visit_lies_in_the_block_of_its_first_frame(self, dtraj, block_length, step):
        dtrajs = [dtraj[::step], dtraj[::-1][::step]]
        blocks = sliced_blocks(trajectory_blocks([len(dtraj)] * 2, block_length), step)
        visits = find_visits(dtrajs)
        for number, trajectory, start in zip(
            block_of(visits, blocks), visits.trajectory, visits.start, strict=True
        ):
            assert blocks[number][0] == trajectory
            assert blocks[number][1] <= start < blocks[number][2]


class TestSurvival:
    def test_geometric_stays_of_a_chain(self):
        visits = find_visits([sample_chain(two_state(P, Q), 500_000, seed) for seed in (1, 2)])
        found = survival(visits, 2, TIMES)[0]
        np.testing.assert_allclose(found[0], (1 - P) ** TIMES, atol=0.015)
        np.testing.assert_allclose(found[1], (1 - Q) ** TIMES, atol=0.015)

    def test_short_trajectories_agree_with_long_ones(self):
        """Stays of 100 frames in trajectories of 150: half of them are cut short by the end."""
        dtrajs = [sample_chain(two_state(P, Q), 150, seed, start=seed % 2) for seed in range(9000)]
        visits = find_visits(dtrajs)
        assert np.mean(visits.left[visits.state == 0]) < 0.6
        found = survival(visits, 2, TIMES[:5])[0]
        np.testing.assert_allclose(found[0], (1 - P) ** TIMES[:5], atol=0.03)
        times = residence_times(sum(count_matrix([d], 2, 1) for d in dtrajs))
        np.testing.assert_allclose(times, [1 / P, 1 / Q], rtol=0.05)

    def test_by_hand(self):
        # Stays in 1 of 1, 2, 2 and, cut short, of at least 2 frames.
        visits = find_visits([np.array([0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1])])
        found = survival(visits, 3, np.array([1, 2, 3]))[0]
        # Of four one ends after 1; then two of the two whose second step was seen.
        np.testing.assert_allclose(found[1], [3 / 4, 0, 0])
        np.testing.assert_allclose(found[0], [0, 0, 0])
        assert np.isnan(found[2]).all()

    def test_nothing_is_known_beyond_a_stay_cut_short(self):
        visits = find_visits([np.array([0, 1, 0, 1, 1, 1])])
        np.testing.assert_array_equal(
            survival(visits, 2, np.arange(1, 5))[0][1], [0.5, 0.5, np.nan, np.nan]
        )

    def test_stays_beyond_the_last_time_need_no_step_of_their_own(self):
        dtraj = sample_chain(two_state(P, Q), 20_000, 5)
        visits = find_visits([dtraj])
        np.testing.assert_allclose(
            survival(visits, 2, TIMES[:3])[0], survival(visits, 2, TIMES)[0][:, :3]
        )

    def test_weights_draw_blocks(self):
        dtrajs = [sample_chain(two_state(P, Q), 4000, seed) for seed in (1, 2)]
        visits = find_visits(dtrajs)
        blocks = trajectory_blocks([4000, 4000], 4000)
        weights = np.array([[1, 1], [2, 0], [0, 1], [0, 0]])
        found = survival(visits, 2, TIMES, block_of(visits, blocks), weights)
        np.testing.assert_allclose(found[0], survival(visits, 2, TIMES)[0])
        np.testing.assert_allclose(found[1], survival(find_visits(dtrajs[:1]), 2, TIMES)[0])
        np.testing.assert_allclose(found[2], survival(find_visits(dtrajs[1:]), 2, TIMES)[0])
        assert np.isnan(found[3]).all()

    def test_bootstrap_covers_the_truth(self):
        blocks = trajectory_blocks([20_000], 1000)
        weights = bootstrap_weights(len(blocks), 100, np.random.default_rng(0))
        covered = []
        for seed in range(100):
            visits = find_visits([sample_chain(two_state(P, Q), 20_000, seed)])
            found = survival(visits, 2, TIMES[3:4], block_of(visits, blocks), weights)[:, 0, 0]
            low, high = np.quantile(found, [0.025, 0.975])
            covered.append(low <= (1 - P) ** TIMES[3] <= high)
        assert 0.86 <= np.mean(covered) <= 0.99


class TestResidenceTime:
    def test_by_hand(self):
        counts = np.array([[6.0, 2, 0], [2, 0, 0], [0, 0, 0]])
        np.testing.assert_array_equal(residence_times(counts), [4, 1, np.nan])
        assert residence_times(np.array([[5.0]])).tolist() == [np.inf]


class TestCrossings:
    def test_by_hand(self):
        # The middle belongs to neither side: two crossings, 0 -> 2 and 2 -> 0.
        dtraj = np.array([0, 1, 0, 1, 2, 1, 2, 2, 1, 0], np.int16)
        assert crossings([dtraj], SIDES, 1)[:, 0].tolist() == [2, 9]
        # Offset 0 sees 0 0 2 2 1: one; offset 1 sees 1 1 1 2 0: one.
        assert crossings([dtraj], SIDES, 2)[:, 0].tolist() == [1, 8]
        assert crossings([dtraj], SIDES, 10)[:, 0].tolist() == [0, 0]
        assert crossings([dtraj[:3]], SIDES, 10)[:, 0].tolist() == [0, 0]

    @settings(deadline=None)
    @given(
        dtraj=arrays(np.int16, st.integers(1, 60), elements=st.integers(0, 2)),
        lag=st.integers(1, 9),
    )
    def test_mean_over_offsets(self, dtraj, lag):
        wanted = np.mean([count_transitions([dtraj[k::lag]], SIDES) for k in range(lag)])
        assert crossings([dtraj], SIDES, lag)[0, 0] == pytest.approx(wanted)

    @pytest.mark.parametrize("lag", [1, 7, 40])
    def test_rate_of_a_chain(self, lag):
        dtrajs = [sample_chain(two_state(P, Q), 200_000, seed) for seed in (1, 2)]
        found, frames = crossings(dtrajs, np.array([-1, 1]), lag).sum(axis=1)
        power = np.linalg.matrix_power(two_state(P, Q), lag)
        exact = 2 * (Q / (P + Q)) * power[0, 1] / lag
        assert found / frames == pytest.approx(exact, rel=0.05)

    def test_quick_recrossings_count_at_every_frame_only(self):
        dtraj = np.repeat(np.arange(20) % 2, 200)
        dtraj[100::200] = 1 - dtraj[100::200]  # touches of one frame
        sides = np.array([-1, 1])
        assert crossings([dtraj], sides, 1)[0, 0] == 19 + 40
        assert crossings([dtraj], sides, 50)[0, 0] == pytest.approx(19 + 40 / 50)


def test_split_leaves_out_the_middle():
    # The second eigenvector of an even walk is cos(pi (i + 1/2) / 7): 1, 0.80, 0.45, 0 of its end.
    counts = np.diag([9.0, 8, 8, 8, 8, 8, 9]) + np.eye(7, k=1) + np.eye(7, k=-1)
    labels = slow_split(estimate(counts))
    assert (labels * labels[0]).tolist() == [1, 1, 0, 0, 0, -1, -1]

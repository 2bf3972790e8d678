import numpy as np
import pytest
from chains import double_well, sample_chain, two_state
from deeptime.markov.msm import MaximumLikelihoodMSM
from deeptime.markov.tools.analysis import mfpt as deeptime_mfpt
from deeptime.markov.tools.estimation import transition_matrix as deeptime_transition_matrix
from hypothesis import given, settings
from hypothesis import strategies as st

from raremd.kinetics import transition_matrix as estimation
from raremd.kinetics.timescales import (
    block_counts,
    chapman_kolmogorov,
    count_matrix,
    count_transitions,
    estimate,
    full_stationary,
    full_transition_matrix,
    mfpt_matrix,
    right_eigenvectors,
    slow_split,
    timescales,
)

# In detailed balance with (5, 1, 5)/11; by hand, the MFPT to state 0 is 12 from 1 and 22 from 2.
THREE_STATE_COUNTS = np.array([[45.0, 5.0, 0.0], [5.0, 0.0, 5.0], [0.0, 5.0, 45.0]])


@pytest.fixture(scope="module")
def double_well_counts():
    dtraj = sample_chain(double_well(40, 4.0), 200_000, seed=3, start=7)
    return count_matrix([dtraj], 40, 5)


class TestCounts:
    def test_by_hand(self):
        counts = count_matrix([np.array([0, 0, 1, 2, 0]), np.array([2, 1])], 3, 1)
        assert counts.dtype == np.float64
        np.testing.assert_array_equal(counts, [[1, 1, 0], [0, 0, 1], [1, 1, 0]])

    def test_trajectories_are_never_joined(self):
        apart = count_matrix([np.zeros(50, np.int16), np.ones(50, np.int16)], 2, 3)
        np.testing.assert_array_equal(apart, [[47, 0], [0, 47]])

    def test_trajectory_not_longer_than_lag_contributes_nothing(self):
        assert count_matrix([np.array([0, 1, 0]), np.array([], np.int16)], 2, 3).sum() == 0

    def test_chunks_do_not_change_the_counts(self, monkeypatch):
        dtraj = sample_chain(double_well(6, 1.0), 1000, seed=1)
        whole = count_matrix([dtraj], 6, 7)
        monkeypatch.setattr(estimation, "CHUNK", 13)
        np.testing.assert_array_equal(count_matrix([dtraj], 6, 7), whole)

    def test_no_overflow_of_small_integers(self):
        counts = count_matrix([np.array([399, 398, 399], np.int16)], 400, 1)
        assert counts[399, 398] == 1 and counts[398, 399] == 1 and counts.sum() == 2

    @pytest.mark.parametrize("state", [-1, 3])
    def test_state_out_of_range_names_the_frame(self, state):
        with pytest.raises(ValueError, match=f"trajectory 1, frame 2: state {state}"):
            count_matrix([np.array([0, 1]), np.array([0, 0, state])], 3, 1)

    @pytest.mark.parametrize("lag", [0, -2, 1.5])
    def test_lag_must_be_whole_frames(self, lag):
        with pytest.raises(ValueError, match="lag"):
            count_matrix([np.array([0, 1])], 2, lag)

    def test_block_counts_lose_only_pairs_across_blocks(self):
        dtrajs = [sample_chain(two_state(0.1, 0.2), n, seed=n) for n in (100, 61)]
        blocks = [(0, 0, 50), (0, 50, 100), (1, 0, 61)]
        counts = block_counts(dtrajs, 2, 4, blocks)
        assert counts.shape == (3, 2, 2)
        assert counts.sum() == 46 + 46 + 57
        missing = count_matrix(dtrajs, 2, 4) - counts.sum(axis=0)
        np.testing.assert_array_equal(missing, count_matrix([dtrajs[0][46:54]], 2, 4))

    def test_block_outside_its_trajectory(self):
        with pytest.raises(ValueError, match="block 0"):
            block_counts([np.zeros(5, int)], 1, 1, [(0, 0, 6)])

    @settings(deadline=None, max_examples=60)
    @given(
        lengths=st.lists(st.integers(0, 40), min_size=1, max_size=5),
        lag=st.integers(1, 30),
        seed=st.integers(0, 2**31),
    )
    def test_total(self, lengths, lag, seed):
        rng = np.random.default_rng(seed)
        dtrajs = [rng.integers(0, 4, n).astype(np.int16) for n in lengths]
        assert count_matrix(dtrajs, 4, lag).sum() == sum(max(n - lag, 0) for n in lengths)


class TestEstimate:
    def test_counts_in_detailed_balance_are_only_normalised(self):
        model = estimate(THREE_STATE_COUNTS)
        np.testing.assert_allclose(
            model.transition_matrix, [[0.9, 0.1, 0], [0.5, 0, 0.5], [0, 0.1, 0.9]], atol=1e-12
        )
        np.testing.assert_allclose(model.stationary, np.array([5, 1, 5]) / 11, rtol=1e-12)
        assert model.fraction_states_left_out == 0 and model.fraction_counts_left_out == 0

    @pytest.mark.parametrize("method", ["dense", "sparse"])
    def test_agrees_with_deeptime(self, double_well_counts, method):
        model = estimate(double_well_counts)
        kept = double_well_counts[np.ix_(model.active, model.active)]
        matrix, stationary = deeptime_transition_matrix(
            kept, reversible=True, maxerr=1e-12, method=method, return_statdist=True
        )
        np.testing.assert_allclose(model.transition_matrix, matrix, rtol=0, atol=1e-9)
        np.testing.assert_allclose(model.stationary, stationary, rtol=1e-6)

    def test_agrees_with_deeptime_on_connectivity(self):
        rng = np.random.default_rng(0)
        counts = np.floor(10 ** rng.uniform(-1, 3, (30, 30))) * (rng.random((30, 30)) < 0.06)
        model = estimate(counts)
        reference = MaximumLikelihoodMSM(maxerr=1e-12, use_lcc=True).fit(counts).fetch_model()
        assert 2 < len(model.active) < 30
        np.testing.assert_array_equal(model.active, reference.count_model.state_symbols)
        np.testing.assert_allclose(
            model.transition_matrix, reference.transition_matrix, rtol=0, atol=1e-9
        )

    @pytest.mark.parametrize("scale", [1.0, 1e5])
    def test_likelihood_equations_hold_across_a_weak_link(self, scale):
        # Two well-mixed wells and one crossing each way: a fixed-point iteration crawls here.
        rng = np.random.default_rng(1)
        counts = np.zeros((20, 20))
        counts[:10, :10] = scale * rng.integers(100, 1000, (10, 10))
        counts[10:, 10:] = scale * rng.integers(100, 1000, (10, 10))
        counts[4, 15] = 2
        counts[12, 3] = 1
        model = estimate(counts)
        ratio = counts.sum(axis=1) / model.stationary
        rows = (counts + counts.T) / (ratio[:, None] + ratio[None, :]) / model.stationary[:, None]
        np.testing.assert_allclose(rows.sum(axis=1), 1.0, rtol=0, atol=1e-9)
        flow = model.stationary[:, None] * model.transition_matrix
        np.testing.assert_allclose(flow, flow.T, rtol=0, atol=1e-15)
        # The only cut is crossed twice one way and once the other, of which the MLE makes both.
        assert flow[:10, 10:].sum() == pytest.approx(1.5 / counts.sum(), rel=0.2)

    def test_one_way_traffic_converges(self):
        # Far out of balance, with populations from 1e-8 to 1: undamped Newton runs away here.
        counts = np.array(
            [[1, 4340041, 0, 462], [0, 1, 2923, 2], [0, 5230, 1, 0], [1268428, 0, 517959, 1]], float
        )
        _, reference = deeptime_transition_matrix(
            counts, reversible=True, maxerr=1e-12, return_statdist=True
        )
        np.testing.assert_allclose(estimate(counts).stationary, reference, rtol=1e-8)

    def test_failed_convergence_raises(self, monkeypatch):
        monkeypatch.setattr(estimation, "NEWTON_STEPS", 1)
        with pytest.raises(ValueError, match="did not converge"):
            estimate(np.array([[90.0, 30.0, 1.0], [2.0, 50.0, 9.0], [8.0, 1.0, 70.0]]))

    def test_nonreversible_keeps_a_cycle(self):
        counts = np.array([[0, 9, 1], [1, 0, 9], [9, 1, 0]])
        free = estimate(counts, reversible=False)
        np.testing.assert_allclose(free.transition_matrix, counts / 10)
        np.testing.assert_allclose(free.stationary, np.full(3, 1 / 3))
        np.testing.assert_allclose(
            estimate(counts).transition_matrix, (np.ones((3, 3)) - np.eye(3)) / 2, atol=1e-12
        )

    def test_largest_set_kept_and_the_rest_reported(self):
        counts = np.zeros((6, 6))
        counts[:2, :2] = [[100, 7], [7, 100]]
        counts[2:5, 2:5] = THREE_STATE_COUNTS
        counts[0, 3] = 6  # one way only: does not connect
        model = estimate(counts)
        np.testing.assert_array_equal(model.active, [2, 3, 4])
        assert model.fraction_states_left_out == pytest.approx(0.5)
        assert model.fraction_counts_left_out == pytest.approx(220 / 330)
        full = full_transition_matrix(model)
        assert np.isnan(full[[0, 1, 5]]).all()
        np.testing.assert_allclose(full[2:5].sum(axis=1), 1.0)
        assert (full[2:5][:, [0, 1, 5]] == 0).all()
        np.testing.assert_allclose(full_stationary(model), np.array([0, 0, 5, 1, 5, 0]) / 11)

    def test_among_sets_of_equal_size_the_most_counts_win(self):
        np.testing.assert_array_equal(estimate(np.diag([3.0, 8.0, 0.0])).active, [1])

    def test_one_state_trajectory(self):
        model = estimate(count_matrix([np.full(100, 2, np.int16)], 4, 5))
        np.testing.assert_array_equal(model.active, [2])
        assert model.fraction_states_left_out == 0.75 and model.fraction_counts_left_out == 0
        assert np.isnan(timescales(model.transition_matrix, 5, 3, model.stationary)).all()
        assert np.isnan(right_eigenvectors(model, 2)).all()
        np.testing.assert_array_equal(slow_split(model), np.zeros(4))
        expected = np.full((4, 4), np.nan)
        expected[2, 2] = 0
        np.testing.assert_array_equal(mfpt_matrix(model, 5), expected)

    def test_nothing_counted(self):
        with pytest.raises(ValueError, match="shorter than the longest trajectory"):
            estimate(np.zeros((3, 3)))

    @settings(deadline=None, max_examples=40)
    @given(
        visits=st.lists(st.integers(0, 5), min_size=8, max_size=60),
        order=st.permutations(range(6)),
    )
    def test_relabelling_changes_nothing_else(self, visits, order):
        closed = np.array([*visits, visits[0]])  # back to the start: all visited states connect
        order = np.array(order)
        model = estimate(count_matrix([closed], 6, 1))
        other = estimate(count_matrix([order[closed]], 6, 1))
        np.testing.assert_allclose(
            full_transition_matrix(other)[np.ix_(order, order)],
            full_transition_matrix(model),
            rtol=0,
            atol=1e-9,
        )
        np.testing.assert_allclose(
            full_stationary(other)[order], full_stationary(model), rtol=0, atol=1e-9
        )
        np.testing.assert_allclose(
            mfpt_matrix(other, 1)[np.ix_(order, order)], mfpt_matrix(model, 1), rtol=1e-6, atol=1e-6
        )


class TestTimescales:
    @pytest.mark.parametrize("lag", [1, 10])
    def test_two_state_chain(self, lag):
        matrix = two_state(0.1, 0.2)
        for stationary in (None, np.array([2 / 3, 1 / 3])):
            times = timescales(matrix, lag, 1, stationary)
            assert times[0] == pytest.approx(-lag / np.log(0.7), rel=1e-12)

    def test_power_of_a_chain_keeps_its_timescales(self):
        matrix = double_well(12, 2.0)
        np.testing.assert_allclose(
            timescales(np.linalg.matrix_power(matrix, 3), 3, 4), timescales(matrix, 1, 4), rtol=1e-9
        )

    def test_slowest_first_and_padded(self):
        times = timescales(THREE_STATE_COUNTS / [[50], [10], [50]], 1, 5)
        assert times[0] == pytest.approx(-1 / np.log(0.9))  # eigenvalues 1, 0.9, -0.1
        assert np.isnan(times[1:]).all()

    def test_negative_eigenvalue_has_no_timescale(self):
        assert np.isnan(timescales(two_state(0.9, 0.8), 1, 1)[0])

    def test_zero_eigenvalue_has_no_timescale(self):
        assert np.isnan(timescales(two_state(0.5, 0.5), 1, 1)[0])

    def test_eigenvalue_minus_one_is_not_the_stationary_process(self):
        periodic = np.array([[0, 1, 0], [0.5, 0, 0.5], [0, 1.0, 0]])  # 1, -1, 0
        assert np.isnan(timescales(periodic, 1, 2)).all()

    def test_complex_pair_has_no_timescale_but_the_others_have(self):
        cycle = np.array([[0.6, 0.3, 0.1], [0.1, 0.6, 0.3], [0.3, 0.1, 0.6]])  # 0.4 +- 0.17 i
        assert np.isnan(timescales(cycle, 1, 2)).all()
        leak = np.zeros((4, 4))
        leak[:3, :3] = 0.999 * cycle
        leak[:3, 3] = 0.001
        leak[3] = [0.001, 0.001, 0.001, 0.997]
        times = timescales(leak, 1, 3)
        assert times[0] == pytest.approx(-1 / np.log(0.996), rel=1e-9)
        assert np.isnan(times[1:]).all()

    def test_disconnected_chain_is_infinite(self):
        matrix = np.zeros((4, 4))
        matrix[:2, :2] = two_state(0.1, 0.2)
        matrix[2:, 2:] = two_state(0.05, 0.05)
        times = timescales(matrix, 1, 3)
        assert times[0] == np.inf
        np.testing.assert_allclose(times[1:], [-1 / np.log(0.9), -1 / np.log(0.7)])

    def test_degenerate_eigenvalues_stay_real(self):
        symmetric = 0.9 * np.eye(8) + 0.1 / 8
        expected = np.full(7, -1 / np.log(0.9))
        np.testing.assert_allclose(timescales(symmetric, 1, 7), expected, rtol=1e-9)

    def test_symmetric_solver_agrees(self, double_well_counts):
        model = estimate(double_well_counts)
        np.testing.assert_allclose(
            timescales(model.transition_matrix, 5, 3, model.stationary),
            timescales(model.transition_matrix, 5, 3),
            rtol=1e-8,
        )

    def test_rows_must_sum_to_one(self):
        with pytest.raises(ValueError, match="rows"):
            timescales(np.array([[np.nan, np.nan], [0.0, 1.0]]), 1, 1)

    def test_stationary_needs_detailed_balance(self):
        cycle = np.array([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]])
        with pytest.raises(ValueError, match="detailed balance"):
            timescales(cycle, 1, 1, np.full(3, 1 / 3))

    def test_recovered_from_a_sampled_chain(self):
        dtraj = sample_chain(two_state(0.02, 0.04), 1_000_000, seed=5)
        model = estimate(count_matrix([dtraj], 2, 5))
        times = timescales(model.transition_matrix, 5, 1, model.stationary)
        assert times[0] == pytest.approx(-1 / np.log(0.94), rel=0.03)
        np.testing.assert_allclose(model.stationary, [2 / 3, 1 / 3], rtol=0.03)


class TestMfpt:
    def test_two_state(self):
        model = estimate(np.array([[90.0, 10.0], [10.0, 40.0]]))
        np.testing.assert_allclose(mfpt_matrix(model, 1), [[0, 10], [5, 0]], atol=1e-12)

    def test_three_state(self):
        model = estimate(THREE_STATE_COUNTS)
        np.testing.assert_allclose(
            mfpt_matrix(model, 2), [[0, 20, 44], [24, 0, 24], [44, 20, 0]], atol=1e-9
        )

    def test_agrees_with_deeptime(self, double_well_counts):
        model = estimate(double_well_counts)
        matrix = mfpt_matrix(model, 5)
        last = len(model.active) - 4
        reference = deeptime_mfpt(model.transition_matrix, last, tau=5)
        np.testing.assert_allclose(
            matrix[model.active, model.active[last]], reference, rtol=1e-8, atol=1e-8
        )

    def test_states_left_out(self):
        counts = np.zeros((4, 4))
        counts[1:, 1:] = THREE_STATE_COUNTS
        model = estimate(counts)
        matrix = mfpt_matrix(model, 1)
        assert np.isnan(matrix[0]).all() and np.isnan(matrix[:, 0]).all()
        assert matrix[3, 1] == pytest.approx(22)


class TestChapmanKolmogorov:
    def test_markov_chain_agrees(self):
        matrix = double_well(4, 2.0)
        dtrajs = [sample_chain(matrix, 200_000, seed) for seed in (1, 2)]
        test = chapman_kolmogorov(dtrajs, 4, 3, [1, 2, 5])
        np.testing.assert_array_equal(test.lags, [3, 6, 15])
        np.testing.assert_allclose(test.predicted[0], test.estimated[0], atol=1e-12)
        np.testing.assert_allclose(test.predicted, test.estimated, atol=0.02)
        exact = np.diag(np.linalg.matrix_power(matrix, 15))
        np.testing.assert_allclose(test.estimated[2], exact, atol=0.02)

    def test_lumped_chain_does_not(self):
        # States 0 and 1 become one: it is left at once from 1, hardly ever from 0.
        matrix = np.array([[0.99, 0.01, 0.0], [0.05, 0.05, 0.9], [0.0, 0.3, 0.7]])
        lumped = np.array([0, 0, 1])[sample_chain(matrix, 400_000, seed=1)]
        test = chapman_kolmogorov([lumped], 2, 1, [10])
        assert test.estimated[0, 0] - test.predicted[0, 0] > 0.1

    def test_too_long_a_lag_and_missing_states_are_nan(self):
        test = chapman_kolmogorov([np.array([0, 1] * 5)], 3, 1, [2, 20])
        np.testing.assert_allclose(test.predicted[:, :2], 1.0)  # 0101...: back after an even lag
        assert np.isnan(test.predicted[:, 2]).all() and np.isnan(test.estimated[1]).all()


class TestSlowProcess:
    def test_split_of_a_double_well(self, double_well_counts):
        labels = slow_split(estimate(double_well_counts))
        assert labels.dtype == np.int8 and labels.shape == (40,)
        assert set(labels[5:14]) in ({-1}, {1}) and set(labels[26:35]) == {-labels[9]}
        assert (labels[19:21] == 0).all()  # the barrier top
        population = full_stationary(estimate(double_well_counts))
        assert population[labels == 1].sum() <= population[labels == -1].sum()

    def test_split_marks_the_rare_side(self):
        labels = slow_split(estimate(np.array([[900.0, 3, 0], [3, 90, 0], [0, 0, 0]])))
        np.testing.assert_array_equal(labels, [-1, 1, 0])

    def test_eigenvector_is_normalised_and_satisfies_its_equation(self, double_well_counts):
        model = estimate(double_well_counts)
        vector = right_eigenvectors(model, 2)[0][model.active]
        assert model.stationary @ vector**2 == pytest.approx(1)
        value = np.exp(-5 / timescales(model.transition_matrix, 5, 1)[0])
        np.testing.assert_allclose(model.transition_matrix @ vector, value * vector, atol=1e-8)

    def test_crossings_by_hand(self):
        labels = np.array([-1, 0, 1])
        dtraj = np.array([0, 1, 0, 1, 2, 1, 2, 2, 0, 1, 1])  # crosses at frames 4 and 8
        assert count_transitions([dtraj], labels) == 2
        assert count_transitions([dtraj, dtraj[:2], dtraj[4:8]], labels) == 2
        assert count_transitions([np.array([1, 1]), np.array([], int)], labels) == 0

    def test_chunks_do_not_change_the_crossings(self, monkeypatch):
        dtraj = sample_chain(double_well(9, 2.0), 20_000, seed=2)
        labels = np.array([-1, -1, -1, 0, 0, 0, 1, 1, 1], np.int8)
        whole = count_transitions([dtraj], labels)
        monkeypatch.setattr("raremd.kinetics.timescales.CHUNK", 7)
        assert count_transitions([dtraj], labels) == whole > 20

    def test_crossings_of_a_two_state_chain(self):
        # Each frame crosses with probability pi_0 p + pi_1 q = 2 p q / (p + q).
        dtraj = sample_chain(two_state(0.01, 0.03), 400_000, seed=9)
        assert count_transitions([dtraj], np.array([-1, 1])) == pytest.approx(6000, rel=0.1)

    @pytest.mark.parametrize("labels", [np.array([True, False]), np.array([0, 2])])
    def test_other_labels_are_refused(self, labels):
        with pytest.raises(ValueError, match="labels"):
            count_transitions([np.array([0, 1])], labels)

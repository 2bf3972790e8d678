import warnings

import numpy as np
import pytest
from chains import double_well, sample_chain
from deeptime.markov.tools.estimation import transition_matrix as deeptime_transition_matrix
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from raremd.analysis.replicates import hierarchical_ratio, replicate_interval
from raremd.kinetics.bootstrap import (
    RATIO_CAP,
    bootstrap_timescales,
    bootstrap_weights,
    half_splits,
    interval,
    log2_deviation,
    sampling_ceiling,
    sliced_blocks,
    sparse_block_counts,
    trajectory_blocks,
)
from raremd.kinetics.timescales import block_counts, count_matrix, estimate, timescales


class TestBlocks:
    def test_by_hand(self):
        assert trajectory_blocks([10, 3, 0], 4) == [(0, 0, 5), (0, 5, 10), (1, 0, 3)]

    @settings(deadline=None)
    @given(
        lengths=st.lists(st.integers(0, 500), min_size=1, max_size=5),
        block_length=st.integers(1, 200),
    )
    def test_cover_every_frame_once_and_are_long_enough(self, lengths, block_length):
        blocks = trajectory_blocks(lengths, block_length)
        seen = [np.zeros(n, int) for n in lengths]
        for trajectory, start, stop in blocks:
            seen[trajectory][start:stop] += 1
            assert stop - start >= min(block_length, lengths[trajectory])
            assert stop - start < 2 * block_length
        assert all((frames == 1).all() for frames in seen)

    @settings(deadline=None)
    @given(
        lengths=st.lists(st.integers(1, 300), min_size=1, max_size=4),
        block_length=st.integers(1, 100),
        step=st.integers(1, 50),
    )
    def test_sliced_blocks_hold_the_frames_that_are_kept(self, lengths, block_length, step):
        blocks = trajectory_blocks(lengths, block_length)
        for (trajectory, start, stop), (same, first, last) in zip(
            blocks, sliced_blocks(blocks, step), strict=True
        ):
            frames = np.arange(lengths[trajectory])
            kept = frames[::step]
            assert same == trajectory
            np.testing.assert_array_equal(kept[first:last], kept[(kept >= start) & (kept < stop)])

    def test_block_length_must_be_positive(self):
        with pytest.raises(ValueError, match="block_length"):
            trajectory_blocks([10], 0)

    def test_weights(self):
        weights = bootstrap_weights(7, 20_000, np.random.default_rng(1))
        assert weights.shape == (20_000, 7) and np.issubdtype(weights.dtype, np.integer)
        assert (weights.sum(axis=1) == 7).all()
        np.testing.assert_allclose(weights.mean(axis=0), 1.0, atol=0.03)
        np.testing.assert_allclose(weights.var(axis=0), 6 / 7, atol=0.05)
        again = bootstrap_weights(7, 20_000, np.random.default_rng(1))
        np.testing.assert_array_equal(weights, again)

    def test_one_block_has_no_error_bars(self):
        with pytest.raises(ValueError, match="shorter blocks or more trajectories"):
            bootstrap_weights(1, 10, np.random.default_rng(1))


class TestBootstrapTimescales:
    def test_agrees_with_deeptime_sample_by_sample(self):
        dtraj = sample_chain(double_well(8, 2.0), 20_000, seed=4)
        blocks = trajectory_blocks([len(dtraj)], 2000)
        counts = block_counts([dtraj], 8, 2, blocks)
        weights = bootstrap_weights(len(blocks), 10, np.random.default_rng(0))
        samples = bootstrap_timescales(counts, weights, 2, 3)
        for sample, weight in zip(samples, weights, strict=True):
            matrix = deeptime_transition_matrix(
                np.einsum("b,bij->ij", weight, counts), reversible=True, maxerr=1e-12
            )
            np.testing.assert_allclose(sample, timescales(matrix, 2, 3), rtol=1e-6)

    def test_sparse_counts_give_the_same_and_grow_with_the_frames_alone(self):
        dtrajs = [sample_chain(double_well(40, 1.0), n, seed=n) for n in (4000, 900)]
        blocks = trajectory_blocks([4000, 900], 300)
        dense = block_counts(dtrajs, 40, 2, blocks)
        sparse = sparse_block_counts(dtrajs, 40, 2, blocks)
        np.testing.assert_array_equal(sparse.toarray(), dense.reshape(len(blocks), -1))
        assert sparse_block_counts(dtrajs, 3000, 2, blocks).nnz == sparse.nnz <= 4900
        weights = bootstrap_weights(len(blocks), 5, np.random.default_rng(0))
        samples = [bootstrap_timescales(counts, weights, 2, 3) for counts in (dense, sparse)]
        np.testing.assert_array_equal(*samples)

    def test_unit_weights_give_the_estimate_itself(self):
        dtrajs = [sample_chain(double_well(8, 2.0), 5000, seed) for seed in (1, 2)]
        blocks = trajectory_blocks([5000, 5000], 5000)
        samples = bootstrap_timescales(
            block_counts(dtrajs, 8, 3, blocks), np.ones((1, 2), int), 3, 3
        )
        model = estimate(count_matrix(dtrajs, 8, 3))
        np.testing.assert_allclose(samples[0], timescales(model.transition_matrix, 3, 3), rtol=1e-8)

    def test_lost_process_is_infinite_and_not_the_next_one(self):
        # Slow: {0, 1} <-> {2, 3}, crossings in the last block only; fast ones within.
        inside = np.zeros((4, 4))
        inside[:2, :2] = [[80, 20], [20, 80]]
        inside[2:, 2:] = [[30, 20], [20, 30]]
        crossing = inside.copy()
        crossing[1, 2] = crossing[2, 1] = 1
        counts = np.array([inside, inside, crossing])
        samples = bootstrap_timescales(counts, np.array([[1, 1, 1], [2, 1, 0], [1, 0, 2]]), 1, 3)
        assert samples[1, 0] == np.inf
        assert np.isfinite(samples[[0, 2], 0]).all() and samples[2, 0] < samples[0, 0]
        # Within {0, 1} lambda = 0.6; within {2, 3}, which is lost too, 0.2.
        assert samples[1, 1] == pytest.approx(-1 / np.log(0.6), rel=0.01)
        assert samples[1, 2] == np.inf

    def test_a_rare_state_lost_does_not_matter(self):
        well = np.array([[900.0, 30, 1], [30, 400, 0], [1, 0, 3]])
        without = np.array([[900.0, 30, 0], [30, 400, 0], [0, 0, 0]])
        counts = np.array([*[without] * 9, well])
        weights = np.array([[1] * 10, [2] + [1] * 8 + [0]])
        samples = bootstrap_timescales(counts, weights, 1, 1)
        assert samples[1, 0] == pytest.approx(samples[0, 0], rel=0.02)

    def test_sample_outside_the_connected_set_of_the_full_data(self):
        kept, apart = np.zeros((2, 5, 5))
        kept[:3, :3] = [[45, 5, 0], [5, 0, 5], [0, 5, 45]]
        apart[3:, 3:] = [[90, 10], [10, 90]]
        samples = bootstrap_timescales(np.array([kept, apart]), np.array([[1, 1], [0, 2]]), 1, 1)
        assert samples[0, 0] == pytest.approx(-1 / np.log(0.9))
        assert np.isnan(samples[1, 0])

    def test_process_that_does_not_exist_and_empty_sample(self):
        counts = np.array([[[90.0, 10], [10, 90]], [[0, 0], [0, 0]]])
        samples = bootstrap_timescales(counts, np.array([[1, 1], [0, 2]]), 1, 2)
        assert samples[0, 0] == pytest.approx(-1 / np.log(0.8))
        assert np.isnan(samples[0, 1]) and np.isnan(samples[1]).all()


class TestInterval:
    def test_percentiles(self):
        samples = np.random.default_rng(0).permutation(np.arange(1001.0))
        low, high = interval(samples, level=0.9)
        assert (low, high) == (50, 950)

    def test_axis_and_symmetry(self):
        samples = np.random.default_rng(0).normal(size=(3, 41))
        low, high = interval(samples, axis=1)
        ordered = np.sort(samples, axis=1)
        np.testing.assert_array_equal(low, ordered[:, 1])
        np.testing.assert_array_equal(high, ordered[:, -2])

    def test_nan_is_left_out_inf_is_kept_without_warning(self):
        samples = np.tile(np.arange(100.0)[:, None], (1, 3))
        samples[::2, 0] = np.nan
        samples[:, 1] = np.nan
        samples[90:, 2] = np.inf
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            low, high = interval(samples)
        np.testing.assert_array_equal(low, [3, np.nan, 2])
        np.testing.assert_array_equal(high, [97, np.nan, np.inf])


class TestReplicates:
    def test_student_interval_of_the_logarithms(self):
        result = replicate_interval([1.0, 2.0, 4.0])
        half = 2.0 ** (stats.t.ppf(0.975, 2) / np.sqrt(3))
        assert result.mean == pytest.approx(2)
        assert result.low == pytest.approx(2 / half) and result.high == pytest.approx(2 * half)
        assert result.n_failed == 0

    def test_one_replicate_has_no_interval(self):
        result = replicate_interval([3.0])
        assert result.mean == pytest.approx(3)
        assert np.isnan(result.low) and np.isnan(result.high)

    def test_failures_are_counted_and_leave_no_interval(self):
        result = replicate_interval([2.0, 8.0, np.inf, np.nan])
        assert result.mean == pytest.approx(4) and result.n_failed == 2
        assert np.isnan(result.low) and np.isnan(result.high)
        assert replicate_interval([np.nan]).n_failed == 1
        assert np.isnan(replicate_interval([np.nan]).mean)


class TestHierarchical:
    def test_deviation_caps_failures(self):
        model = np.array([3.0, np.nan, np.inf, 40.0, -40.0, 3.0])
        np.testing.assert_array_equal(log2_deviation(model, 1.0), [2, 10, 10, 10, -10, 2])
        np.testing.assert_array_equal(
            log2_deviation(
                np.array([3.0, np.nan, np.inf, np.nan]), np.array([np.inf, np.inf, np.inf, np.nan])
            ),
            [-10, 10, 10, np.nan],
        )

    def test_ratio_of_identical_replicates_shows_the_md_alone(self):
        md = np.random.default_rng(1).normal(5, 0.3, 4000)
        draws = hierarchical_ratio(np.full(3, 6.0), md, 20_000, np.random.default_rng(2))
        assert draws.mean() == pytest.approx(1, abs=0.02)
        assert draws.std() == pytest.approx(0.3, rel=0.05)

    def test_ratio_with_exact_md_is_student(self):
        model = np.array([1.0, 1.2, 1.7])
        draws = hierarchical_ratio(model, np.ones(10), 100_000, np.random.default_rng(2))
        low, high = interval(draws)
        expected = stats.t.interval(0.95, 2, loc=0.3, scale=model.std(ddof=1) / np.sqrt(3))
        np.testing.assert_allclose([low, high], expected, rtol=0.05)

    def test_one_replicate_or_unknown_md_prove_nothing(self):
        rng = np.random.default_rng(5)
        assert np.isnan(hierarchical_ratio(np.zeros(1), np.zeros(100), 10, rng)).all()
        assert np.isnan(hierarchical_ratio(np.ones(3), np.full(20, np.nan), 10, rng)).all()

    def test_failed_replicates_count_as_failures(self):
        failed, rng = np.array([np.nan, np.inf, np.nan]), np.random.default_rng(4)
        draws = hierarchical_ratio(failed, np.zeros(100), 50, rng)
        np.testing.assert_array_equal(draws, RATIO_CAP)


class TestCeiling:
    def test_halves_share_no_block(self):
        for n_blocks in (2, 7, 40):
            splits = half_splits(n_blocks, 50, np.random.default_rng(1))
            assert splits.shape == (50, 2, n_blocks)
            assert (splits.sum(axis=2) == n_blocks // 2).all()
            assert splits.sum(axis=1).max() == 1
        assert len(np.unique(splits[:, 0], axis=0)) > 40  # they differ
        again = half_splits(40, 50, np.random.default_rng(1))
        np.testing.assert_array_equal(splits, again)

    def test_known_scatter(self):
        """Halves scatter by sqrt(2) s each, two MDs of the full length by s each."""
        s, rng = 0.2, np.random.default_rng(2)
        halves = 2.0 ** rng.normal(5.0, np.sqrt(2) * s, (20_000, 2, 1))
        twice = np.abs(rng.normal(0, s, 20_000) - rng.normal(0, s, 20_000)).mean()
        assert sampling_ceiling(halves)[0] == pytest.approx(twice, rel=0.03)

    def test_failures_count(self):
        halves = np.array([[[4.0, np.nan], [8.0, np.nan]], [[np.inf, np.nan], [8.0, np.nan]]])
        found = sampling_ceiling(halves)
        assert found[0] == pytest.approx((1 + RATIO_CAP) / 2 / np.sqrt(2))
        assert np.isnan(found[1])

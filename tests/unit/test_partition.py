"""Partitions: hand-made cases, plain references, a chain with known metastable blocks."""

from __future__ import annotations

import itertools
import logging

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raremd.states import geometry
from raremd.states.partition import PARTITIONS, Partition
from raremd.states.partition_methods import (
    METHODS,
    BoxesSettings,
    GridSettings,
    KMeansSettings,
    NearestCenterSettings,
    PCCASettings,
    fit_partition,
)

BOUNDED = settings(max_examples=60, deadline=None, derandomize=True)
LINE = np.zeros(1)
CIRCLE = np.array([360.0])


def column(*values) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def plain_distance(points, others, periods):
    """Shortest of the straight distances to the point itself and its periodic images."""
    shifts = itertools.product(*[(-p, 0, p) if p else (0,) for p in periods])
    images = [np.linalg.norm(points[:, None] - others[None] + s, axis=2) for s in shifts]
    return np.min(images, axis=0)


@st.composite
def clouds(draw):
    """Points and centres inside one period, some dimensions periodic."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    periods = np.array(draw(st.lists(st.sampled_from([0.0, 360.0, 6.0]), min_size=1, max_size=3)))
    scale = np.where(periods > 0, periods, 50.0)
    points = (rng.random((40, len(periods))) - 0.5) * scale
    centers = (rng.random((draw(st.integers(1, 12)), len(periods))) - 0.5) * scale
    return points, centers, periods


# --- nearest centre


@given(clouds())
@BOUNDED
def test_nearest_agrees_with_plain_distances(cloud):
    points, centers, periods = cloud
    distances = plain_distance(points, centers, periods)
    found = geometry.nearest(points, centers, periods)
    np.testing.assert_allclose(distances[np.arange(40), found], distances.min(axis=1), rtol=1e-9)


def test_angles_on_both_sides_of_the_cut_share_a_state():
    partition = fit_partition(
        NearestCenterSettings(((180.0,), (0.0,), (90.0,))), [column(0, 1, 2)], CIRCLE, 0
    )
    states = partition.assign(column(-179, 179, 181, -30, 46, 44, 359, -725))
    assert states.dtype == np.int16
    assert states.tolist() == [0, 0, 0, 1, 2, 1, 1, 1]
    flat = fit_partition(NearestCenterSettings(((170.0,), (0.0,))), [column(0, 1)], LINE, 0)
    assert flat.assign(column(-179, 179)).tolist() == [1, 0]


# --- k-means


def blobs(rng, centers, n=400, width=1.0):
    labels = rng.integers(len(centers), size=n)
    return labels, (np.array(centers)[labels] + width * rng.normal(size=(n, 2))).astype(np.float32)


def same_up_to_names(a, b) -> bool:
    return len(set(zip(a.tolist(), b.tolist(), strict=True))) == len(set(a)) == len(set(b))


def test_kmeans_finds_separated_blobs_in_the_plane_and_on_the_torus():
    rng = np.random.default_rng(0)
    labels, points = blobs(rng, [(0, 0), (30, 0), (0, 30), (40, 40)])
    partition = fit_partition(KMeansSettings(4), [points[:250], points[250:]], np.zeros(2), 1)
    assert same_up_to_names(labels, partition.assign(points))

    true = [(180, 0), (60, 180), (-60, 90)]
    labels, points = blobs(rng, true, width=5.0)
    wrapped = ((points + 180) % 360 - 180).astype(np.float32)
    partition = fit_partition(KMeansSettings(3), [wrapped], np.full(2, 360.0), 1)
    assert same_up_to_names(labels, partition.assign(wrapped))
    found = plain_distance(np.array(true, float), partition.centers, np.full(2, 360.0))
    assert found.min(axis=1).max() < 2
    assert (np.abs(partition.centers) <= 180).all()


def test_kmeans_repeats_with_its_seed_only():
    points = np.random.default_rng(1).normal(size=(3000, 2)).astype(np.float32)
    first, again, other = (
        fit_partition(KMeansSettings(20), [points], np.zeros(2), seed).centers for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    # A seed beyond 32 bits must not become a random one, nor a NumPy integer an error.
    large = [
        fit_partition(KMeansSettings(20), [points], np.zeros(2), np.int64(2**40 + 5)).centers
        for _ in range(2)
    ]
    np.testing.assert_array_equal(large[0], first)
    np.testing.assert_array_equal(large[1], first)


def test_kmeans_samples_evenly_across_segments(monkeypatch):
    """Of 90 + 10 frames 20 are used: the ten of the short segment must not be forgotten."""
    monkeypatch.setattr("raremd.states.partition_methods.KMEANS_FRAMES", 20)
    long, short = np.linspace(0, 1, 90), np.linspace(100, 101, 10)
    partition = fit_partition(KMeansSettings(2), [column(*long), column(*short)], LINE, 0)
    centers = np.sort(partition.centers[:, 0])
    # The sample is each fifth frame of the two segments put in a row.
    np.testing.assert_allclose(centers, [long[::5].mean(), short[::5].mean()], rtol=1e-6)


# --- grid


def test_grid_cells_without_frames_join_the_nearest_visited_cell():
    # Ten cells on [0, 10]; visited are 0, 3 and 9.
    partition = fit_partition(GridSettings(10), [column(0, 3.5), column(10)], LINE, 0)
    assert partition.n_states == 3
    np.testing.assert_allclose(partition.centers[:, 0], [0.5, 3.5, 9.5])
    cells = column(*np.arange(10) + 0.5)
    assert partition.assign(cells).tolist() == [0, 0, 1, 1, 1, 1, 1, 2, 2, 2]
    assert partition.assign(column(-50, 50)).tolist() == [0, 2]  # beyond the range: edge cells


def test_periodic_grid_spans_the_period_and_wraps():
    # 36 cells of 10 degrees from -180; visited: [-180, -170) and [0, 10).
    partition = fit_partition(GridSettings(36), [column(-175, 5)], CIRCLE, 0)
    assert partition.assign(column(-179, 179, 181, 100, 80, -80)).tolist() == [0, 0, 0, 0, 1, 1]


def test_grid_takes_other_bins_in_each_dimension():
    points = np.array(list(itertools.product(range(2), range(3))), dtype=np.float32)
    partition = fit_partition(GridSettings((2, 3)), [points], np.zeros(2), 0)
    assert partition.assign(points).tolist() == [0, 1, 2, 3, 4, 5]


@given(clouds(), st.integers(1, 6))
@BOUNDED
def test_grid_agrees_with_a_plain_search(cloud, bins):
    points, others, periods = cloud
    partition = fit_partition(GridSettings(bins), [points], periods, 0)
    low = np.where(periods > 0, -periods / 2, points.min(axis=0))
    width = np.where(periods > 0, periods, np.ptp(points, axis=0)) / bins
    rounds = np.where(periods > 0, bins, 0)

    def cell(p):
        return np.clip(np.floor((p - low) / width), 0, bins - 1)

    visited = np.unique(cell(points), axis=0)
    assert partition.n_states == len(visited)
    assert set(partition.assign(points)) == set(range(len(visited)))
    distances = plain_distance(cell(others), visited, rounds)
    np.testing.assert_array_equal(partition.assign(others), distances.argmin(axis=1))


# --- boxes


def test_boxes_hold_their_frames_and_the_others_go_to_the_nearest():
    boxes = (((170.0, -170.0), (0.0, 10.0)), ((-20.0, 20.0), (0.0, 10.0)))  # the first wraps
    partition = fit_partition(BoxesSettings(boxes), [np.zeros((9, 2))], np.array([360.0, 0.0]), 0)
    frames = np.array([[179, 5], [-179, 5], [0, 5], [100, 5], [90, 5], [-100, 5], [0, 99]])
    assert partition.assign(frames).tolist() == [0, 0, 1, 0, 1, 0, 1]
    np.testing.assert_allclose(partition.centers, [[-180, 5], [0, 5]])


@given(clouds())
@BOUNDED
def test_boxes_agree_with_a_dense_sample_of_their_area(cloud):
    points, corners, periods = cloud
    corner, side = corners[0], np.where(periods > 0, periods, 50) / 10
    boxes = np.stack([corner, corner + side], axis=1)[None]
    boxes = np.concatenate([boxes, boxes + 3 * side[:, None]])
    partition = fit_partition(BoxesSettings(boxes.tolist()), [points], periods, 0)
    ticks = np.linspace(0, 1, 9)
    dense = np.array(list(itertools.product(ticks, repeat=len(periods))))
    distances = np.stack(
        [plain_distance(points, b[:, 0] + dense * side, periods).min(axis=1) for b in boxes], axis=1
    )
    gap = np.abs(distances[:, 0] - distances[:, 1])
    clear = gap > side.max() / 4  # farther from a tie than the sample is coarse
    assert clear.mean() > 0.5
    np.testing.assert_array_equal(partition.assign(points)[clear], distances.argmin(axis=1)[clear])


@pytest.mark.parametrize(
    ("boxes", "periods", "message"),
    [
        ((((0, 2),), ((1, 3),)), LINE, "boxes: 1 and 2 overlap"),
        ((((0, 1),), ((170, -170),), ((-175, -100),)), CIRCLE, "boxes: 2 and 3 overlap"),
        ((((0, 5),), ((1, 2),)), CIRCLE, "boxes: 1 and 2 overlap"),
        ((((-180, 180),), ((1, 2),)), CIRCLE, "boxes: 1 and 2 overlap"),
        ((((2, 1),),), LINE, "box 1 has \\[2.0, 1.0\\] in dimension 1"),
        ((((0, 1),), ((-200, 200),)), CIRCLE, "box 2 has"),
        ((((0, 1), (0, 1)),), LINE, "each state needs 1 x 2 finite numbers"),
        ((((0, 1),), (0, 1)), LINE, "each state needs 1 x 2 finite numbers"),
    ],
)
def test_boxes_that_make_no_partition(boxes, periods, message):
    with pytest.raises(ValueError, match=message):
        fit_partition(BoxesSettings(boxes), [column(*range(9))], periods, 0)


def test_boxes_may_share_an_edge():
    thirds = (((-180, -60),), ((-60, 60),), ((60, -180),))
    partition = fit_partition(BoxesSettings(thirds), [column(*range(9))], CIRCLE, 0)
    assert partition.assign(column(-100, 0, 100, 179.9, -60)).tolist() == [0, 1, 2, 2, 0]


# --- PCCA+

BLOCKS = ((0.0,), (1.0,), (2.0,), (10.0,), (11.0,), (12.0,), (15.0,))


def two_block_chain(n=30_000):
    """Microstates 0-2 and 3-5 mix fast among themselves; 2 <-> 3 is rare, 0-2 more populated."""
    rng = np.random.default_rng(0)
    matrix = np.zeros((6, 6))
    matrix[:3, :3], matrix[3:, 3:] = 1 / 3, 1 / 3
    matrix[2, 3], matrix[3, 2] = 0.01, 0.03
    matrix /= matrix.sum(axis=1, keepdims=True)
    cumulative, uniform = matrix.cumsum(axis=1), rng.random(n)
    states = np.zeros(n, dtype=int)
    for t in range(1, n):
        states[t] = np.searchsorted(cumulative[states[t - 1]], uniform[t])
    return np.array(BLOCKS)[states].astype(np.float32)


def test_pcca_recovers_two_metastable_blocks(caplog):
    chain = two_block_chain()
    micro = NearestCenterSettings(BLOCKS[:6])
    with caplog.at_level(logging.WARNING):
        partition = fit_partition(PCCASettings(micro, 2, 5), [chain], LINE, 0)
    assert not caplog.records
    assert partition.macrostates.tolist() == [0, 0, 0, 1, 1, 1]  # the more populated first
    assert partition.assign(column(0.1, 2.4, 9.0, 99)).tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(partition.centers[:, 0], [1, 11], atol=0.1)


def test_a_microstate_without_return_takes_the_nearest_macrostate(caplog):
    chain = np.concatenate([two_block_chain(), column(12, 15, 15, 15)])
    settings = PCCASettings(NearestCenterSettings(BLOCKS), 2, 1)
    with caplog.at_level(logging.WARNING):
        partition = fit_partition(settings, [chain, column(15)], LINE, 0)
    assert partition.active.tolist() == [True] * 6 + [False]
    assert partition.assign(column(15)) == partition.assign(column(12))
    assert "1 of 7 microstates" in caplog.text
    assert "at a lag of 1 frames" in caplog.text


def test_pcca_with_an_empty_macrostate_takes_fewer(caplog):
    # Symmetric counts for which hard PCCA+ assignment leaves one of three macrostates empty; each
    # count is a segment of two frames.
    counts = np.array([[2, 0, 2, 1], [0, 2, 1, 3], [2, 1, 1, 0], [1, 3, 0, 3]])
    segments = [column(i, j) for i, j in np.argwhere(counts) for _ in range(counts[i, j])]
    micro = NearestCenterSettings(((0.0,), (1.0,), (2.0,), (3.0,)))
    asked = fit_partition(PCCASettings(micro, 2, 1), segments, LINE, 0)
    with caplog.at_level(logging.WARNING):
        found = fit_partition(PCCASettings(micro, 3, 1), segments, LINE, 0)
    assert "2 macrostates instead of 3: with a lag of 1 frames, one of 3 would" in caplog.text
    assert found.n_states == 2
    assert found.macrostates.tolist() == asked.macrostates.tolist()


def test_pcca_of_few_states_keeps_each_of_them():
    micro = NearestCenterSettings(BLOCKS[:6])
    chain = [two_block_chain(400)]
    kept = fit_partition(PCCASettings(micro, 6, 1), chain, LINE, 0)
    np.testing.assert_array_equal(kept.macrostates, np.arange(6))
    assert fit_partition(PCCASettings(micro, 5, 1), chain, LINE, 0).n_states < 6


@pytest.mark.parametrize(
    ("n_states", "lag", "message"),
    [
        (1, 1, "1 macrostates of 6"),
        (2, 0, "lag is 0 frames"),
        (2, 500, "lag is 500 frames"),
    ],
)
def test_pcca_settings_that_do_not_fit(n_states, lag, message):
    settings = PCCASettings(NearestCenterSettings(BLOCKS[:6]), n_states, lag)
    with pytest.raises(ValueError, match=message):
        fit_partition(settings, [two_block_chain(400)], LINE, 0)


# --- common to all

EVERY = {
    "kmeans": KMeansSettings(5),
    "nearest_center": NearestCenterSettings(((0.0, 0.0), (1.0, 90.0), (-1.0, 180.0))),
    "grid": GridSettings(4),
    "boxes": BoxesSettings((((-1.0, 0.0), (100.0, -100.0)), ((1.0, 2.0), (-50.0, 50.0)))),
    "pcca": PCCASettings(KMeansSettings(8), 2, 1),
}


@pytest.fixture(scope="module")
def band():
    """A noisy walk whose second dimension is an angle."""
    steps = np.random.default_rng(3).normal(size=(2000, 2)) * [0.1, 20]
    walk = np.cumsum(steps, axis=0)
    walk[:, 0] = np.sin(walk[:, 0])
    walk[:, 1] = (walk[:, 1] + 180) % 360 - 180
    return walk.astype(np.float32)


def test_every_method_is_registered_on_both_sides():
    # Given states have no coordinates: test_given_states.py.
    assert {*EVERY, "given"} == set(METHODS) == set(PARTITIONS)
    assert all(type(settings) is METHODS[name] for name, settings in EVERY.items())


@pytest.mark.parametrize("method", EVERY)
def test_round_trip_through_npz_and_hdf5(method, band, tmp_path):
    periods = np.array([0.0, 360.0])
    partition = fit_partition(EVERY[method], [band[:1200], band[1200:]], periods, 0)
    assert partition.method == method
    assert partition.centers.shape == (partition.n_states, 2)
    states = partition.assign(band)
    assert states.dtype == np.int16
    assert states.min() >= 0
    assert states.max() < partition.n_states

    np.savez(tmp_path / "p.npz", **partition.to_arrays())
    with h5py.File(tmp_path / "p.h5", "w") as file:
        for key, value in partition.to_arrays().items():
            file[key] = value
    with np.load(tmp_path / "p.npz", allow_pickle=False) as arrays:
        copies = [Partition.from_arrays(dict(arrays))]
    with h5py.File(tmp_path / "p.h5") as file:
        copies.append(Partition.from_arrays({key: value[()] for key, value in file.items()}))
    for copy in copies:
        assert copy.method == method
        np.testing.assert_array_equal(copy.assign(band), states)
        np.testing.assert_array_equal(copy.centers, partition.centers)


@pytest.mark.parametrize("method", EVERY)
def test_assignment_depends_neither_on_chunks_nor_on_whole_turns(method, band, monkeypatch):
    partition = fit_partition(EVERY[method], [band], np.array([0.0, 360.0]), 0)
    states = partition.assign(band)
    monkeypatch.setattr(geometry, "CHUNK", 77)
    np.testing.assert_array_equal(partition.assign(band), states)
    turned = band.astype(np.float64)
    turned[:, 1] += 720
    assert np.mean(partition.assign(turned) != states) < 0.002  # rounding at an edge at most
    assert len(partition.assign(band[:0])) == 0


@pytest.mark.parametrize(
    ("settings", "frames", "message"),
    [
        (KMeansSettings(4), column(1, 2, 3), "kmeans: 4 states of 3 frames"),
        (KMeansSettings(3), column(1, 2, 2, 2), "3 states of 2 distinct frames"),
        (KMeansSettings(0), column(1, 2), "kmeans: 0 states"),
        (KMeansSettings(32_768), column(1, 2), "at most 32767 fit in int16"),
        (GridSettings(40_000), column(*range(40_000)), "grid: 40000 states: at most 32767"),
        (GridSettings(2_000_000), column(1, 2), "grid: 2000000 cells"),
        (GridSettings((2, 2)), column(1, 2), "give one number from 1 up, or 1"),
        (GridSettings(0), column(1, 2), "grid: bins is 0"),
        (GridSettings(5), column(2, 2), "dimension 1 is constant"),
        (NearestCenterSettings(((0.0, 1.0),)), column(1, 2), "centers: each state needs 1 finite"),
        (NearestCenterSettings(((np.nan,),)), column(1, 2), "centers: each state needs 1 finite"),
        (NearestCenterSettings(((0.0,), (1.0,))), column(1), "nearest_center: 2 states of 1 frame"),
        (KMeansSettings(1), column(1, np.nan), "frame 1 of the coordinate is not finite"),
        (KMeansSettings(1), np.zeros((3, 2)), "expected 1 columns"),
        (KMeansSettings(1), np.zeros((0, 1)), "there are no training frames"),
    ],
)
def test_errors_name_the_cause(settings, frames, message):
    with pytest.raises(ValueError, match=message):
        fit_partition(settings, [frames], LINE, 0)

"""Reaction coordinates: selection of features, periodic embedding, TICA."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from deeptime.decomposition import TICA

from raremd.data.columns import select_features
from raremd.states import geometry
from raremd.states.coordinates import (
    Coordinate,
    CoordinateSettings,
    fit_coordinate,
)
from raremd.states.geometry import embed_periodic, unembed_periodic

NAMES = ["phi", "psi", "distance 1-5", "distance 2-6"]
PERIODS = np.array([360.0, 360.0, 0.0, 0.0])


def ornstein_uhlenbeck(rng, n, correlation_time):
    """Unit variance, autocorrelation exp(-t / correlation_time)."""
    decay = np.exp(-1 / correlation_time)
    noise = rng.normal(size=n) * np.sqrt(1 - decay**2)
    x = np.empty(n)
    x[0] = rng.normal()
    for i in range(1, n):
        x[i] = decay * x[i - 1] + noise[i]
    return x


@pytest.fixture(scope="module")
def slow_and_fast():
    """Two segments of a slow and a fast process, and two features that mix them."""
    rng = np.random.default_rng(1)
    hidden = [
        np.stack([ornstein_uhlenbeck(rng, n, 200), ornstein_uhlenbeck(rng, n, 2)], axis=1)
        for n in (12_000, 8_000)
    ]
    # The fast process has ten times the amplitude: variance alone would pick it.
    mixing = np.array([[1.0, 0.5], [10.0, -3.0]])
    return hidden, [(h @ mixing).astype(np.float32) for h in hidden]


def test_a_subset_keeps_angles_periods_and_the_order_asked_for():
    features = np.arange(12, dtype=np.float32).reshape(3, 4)
    settings = CoordinateSettings(features=("distance*", "phi"))
    coordinate = fit_coordinate(settings, [features], NAMES, PERIODS)
    assert coordinate.names == ("distance 1-5", "distance 2-6", "phi")
    assert coordinate.dimension == 3
    np.testing.assert_array_equal(coordinate.periods, [0, 0, 360])
    result = coordinate.transform(features)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, features[:, [2, 3, 0]])


def test_selection_takes_each_feature_once_and_literal_names_first():
    assert select_features(None, NAMES) == [0, 1, 2, 3]
    assert select_features(("psi", "p?i", "*"), NAMES) == [1, 0, 2, 3]
    assert select_features(("d[1]",), ["d1", "d[1]"]) == [1]


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (("phi", "pso"), "'pso' matches no feature; did you mean 'psi'"),
        (("distence*",), "'distence\\*' matches no feature; did you mean 'distance"),
        (("Phi",), "'Phi' matches no feature; did you mean 'phi'"),
        ((), "features is empty"),
    ],
)
def test_an_unknown_feature_is_named_with_the_nearest(features, message):
    with pytest.raises(ValueError, match=message):
        fit_coordinate(CoordinateSettings(features), [np.zeros((2, 4))], NAMES, PERIODS)


def test_chords_keep_the_unit_of_the_angle():
    points = embed_periodic(np.array([[179.0], [-179.0], [0.0], [180.0]]), np.array([360.0]))
    assert np.linalg.norm(points[0] - points[1]) == pytest.approx(2, rel=1e-4)
    assert np.linalg.norm(points[2] - points[3]) == pytest.approx(360 / np.pi)
    mixed = np.array([[3.0, -170.0, 7.0], [4.0, 10.0, 8.0]])
    periods = np.array([0.0, 360.0, 0.0])
    np.testing.assert_allclose(unembed_periodic(embed_periodic(mixed, periods), periods), mixed)


def test_tica_finds_the_slow_process(slow_and_fast):
    hidden, features = slow_and_fast
    settings = CoordinateSettings(tica_dimension=1, tica_lag=10)
    coordinate = fit_coordinate(settings, features, ["a", "b"], np.zeros(2))
    assert coordinate.names == ("tIC 1",)
    np.testing.assert_array_equal(coordinate.periods, [0])
    found = np.concatenate([coordinate.transform(f)[:, 0] for f in features])
    slow, fast = np.concatenate(hidden).T
    assert abs(np.corrcoef(found, slow)[0, 1]) > 0.999
    assert abs(np.corrcoef(features[0][:, 0], fast[:12_000])[0, 1]) > 0.99  # what misleads
    # Kinetic map: unit variance times the eigenvalue, here exp(-10 / 200) up to sampling.
    assert found.std() == pytest.approx(np.exp(-10 / 200), rel=0.03)


def test_tica_equals_deeptime_on_segments_that_are_not_joined(slow_and_fast, monkeypatch):
    _, features = slow_and_fast
    model = TICA(lagtime=10, scaling="kinetic_map").fit_fetch(
        TICA.covariance_estimator(10).fit([f.astype(np.float64) for f in features])
    )
    expected = model.transform(features[0].astype(np.float64))
    settings = CoordinateSettings(tica_dimension=2, tica_lag=10)
    whole = fit_coordinate(settings, features, ["a", "b"], np.zeros(2))
    signs = np.sign((whole.transform(features[0]) * expected).sum(axis=0))
    np.testing.assert_allclose(whole.transform(features[0]) * signs, expected, atol=1e-5)

    monkeypatch.setattr(geometry, "CHUNK", 777)
    chunked = fit_coordinate(settings, features, ["a", "b"], np.zeros(2))
    np.testing.assert_allclose(chunked.weights, whole.weights, rtol=1e-9)
    np.testing.assert_allclose(
        chunked.transform(features[1]), whole.transform(features[1]), atol=1e-5
    )


def test_tica_depends_neither_on_units_nor_on_where_an_angle_is_cut(slow_and_fast):
    hidden, features = slow_and_fast
    settings = CoordinateSettings(tica_dimension=2, tica_lag=10)
    first = fit_coordinate(settings, features, ["a", "b"], np.zeros(2))
    # Amplitudes of 1e-5: deeptime alone would drop these columns as rank deficient.
    rescaled = [f * np.float32([1e-5, -1e3]) + np.float32([0, 50]) for f in features]
    second = fit_coordinate(settings, rescaled, ["a", "b"], np.zeros(2))
    expected, found = first.transform(features[0]), second.transform(rescaled[0])
    signs = np.sign((expected * found).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=5e-3)

    angle = np.float32([20 * h[:, 0] + 170 for h in hidden[:1]]).T
    cut = np.concatenate([(angle + 180) % 360 - 180, features[0]], axis=1)
    uncut = np.concatenate([angle, features[0]], axis=1)
    assert np.ptp(cut[:, 0]) > 350  # it does cross the cut
    periods = np.array([360.0, 0.0, 0.0])
    by_cut, by_uncut = (
        fit_coordinate(settings, [f], ["angle", "a", "b"], periods).transform(f)
        for f in (cut, uncut)
    )
    np.testing.assert_allclose(by_cut, by_uncut, atol=1e-3)


def test_components_are_sorted_by_eigenvalue_with_a_fixed_sign():
    rng = np.random.default_rng(2)
    slow = ornstein_uhlenbeck(rng, 5_000, 5)
    alternating = np.where(np.arange(5_000) % 2, 1, -1) + 0.1 * rng.normal(size=5_000)
    features = np.stack([alternating, -slow], axis=1).astype(np.float32)
    settings = CoordinateSettings(tica_dimension=1, tica_lag=1)
    coordinate = fit_coordinate(settings, [features], ["flip", "slow"], np.zeros(2))
    # |-0.99| > 0.82, but a negative eigenvalue is no slow process.
    assert np.corrcoef(coordinate.transform(features)[:, 0], -slow)[0, 1] > 0.99


def test_the_largest_standardised_weight_is_positive():
    names = ["a", "b", "c"]
    for seed in range(8):
        features = np.random.default_rng(seed).normal(size=(500, 3)) * [1, 20, 0.1]
        coordinate = fit_coordinate(
            CoordinateSettings(tica_dimension=3, tica_lag=1),
            [features.astype(np.float32)],
            names,
            np.zeros(3),
        )
        standardised = coordinate.weights * features.std(axis=0)[:, None]
        assert (standardised.max(axis=0) > -standardised.min(axis=0)).all()


def test_an_angle_that_jumps_by_half_a_turn_is_not_constant():
    rng = np.random.default_rng(3)
    turned = np.cumsum(rng.random(2_000) < 0.02) % 2
    # -180 and 180 are one angle: their sines differ by rounding, which is no component.
    angle = 180 * turned * rng.choice([-1, 1], size=2_000)
    features = np.stack([angle, rng.normal(size=2_000)], axis=1).astype(np.float32)
    settings = CoordinateSettings(tica_dimension=1, tica_lag=1)
    coordinate = fit_coordinate(settings, [features], ["angle", "noise"], np.array([360.0, 0]))
    found = coordinate.transform(features)[:, 0]
    assert abs(np.corrcoef(found, np.cos(np.radians(angle)))[0, 1]) > 0.999
    with pytest.raises(ValueError, match="only 2 independent"):
        three = CoordinateSettings(tica_dimension=3, tica_lag=1)
        fit_coordinate(three, [features], ["angle", "noise"], np.array([360.0, 0]))


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({2: 4.0}, (2, 5), "feature 'distance 1-5' is constant"),
        ({0: -180.0}, (2, 5), "feature 'phi' is constant"),
        ({3: np.nan}, (2, 5), "feature 'distance 2-6' is not finite"),
        ({}, (2, 100), "tica_lag is 100 frames: no training segment is longer"),
        ({}, (9, 5), "tica_dimension is 9: the features have only 6 independent"),
    ],
)
def test_tica_errors_name_the_feature_or_key(change, settings, message):
    features = np.random.default_rng(4).normal(size=(100, 4)).astype(np.float32)
    features[:, :2] *= 50
    for column, value in change.items():
        features[:, column] = value
    settings = CoordinateSettings(tica_dimension=settings[0], tica_lag=settings[1])
    with pytest.raises(ValueError, match=message):
        fit_coordinate(settings, [features], NAMES, PERIODS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tica_dimension": 2}, "belong together"),
        ({"tica_lag": 2}, "belong together"),
        ({"tica_dimension": 0, "tica_lag": 1}, "tica_dimension is 0"),
        ({"tica_dimension": 1, "tica_lag": -1}, "tica_lag is -1"),
    ],
)
def test_settings_that_no_data_could_satisfy(settings, message):
    with pytest.raises(ValueError, match=message):
        CoordinateSettings(**settings)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="trajectory 2 has shape"):
        fit_coordinate(CoordinateSettings(), [np.zeros((5, 4)), np.zeros((5, 3))], NAMES, PERIODS)
    with pytest.raises(ValueError, match="periods has 2 values for 4 features"):
        fit_coordinate(CoordinateSettings(), [np.zeros((5, 4))], NAMES, np.zeros(2))
    coordinate = fit_coordinate(CoordinateSettings(), [np.zeros((5, 4))], NAMES, PERIODS)
    with pytest.raises(ValueError, match="fitted to 4 columns"):
        coordinate.transform(np.zeros((5, 3), dtype=np.float32))


@pytest.mark.parametrize(
    "settings",
    [CoordinateSettings(("psi", "distance*")), CoordinateSettings(None, 2, 3)],
    ids=["subset", "tica"],
)
def test_round_trip_through_npz_and_hdf5(settings, tmp_path):
    features = np.random.default_rng(5).normal(size=(300, 4)).astype(np.float32)
    names = ["φ", *NAMES[1:]]
    coordinate = fit_coordinate(settings, [features], names, PERIODS)
    np.savez(tmp_path / "c.npz", **coordinate.to_arrays())
    with h5py.File(tmp_path / "c.h5", "w") as file:
        for key, value in coordinate.to_arrays().items():
            file[key] = value
    with np.load(tmp_path / "c.npz", allow_pickle=False) as arrays:
        copies = [Coordinate.from_arrays(dict(arrays))]
    with h5py.File(tmp_path / "c.h5") as file:
        copies.append(Coordinate.from_arrays({key: value[()] for key, value in file.items()}))
    for copy in copies:
        assert copy.names == coordinate.names
        np.testing.assert_array_equal(copy.periods, coordinate.periods)
        np.testing.assert_array_equal(copy.transform(features), coordinate.transform(features))
